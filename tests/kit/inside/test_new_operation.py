"""A new operation is one row of the table: everything else follows from the row."""

import subprocess
import sys

SINE = """
import cmath, math, sys, types
from gradkit.inside import operations
from gradkit.inside.operations import ATOM, Operation

operations.OPERATIONS["sin"] = Operation("sin", "{a}.sin()", ATOM, (ATOM,), complex="sin({a})", domain="abs(a) <= 8")
"""

WHOLE_WAY = (
    SINE
    + """
from gradkit.corpora.scalar import random_graphs
from gradkit.graphs.picture.cards import cards_of_graph
from gradkit.graphs.scalar.program import write_program
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.graphs.scalar.trace_program import trace_program
from gradkit.inside.graph import replay
from gradkit.oracle import complex_step
from gradkit.oracle.tolerance import is_close

spec = random_graphs("sin", reuse="nodes", count=30)
corpus = spec.draw("autumn")
assert len(corpus.cases) >= 30
assert all(any(step[0] == "sin" for step in graph.steps) for graph in corpus.cases)

sys.path.insert(0, sys.argv[1])
from engine import Value

for graph, answers in zip(corpus.cases, corpus.answers):
    for others in (complex_step.answer_graph(graph), replay(Value, graph, backward=True)):
        assert all(map(is_close, others.numbers(), answers.numbers()))

assert spec.decode(b"[" + spec.encode(corpus.cases[0], corpus.answers[0]) + b"]")[0][0] == corpus.cases[0]

traced = trace_expression(lambda x, y: (x * y).sin() + 2, 0.5, 3.0)
assert traced.steps == (("mul", 0, 1), ("sin", 2), ("add_const", 3, 2))
lines = write_program(traced, shown=[0, 1])
assert "y_ = (x * y).sin() + 2" in lines
exec("\\n".join(lines))

graph, names = trace_program("a = Value(0.5); b = a.sin()")
assert graph.steps == (("sin", 0),)
assert [card.expression for card in cards_of_graph(graph, names=names)] == ["", "a.sin()"]
assert spec.name == "sin_nodes"
"""
)


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_row_is_drawn_answered_differentiated_traced_printed_and_replayed(tmp_path, solution):
    relu = "    def relu(self):"
    sine = """    def sin(self):
        out = Value(math.sin(self.data), (self,), "sin")

        def _backward():
            self.grad += math.cos(self.data) * out.grad

        out._backward = _backward
        return out

"""
    (tmp_path / "engine.py").write_text(solution((relu, sine + relu)), encoding="utf-8")
    run(WHOLE_WAY, str(tmp_path))


TWO_OPERANDS = """
from gradkit.inside import operations
from gradkit.inside.operations import ATOM, SUM, Operation

rows = (
    Operation("hypot", "{a}.hypot({b})", ATOM, (ATOM, SUM), complex="sqrt({a} * {a} + {b} * {b})"),
    Operation("hypot_const", "{a}.hypot({k})", ATOM, (ATOM,), complex="sqrt({a} * {a} + {k} * {k})", constants=(2,)),
)
operations.OPERATIONS.update({row.name: row for row in rows})

from gradkit.graphs.scalar.program import write_expression
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.oracle import complex_step

graph = trace_expression(lambda x, y: x.hypot(y).hypot(2), 3.0, 4.0)
assert graph.steps == (("hypot", 0, 1), ("hypot_const", 2, 2)), graph
assert write_expression(graph, 3, {0: "x", 1: "y"}) == "x.hypot(y).hypot(2)"
assert complex_step.evaluate_graph(graph)[2] == 5.0
for wrong in (lambda x: x.hypot(), lambda x: x.hypot(x, 2), lambda x: x.hypot(x, x)):
    try:
        trace_expression(wrong, 1.0)
    except TypeError as error:
        assert "hypot" in str(error)
    else:
        raise AssertionError
"""


def test_a_method_can_take_a_second_operand_or_a_plain_number():
    run(TWO_OPERANDS)


SOFTPLUS = """
import io
from contextlib import redirect_stdout

from gradkit.inside import operations
from gradkit.inside.operations import ATOM, Operation

rows = (
    Operation(
        "softplus",
        "{a}.softplus()",
        ATOM,
        (ATOM,),
        complex="log(1 + exp({a}))",
        torch="softplus({a})",
        domain="abs(a) <= 8",
    ),
    Operation("erfc", "{a}.erfc()", ATOM, (ATOM,), torch="torch.erfc({a})"),
)
operations.OPERATIONS.update({row.name: row for row in rows})

from gradkit.corpora.scalar import random_graphs
from gradkit.graphs.scalar.program import PYTORCH, write_program
from gradkit.graphs.scalar.trace import trace_expression
from gradkit.oracle import complex_step
from gradkit.oracle.pytorch.scalar import answer_graph
from gradkit.oracle.tolerance import is_close

corpus = random_graphs("softplus", count=20).draw("autumn")
assert len(corpus.cases) >= 20
for graph, answers in zip(corpus.cases, corpus.answers):
    assert all(map(is_close, complex_step.answer_graph(graph).numbers(), answers.numbers()))

traced = trace_expression(lambda x, y: (x * y).softplus().exp() + 2 * x.erfc(), 0.5, 3.0)
lines = write_program(traced, PYTORCH, shown=[0, 1])
assert lines[:2] == ["import torch", "from torch.nn.functional import softplus"], lines
printed = io.StringIO()
with redirect_stdout(printed):
    exec("\\n".join(lines), {})
assert all(map(is_close, map(float, printed.getvalue().split()), answer_graph(traced).grad[:2]))
assert write_program(traced)[0] == "from engine import Value" and ".softplus()" in "".join(write_program(traced))
"""


def test_a_row_can_be_written_otherwise_for_pytorch_whose_tensors_lack_the_method():
    run(SOFTPLUS)
