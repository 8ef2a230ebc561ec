"""Build a graph from an expression: `trace_expression(lambda a, b: (a + b) * a, 10, 5)`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

if TYPE_CHECKING:
    from gradkit.inside.graph import Step

_METHOD = re.compile(r"\{a\}\.(\w+)\(.*\)")


def _methods_of_table() -> dict[tuple[str, bool], str]:
    """Return the operations that are written as methods, such as `{a}.exp()`.

    Returns:
        The operation's name by (method, whether it takes a plain number).
    """
    methods = {}
    for row in OPERATIONS.values():
        match = _METHOD.fullmatch(row.text)
        if match:
            methods[match[1], bool(row.constants)] = row.name
    return methods


_METHODS = _methods_of_table()

METHOD_NAMES = tuple(dict.fromkeys(method for method, _ in _METHODS))
"""The methods of a Value that the table of operations has, such as "exp"."""


class Tracer:
    """A node of a graph that is being traced. It has the operators and methods of a student's Value."""

    def __init__(self, steps: list[tuple[Tracer, Step]], step: Step = ()) -> None:
        """Create a leaf, or the result of a step, which is appended to the steps of the trace."""
        self._steps = steps
        if step:
            steps.append((self, step))

    def apply(self, name: str, *operands: object) -> Tracer:
        """Apply an operation of the table to this node, the other operand, and the plain number, if it takes them."""
        return Tracer(self._steps, (name, self, *operands))

    def _apply_operator(self, name: str, other: object) -> Tracer:
        return self.apply(name if isinstance(other, Tracer) else f"{name}_const", other)

    def __add__(self, other: Tracer | float) -> Tracer:
        return self._apply_operator("add", other)

    def __radd__(self, other: float) -> Tracer:
        return self.apply("const_add", other)

    def __sub__(self, other: Tracer | float) -> Tracer:
        return self._apply_operator("sub", other)

    def __rsub__(self, other: float) -> Tracer:
        return self.apply("const_sub", other)

    def __mul__(self, other: Tracer | float) -> Tracer:
        return self._apply_operator("mul", other)

    def __rmul__(self, other: float) -> Tracer:
        return self.apply("const_mul", other)

    def __truediv__(self, other: Tracer | float) -> Tracer:
        return self._apply_operator("div", other)

    def __rtruediv__(self, other: float) -> Tracer:
        return self.apply("const_div", other)

    def __pow__(self, other: Tracer | float) -> Tracer:
        return self._apply_operator("pow", other)

    def __rpow__(self, other: float) -> Tracer:
        return self.apply("const_pow", other)

    def __neg__(self) -> Tracer:
        return self.apply("neg")

    def __getattr__(self, method: str) -> Callable[..., Tracer]:
        """Return the method of an operation in the table, such as `exp`."""
        if method not in METHOD_NAMES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {method!r}")

        def call(*operands: object) -> Tracer:
            takes_number = any(not isinstance(operand, Tracer) for operand in operands)
            name = _METHODS.get((method, takes_number), "")
            row = OPERATIONS.get(name)
            if row is None or len(operands) != len(row.parameters) - 1:
                raise TypeError(f"{method}() is called with other arguments than in the table of operations")
            return self.apply(name, *operands)

        return call


def trace_expression(expression: Callable[..., Tracer], *numbers: float) -> Graph:
    """Return the graph of an expression.

    Args:
        expression: A function of n_inputs values. The graph's inputs have the names of its parameters.
        numbers: The value of each input.
    """
    steps: list[tuple[Tracer, Step]] = []
    inputs = [Tracer(steps) for _ in numbers]
    result = expression(*inputs)

    indices = {tracer: index for index, tracer in enumerate([*inputs, *(tracer for tracer, _ in steps)])}
    parameters = list(inspect.signature(expression).parameters)
    names = parameters if len(parameters) == len(numbers) else ()
    return Graph(numbers, steps_by_index(steps, indices), indices[result], names).rebuild()


def steps_by_index(steps: list[tuple[Tracer, Step]], indices: Mapping[Tracer, int]) -> list[Step]:
    """Return the traced steps, with each operand replaced by its index."""
    return [
        (name, *(indices[operand] if isinstance(operand, Tracer) else operand for operand in operands))
        for _, (name, *operands) in steps
    ]
