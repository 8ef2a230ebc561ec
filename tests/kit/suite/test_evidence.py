"""Evidence: what is shown of a failure, and which failures have the same cause."""

import pytest
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Answers
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.mismatch import compare_data, compare_gradients
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.suite.evidence import NODES_SHOWN, Evidence, Row, make_row
from gradkit.suite.explanations import explain_error, explain_mismatch, explain_number
from gradkit.suite.failures import Explained, NotPassed
from gradkit.suite.results import Item, make_result
from hypothesis import assume, given
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS)


@st.composite
def mismatches(draw):
    """Draw a graph some of whose gradients are wrong."""
    graph = draw(GRAPHS)
    want = complex_step.answer_graph(graph)
    odd = draw(st.dictionaries(st.integers(0, len(graph) - 1), st.floats(-3, 3), min_size=1))
    got = Answers(want.data, [odd.get(node, number) for node, number in enumerate(want.grad)])
    mismatch = compare_gradients(graph, want, got, inner=draw(st.booleans()))
    assume(mismatch)
    return mismatch


@given(mismatches())
def test_each_row_has_its_print_at_the_end_of_the_code(mismatch):
    evidence = explain_mismatch(mismatch)
    prints = evidence.code[len(evidence.code) - len(evidence.rows) :]
    assert prints == tuple(f"print({row.name})" for row in evidence.rows)
    assert not any(line.startswith("print") for line in evidence.code[: -len(evidence.rows)])


@given(mismatches())
def test_rows_hold_the_first_wrong_numbers_and_the_origin_and_no_more(mismatch):
    evidence = explain_mismatch(mismatch)
    shown = [*mismatch.wrong[:NODES_SHOWN]]
    if mismatch.origin is not None and mismatch.origin not in shown:
        shown.append(mismatch.origin)
    assert [(row.yours, row.expected) for row in evidence.rows] == [
        (mismatch.got.grad[node], mismatch.want.grad[node]) for node in shown
    ]
    assert (evidence.origin == "") == (mismatch.origin is None)


def test_a_wrong_gradient_is_named_in_the_summary():
    graph = trace_expression(lambda a, b: (a * b).tanh() * a, 0.5, 1.0)
    want = complex_step.answer_graph(graph)
    evidence = explain_mismatch(compare_gradients(graph, want, Answers(want.data, [9.0, 8.0, 7.0, *want.grad[3:]])))
    assert evidence.message == f"a.grad is 9.0, PyTorch says {want.grad[0]!r}"
    assert evidence.code == (
        "from engine import Value",
        "a = Value(0.5); b = Value(1.0)",
        "u = a * b",
        "y = u.tanh() * a",
        "y.backward()",
        "print(a.grad)",
        "print(b.grad)",
        "print(u.grad)",
    )
    assert evidence.origin == "u = a * b"


def test_the_code_for_a_wrong_number_does_not_call_backward():
    graph = trace_expression(lambda x: x.exp(), 1.0)
    want = complex_step.answer_graph(graph)
    evidence = explain_mismatch(compare_data(graph, want, Answers([1.0, 3.0], [])))
    assert evidence.code == ("from engine import Value", "x = Value(1.0)", "y = x.exp()", "print(y.data)")
    assert evidence.rows == (Row("y.data", 3.0, want.data[1]),)


def test_a_wrong_leaf_is_named_by_itself():
    graph = trace_expression(lambda x: x + x, 1.0)
    want = complex_step.answer_graph(graph)
    evidence = explain_mismatch(compare_gradients(graph, want, Answers([1.0, 2.0], [1.0, 1.0])))
    assert evidence.origin == "x"


def test_a_hand_written_item_shows_its_number():
    evidence = explain_number("x.grad", 2.0, 3.0, ("from engine import Value", "print(x.grad)"))
    assert evidence.message == "x.grad is 2.0 and should be 3.0"
    assert evidence.rows == (Row("x.grad", 2.0, 3.0),)
    assert evidence.source != "PyTorch"  # which was not asked


def test_an_item_s_error_message_matches_its_evidence():
    assert str(NotPassed(Explained(Verdict.ERROR, Evidence("KeyError: 'odd'")))) == "KeyError: 'odd'"


# --- hints for messages of Python ------------------------------------------------------------------------------------

BARE = "class Value:\n    def __init__(self, data): self.data = data\n"


def bare_value(body=""):
    namespace = {}
    exec(BARE + body, namespace)
    return namespace["Value"]


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda x: 2 + x, "__radd__"),
        (lambda x: 2.5 + x, "__radd__"),
        (lambda x: sum([x, x]), "it starts from 0"),
        (lambda x: 2 - x, "__rsub__"),
        (lambda x: 2.5 - x, "__rsub__"),
        (lambda x: 2 * x, "__rmul__"),
        (lambda x: 2.5 * x, "__rmul__"),
        (lambda x: 2 / x, "__rtruediv__"),
        (lambda x: 2.5 / x, "__rtruediv__"),
        (lambda x: 2**x, "__rpow__"),
        (lambda x: 2.5**x, "__rpow__"),
        (lambda x: (2).data, "not made a Value first"),
        (lambda x: (2.5).data, "not made a Value first"),
        (lambda x: math.exp(x), "`import math`"),  # noqa: F821
        (lambda x: (lambda: None)()(), "without ()"),
        (lambda x: __import__("math").exp(1000), "exp overflows"),
    ],
)
def test_a_known_error_message_of_python_gets_its_hint(use, said):
    with pytest.raises(Exception) as raised:
        use(bare_value()(1.0))
    message = f"{raised.type.__name__}: {raised.value}"
    assert said in explain_error(SubmissionError(Verdict.ERROR, message)).hint


def test_hints_name_the_missing_reflected_method_and_the_missing_return():
    x = bare_value()(1.0)
    for use, said in [(lambda: x * 2, "__mul__"), (lambda: x**x, "__pow__"), (lambda: 2 * None, "`return`")]:
        with pytest.raises(TypeError) as raised:
            use()
        assert said in explain_error(SubmissionError(Verdict.ERROR, f"TypeError: {raised.value}")).hint
    with pytest.raises(TypeError) as raised:
        2 * x
    assert "sum()" not in explain_error(SubmissionError(Verdict.ERROR, f"TypeError: {raised.value}")).hint


def test_endless_recursion_gets_its_hint():
    x = bare_value("    def __radd__(self, other): return other + self\n")(1.0)
    with pytest.raises(RecursionError) as raised:
        2 + x
    assert (
        "call itself for ever" in explain_error(SubmissionError(Verdict.ERROR, f"RecursionError: {raised.value}")).hint
    )


def test_an_unknown_message_gets_no_hint_and_keeps_its_traceback():
    evidence = explain_error(SubmissionError(Verdict.ERROR, "KeyError: 'odd'", "engine.py:3, in f"), ("y = x",))
    assert evidence == Evidence("KeyError: 'odd'", ("y = x",), traceback="engine.py:3, in f")


# --- the same cause ------------------------------------------------------------------------------------------------


def cause(evidence, verdict=Verdict.FAILED):
    return make_result(Item("a1/test_x", "a1", "about x", 1.0, ()), verdict, evidence).cause()


def test_failures_at_the_same_line_are_one_cause_whatever_the_expression():
    one = cause(Evidence("E", code=("a",), traceback="engine.py:3"))
    assert one == cause(Evidence("E", code=("b",), traceback="engine.py:3"))
    assert one != cause(Evidence("E", code=("a",), traceback="engine.py:4"))


def test_wrong_numbers_are_one_cause_if_the_same_code_gives_the_same_numbers():
    one = cause(Evidence("m", ("a",), (Row("x", 1.0, 2.0),)))
    assert one == cause(Evidence("m", ("a",), (Row("x", 1.0, 2.0),), hint="other"))
    assert one != cause(Evidence("m", ("a",), (Row("x", 1.5, 2.0),)))
    assert one != cause(Evidence("m", ("b",), (Row("x", 1.0, 2.0),)))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_cannot_write_are_one_cause_too(number):
    one, other = (cause(Evidence("m", ("a",), (make_row("x", value, 2.0),))) for value in (number, float(str(number))))
    assert one == other


def test_a_verdict_is_part_of_the_cause():
    assert cause(Evidence("m"), Verdict.ERROR) != cause(Evidence("m"), Verdict.TIMEOUT)
    assert cause(Evidence("m"), Verdict.TIMEOUT) == cause(Evidence("m"), Verdict.TIMEOUT)
    assert cause(None) is None
