"""A dataclass with slots, without eq; an edge is a NamedTuple of a parent and a slope, and edges are made at once."""

import math
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from typing import NamedTuple, Union

Number = Union[int, float]


class Edge(NamedTuple):
    parent: "Value"
    slope: Number


def power_slope(a: Number, k: Number) -> Number:
    """k * a ** (k - 1), also where that does not exist and nobody asks for it."""
    try:
        return k * a ** (k - 1)
    except ZeroDivisionError:
        return 0.0 if k == 0 else math.inf


@dataclass(slots=True, eq=False)
class Value:
    data: Number
    _children: InitVar[Iterable["Value"]] = ()
    _op: str = ""
    grad: Number = field(default=0.0, init=False)
    _prev: tuple["Value", ...] = field(init=False, repr=False)
    _edges: tuple[Edge, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self, _children: Iterable["Value"]) -> None:
        self._prev = tuple(_children)

    @classmethod
    def make(cls, data: Number, op: str, *edges: Edge) -> "Value":
        out = cls(data, [edge.parent for edge in edges], op)
        out._edges = edges
        return out

    def __add__(self, other):
        other = to_value(other)
        return Value.make(self.data + other.data, "+", Edge(self, 1.0), Edge(other, 1.0))

    def __sub__(self, other):
        other = to_value(other)
        return Value.make(self.data - other.data, "-", Edge(self, 1.0), Edge(other, -1.0))

    def __mul__(self, other):
        other = to_value(other)
        return Value.make(self.data * other.data, "*", Edge(self, other.data), Edge(other, self.data))

    def __truediv__(self, other):
        other = to_value(other)
        y = self.data / other.data
        return Value.make(y, "/", Edge(self, 1 / other.data), Edge(other, -y / other.data))

    def __pow__(self, other):
        if isinstance(other, Value):
            y = self.data**other.data
            to_base = Edge(self, power_slope(self.data, other.data))
            return Value.make(y, "**", to_base, Edge(other, math.log(self.data) * y))
        return Value.make(self.data**other, f"**{other}", Edge(self, power_slope(self.data, other)))

    def __neg__(self):
        return Value.make(-self.data, "neg", Edge(self, -1.0))

    def __radd__(self, other):
        return to_value(other) + self

    def __rsub__(self, other):
        return to_value(other) - self

    def __rmul__(self, other):
        return to_value(other) * self

    def __rtruediv__(self, other):
        return to_value(other) / self

    def __rpow__(self, other):
        return to_value(other) ** self

    def exp(self) -> "Value":
        y = math.exp(self.data)
        return Value.make(y, "exp", Edge(self, y))

    def log(self) -> "Value":
        return Value.make(math.log(self.data), "log", Edge(self, 1 / self.data))

    def tanh(self) -> "Value":
        y = math.tanh(self.data)
        return Value.make(y, "tanh", Edge(self, 1 - y * y))

    def sigmoid(self) -> "Value":
        z = math.exp(-abs(self.data))
        y = 1 / (1 + z) if self.data > 0 else z / (1 + z)
        return Value.make(y, "sigmoid", Edge(self, z / (1 + z) ** 2))

    def relu(self) -> "Value":
        y, slope = (self.data, 1.0) if self.data > 0 else (0.0, 0.0)
        return Value.make(y, "relu", Edge(self, slope))

    def backward(self) -> None:
        self.grad = 1.0
        for node in reversed(self.ancestry()):
            for parent, slope in node._edges:
                parent.grad += slope * node.grad

    def ancestry(self) -> list["Value"]:
        """Every node below this one and the node itself, parents first."""
        order: list[Value] = []
        visited: set[Value] = set()
        stack: list[tuple[Value, int]] = [(self, 0)]
        while stack:
            node, n_done = stack.pop()
            if n_done == 0:
                if node in visited:
                    continue
                visited.add(node)
            if n_done < len(node._prev):
                stack.append((node, n_done + 1))
                stack.append((node._prev[n_done], 0))
            else:
                order.append(node)
        return order


def to_value(x: Union[Value, Number]) -> Value:
    return x if isinstance(x, Value) else Value(x)
