"""The self-check's screen: it has few lines, begins with the first failure, and shows nothing twice."""

import io
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.hidden_items import HiddenItem
from gradkit.submissions.outcome import Verdict
from gradkit.suite import screen
from gradkit.suite.diagnosis import find_hint
from gradkit.suite.evidence import Evidence, Row
from gradkit.suite.failures import Explained, NotPassed
from gradkit.suite.outcomes import record_outcome
from gradkit.suite.results import Item, Results
from hypothesis import given
from hypothesis import strategies as st

FIRST, SECOND = (
    msgspec.structs.replace(assignments()[0], name="a1_first", title="First steps", story="begin."),
    msgspec.structs.replace(assignments()[0], name="a2_second", title="Second steps", story="go on."),
)
COURSE = (FIRST, SECOND)

WRONG = Evidence(
    "y.data is 5.0, PyTorch says 6.0",
    ("from engine import Value", "a = Value(2.0); b = Value(3.0)", "y = a * b", "print(y.data)"),
    (Row("y.data", 5.0, 6.0),),
    source="PyTorch",
    origin="y = a * b",
    hint="look at a * b",
)
RAISED = Evidence("KeyError: 'odd'", traceback="engine.py:3, in f\n    {}['odd']")


def item(name, *needs, points=1.0, assignment="a1_first"):
    ids = [f"{assignment}/test_{each}" for each in (name, *needs)]
    return Item(ids[0], assignment, f"about {name}", points, tuple(ids[1:]))


def record(results, item, verdict, evidence=None):
    """Record the result of an item whose test ended with this verdict."""
    error = None if verdict is Verdict.PASSED else NotPassed(Explained(verdict, evidence))
    return record_outcome(results, item, error, Path("test_trial.py"))


def screen_of(results, warnings=(), course=COURSE, hidden=()):
    n_items = Counter(each.assignment for each in results.collected)
    return screen.summary(list(results.all()), n_items, course, warnings, hidden)


@pytest.fixture
def lines():
    """Return a function that returns the lines of the screen for items given as (item, verdict, evidence)."""

    def of(*run, collected=None, warnings=(), course=COURSE, hidden=()):
        results = Results(collected=list(collected or [each for each, *_ in run]))
        for each, verdict, *evidence in run:
            record(results, each, verdict, *evidence)
        return [text for _, text in screen_of(results, warnings, course, hidden)]

    return of


def test_a_bar_is_green_only_when_it_is_full():
    for verdict, style in [(Verdict.PASSED, "good"), (Verdict.FAILED, "plain")]:
        results = Results()
        record(results, item("one"), verdict, WRONG)
        assert screen_of(results)[0][0] == style


@given(st.lists(st.sampled_from([verdict for verdict in Verdict if verdict is not Verdict.BLOCKED]), max_size=9))
def test_any_results_can_be_shown_in_known_styles(verdicts):
    results = Results()
    for number, verdict in enumerate(verdicts):
        each = item(str(number), *([str(number - 1)] if number % 3 else []), assignment=COURSE[number % 2].name)
        results.collected.append(each)
        record(results, each, verdict, Evidence(f"it {verdict.value}"))
    for style, text in screen_of(results, ["a warning"]):
        assert style in screen.STYLES
        assert "\n" not in text


# --- points ----------------------------------------------------------------------------------------------------------


def test_the_bar_shows_points_of_each_assignment_that_took_part(lines):
    shown = lines((item("one", points=2.5), Verdict.PASSED), (item("two"), Verdict.FAILED, WRONG))
    (bar,) = [text for text in shown if text.startswith("a1_first")]
    assert "2.5 of 3.5 points" in bar
    assert bar.count("█") == 17
    assert bar.count("█") + bar.count("░") == screen.BAR_WIDTH
    assert not any(text.startswith("a2_second") for text in shown)


def test_a_bar_is_full_only_when_nothing_is_missing(lines):
    many = [(item(str(n)), Verdict.PASSED) for n in range(199)]
    assert "░" in lines(*many, (item("last", points=0.5), Verdict.FAILED, WRONG))[0]
    assert "░" not in lines(*many)[0]


def test_a_selection_of_items_is_shown_as_such(lines):
    one, two = item("one"), item("two")
    assert lines((one, Verdict.PASSED), collected=[one, two])[0].endswith("(1 of 2 items ran)")
    assert lines((one, Verdict.PASSED))[0].endswith("points")


def test_warnings_are_above_the_failures(lines):
    shown = lines((item("one"), Verdict.FAILED, WRONG), warnings=["engine.py imports numpy"])
    assert shown[1] == "! engine.py imports numpy"


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_wrong_number_is_shown_as_code_with_both_numbers_behind_the_print(lines):
    assert lines((item("one"), Verdict.FAILED, WRONG))[2:] == [
        "about one  (a1, 1 point; -k one)",
        "from engine import Value",
        "a = Value(2.0); b = Value(3.0)",
        "y = a * b",
        "print(y.data)  # yours: 5.0  PyTorch: 6.0",
        "First wrong node: y = a * b",
        "Hint: look at a * b",
    ]


def test_an_error_is_shown_with_the_student_s_frames(lines):
    shown = lines((item("one", points=0.5), Verdict.ERROR, RAISED))
    assert shown[2:] == ["about one  (a1, 0.5 points; -k one)", "engine.py:3, in f", "    {}['odd']", "KeyError: 'odd'"]


def test_a_known_misconception_s_hint_replaces_the_general_one(lines, monkeypatch):
    monkeypatch.setattr(find_hint, "find_misconception_hint", lambda name, evidence: f"as for {name}, think")
    shown = lines((item("one"), Verdict.FAILED, WRONG))
    assert shown[-1] == "Hint: as for a1_first/test_one, think"
    assert not any("look at" in text for text in shown)


def test_one_cause_is_explained_once_with_what_shares_it_and_what_depends_on_it(lines):
    shown = lines(
        (item("one"), Verdict.ERROR, RAISED),
        (item("two"), Verdict.ERROR, RAISED),
        (item("three"), Verdict.ERROR, RAISED),
        (item("four", "two"), Verdict.FAILED, WRONG),
    )
    assert sum(text == "KeyError: 'odd'" for text in shown) == 1
    assert "(2 more items show the same, and 1 more depends on these)" in shown
    assert "y = a * b" not in shown


def test_blocked_items_are_counted_and_not_explained(lines):
    shown = lines((item("one"), Verdict.FAILED, WRONG), (item("two", "one"), Verdict.ERROR, RAISED))
    assert "(1 more depends on this)" in shown
    assert not any(text.startswith("about two") for text in shown)


def test_only_a_few_failures_are_shown_at_once(lines):
    run = [(item(str(n)), Verdict.ERROR, msgspec.structs.replace(RAISED, message=f"KeyError: {n}")) for n in range(40)]
    shown = lines(*run)
    explained = [text for text in shown if text.startswith("KeyError")]
    assert explained[0] == "KeyError: 0"
    assert len(shown) < 40
    assert f"... and {40 - len(explained)} more to look at once these are right." in shown


def test_a_single_long_failure_is_shown_completely(lines):
    code = tuple(f"v{n} = Value({n})" for n in range(100))
    shown = lines((item("one"), Verdict.FAILED, msgspec.structs.replace(WRONG, code=(*code, "print(y.data)"))))
    assert set(code) <= set(shown)


def test_a_blocked_item_by_itself_says_what_blocks_it():
    results = Results()
    record(results, item("one"), Verdict.FAILED, WRONG)
    blocked = record(results, item("two", "one"), Verdict.FAILED, WRONG)
    assert [text for _, text in screen.explanation(blocked)] == [
        "about two  (a1, 1 point; -k two)",
        "blocked by a1_first/test_one",
    ]


# --- what is not written, and what is whole --------------------------------------------------------------------------


def stub(name):
    return Evidence(f"{FIRST.short}: write {name}")


def test_stubs_are_counted_and_the_first_of_the_course_is_next(lines):
    late, early = FIRST.names[3], FIRST.names[1]
    shown = lines(*[(item(name), Verdict.NOT_IMPLEMENTED, stub(name)) for name in (late, early, late)])
    assert shown[-2:] == ["Not written yet: 2 items, 2 points.", f"Next: a1: write {early}"]


def test_only_the_message_about_other_capitals_becomes_a_warning(lines):
    message = "engine.py has value, and should have Value."
    for text, n_warnings in ((message, 1), (f"TODO: {message}", 0), (f"{message}\nlater", 0)):
        shown = lines((item("one"), Verdict.NOT_IMPLEMENTED, Evidence(text)))
        assert sum(line.startswith("! ") for line in shown) == n_warnings


def test_what_is_wrong_comes_before_what_is_not_written(lines):
    shown = lines((item("one"), Verdict.FAILED, WRONG), (item("two"), Verdict.NOT_IMPLEMENTED, stub(FIRST.names[1])))
    assert shown[-1].startswith("Not written yet: 1 item, ")


def test_a_finished_assignment_is_praised_and_the_next_one_is_named(lines):
    shown = lines(
        (item("one"), Verdict.PASSED),
        (item("two", assignment="a2_second"), Verdict.NOT_IMPLEMENTED, Evidence("TODO")),
    )
    assert "All right: every item of a1_first agrees with PyTorch." in shown
    assert shown[-1] == "Next: a2_second. Second steps: go on."


def test_the_next_assignment_is_not_named_while_something_is_wrong(lines):
    shown = lines((item("one"), Verdict.PASSED), (item("two", assignment="a2_second"), Verdict.FAILED, WRONG))
    assert not any(text.startswith("Next:") for text in shown)


def test_passing_a_selection_does_not_count_as_finishing_the_assignment(lines):
    one, two = item("one"), item("two")
    assert not any("All right" in text for text in lines((one, Verdict.PASSED), collected=[one, two]))


def test_when_everything_passes_practice_is_suggested(lines):
    shown = lines((item("one"), Verdict.PASSED), (item("two", assignment="a2_second"), Verdict.PASSED))
    assert "All right: every item of a1_first and a2_second agrees with PyTorch." in shown
    assert "--fresh" in shown[-1]


def test_hidden_items_are_named_with_their_points_once_the_rest_is_right(lines):
    hidden = [HiddenItem("a1_first", "What is kept", 0.5)]
    shown = lines((item("one"), Verdict.PASSED), hidden=hidden)
    assert "Grading has 1 hidden item more in a1 (0.5 points): What is kept" in shown
    assert not any("hidden" in text for text in lines((item("one"), Verdict.FAILED, WRONG), hidden=hidden))


def test_missing_files_are_named_in_the_courses_order_also_beside_a_failure(lines):
    files = [
        msgspec.structs.replace(FIRST, modules=("training",)),
        msgspec.structs.replace(SECOND, modules=("tensor",)),
    ]
    missing = [Evidence(f"There is no {name}.py in this folder yet.") for name in ("tensor", "training")]
    stubs = [(item(str(n)), Verdict.NOT_IMPLEMENTED, evidence) for n, evidence in enumerate(missing)]
    shown = lines((item("wrong"), Verdict.FAILED, WRONG), *stubs, course=files)
    assert "There are no training.py and tensor.py in this folder yet." in shown


# --- terminals -------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["ascii", "cp1252", "cp437", "utf-8"]))
def test_any_line_can_be_written_to_any_terminal(text, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream.write(screen.make_printable(text, stream))


def test_a_bar_is_drawn_in_ascii_on_terminals_without_block_characters():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert screen.make_printable("a1 ██░░ 2 of 4", stream) == "a1 ##.. 2 of 4"
    assert screen.make_printable("a1 ██░░ 2 of 4", io.StringIO()) == "a1 ██░░ 2 of 4"
