"""Hints about losses, softmax and decisions."""

import pytest
from gradkit.suite.diagnosis.decisions import decision_hint
from gradkit.suite.diagnosis.losses import large_logits_hint, loss_hint

LOSSES = {
    "absolute": ("mean_squared_error", "(output - target) ** 2", "(output - target).relu() + (target - output).relu()",
                 "the absolute difference"),
    "sum": ("hinge", ".relu() for output, target in zip(outputs, targets)) / len(targets)",
            ".relu() for output, target in zip(outputs, targets))", "added up over the examples"),
    "plain sum": ("softmax", "total = sum(powers)", "total = sum(powers).data", "passes no gradient on"),
    "hinge cut late": ("hinge", "return sum((1 - target * output).relu() for output, target in zip(outputs, targets)) "
                       "/ len(targets)", "return (sum(1 - target * output for output, target in zip(outputs, targets)) "
                       "/ len(targets)).relu()", "to be cut by itself, before the mean"),
    "by classes": ("cross_entropy", "return total / len(targets)", "return total / len(logits[0])",
                   "divided by the number of classes"),
    "not divided": ("softmax", "power / total for", "power for", "are not divided by their sum"),
    "squared late": ("mean_squared_error", "sum((output - target) ** 2 for output, target in zip(outputs, targets)) / "
                     "len(targets)", "(sum(o - t for o, t in zip(outputs, targets)) / len(targets)) ** 2",
                     "the mean of the differences is squared"),
    "return in the loop": ("mean_squared_error", "return sum((output - target) ** 2 for output, target in zip(outputs, "
                           "targets)) / len(targets)", "for output, target in zip(outputs, targets):\n        "
                           "return (output - target) ** 2 / len(targets)", "a return inside the loop"),
    "running sum": ("softmax", "return [power / total for power in powers]",
                    "return [power / sum(powers[: i + 1]) for i, power in enumerate(powers)]",
                    "divided by the sum so far"),
    "cut early": ("hinge", "(1 - target * output).relu()", "(1 - (target * output).relu())", "that is cut at 0"),
    "every pair": ("mean_squared_error", "for output, target in zip(outputs, targets)) /",
                   "for output in outputs for target in targets) /", "compared with every target"),
    "targets of 1 and -1": ("binary_cross_entropy", "if z.data >= 0:\n            total += (1 + (-z).exp()).log() + "
                            "(1 - target) * z", "if True:\n            total += (1 + (-z * target).exp()).log()",
                            "as if that was 1 or -1"),
    "targets swapped in a branch": ("binary_cross_entropy", "+ (1 - target) * z", "+ target * z",
                                    "where the logit is above 0"),
    "sum not set back": ("cross_entropy", "        total += sum((z - largest).exp() for z in row).log()",
                         "        kept = sum((z - largest).exp() for z in row) + (kept if total else 0)\n"
                         "        total += kept.log()", "those of the examples before"),
    "shift after exp": ("softmax", "(z - largest).exp()", "z.exp() - largest", "subtracted from each exp"),
    "outputs changed": ("softmax", "    total = sum(powers)\n", "    logits[0].data -= 1\n    total = sum(powers)\n",
                        "changes the data of the outputs"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "part"), LOSSES.values(), ids=LOSSES)
def test_where_a_loss_puts_its_parts_together_wrongly_is_named(open_student, name, old, new, part):
    assert part in loss_hint(open_student("training", (old, new)), name)


LARGEST = "largest = max(z.data for z in logits)"
SHIFTS = {
    "from 0": ("largest = max([0.0, *(z.data for z in logits)])", "begin at 0"),
    "by size": ("largest = max(abs(z.data) for z in logits)", "without their sign"),
    "the first": ("largest = logits[0].data", "wherever it stands"),
    "the smallest": ("largest = min(z.data for z in logits)", "not the smallest, or their mean"),
    "none": ("largest = 0.0", "Shift first"),
}


@pytest.mark.parametrize(("new", "part"), SHIFTS.values(), ids=SHIFTS)
def test_a_shift_that_is_not_the_largest_logit_is_named(open_student, new, part):
    assert part in large_logits_hint(open_student("training", (LARGEST, new)), "softmax")


def test_a_probability_that_becomes_0_is_told_from_a_wrong_shift(open_student):
    old = "total += sum((z - largest).exp() for z in row).log() - (row[target] - largest)"
    student = open_student("training", (old, "total += -softmax(row)[target].log()"))
    assert "its probability becomes 0" in large_logits_hint(student, "cross_entropy")


SEARCHES = {
    "with an index": ("if logits[i].data > best", "the number of a class"),
    "with the neighbour": ("if i and logits[i].data > logits[i - 1].data", "its neighbour's"),
    "with the first": ("if logits[i].data > logits[0].data", "with the first one"),
}


@pytest.mark.parametrize(("condition", "part"), SEARCHES.values(), ids=SEARCHES)
def test_what_a_search_for_the_largest_compares_is_named(open_student, condition, part):
    old = "    return max(range(len(logits)), key=lambda i: logits[i].data)"
    new = f"    best = 0\n    for i in range(len(logits)):\n        {condition}:\n            best = i\n    return best"
    assert part in decision_hint(open_student("training", (old, new)), "most_likely")


@pytest.mark.parametrize("new", ["1 if logit.data > 0.5 else 0", "logit.data > 0.5"])
def test_a_decision_is_understood_as_a_number_and_as_true_or_false(open_student, new):
    wrong = open_student("training", ("1 if logit.data > 0 else 0", new))
    assert "compared with one half" in decision_hint(wrong, "binary_decision")


def test_a_search_for_the_largest_that_begins_at_0_is_named(open_student):
    old = "max(range(len(logits)), key=lambda i: logits[i].data)"
    new = "max(range(len(logits)), key=lambda i: max(0.0, logits[i].data))"
    assert "begins at 0" in decision_hint(open_student("training", (old, new)), "most_likely")
