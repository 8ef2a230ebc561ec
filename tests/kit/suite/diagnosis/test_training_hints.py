"""Hints about train()."""

import pytest
from gradkit.suite.diagnosis.training_loop import train_hint

CLEAR = "        model.zero_grad()\n        total.backward()\n        optimizer.step()\n"
LOOPS = {
    "never cleared": (CLEAR, CLEAR.replace("model.zero_grad()", "pass"), "never set back to 0"),
    "cleared after backward": (
        CLEAR,
        "        total.backward()\n        model.zero_grad()\n        optimizer.step()\n",
        "between backward() and step()",
    ),
    "step first": (
        CLEAR,
        "        optimizer.step()\n        model.zero_grad()\n        total.backward()\n",
        "step() comes before zero_grad()",
    ),
    "gradient recorded": ("history.append(total.data)", "history.append(total.grad)", "the gradient of the loss"),
    "rounded": ("history.append(total.data)", "history.append(round(total.data, 3))", "rounded"),
    "return in the loop": ("    return history", "        return history", "a return inside the loop"),
    "too few": ("range(steps)", "range(steps - 1)", "one step too few"),
    "last example": (
        "total = loss([model(x) for x in inputs], targets)",
        "total = loss([model(inputs[-1])], targets[-1:])",
        "only the last example",
    ),
    "a step for each": (
        "        total = loss([model(x) for x in inputs], targets)\n" + CLEAR,
        "        for i, x in enumerate(inputs):\n            total = loss([model(x)], [targets[i]])\n"
        + CLEAR.replace("        ", "            "),
        "steps after each example",
    ),
    "outputs that grow": (
        "    for _ in range(steps):\n        total = loss([model(x) for x in inputs], targets)",
        "    outputs = []\n    for _ in range(steps):\n        outputs += [model(x) for x in inputs]\n"
        "        total = loss(outputs[: len(targets)], targets) * len(targets) / len(outputs)",
        "a number that grows",
    ),
}


@pytest.mark.parametrize(("old", "new", "part"), LOOPS.values(), ids=LOOPS)
def test_mistakes_of_training_are_named(open_student, old, new, part):
    assert part in train_hint(open_student("training", (old, new)))
