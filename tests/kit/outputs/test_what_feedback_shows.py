"""A student's page: what it leaves out and what it shows first. test_feedback.py tests that it is escaped."""

import re

import msgspec
import pytest
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_gradients
from gradkit.outputs.html import feedback
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, FailingGraph, NodeNumbers, Row
from gradkit.suite.explanations import explain_mismatch
from gradkit.suite.results import Item, make_result
from gradkit.suite.visibility import HIDDEN
from hypothesis import given
from hypothesis import strategies as st

CODE = ("from engine import Value", "x = Value(2.0)", "y = x.tanh()", "print(x.grad)")
FAILING_GRAPH = FailingGraph(
    (2.0,), (("tanh", 0),), 1, (), NodeNumbers((2.0, 0.96), (0.07, 1.0)), NodeNumbers((2.0, 0.96), (5.0, 1.0)), (0,)
)
WRONG = Evidence("x.grad is 5.0", CODE, (Row("x.grad", 5.0, 0.07),), source="PyTorch", failing_graph=FAILING_GRAPH)
KEPT = HIDDEN
RAISED = Evidence("ValueError: no", CODE[:2], traceback="engine.py:3, in tanh\n    raise ValueError")


def item(name, evidence=None, verdict=Verdict.FAILED, blocked_by=(), is_hidden=False):
    ids = tuple(f"a1_trial/test_{other}" for other in blocked_by)
    item = Item(f"a1_trial/test_{name}", "a1_trial", f"about {name}", 1.0, (), is_hidden)
    return make_result(item, verdict, evidence, ids)


def titles(*names):
    return {f"a1_trial/test_{name}": f"about {name}" for name in names}


# --- what is left out ------------------------------------------------------------------------------------------------


def test_the_import_that_a_notebook_does_not_need_is_left_out():
    page = feedback([item("x", WRONG)], {})
    assert "x = Value(2.0)\ny = x.tanh()\nprint(x.grad)" in page
    assert "import" not in page


def test_a_hidden_item_shows_its_title_and_verdict_only():
    record = msgspec.structs.replace(
        WRONG, message=KEPT, rows=(), hint="count the uses", origin="y", heading="tanh", traceback="engine.py:3"
    )
    page = feedback([item("secret", record, is_hidden=True)], {})
    assert re.sub(r"<[^>]*>|\s+", " ", page).split() == f"about secret · 0 of 1 point · failed {KEPT}".split()
    assert "<svg" not in page


def test_hidden_items_are_not_grouped_as_one_cause():
    record = Evidence(KEPT)
    page = feedback([item("one", record, is_hidden=True), item("two", record, is_hidden=True)], {})
    assert "As in" not in page


def test_a_stub_is_reported_as_a_stub_only():
    stub = Evidence("not written yet", CODE)
    page = feedback([item("x", stub, Verdict.NOT_IMPLEMENTED), item("y", stub, Verdict.NOT_IMPLEMENTED)], {})
    assert page.count("not implemented") == 2
    assert not re.search("<pre|As in|not written yet", page)


def test_the_message_of_a_stub_is_shown():
    stub = Evidence("NotImplementedError: tanh is next", CODE)
    page = feedback([item("x", stub, Verdict.NOT_IMPLEMENTED)], {})
    assert "tanh is next" in page
    assert "Value(2.0)" not in page


# --- what is looked at first -----------------------------------------------------------------------------------------


def test_a_chain_of_blocked_items_leads_to_the_one_with_evidence():
    first = item("root", RAISED, Verdict.ERROR)
    second = item("middle", verdict=Verdict.BLOCKED, blocked_by=("root",))
    third = item("end", verdict=Verdict.BLOCKED, blocked_by=("middle", "root"))
    page = feedback([first, second, third], titles("root", "middle", "end"))
    assert page.count("Look at “about root” first.") == 2


def test_a_blocked_item_leads_to_the_root_also_where_it_is_another_task_s():
    page = feedback([item("end", verdict=Verdict.BLOCKED, blocked_by=("middle", "root"))], titles("root", "middle"))
    assert "Look at “about root” first." in page


def test_the_same_error_is_shown_once_and_another_separately():
    other = Evidence("TypeError: no", CODE[:2], traceback="engine.py:9, in exp")
    page = feedback([item("x", RAISED), item("y", RAISED), item("z", other)], {})
    assert page.count("ValueError: no") == 1
    assert page.count("As in “about x”.") == 1
    assert page.count("TypeError: no") == 1


# --- pictures, and what MathJax would make of a text -----------------------------------------------------------------


def test_a_picture_marks_the_wrong_node_with_both_numbers():
    pytest.importorskip("pygraphviz")
    page = feedback([item("x", WRONG)], {})
    assert page.count("<svg") == page.count("</svg>") == page.count('fill="#fde0dc"') == 1
    shown = " ".join(re.sub(r"<[^>]*>", " ", page.partition("<svg")[2]).split())
    assert "your grad 5 PyTorch’s grad 0.07" in shown


def test_a_graph_too_large_to_read_is_shown_without_a_picture_but_with_numbers():
    answers = NodeNumbers((1.0,) * 301, (1.0,) * 301)
    large = FailingGraph((1.0,), tuple(("neg", node) for node in range(300)), 300, (), answers, answers, (0,))
    page = feedback([item("x", msgspec.structs.replace(WRONG, failing_graph=large))], {})
    assert "<svg" not in page
    assert "5.0" in page


def test_a_picture_calls_the_nodes_as_the_code_does():
    pytest.importorskip("pygraphviz")
    graph = trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 1.0)
    want = complex_step.answer_graph(graph)
    evidence = explain_mismatch(compare_gradients(graph, want, Answers(want.data, [9.0, 8.0, want.grad[2], 7.0, 1.0])))
    (line,) = (line for line in evidence.code if line.startswith("u = "))
    result = make_result(Item("a1_trial/test_x", "a1_trial", "x", 1.0, ()), Verdict.FAILED, evidence)
    shown = " ".join(re.sub(r"<[^>]*>", " ", feedback([result], {}).partition("<svg")[2]).split())
    assert line == "u = (a * b).tanh()"
    assert "v = a * b" in shown
    assert "u = v.tanh()" in shown


@given(st.text("$\\(){}ab", min_size=1, max_size=12).map(lambda text: f"Q{text}Q"), st.booleans())
def test_what_a_student_s_code_says_is_never_set_as_a_formula(text, with_frames):
    """nbgrader's pages run MathJax, which ignores the elements pre and code."""
    evidence = Evidence(text, (text,), origin=text, traceback=text if with_frames else "")
    page = feedback([item("x", evidence)], {})
    assert "Q" not in re.sub(r"(?s)<(pre|code)\b.*?</\1>", "", page)
