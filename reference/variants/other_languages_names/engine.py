"""Names in German and in Greek letters, comments to match: Python does not mind, and neither may a grader."""

import math


def zahl_oder_knoten(x):
    """Macht aus einer gewöhnlichen Zahl einen Knoten."""
    return x if isinstance(x, Value) else Value(x)


class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._prev = set(_children)
        self._op = _op
        self._zurück = None

    def _neuer_knoten(self, zahl, eltern, zeichen, *anteile):
        knoten = Value(zahl, eltern, zeichen)

        def zurück(δ):
            for ziel, ableitung in anteile:
                ziel.grad += ableitung() * δ

        knoten._zurück = zurück
        return knoten

    def __add__(self, other):
        β = zahl_oder_knoten(other)
        return self._neuer_knoten(self.data + β.data, (self, β), "+", (self, lambda: 1), (β, lambda: 1))

    def __mul__(self, other):
        β = zahl_oder_knoten(other)
        return self._neuer_knoten(self.data * β.data, (self, β), "·", (self, lambda: β.data), (β, lambda: self.data))

    def __pow__(self, other):
        if not isinstance(other, Value):
            return self._neuer_knoten(
                self.data**other, (self,), f"^{other}", (self, lambda: other * self.data ** (other - 1))
            )
        return self._neuer_knoten(
            self.data**other.data,
            (self, other),
            "^",
            (self, lambda: other.data * self.data ** (other.data - 1)),
            (other, lambda: math.log(self.data) * self.data**other.data),
        )

    def __neg__(self):
        return self._neuer_knoten(-self.data, (self,), "−", (self, lambda: -1))

    def __sub__(self, other):
        return self + (-zahl_oder_knoten(other))

    def __truediv__(self, other):
        return self * zahl_oder_knoten(other) ** -1

    def __radd__(self, other):
        return zahl_oder_knoten(other) + self

    def __rmul__(self, other):
        return zahl_oder_knoten(other) * self

    def __rsub__(self, other):
        return zahl_oder_knoten(other) - self

    def __rtruediv__(self, other):
        return zahl_oder_knoten(other) / self

    def __rpow__(self, other):
        return zahl_oder_knoten(other) ** self

    def exp(self):
        ε = math.exp(self.data)
        return self._neuer_knoten(ε, (self,), "eˣ", (self, lambda: ε))

    def log(self):
        return self._neuer_knoten(math.log(self.data), (self,), "ln", (self, lambda: 1 / self.data))

    def tanh(self):
        τ = math.tanh(self.data)
        return self._neuer_knoten(τ, (self,), "tanh", (self, lambda: 1 - τ**2))

    def sigmoid(self):
        σ = 1 / (1 + math.exp(-self.data)) if self.data >= 0 else 1 - 1 / (1 + math.exp(self.data))
        return self._neuer_knoten(σ, (self,), "σ", (self, lambda: σ * (1 - σ)))

    def relu(self):
        return self._neuer_knoten(max(0, self.data), (self,), "⎰", (self, lambda: 1 if self.data > 0 else 0))

    def backward(self):
        reihenfolge, besucht = [], set()
        stapel = [(self, iter(self._prev))]
        besucht.add(self)
        while stapel:
            knoten, eltern = stapel[-1]
            for elter in eltern:
                if elter not in besucht:
                    besucht.add(elter)
                    stapel.append((elter, iter(elter._prev)))
                    break
            else:
                reihenfolge.append(knoten)
                stapel.pop()
        self.grad = 1.0
        for knoten in reversed(reihenfolge):
            if knoten._zurück:
                knoten._zurück(knoten.grad)
