"""Typed from top to bottom, with protocols, a generic stack and checks that raise TypeError for what is no number.

    >>> a = Value(2.0)
    >>> (a * 3).data
    6.0
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol, TypeAlias

log = logging.getLogger(__name__)

Scalar: TypeAlias = "int | float"
Operand: TypeAlias = "Value | int | float"
EPSILON: Final = 1e-300


class BackwardRule(Protocol):
    def __call__(self, upstream: float) -> Iterable[float]: ...


class Value:
    """A scalar that takes part in reverse-mode differentiation."""

    data: Scalar
    grad: Scalar

    def __init__(self, data: Scalar, _children: Iterable[Value] = (), _op: str = "") -> None:
        if isinstance(data, Value) or not isinstance(data, (int, float)):
            raise TypeError(f"expected a number, got {type(data).__name__}")
        self.data = data
        self.grad = 0.0
        self._prev: tuple[Value, ...] = tuple(_children)
        self._op = _op
        self._rule: BackwardRule | None = None

    # --- helpers -------------------------------------------------------------------------------------------------

    @classmethod
    def _coerce(cls, operand: Operand) -> Value:
        return operand if isinstance(operand, cls) else cls(operand)

    @classmethod
    def _record(cls, data: Scalar, parents: tuple[Value, ...], op: str, rule: BackwardRule) -> Value:
        result = cls(data, parents, op)
        result._rule = rule
        log.debug("%s -> %r", op, result)
        return result

    def _elementwise(self, op: str, data: Scalar, derivative: Callable[[], float]) -> Value:
        return self._record(data, (self,), op, lambda upstream: [upstream * derivative()])

    # --- arithmetic ----------------------------------------------------------------------------------------------

    def __add__(self, other: Operand) -> Value:
        rhs = self._coerce(other)
        return self._record(self.data + rhs.data, (self, rhs), "add", lambda upstream: (upstream, upstream))

    def __radd__(self, other: Scalar) -> Value:
        return self._coerce(other).__add__(self)

    def __sub__(self, other: Operand) -> Value:
        rhs = self._coerce(other)
        return self._record(self.data - rhs.data, (self, rhs), "sub", lambda upstream: (upstream, -upstream))

    def __rsub__(self, other: Scalar) -> Value:
        return self._coerce(other).__sub__(self)

    def __mul__(self, other: Operand) -> Value:
        rhs = self._coerce(other)
        return self._record(
            self.data * rhs.data, (self, rhs), "mul", lambda upstream: (upstream * rhs.data, upstream * self.data)
        )

    def __rmul__(self, other: Scalar) -> Value:
        return self._coerce(other).__mul__(self)

    def __truediv__(self, other: Operand) -> Value:
        return self * self._coerce(other)._reciprocal()

    def __rtruediv__(self, other: Scalar) -> Value:
        return self._coerce(other).__truediv__(self)

    def _reciprocal(self) -> Value:
        inverse = 1.0 / self.data
        return self._elementwise("inv", inverse, lambda: -inverse * inverse)

    def __pow__(self, other: Operand) -> Value:
        if not isinstance(other, Value):
            exponent = other
            return self._elementwise("pow", self.data**exponent, lambda: exponent * self.data ** (exponent - 1))
        result = self.data**other.data

        def rule(upstream: float) -> Iterator[float]:
            yield upstream * other.data * self.data ** (other.data - 1)
            yield upstream * result * math.log(max(self.data, EPSILON))

        return self._record(result, (self, other), "pow", rule)

    def __rpow__(self, other: Scalar) -> Value:
        return self._coerce(other).__pow__(self)

    def __neg__(self) -> Value:
        return self._elementwise("neg", -self.data, lambda: -1.0)

    # --- functions -----------------------------------------------------------------------------------------------

    def exp(self) -> Value:
        result = math.exp(self.data)
        return self._elementwise("exp", result, lambda: result)

    def log(self) -> Value:
        return self._elementwise("log", math.log(self.data), lambda: 1.0 / self.data)

    def tanh(self) -> Value:
        result = math.tanh(self.data)
        return self._elementwise("tanh", result, lambda: 1.0 - result * result)

    def sigmoid(self) -> Value:
        small = math.exp(-abs(self.data))
        result = (1.0 if self.data >= 0 else small) / (1.0 + small)
        return self._elementwise("sigmoid", result, lambda: small / (1.0 + small) ** 2)

    def relu(self) -> Value:
        return self._elementwise("relu", max(self.data, 0.0), lambda: 1.0 if self.data > 0 else 0.0)

    # --- differentiation -----------------------------------------------------------------------------------------

    def backward(self) -> None:
        """Fill in `grad` of everything that this result was made from."""
        self.grad = 1.0
        for node in self._reverse_topological():
            if node._rule is not None:
                for parent, share in zip(node._prev, node._rule(node.grad)):
                    parent.grad += share

    def _reverse_topological(self) -> Iterator[Value]:
        pending: dict[Value, int] = {self: 0}
        frontier: list[Value] = [self]
        while frontier:
            for parent in frontier.pop()._prev:
                if parent not in pending:
                    pending[parent] = 0
                    frontier.append(parent)
                pending[parent] += 1
        frontier.append(self)
        while frontier:
            node = frontier.pop()
            yield node
            for parent in node._prev:
                pending[parent] -= 1
                if pending[parent] == 0:
                    frontier.append(parent)
