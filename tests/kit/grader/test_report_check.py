"""Checking reports: whatever a file contains, `explain` and `graph` refuse it in one line or show it as text."""

import json
import time
from unittest.mock import Mock

import msgspec
import pytest
from gradkit.cli.main import app
from gradkit.grader import report, unfinished
from gradkit.grader.one_submission import run_phases
from gradkit.grader.report import Conditions, Report, UnreadableError, make_report, read
from gradkit.grader.report_check import MAX_REPORT_BYTES
from gradkit.grader.suite import GraderError
from gradkit.grader.unfinished import Unfinished
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_gradients
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.explanations import explain_mismatch
from gradkit.suite.results import Item, Results, make_result, strip_result
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

SECONDS = 2.0
"""Processor time that one command may take on a hostile report."""


def report_with_every_kind():
    """Return a report with an item of every kind, as JSON."""
    graph = trace_expression(lambda x: x.tanh() + x, 2.0)
    want = complex_step.answer_graph(graph)
    wrong = explain_mismatch(compare_gradients(graph, want, Answers(want.data, [0.25, *want.grad[1:]])))
    raised = Evidence("KeyError: 'odd'", ("x = 1",), traceback="engine.py:3, in f\n    f()")
    ended = {
        "fine": (Verdict.PASSED, None, ()),
        "wrong": (Verdict.FAILED, wrong, ()),
        "raises": (Verdict.ERROR, raised, ()),
        "all": (Verdict.FAILED, wrong, ("a1_trial/test_wrong",)),
    }
    items = [Item(f"a1_trial/test_{name}", "a1_trial", f"about {name}", 1.0, ended[name][2]) for name in ended]
    results = Results(items)
    for item, (verdict, evidence, _) in zip(items, ended.values(), strict=True):
        blocked_by = results.failed_prerequisites(item)
        if blocked_by:
            results.add(make_result(item, Verdict.BLOCKED, blocked_by=blocked_by))
        else:
            results.add(make_result(item, verdict, evidence))
    made = make_report(
        "ada", Intake("0" * 32, warnings=("a warning",)), Conditions("0", "3", "", "public", True, True), results
    )
    return json.loads(report.msgspec.json.encode(made))


WHOLE = json.dumps(report_with_every_kind())


def changed(*path_and_value):
    """Return the report's text with another value at a path. A callable makes the value from the old one."""
    *path, last, value = path_and_value
    made = found = json.loads(WHOLE)
    for key in path:
        found = found[key]
    found[last] = value(found[last]) if callable(value) else value
    return json.dumps(made)


def commands_on(path, monkeypatch):
    """Yield the result of each command on a report."""
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("COLUMNS", "200")
    for words in (["explain"], ["explain", "wrong"], ["explain", "nope"], ["graph"], ["graph", "wrong"]):
        began = time.process_time()
        run = CliRunner().invoke(app, [words[0], str(path), *words[1:]])
        took = time.process_time() - began
        assert run.exception is None or isinstance(run.exception, SystemExit), (words, run.exception)
        assert "\x1b" not in run.output
        assert "Traceback" not in run.output
        assert took < SECONDS, words
        yield run


ESCAPE = "\x1b]0;title\x07\x1b[2J"
FAILING_GRAPH = ("items", 1, "evidence", "drawing")
HOSTILE = {
    "an unknown field's name": changed("items", 0, lambda item: {**item, ESCAPE: 1}),
    "an endless name of a field": changed("items", 0, lambda item: {**item, "x" * 1_000_000: 1}),
    "points of nothing": changed("items", 0, "points", 0),
    "points below nothing": changed("items", 0, "points", -1),
    "points without end": changed("items", 0, "points", 1e308),
    "points that overflow": WHOLE.replace('"points": 4.0', '"points": 1e999'),
    "more points than there are": changed("earned", 1000.0),
    "points for a failed item": changed("items", 1, "earned", 1.0),
    "an item twice": changed("items", lambda items: [items[0], *items[:3]]),
    "a million items": changed("items", lambda items: [items[0]] * 20_000),
    "a long id": changed("items", 0, "id", "x" * 100_000),
    "a million lines of code": changed("items", 2, "evidence", "code", [""] * 1_000_000),
    "a million lines of traceback": changed("items", 2, "evidence", "traceback", "\n" * 1_000_000),
    "a million warnings": changed("warnings", ["n"] * 1_000_000),
    "a million prerequisites": changed("items", 2, "needs", ["x"] * 1_000_000),
    "a step on itself": changed(*FAILING_GRAPH, "steps", [["tanh", 1], ["add", 1, 0]]),
    "steps in a circle": changed(*FAILING_GRAPH, "steps", [["tanh", 2], ["add", 1, 0]]),
    "a step on nothing": changed(*FAILING_GRAPH, "steps", [["tanh", -1], ["add", 1, 0]]),
    "an unknown operation": changed(*FAILING_GRAPH, "steps", [["exec", 0], ["add", 1, 0]]),
    "a step without operands": changed(*FAILING_GRAPH, "steps", [["tanh"], ["add", 1, 0]]),
    "an empty step": changed(*FAILING_GRAPH, "steps", [[], ["add", 1, 0]]),
    "a step of text": changed(*FAILING_GRAPH, "steps", [["tanh", "x"], ["add", 1, 0]]),
    "a number too long": changed(*FAILING_GRAPH, "steps", [["add_const", 0, 10**400], ["add", 1, 0]]),
    "an output that is not there": changed(*FAILING_GRAPH, "output", 3),
    "a wrong node that is not there": changed(*FAILING_GRAPH, "wrong", [10**30]),
    "answers for other nodes": changed(*FAILING_GRAPH, "want", {"data": [1.0], "grad": [1.0]}),
    "names for other leaves": changed(*FAILING_GRAPH, "names", ["a", "b"]),
    "a name without end": changed(*FAILING_GRAPH, "names", ["a" * 1_000_000]),
    "a million nodes": changed(*FAILING_GRAPH, "inputs", [1.0] * 1_000_000),
    "brackets without end": "[" * 1_000_000,
    "half a letter": WHOLE.replace("a warning", "\\ud800"),
    "a file without end": " " * (MAX_REPORT_BYTES + 1),
    "no report": "[]",
    "nothing": "",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_not_a_report_is_explained_in_one_line(kind, tmp_path, monkeypatch):
    path = tmp_path / "ada.json"
    path.write_text(HOSTILE[kind])
    for run in commands_on(path, monkeypatch):
        assert run.exit_code == 1
        assert run.output.startswith("ada.json is not a report")
        assert len(run.output.splitlines()) <= 3


SHOWN = {
    "an id": changed("items", 1, "id", lambda id_: ESCAPE + id_),
    "a title": changed("items", 1, "title", ESCAPE),
    "a message": changed("items", 2, "evidence", "message", ESCAPE * 100),
    "a line": changed("items", 1, "evidence", "code", ["x = 1" + ESCAPE]),
    "a hint": changed("items", 1, "evidence", "hint", ESCAPE),
    "an assignment": changed("items", 1, "assignment", ESCAPE),
    "a warning": changed("warnings", [ESCAPE]),
    "who blocks": changed("items", 3, "blocked_by", [ESCAPE]),
    "a leaf's name": changed(*FAILING_GRAPH, "names", [ESCAPE]),
    "infinite numbers": changed(*FAILING_GRAPH, "want", "data", ["inf", "nan", "-inf"]),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_whatever_a_valid_report_contains_is_shown_as_text(kind, tmp_path, monkeypatch):
    path = tmp_path / "ada.json"
    path.write_text(SHOWN[kind])
    assert {run.exit_code for run in commands_on(path, monkeypatch)} == {0, 1}


def test_drawing_a_graph_ends_at_a_time_limit(tmp_path, monkeypatch):
    steps = [["mul", 19 + node, node * 7 % 20] for node in range(180)]
    drawn = {"data": [1.0] * 200, "grad": []}
    drawing = {
        "inputs": [1.5] * 20,
        "steps": steps,
        "output": 199,
        "names": [],
        "wrong": [0],
        "want": drawn,
        "got": drawn,
    }
    path = tmp_path / "ada.json"
    path.write_text(changed("items", 1, "evidence", "drawing", drawing))
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["graph", str(path)])
    assert run.output in (
        "Drawing a1_trial/test_wrong takes longer than is allowed (3 s).\n",
        "graph.svg: about wrong (a1_trial/test_wrong)\n",
    )


def test_a_fault_names_the_file_and_the_field(tmp_path):
    path = tmp_path / "\x1b[31m.json"
    path.write_text(changed("items", 0, "points", "many"))
    with pytest.raises(UnreadableError) as raised:
        read(path)
    assert str(raised.value).isprintable()
    assert "$.items[0].points" in str(raised.value)


def paths_in(found, path=()):
    """Yield the path of every value in a report."""
    yield path
    for key, value in found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ():
        yield from paths_in(value, (*path, key))


PLACES = [path for path in paths_in(json.loads(WHOLE)) if path]
ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from([10**400, -1, 0, 1e308, ESCAPE, "nan", "mul", "passed", "blocked"]),
    ),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=2),
    max_leaves=4,
)


@settings(max_examples=120)
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
def test_no_change_of_a_report_breaks_a_command(tmp_path_factory, changes):
    made = json.loads(WHOLE)
    for path, value in changes:
        found = made
        try:
            for key in path[:-1]:
                found = found[key]
            found[path[-1]] = value
        except (LookupError, TypeError):
            continue
    path = tmp_path_factory.mktemp("reports") / "ada.json"
    path.write_text(json.dumps(made))
    with pytest.MonkeyPatch.context() as monkeypatch:
        list(commands_on(path, monkeypatch))


# --- what blocked items show if nothing blocks them -----------------------------------------------------------------

BLOCKED = "a1_trial/test_all"


def unblocked(**changes):
    """Return what the blocked item of the report shows if nothing blocks it: a failure, with some fields changed."""
    item = msgspec.json.decode(WHOLE, type=Report).by_id()[BLOCKED]
    own = make_result(item, Verdict.FAILED, Evidence("wrong"))
    return {BLOCKED: msgspec.structs.replace(own, **changes)}


@pytest.mark.parametrize(
    "damaged",
    [
        unblocked(evidence=Evidence("x" * 3000)),
        unblocked(evidence=Evidence("wrong", ("print(x)",) * 600)),
        unblocked(verdict=Verdict.PASSED, earned=1.0),
        unblocked(points=50.0),
        {"a1_trial/test_fine": unblocked()[BLOCKED]},
    ],
    ids=["long text", "many lines", "passes", "other points", "of an item that is not blocked"],
)
def test_what_a_blocked_item_shows_later_is_checked_as_the_report_is(damaged, tmp_path, monkeypatch):
    public = msgspec.json.decode(WHOLE, type=Report)
    path = tmp_path / "ada.json"
    unfinished.write(Unfinished(public, 1.0, unblocked=unblocked()), path)
    assert unfinished.read(path)
    unfinished.write(Unfinished(public, 1.0, unblocked=damaged), path)
    assert unfinished.read(path) is None

    results = Results([strip_result(item) for item in public.items], public.by_id(), unblocked=damaged)
    monkeypatch.setattr(run_phases, "open_transport", Mock())
    monkeypatch.setattr(run_phases, "run_public_phase", lambda *_: results)
    suite = Mock(tests=(), earlier=(), all_assignments=())
    with pytest.raises(GraderError, match="the report cannot be written"):
        run_phases.make_public_report("ada", Intake("0" * 32), public.conditions, suite, Mock(), tmp_path)
