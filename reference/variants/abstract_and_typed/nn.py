"""Abstract classes, type hints, __slots__, and parts that are iterated over; a visitor clears the gradients."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

from engine import Value

Scalar = "float | Value"


class Module:
    __slots__ = ()

    def __iter__(self) -> Iterator[Module | Value]:
        return iter(())

    def visit(self, action: Callable[[Value], None]) -> None:
        for part in self:
            if isinstance(part, Module):
                part.visit(action)
            else:
                action(part)

    def parameters(self) -> tuple[Value, ...]:
        found: list[Value] = []
        self.visit(found.append)
        return tuple(found)

    def zero_grad(self) -> None:
        def clear(parameter: Value) -> None:
            parameter.grad = 0.0

        self.visit(clear)


class Unit(Module):
    __slots__ = ("_bias", "_weights")

    def __init__(self, nin: int) -> None:
        self._weights: Sequence[Value] = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self._bias = Value(random.uniform(-1, 1))

    def __iter__(self) -> Iterator[Value]:
        yield from self._weights
        yield self._bias

    @abstractmethod
    def activate(self, total: Value) -> Value: ...

    def __call__(self, x: Iterable[Scalar]) -> Value:
        total = self._bias * 1.0
        for weight, value in zip(self._weights, x):
            total += weight * value
        return self.activate(total)


class Neuron(Unit):
    __slots__ = ("_is_linear",)

    def __init__(self, nin: int, linear: bool = False) -> None:
        super().__init__(nin)
        self._is_linear = linear

    def activate(self, total: Value) -> Value:
        return total if self._is_linear else total.tanh()


class Layer(Module):
    __slots__ = ("_units",)

    def __init__(self, nin: int, nout: int, linear: bool = False) -> None:
        self._units = [Neuron(nin, linear) for _ in range(nout)]

    def __iter__(self) -> Iterator[Module]:
        return iter(self._units)

    def __call__(self, x: Sequence[Scalar]) -> list[Value]:
        return [unit(x) for unit in self._units]


class MLP(Module):
    __slots__ = ("_layers",)

    def __init__(self, nin: int, nouts: Sequence[int], linear_last: bool = False) -> None:
        widths = [nin, *nouts]
        kinds = [False] * len(nouts)
        kinds[-1] = linear_last
        self._layers = [Layer(*each) for each in zip(widths[:-1], widths[1:], kinds)]

    def __iter__(self) -> Iterator[Module]:
        return iter(self._layers)

    def __call__(self, x: Sequence[Scalar]) -> Value | list[Value]:
        for layer in self._layers:
            x = layer(x)
        (*others, last) = x
        return [*others, last] if others else last
