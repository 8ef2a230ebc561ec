"""A student's page: all text is escaped, each cause is shown once, and hidden items show their title only."""

import builtins
from html.parser import HTMLParser

import msgspec
import pytest
from gradkit.outputs.html import feedback
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, Row
from gradkit.suite.results import Item, make_result
from hypothesis import given
from hypothesis import strategies as st

OURS = {"div", "b", "span", "pre", "table", "tr", "th", "td", "code", "p"}
EVIDENCE = Evidence("x.grad is 1.0", ("x = Value(2.0)", "print(x.grad)"), (Row("x.grad", 1.0, 2.0),))


def item(name, verdict=Verdict.FAILED, evidence=None, blocked_by=(), hidden=False):
    id_ = f"a1_trial/test_{name}"
    return make_result(Item(id_, "a1_trial", f"about {name}", 1.0, (), hidden), verdict, evidence, blocked_by)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.shown = set(), set(), [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.shown += data


def read(page):
    found = _Tags()
    found.feed(page)
    found.close()
    assert not found.open, "every element is closed"
    return found


WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["<script>alert(1)</script>", "</pre><img src=x onerror=y>", "{{ 7*7 }}", "`<b>`"]),
)
RECORDS = st.builds(
    Evidence,
    message=WORDS,
    code=st.lists(WORDS, max_size=2).map(tuple),
    rows=st.lists(st.builds(Row, WORDS, st.floats(allow_nan=False), st.floats(allow_nan=False)), max_size=1).map(tuple),
    heading=WORDS,
    source=WORDS,
    origin=WORDS,
    hint=WORDS,
    traceback=WORDS,
)


@given(RECORDS, WORDS, WORDS)
def test_no_text_of_a_submission_becomes_an_html_element(evidence, title, warning):
    found = read(feedback([msgspec.structs.replace(item("x", evidence=evidence), title=title)], {}, [warning]))
    assert found.tags <= OURS
    assert found.attributes <= {"style"}


def test_a_wrong_number_is_shown_beside_pytorchs():
    shown = read(feedback([item("x", evidence=EVIDENCE)], {})).shown
    assert all(part in shown for part in ("about x", "0 of 1 point", "failed", "x.grad", "1.0", "2.0"))


def test_a_blocked_item_names_what_to_look_at_first():
    page = feedback([item("x", Verdict.BLOCKED, blocked_by=("a1_trial/test_y",))], {"a1_trial/test_y": "about y"})
    assert "Look at “about y” first." in page


def test_one_cause_is_shown_once():
    page = feedback([item("x", evidence=EVIDENCE), item("y", evidence=EVIDENCE)], {})
    assert page.count("print(x.grad)") == 1
    assert "As in “about x”." in page


def test_code_in_a_hint_is_formatted_as_code():
    evidence = msgspec.structs.replace(EVIDENCE, hint="look at how `2 - x` computes")
    assert "<code>2 - x</code>" in feedback([item("x", evidence=evidence)], {})


def test_without_graphviz_there_is_a_page_without_a_picture(monkeypatch, school, suite):
    school.hand_in_misconception("ada", "subtraction_forgets_the_minus")
    items = [each for each in school.grade(suite=suite("a2"))["ada"].items if each.evidence]
    assert "#fde0dc" in feedback(items, {}), "the wrong node is marked"
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "pygraphviz":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "<svg" not in feedback(items, {})


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.TIMEOUT, Verdict.NOT_IMPLEMENTED])
def test_every_verdict_has_a_description(verdict):
    assert verdict.value.replace("_", " ") in feedback([item("x", verdict)], {})
