"""Selection of the items that a misconception can change: those that enter an edited function, and their dependents."""

from gradkit.catalogue.assignments import assignments
from gradkit.proof.edited_functions import edited_functions
from gradkit.proof.selection import Selection
from gradkit.proof.specimens import read_misconceptions
from gradkit.suite.results import Item

TANH = "a3_activations/test_tanh"
CLOSURE = "engine.Value.tanh.<locals>._backward"


def test_an_item_is_selected_if_it_enters_an_edited_function(misconception, selection, suite):
    edit = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    selected = {item.id for item in selection.items(misconception(edit), suite("a3").items)}
    assert {f"{TANH}_gradient", f"{TANH}_collects"} <= selected
    assert not {"a3_activations/test_exp", "a3_activations/test_exp_gradient"} & selected


def test_functions_that_an_item_enters_while_their_calls_are_counted_are_traced(misconception, selection, suite):
    edit = ("def backward(self):", "def backward(self):\n        self.grad = self.grad")
    (backward,) = edited_functions(misconception(edit))
    assert backward == "engine.Value.backward"
    selected = {item.id for item in selection.items(misconception(edit), suite("a2").items)}
    assert "a2_backprop/test_cost_is_linear_in_depth" in selected


def test_a_prerequisite_between_two_selected_items_is_selected(misconception):
    class Traced(Selection):
        @property
        def _trace(self):
            entered = {"first": {CLOSURE}, "between": set(), "last": {CLOSURE}, "before": set(), "beside": set()}
            return type("Trace", (), {"at_import": frozenset(), "by_item": entered})

    def item(name, *needs):
        return Item(name, "a3_activations", "Title", 1.0, needs)

    items = [item("before"), item("first", "before"), item("between", "first"), item("beside"), item("last", "between")]
    edit = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    assert [each.id for each in Traced().items(misconception(edit), items)] == ["first", "between", "last"]


def test_all_items_are_selected_if_an_edited_function_runs_while_its_file_is_imported(misconception, suite):
    class Traced(Selection):
        @property
        def _trace(self):
            return type("Trace", (), {"at_import": frozenset({CLOSURE}), "by_item": {}})

    edit = ("self.grad += (1 - out.data**2) * out.grad", "self.grad = (1 - out.data**2) * out.grad")
    assert Traced().items(misconception(edit), suite("a3").items) == suite("a3").items


def test_most_pairs_of_misconception_and_item_are_not_run(specimen_batches):
    names = read_misconceptions()
    pairs = [
        (len(part.tests), len(batch.suite.tests))
        for batch in specimen_batches
        for name, part in batch.selected.items()
        if name in names
    ]
    assert len(pairs) == len(names)
    assert sum(run for run, _ in pairs) < 0.35 * sum(of for _, of in pairs)


def test_every_item_that_catches_a_misconception_is_selected(specimen_batches):
    misconceptions = read_misconceptions()
    for batch in specimen_batches:
        for name, part in batch.selected.items():
            if name in misconceptions:
                selected = {test.item.id for test in part.tests}
                assert selected.issuperset(misconceptions[name].caught_by), name


def test_all_items_are_run_on_the_solution(specimen_batches):
    (part,) = [batch.selected["solution"] for batch in specimen_batches if "solution" in batch.selected]
    assert {test.item.assignment for test in part.tests} == {each.name for each in assignments()}
