"""Write a graph as the expression or the program that it is: `traced(lambda a, b: (a + b) * a, 10, 5)`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from .graph import Graph

if TYPE_CHECKING:
    from .graph import Step


class Tracer:
    """Stands for a node while an expression is traced; it has the operators and functions of a student's Value."""

    def __init__(self, steps: list[tuple[Tracer, Step]], step: Step = ()) -> None:
        self._steps = steps
        if step:
            steps.append((self, step))

    def _then(self, name: str, *operands: object) -> Tracer:
        return Tracer(self._steps, (name, self, *operands))

    def _binary(self, name: str, other: object) -> Tracer:
        return self._then(name if isinstance(other, Tracer) else f"{name}_const", other)

    def __add__(self, other: Tracer | float) -> Tracer:
        return self._binary("add", other)

    def __radd__(self, other: float) -> Tracer:
        return self._then("const_add", other)

    def __sub__(self, other: Tracer | float) -> Tracer:
        return self._binary("sub", other)

    def __rsub__(self, other: float) -> Tracer:
        return self._then("const_sub", other)

    def __mul__(self, other: Tracer | float) -> Tracer:
        return self._binary("mul", other)

    def __rmul__(self, other: float) -> Tracer:
        return self._then("const_mul", other)

    def __truediv__(self, other: Tracer | float) -> Tracer:
        return self._binary("div", other)

    def __rtruediv__(self, other: float) -> Tracer:
        return self._then("const_div", other)

    def __pow__(self, other: Tracer | float) -> Tracer:
        return self._binary("pow", other)

    def __rpow__(self, other: float) -> Tracer:
        return self._then("const_pow", other)

    def __neg__(self) -> Tracer:
        return self._then("neg")

    def exp(self) -> Tracer:
        return self._then("exp")

    def log(self) -> Tracer:
        return self._then("log")

    def tanh(self) -> Tracer:
        return self._then("tanh")

    def sigmoid(self) -> Tracer:
        return self._then("sigmoid")

    def relu(self) -> Tracer:
        return self._then("relu")


def traced_program(code: str) -> tuple[Graph, dict[int, str]]:
    """The graph of a program, as in "a = Value(2.0); b = a.tanh()", and the names that it gives to its nodes.

    Its output is what the last line makes. The program is the course's own: it is executed.
    """
    steps: list[tuple[Tracer, Step]] = []
    leaves: list[tuple[Tracer, float]] = []

    def leaf(number: float) -> Tracer:
        leaves.append((Tracer(steps), number))
        return leaves[-1][0]

    variables: dict[str, Tracer] = {}
    exec(code, {"Value": leaf}, variables)
    nodes = [tracer for tracer, _ in leaves] + [tracer for tracer, _ in steps]
    names = {nodes.index(tracer): name for name, tracer in variables.items()}
    inputs = range(len(leaves))
    graph = Graph([number for _, number in leaves], _numbered(nodes, steps), names=[names[node] for node in inputs])
    return graph, names


def traced(expression: Callable[..., Tracer], *numbers: float) -> Graph:
    """The graph of `expression` at these inputs. The function's own parameter names are kept for showing it."""
    steps: list[tuple[Tracer, Step]] = []
    inputs = [Tracer(steps) for _ in numbers]
    result = expression(*inputs)
    nodes = [*inputs, *(node for node, _ in steps)]
    parameters = list(inspect.signature(expression).parameters)
    names = parameters if len(parameters) == len(numbers) else ()
    return Graph(numbers, _numbered(nodes, steps), nodes.index(result), names).rebuilt()


def _numbered(nodes: list[Tracer], steps: list[tuple[Tracer, Step]]) -> list[Step]:
    """The steps, with nodes by their numbers."""
    number = {id(node): index for index, node in enumerate(nodes)}
    return [
        (name, *(number[id(item)] if isinstance(item, Tracer) else item for item in operands))
        for _, (name, *operands) in steps
    ]
