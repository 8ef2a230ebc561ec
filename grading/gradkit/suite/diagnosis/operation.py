"""One operation of the table, as the questions about it need it: points, graphs, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

from .formulas import PLAIN_NUMBERS, points_of


@dataclass(frozen=True)
class Operation:
    """An operation of the table, and the points at which it is asked for.

    Attributes:
        name: Its name in OPERATIONS.
        constants: The plain numbers to ask for, if it takes one: those of the failed case first.
        shown: The letters of its operands in the program that is shown; empty if it does not name them.
    """

    name: str
    constants: tuple[float, ...] = ()
    shown: tuple[str, ...] = field(default=(), compare=False)

    @property
    def arity(self) -> int:
        return OPERATIONS[self.name].arity

    @property
    def points(self) -> list[tuple[float, ...]]:
        constants = (*self.constants, *PLAIN_NUMBERS) if OPERATIONS[self.name].constants else ()
        if self.name == "const_pow":
            constants = tuple(number for number in constants if number > 0) or (2, 3)
        return points_of(self.name, self.arity, tuple(dict.fromkeys(constants)))

    def is_asked(self, point: Sequence[float]) -> bool:
        """Return whether the failed case has this point's plain number, or takes none."""
        return not self.constants or point[-1] in self.constants

    @property
    def text(self) -> str:
        """How a student writes it: `a + b`, `x + k`, `x.tanh()`."""
        return self._written(self.operands[0], self.operands[-1])

    @property
    def of_one_node(self) -> str:
        """How a student writes it where both operands are one node: `a + a`."""
        return self._written(self.operands[0], self.operands[0])

    def _written(self, first: str, last: str) -> str:
        k = repr(self.constants[0]) if len(self.constants) == 1 else "k"
        return f"`{OPERATIONS[self.name].text.format(a=first, b=last, k=k)}`"

    @property
    def operands(self) -> tuple[str, ...]:
        """The letters of the operands in `text`."""
        return self.shown or (("a", "b") if self.arity == 2 else ("x",))

    def step(self, point: Sequence[float], *operands: int) -> tuple[str | int | float, ...]:
        """Return a step of a graph: this operation on nodes, with the point's plain number if it takes one."""
        return (self.name, *operands, *point[self.arity :])

    def graph(self, point: Sequence[float]) -> Graph:
        """Return the graph of the operation alone, at a point."""
        return Graph(point[: self.arity], [self.step(point, *range(self.arity))])

    def letters(self, text: str) -> str:
        """Return a formula's text with this operation's letters: formulas of operators are written in a, b or x, n."""
        row = OPERATIONS[self.name]
        first, last = self.operands[0], self.operands[-1]
        if row.arity == 2:
            names = {"x": first, "n": last, "a": first, "b": last}
        elif row.constants:
            k = repr(self.constants[0]) if len(self.constants) == 1 else "k"
            has_number_first = row.text.startswith("{k}")
            names = {"a": k, "b": first, "k": k} if has_number_first else {"a": first, "b": k, "n": k, "k": k}
            names["x"] = first
        else:
            names = {"x": first}
        return re.sub(r"\b[abknx]\b", lambda match: names.get(match[0], match[0]), text)


ADDITION, MULTIPLICATION = Operation("add"), Operation("mul")
