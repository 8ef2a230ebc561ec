"""Programs about engine.py: expressions, their values and gradients."""

from __future__ import annotations

import math
from random import Random

MAX_SIZE = 1e6
"""Numbers in a program stay below this, so that right engines agree on them."""

_NODES = "nodes"


def draw_number(rng: Random) -> float:
    """Draw a number that a student could write: mostly from -3 to 3, often a whole number, at times 0 or large."""
    kind = rng.random()
    if kind < 0.45:
        return round(rng.uniform(-3, 3), 3)
    if kind < 0.6:
        return rng.randint(-3, 4)
    if kind < 0.7:
        return float(rng.randint(-2, 3))
    if kind < 0.8:
        return rng.uniform(-1, 1)
    if kind < 0.9:
        return round(rng.uniform(-0.1, 0.1), 4)
    return round(rng.uniform(-40, 40), 2)


def draw_expression(rng: Random) -> str:
    """Draw a program with a random graph: leaves, operations on them, backward, and everything that can be read."""
    values = [float(draw_number(rng)) for _ in range(rng.randint(1, 3))]
    lines = ["from engine import Value", "nodes = []"]
    lines += [f"nodes.append(Value({value if rng.random() < 0.8 else _whole(value)!r}))" for value in values]
    lines += ["see([node.grad for node in nodes])"]
    for _ in range(rng.randint(1, 7)):
        text, value = _operation(rng, values)
        if math.isfinite(value) and abs(value) < MAX_SIZE and (value == 0 or abs(value) > 1 / MAX_SIZE):
            lines.append(f"nodes.append({text})")
            values.append(value)
    lines += ["see([node.data for node in nodes])", "nodes[-1].backward()", "see([node.grad for node in nodes])"]
    lines += ["see([node.data for node in nodes])"]
    lines += ["see([sum(parent.data for parent in set(node._prev)) for node in nodes])"]
    if rng.random() < 0.3:  # leaves can be used again, in another graph
        first = rng.randrange(len(values))
        lines += [
            "for node in nodes:",
            "    node.grad = 0.0",
            f"other = nodes[0] * 2 + nodes[min({first}, 0)] * nodes[0]",
            "other.backward()",
            "see([nodes[0].grad, other.data])",
        ]
    return "\n".join(lines)


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _operation(rng: Random, values: list[float]) -> tuple[str, float]:
    """Draw an operation on nodes so far; return its text and its value (NaN if it is not to be asked)."""
    a, b = rng.randrange(len(values)), rng.randrange(len(values))
    x, y = values[a], values[b]
    left, right = f"nodes[{a}]", f"nodes[{b}]"
    number = draw_number(rng)
    try:
        match rng.randrange(22):
            case 0 | 1:
                return f"{left} + {right}", x + y
            case 2 | 3:
                return f"{left} * {right}", x * y
            case 4:
                return f"-{left}", -x
            case 5:
                return f"{left} - {right}", x - y
            case 6:
                return f"{left} / {right}", x / y
            case 7:
                return f"{left} ** {right}", x**y if x > 1e-3 else math.nan
            case 8:
                return f"{left} + {number!r}", x + number
            case 9:
                return f"{number!r} + {left}", x + number
            case 10:
                return f"{left} - {number!r}", x - number
            case 11:
                return f"{number!r} - {left}", number - x
            case 12:
                return f"{left} * {number!r}", x * number
            case 13:
                return f"{number!r} * {left}", x * number
            case 14:
                return f"{left} / {number!r}", x / number
            case 15:
                return f"{number!r} / {left}", number / x
            case 16:
                exponent = rng.choice([2, 3, -1, -2, 0.5, 1, 0, 1.5, 2.0, 4])
                if x < 0 and exponent != int(exponent):
                    return "", math.nan
                if x == 0 and exponent < 1:
                    return "", math.nan
                return f"{left} ** {exponent!r}", x**exponent
            case 17:
                base = abs(number) + 0.1
                return f"{base!r} ** {left}", base**x
            case 18:
                return f"{left}.exp()", math.exp(x) if abs(x) < 30 else math.nan
            case 19:
                return f"{left}.log()", math.log(x)
            case 20:
                name = rng.choice(["tanh", "sigmoid"])
                value = math.tanh(x) if name == "tanh" else 1 / (1 + math.exp(-x))
                return f"{left}.{name}()", value if abs(x) < 12 else math.nan
            case _:
                return f"{left}.relu()", max(0.0, x)
    except (ArithmeticError, ValueError):
        return "", math.nan


def written_expressions() -> list[str]:
    """Return the programs about expressions that are written by hand: edges, sums, depth and cost."""
    return [HEAD + program for program in WRITTEN.strip().split("\n\n")]


HEAD = """
from engine import Value
"""

WRITTEN = """
x = Value(0.0)
y = x.relu()
y.backward()
see([y.data, x.grad])

x = Value(-1e-9)
y = x.relu()
y.backward()
see([y.data, x.grad])

x = Value(1e-9)
y = x.relu() * 1e9
y.backward()
see([y.data, x.grad * 1e-9])

see([Value(x).tanh().data for x in (1000.0, -1000.0, 1000, -1000, 0.0)])

see([Value(x).sigmoid().data for x in (1000.0, -1000.0, 1000, -1000, 0.0, 30.0, -30.0)])

see([(Value(x).sigmoid() * 1e9).data for x in (-20.0, -10.0)])

x, y = Value(1.5), Value(2)
s = sum([x, y, x])
s.backward()
see([s.data, x.grad, y.grad])

x = Value(3.0)
y = x
y += Value(2.0)
see([x.data, y.data])

x = Value(3.0)
y = x
y -= Value(2.0)
see([x.data, y.data])

x = Value(3.0)
y = x
y *= Value(2.0)
see([x.data, y.data])

x = Value(3.0)
y = x
y /= Value(2.0)
see([x.data, y.data])

x = Value(2.0)
x.backward()
see([x.grad, x.data, len(x._prev)])

a, b = Value(2.0), Value(3.0)
c, d = a + b, a * b
see([len(c._prev), len(d._prev), len(a._prev)])
a.data, b.data = 20.0, 300.0
see([sum(p.data for p in c._prev), sum(p.data for p in d._prev)])

a = Value(2.0)
b = a * 3
c = a + 1
b.backward()
c.backward()
see([a.grad, b.grad, c.grad])

y = x = Value(0.0)
for _ in range(20000):
    y = y + 1
y.backward()
see([y.data, x.grad])

y = x = Value(1.0)
k = Value(0.5)
for _ in range(24):
    y = y * k + y
y.backward()
see([y.data, x.grad, k.grad])

leaves = [Value(i * 0.5) for i in range(2000)]
total = sum(leaves)
total.backward()
see([leaf.grad for leaf in leaves])

a, b, c, d = (Value(1.0) for _ in range(4))
y = (a + b) + (c + d)
y.backward()
see([a.grad, b.grad, c.grad, d.grad])

x = Value(2.0)
y = x * x
z = x * y
z.backward()
see([x.grad, y.grad])

x = Value(2.0)
s = x.sigmoid()
t = x.tanh() + s * x.exp() + x.log() + s.relu()
t.backward()
see([x.grad])

x, u = Value(0.5), Value(2.0)
u * x
(x * 3).exp()
y = x * 2
y.backward()
see([x.grad, u.grad])

x = Value(-5.0, (), '')
see([x.data, x.grad, len(x._prev)])

see([(Value(3) * Value(4) - Value(4) / 2).data, (Value(7) / 2).data, (2 ** Value(10)).data])

x = Value(2.0)
y = x ** -3 + x ** 7 + 3 ** x + x ** x
y.backward()
see([x.grad, y.data])

see([Value(12345.678912345).data, (Value(123456.789) + 0.125).data, (-Value(98765.4321)).data])
"""
"""The programs that are written by hand, with an empty line between two of them."""
