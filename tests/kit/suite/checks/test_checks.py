"""Checks of a scalar engine: right engines pass, and wrong ones get the smallest expression that fails."""

import io
import subprocess
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest
from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.corpora.spec import Corpus
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.tolerance import is_close
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.transport.replies import Reply
from gradkit.suite import answers_to, check_forward, check_gradients, check_inner_gradients, expect
from gradkit.suite.failures import NotPassed
from hypothesis import given, settings
from hypothesis import strategies as st

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=8), complex_step.FUNCTIONS)
CHECKS = (check_forward, check_gradients, check_inner_gradients)

TANH = "self.grad += (1 - out.data**2) * out.grad"
PRODUCT = "self.grad += other.data * out.grad"

# What is wrong, as an edit of the solution; the corpus that shows it; the check that finds it.
WRONG = {
    "mul adds": (("Value(self.data * other.data,", "Value(self.data + other.data,"), "mul", check_forward),
    "tanh of minus x": (("math.tanh(self.data)", "math.tanh(-self.data)"), "tanh", check_forward),
    "tanh overwrites": ((TANH, TANH.replace("+=", "=")), "tanh_leaves", check_gradients),
    "tanh ignores upstream": ((TANH, TANH.replace(" * out.grad", "")), "tanh", check_gradients),
    "mul has a wrong sign": ((PRODUCT, PRODUCT.replace("+=", "-=")), "mul", check_gradients),
    "relu leaks": (("(self.data > 0) * out.grad", "out.grad"), "relu", check_gradients),
    "inner gradients are lost": (
        ("            node._backward()", "            node._backward()\n            node.grad *= not node._prev"),
        "add_mul_nodes_size6",
        check_inner_gradients,
    ),
}


def corpus_of(*graphs):
    return Corpus(tuple(graphs), tuple(map(complex_step.answer_graph, graphs)))


@pytest.fixture
def evidence_for(load_value, solution):
    """Return a function that returns the evidence of a check for an edited solution."""

    def by(check, corpus, *edits, verdict=Verdict.FAILED):
        with pytest.raises(NotPassed) as failure:
            check(load_value(solution(*edits)), corpus)
        assert failure.value.verdict is verdict
        return failure.value.failure.explain()

    return by


def recorded(name):
    """Return the recorded corpus of this name."""
    return load_corpus(random_graphs("add"), corpora_folder() / f"{name}.json")


def test_a_right_engine_passes_every_check_on_any_graphs(load_value, solution):
    value = load_value(solution())

    @settings(max_examples=30)
    @given(st.lists(GRAPHS, min_size=1, max_size=4))
    def holds(graphs):
        for check in CHECKS:
            check(value, corpus_of(*graphs))

    holds()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_gets_the_smallest_code_that_fails(name, evidence_for):
    edit, corpus, check = WRONG[name]
    evidence = evidence_for(check, recorded(corpus), edit)
    assert len(evidence.code) <= 8
    assert evidence.hint
    assert evidence.traceback == ""


@pytest.mark.parametrize("name", WRONG)
def test_the_code_shown_prints_the_numbers_shown_as_yours(name, evidence_for, engine, monkeypatch):
    edit, corpus, check = WRONG[name]
    evidence = evidence_for(check, recorded(corpus), edit)
    for value_class, numbers in [
        (engine(edit), [row.yours for row in evidence.rows]),
        (engine(), [row.expected for row in evidence.rows]),
    ]:
        monkeypatch.setitem(sys.modules, "engine", SimpleNamespace(Value=value_class))
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(evidence.code), {})
        printed = [float(line) for line in screen.getvalue().split()]
        assert len(printed) == len(numbers) > 0
        assert all(map(is_close, printed, numbers))


def test_lost_inner_gradients_decide_only_the_item_that_asks_for_them(load_value, solution):
    edit, corpus, _ = WRONG["inner gradients are lost"]
    check_gradients(load_value(solution(edit)), recorded(corpus))


def test_a_forward_check_never_reads_gradients(load_value, solution):
    value = load_value(solution(("self.grad = 1.0\n", "raise ValueError\n")))
    check_forward(value, corpus_of(trace_expression(lambda a, b: a * b + a, 2.0, 3.0)))


def test_a_value_that_is_wrong_is_shown_before_the_gradient_that_follows_from_it(evidence_for):
    edit = ("math.exp(self.data)", "2 * math.exp(self.data)")
    evidence = evidence_for(check_gradients, corpus_of(trace_expression(lambda a, b: a.exp() * b, 0.5, 0.3)), edit)
    assert evidence.rows[0].name == "y.data"
    assert evidence.code[-1] == "print(y.data)"


def test_a_value_that_is_wrong_costs_no_gradient_that_is_right(load_value, solution):
    edit = ('Value(self.data + other.data, (self, other), "+")', 'Value(self.data - other.data, (self, other), "+")')
    check_gradients(load_value(solution(edit)), corpus_of(trace_expression(lambda a, b: a + b, 0.5, 0.3)))


def test_code_that_raises_is_shown_with_the_smallest_expression_that_raises(evidence_for):
    line = "out = Value(math.tanh(self.data)"
    graph = trace_expression(lambda a, b: ((a * b).tanh() + a) * b, 0.5, 0.3)
    edit = (line, f"self.lost\n        {line}")
    evidence = evidence_for(check_forward, corpus_of(graph), edit, verdict=Verdict.ERROR)
    assert evidence.message == "AttributeError: 'Value' object has no attribute 'lost'"
    assert evidence.code == ("from engine import Value", "x = Value(2.0)", "y = x.tanh()", "print(y.data)")
    assert "in tanh" in evidence.traceback


def test_data_that_is_not_a_number_is_shown_with_the_smallest_expression_too(evidence_for):
    edit = ('out = Value(self.data + other.data, (self, other), "+")', "return self.data + other.data")
    evidence = evidence_for(check_forward, corpus_of(trace_expression(lambda a, b: a + b, 0.5, 0.3)), edit)
    assert "is a plain float, not a Value" in evidence.message


def test_wrong_numbers_are_shown_before_an_error_that_comes_later(evidence_for):
    graphs = corpus_of(trace_expression(lambda a: a.tanh(), 0.5), trace_expression(lambda a: a.exp(), 0.5))
    wrong = (("math.tanh(self.data)", "math.tanh(-self.data)"), ("math.exp(self.data)", "math.exq(self.data)"))
    assert "y.data is -" in evidence_for(check_forward, graphs, *wrong).message


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("raise NotImplementedError('TODO a3: Value.tanh')", Verdict.NOT_IMPLEMENTED),
        ("raise SystemExit", Verdict.CRASHED),
        ("raise MemoryError", Verdict.OUT_OF_MEMORY),
    ],
)
def test_stubs_crashes_and_memory_errors_are_not_reduced(load_value, solution, line, verdict):
    start = "out = Value(math.tanh(self.data)"
    value = load_value(solution((start, f"print('called'); {line}\n        {start}")))
    screen = io.StringIO()
    with redirect_stdout(screen), pytest.raises(NotPassed) as failure:
        check_forward(value, corpus_of(trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 0.3)))
    assert failure.value.verdict is verdict
    assert failure.value.failure.explain().code == ()
    assert screen.getvalue() == "called\n"


def test_a_graph_is_reduced_only_when_its_evidence_is_asked_for(load_value, solution):
    start = "out = Value(math.tanh(self.data)"
    value = load_value(solution((start, f"print('called')\n        {start.replace('tanh(', 'tanh(-')}")))
    screen = io.StringIO()
    with redirect_stdout(screen):
        with pytest.raises(NotPassed) as failure:
            check_forward(value, corpus_of(trace_expression(lambda a, b: (a * b).tanh() + a, 0.5, 0.3)))
        assert screen.getvalue() == "called\n"
        drawn = failure.value.failure.as_drawn()
        assert str(failure.value) == drawn.message
        assert screen.getvalue() == "called\n", "the case as it was drawn is known"
        evidence = failure.value.failure.explain()
    assert len(screen.getvalue()) > len("called\n")
    assert len(evidence.code) < len(drawn.code)


def test_the_debugger_finds_the_student_s_frame(load_value, solution):
    value = load_value(solution(("math.tanh(self.data)", "math.tamh(self.data)")))
    with pytest.raises(NotPassed) as failure:
        check_forward(value, corpus_of(trace_expression(lambda a: a.tanh(), 0.5)))
    assert failure.traceback[-1].path.name == "engine.py"


def test_a_reduced_graph_keeps_to_the_domains(evidence_for):
    graph = trace_expression(lambda a, b: (a * b).log() * a, 2.0, 3.0)
    evidence = evidence_for(check_gradients, corpus_of(graph), ("out.grad / self.data", "out.grad / self.data**2"))
    assert evidence.code[1:3] == ("x = Value(2.0)", "y = x.log()")


def test_replay_returns_the_answers_to_an_item_that_compares_them(load_value, solution):
    graphs = [Graph((2.0,), [("exp", 0)]), Graph((3.0,), [("neg", 0)])]
    reply = answers_to(load_value(solution()), graphs, backward=True)
    assert [answers.grad[-1] for answers in reply.answers] == [1.0, 1.0]


def test_an_item_that_compares_answers_never_receives_an_incomplete_reply(load_value, solution):
    value = load_value(solution(("math.exp(self.data)", "math.exq(self.data)")))
    with pytest.raises(SubmissionError, match="exq"):
        answers_to(value, [Graph((3.0,), [("neg", 0)]), Graph((2.0,), [("exp", 0)])], backward=False)


# --- expect ----------------------------------------------------------------------------------------------------------


def test_expect_uses_the_same_tolerance():
    expect(1.0 + 1e-8, 1.0)
    with pytest.raises(NotPassed):
        expect(1.0 + 2e-7, 1.0)
    with pytest.raises(NotPassed):
        expect(float("nan"), 1.0)


# --- PyTorch stays out of it -----------------------------------------------------------------------------------------

WITHOUT_PYTORCH = """
import sys
from pathlib import Path
sys.modules["torch"] = None
from gradkit.corpora.files import load_corpus
from gradkit.corpora.scalar import random_graphs
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite import check_gradients
from gradkit.catalogue.assignments import corpora_folder
from gradkit.suite.failures import NotPassed
try:
    check_gradients(LocalTransport(Path(sys.argv[1]), Clock()).load("engine", "Value"),
                    load_corpus(random_graphs("mul"), corpora_folder() / "mul.json"))
except NotPassed as failure:
    print(len(failure.failure.explain().rows))
"""


@pytest.mark.parametrize("edits", [(), ((PRODUCT, "pass"),)], ids=["right", "wrong"])
def test_checks_do_not_import_pytorch_for_right_or_wrong_engines(edits, solution, tmp_path):
    (tmp_path / "engine.py").write_text(solution(*edits), encoding="utf-8")
    command = [sys.executable, "-c", WITHOUT_PYTORCH, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == (["1"] if edits else [])


def test_an_item_without_graphs_is_refused_since_it_would_always_pass(load_value, solution):
    for check in CHECKS:
        with pytest.raises(ValueError, match="without graphs"):
            check(load_value(solution()), corpus_of())


@pytest.mark.parametrize("numbers", [0, 5, 6, 8, 9, 10, 11], ids="{} of 10".format)
@pytest.mark.parametrize("failure", [None, SubmissionError(Verdict.ERROR, "oh")], ids=["whole", "failed"])
def test_numbers_that_do_not_fit_the_request_are_refused(numbers, failure):
    graphs = [
        trace_expression(lambda a, b: a * b, 0.5, 0.3),
        trace_expression(lambda a: a.exp(), 0.5),
    ]  # 2 * 3 and 2 * 2 numbers
    if numbers in ((0, 6) if failure else (10,)):
        assert len(Reply(graphs, True, [1.0] * numbers, failure).answers) == {0: 0, 6: 1, 10: 2}[numbers]
    else:
        with pytest.raises(ValueError, match="do not fit these graphs"):
            Reply(graphs, True, [1.0] * numbers, failure)
