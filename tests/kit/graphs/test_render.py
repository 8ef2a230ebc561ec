"""Programs of graphs: run by plain Python, they print the recorded numbers."""

import io
import subprocess
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.expressions import Expressions
from gradkit.corpora.files import load_corpus
from gradkit.corpora.scalar import RandomGraphs, random_graphs
from gradkit.corpora.scalar_strategies import expression_graphs
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.scalar.program import PYTORCH, STUDENT, name_nodes, write_expression, write_program
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS
from gradkit.oracle import complex_step
from gradkit.oracle.tolerance import is_close
from hypothesis import given

GRAPHS = expression_graphs(random_graphs(*OPERATIONS, reuse="nodes", size=12), complex_step.FUNCTIONS)

SPECS = [spec for spec in corpus_specs(assignments()).values() if isinstance(spec, RandomGraphs | Expressions)]
CORPUS = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
DIALECT = pytest.mark.parametrize("dialect", [STUDENT, PYTORCH], ids=["student", "pytorch"])


def three_of(spec):
    """Return a small, a medium and a large graph of a recorded corpus, with PyTorch's answers."""
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    chosen = sorted({0, len(corpus.cases) // 2, len(corpus.cases) - 1})
    return [(corpus.cases[index], corpus.answers[index]) for index in chosen]


@pytest.fixture
def run_program(engine, monkeypatch):
    """Return a function that runs a program beside the reference's engine.py, and returns the printed numbers."""
    monkeypatch.setitem(sys.modules, "engine", SimpleNamespace(Value=engine()))

    def run(lines):
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return [float(line) for line in screen.getvalue().split()]

    return run


def test_enough_corpora_are_recorded_to_render_from():
    assert len(SPECS) >= 20


@CORPUS
@DIALECT
def test_a_pasted_program_prints_the_recorded_gradient_of_every_node(spec, dialect, run_program):
    for graph, answers in three_of(spec):
        numbers = run_program(write_program(graph, dialect, gradients=True, shown=range(len(graph))))
        assert len(numbers) == len(graph)
        assert all(map(is_close, numbers, answers.grad))


@CORPUS
@DIALECT
def test_a_pasted_program_prints_the_recorded_number_of_every_node(spec, dialect, run_program):
    for graph, answers in three_of(spec):
        numbers = run_program(write_program(graph, dialect, gradients=False, shown=range(len(graph))))
        assert len(numbers) == len(graph)
        assert all(map(is_close, numbers, answers.data))


def test_a_program_runs_unchanged_in_a_student_s_folder(root):
    graph = trace_expression(lambda a, b: (a * b).tanh() + a / 3, 0.5, -2.0)
    lines = write_program(graph, shown=[1, 0])
    command = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(command, cwd=root / "reference/solution", capture_output=True, text=True, check=True)
    want = complex_step.answer_graph(graph).grad
    assert all(map(is_close, map(float, done.stdout.split()), [want[1], want[0]]))


@given(GRAPHS)
def test_a_program_has_its_prints_last_and_in_the_order_asked_for(graph):
    shown = [graph.output, 0]
    lines = write_program(graph, gradients=True, shown=shown)
    names = name_nodes(graph, shown)
    assert lines[-2:] == [f"print({names[node]}.grad)" for node in shown]
    assert lines[-3] == f"{names[graph.output]}.backward()"
    assert not any("backward" in line for line in write_program(graph, gradients=False, shown=shown))


@given(GRAPHS)
def test_no_two_nodes_share_a_name(graph):
    names = name_nodes(graph, range(len(graph)))
    assert len(set(names.values())) == len(names) == len(graph)


def test_many_leaves_all_have_names():
    wide = Graph([float(number) for number in range(40)], [("add", 0, 1), *(("add", i + 39, i) for i in range(2, 40))])
    assert len(set(name_nodes(wide).values())) == 41
    few = Graph((1.0, 2.0, 3.0), [("add", 0, 1), ("add", 3, 2)])
    assert name_nodes(few) == {0: "a", 1: "b", 2: "c", 4: "y"}
    assert name_nodes(Graph((1.0,), [("neg", 0)])) == {0: "x", 1: "y"}


def test_names_of_leaves_are_kept_and_never_used_for_another_node():
    graph = trace_expression(lambda y, u: (y * u) * (y * u), 2.0, 3.0)
    lines = write_program(graph, shown=[0])
    assert lines[1] == "y = Value(2.0); u = Value(3.0)"
    assert lines[-1] == "print(y.grad)"
    assert not any(line.startswith(("y =", "u =")) for line in lines[2:])


def test_what_is_used_once_is_written_inline():
    graph = trace_expression(lambda a, b: (a + b).tanh() * a, 1.0, 2.0)
    assert write_program(graph)[2] == "y = (a + b).tanh() * a"
    assert write_expression(graph, 2, name_nodes(graph, [2])) == "a + b"


def test_a_node_used_twice_is_made_once():
    def square_of_sum(a, b):
        total = a + b
        return total * total

    assert write_program(trace_expression(square_of_sum, 1.0, 2.0))[2:4] == ["u = a + b", "y = u * u"]
