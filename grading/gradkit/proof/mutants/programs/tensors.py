"""Programs about tensor.py: graphs of tensors of many shapes, and networks of them."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SHAPES = (
    (),
    (1,),
    (2,),
    (3,),
    (2, 3),
    (3, 2),
    (1, 3),
    (2, 1),
    (2, 2),
    (3, 3),
    (2, 2, 3),
    (2, 3, 2),
    (1, 2, 3),
    (2, 1, 3),
)


def _draw_array(rng: Random, shape: tuple[int, ...]) -> Array:
    if rng.random() < 0.25:  # whole numbers, which are often equal
        numbers = [float(rng.randint(-2, 3)) for _ in range(int(np.prod(shape)))]
    else:
        numbers = [round(rng.uniform(-3, 3), 2) for _ in range(int(np.prod(shape)))]
    return np.array(numbers).reshape(shape)


def _text(array: Array) -> str:
    return repr(array.tolist())


def draw_tensors(rng: Random) -> str:
    """Draw a program with a graph of tensors, whose gradient begins with an array, or with a network, or a loss."""
    kind = rng.random()
    if kind < 0.08:
        return _draw_network(rng)
    if kind < 0.14:
        return _draw_loss(rng)
    values: list[Array] = [_draw_array(rng, rng.choice(SHAPES)) for _ in range(rng.randint(1, 3))]
    lines = ["import numpy as np", "from tensor import Tensor", "nodes = []"]
    for value in values:
        made = f"Tensor(np.array({_text(value)}))" if rng.random() < 0.3 else f"Tensor({_text(value)})"
        lines.append(f"nodes.append({made})")
    lines.append("see([node.grad for node in nodes])")
    for _ in range(rng.randint(1, 6)):
        drawn = _draw_operation(rng, values)
        if drawn and _is_moderate(drawn[1]):
            lines.append(f"nodes.append({drawn[0]})")
            values.append(np.asarray(drawn[1], dtype=float))
    lines += ["see([node.data for node in nodes])"]
    gradient = _draw_array(rng, values[-1].shape)
    if values[-1].shape == () and rng.random() < 0.5:
        lines += ["nodes[-1].backward()"]
    else:
        lines += [f"gradient = np.array({_text(gradient)})", "nodes[-1].backward(gradient)", "see(gradient)"]
    lines += ["see([node.grad for node in nodes])", "see([node.data for node in nodes])"]
    lines += ["see([sum(parent.data.sum() for parent in set(node._prev)) for node in nodes])"]
    if rng.random() < 0.3:  # a leaf collects from a second graph, and inner gradients stay
        lines += [
            "other = nodes[0] * 2 + nodes[0]",
            f"other.backward(np.array({_text(_draw_array(rng, values[0].shape))}))",
        ]
        lines += ["see([node.grad for node in nodes])"]
    return "\n".join(lines)


def _is_moderate(value: Array) -> bool:
    sizes = np.abs(np.asarray(value, dtype=float))
    return bool(
        sizes.size and np.all(np.isfinite(sizes)) and sizes.max() < 1e5 and np.all((sizes == 0) | (sizes > 1e-5))
    )


def _draw_operation(rng: Random, values: list[Array]) -> tuple[str, Array] | None:
    """Draw an operation on nodes so far; return its text and its value, or None if it is not to be asked."""
    a, b = rng.randrange(len(values)), rng.randrange(len(values))
    x, y = values[a], values[b]
    left, right = f"nodes[{a}]", f"nodes[{b}]"
    number = rng.choice([2, 3.0, -1, 0.5, -2.5, 1, 0])
    array = _draw_array(rng, rng.choice([x.shape, x.shape[-1:], (1, *x.shape)]))
    if rng.random() < 0.3:
        array = np.round(array)
        other = f"np.array({array.astype(int).tolist()})"
    else:
        other = f"np.array({_text(array)})"
    if rng.random() < 0.2:
        right, y = other, array
    elif rng.random() < 0.2:
        right, y = repr(number), np.asarray(float(number))
    try:
        with np.errstate(all="ignore"):
            match rng.randrange(20):
                case 0 | 1:
                    return _ordered(rng, left, "+", right, x + y)
                case 2 | 3:
                    return _ordered(rng, left, "*", right, x * y)
                case 4:
                    return f"-{left}", -x
                case 5:
                    if rng.random() < 0.5:
                        return f"{right} - {left}", y - x
                    return f"{left} - {right}", x - y
                case 6:
                    if rng.random() < 0.5:
                        return f"{right} / {left}", y / x
                    return f"{left} / {right}", x / y
                case 7:
                    exponent = rng.choice([2, 3, -1, 1, 2.0, -2])
                    if exponent < 1 and np.any(x == 0):
                        return None
                    return f"{left} ** {exponent}", x ** float(exponent)
                case 8:
                    if right.startswith("nodes") and np.all(x > 0.01):
                        return f"{left} ** {right}", x**y
                    return None
                case 9:
                    return (f"{left}.exp()", np.exp(x)) if np.all(np.abs(x) < 8) else None
                case 10:
                    return (f"{left}.log()", np.log(x)) if np.all(x > 1e-3) else None
                case 11:
                    return f"{left}.tanh()", np.tanh(x)
                case 12:
                    return f"{left}.relu()", np.maximum(x, 0)
                case 13 | 14:
                    return _draw_reduction(rng, left, x)
                case 15:
                    return _draw_reshape(rng, left, x)
                case 16:
                    axes = rng.sample(range(x.ndim), x.ndim)
                    if rng.random() < 0.3:
                        return f"{left}.transpose()", x.transpose()
                    return f"{left}.transpose({', '.join(map(str, axes))})", x.transpose(*axes)
                case 17:
                    return _draw_index(rng, left, x)
                case _:
                    return _draw_product(rng, left, x, values)
    except ValueError:
        return None


def _ordered(rng: Random, left: str, operator: str, right: str, value: Array) -> tuple[str, Array]:
    return (f"{left} {operator} {right}" if rng.random() < 0.5 else f"{right} {operator} {left}"), value


def _draw_reduction(rng: Random, left: str, x: Array) -> tuple[str, Array]:
    name = rng.choice(["sum", "mean", "max"])
    axes: list[object] = [None, *range(-x.ndim, x.ndim)]
    axes += [(0, 1), (0, -1), (-1, 0)] if x.ndim > 1 else []
    axis, keepdims = rng.choice(axes), rng.random() < 0.4
    if x.ndim == 2 and isinstance(axis, tuple) and rng.random() < 0.5:
        axis = (1, 0)
    arguments = [] if axis is None and rng.random() < 0.7 else [f"axis={axis}" if rng.random() < 0.7 else f"{axis}"]
    arguments += ["keepdims=True"] if keepdims else []
    return f"{left}.{name}({', '.join(arguments)})", getattr(x, name)(axis=axis, keepdims=keepdims)


def _draw_reshape(rng: Random, left: str, x: Array) -> tuple[str, Array]:
    shapes = [(-1,), (x.size,), (1, x.size), (x.size, 1), (1, -1)]
    if x.size % 2 == 0:
        shapes += [(2, x.size // 2), (-1, 2)]
    shape = rng.choice(shapes)
    return f"{left}.reshape({', '.join(map(str, shape))})", x.reshape(shape)


def _draw_index(rng: Random, left: str, x: Array) -> tuple[str, Array] | None:
    if x.ndim == 0:
        return None
    first = x.shape[0]
    texts = ["0", "-1", "1:", ":1", "::2", "::-1", "[0, 0]", f"[{first - 1}, 0]", "np.array([0, 0])", "None", "..."]
    if x.ndim > 1:
        texts += [":, 0", "0, 0", "[0, 0], [0, 1]", ":, [0, 0]", "np.arange(1), [0]", "..., None", ":, ::-1", "0, :"]
    text = rng.choice(texts)
    try:
        return f"{left}[{text}]", np.asarray(eval(f"x[{text}]", {"x": x, "np": np}))
    except IndexError:
        return None


def _draw_product(rng: Random, left: str, x: Array, values: list[Array]) -> tuple[str, Array] | None:
    fitting = [index for index, y in enumerate(values) if x.ndim and y.ndim and _fits(x, y)]
    if fitting:
        index = rng.choice(fitting)
        return f"{left} @ nodes[{index}]", x @ values[index]
    if not x.ndim:
        return None
    other = _draw_array(rng, (x.shape[-1], 2) if rng.random() < 0.6 else (x.shape[-1],))
    return f"{left} @ Tensor({_text(other)})", x @ other


def _fits(x: Array, y: Array) -> bool:
    try:
        return (x @ y) is not None
    except ValueError:
        return False


GIVE = (
    "def give(model, seed):\n    for i, p in enumerate(model.parameters()):\n"
    "        p.data = ((np.arange(p.data.size) * 7 + seed + 5 * i) % 13 - 6).reshape(p.data.shape) / 5"
)


def _draw_network(rng: Random) -> str:
    nin, widths = rng.randint(1, 3), [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    linear = rng.choice(["", ", linear_last=True", ", linear_last=False"])
    rows = _draw_array(rng, (rng.randint(1, 3), nin))
    gradient = _draw_array(rng, (rows.shape[0], widths[-1]))
    given = f"np.array({_text(rows)})" if rng.random() < 0.5 else f"Tensor({_text(rows)})"
    return "\n".join(
        [
            "import numpy as np",
            "from tensor import MLP, Tensor",
            GIVE,
            f"model = MLP({nin}, {widths}{linear})",
            "see([p.data.shape for p in model.parameters()])",
            f"give(model, {rng.randint(0, 12)})",
            f"x = {given}",
            "for turn in range(2):",
            "    y = model(x)",
            "    see(y.data)",
            f"    y.backward(np.array({_text(gradient)}))",
            "    see([p.grad for p in model.parameters()])",
            f"    {'model.zero_grad()' if rng.random() < 0.5 else 'pass'}",
            "    see([p.grad for p in model.parameters()])",
            "see(x.grad if isinstance(x, Tensor) else x)",
            "see([p.data for p in model.parameters()])",
        ]
    )


def _draw_loss(rng: Random) -> str:
    rows = _draw_array(rng, (rng.randint(1, 4), rng.randint(2, 4)))
    if rng.random() < 0.2:
        rows = rows * 300
    targets = [rng.randrange(rows.shape[1]) for _ in range(rows.shape[0])]
    given = f"np.array({targets})" if rng.random() < 0.5 else repr(targets)
    return "\n".join(
        [
            "import numpy as np",
            "from tensor import Tensor, cross_entropy",
            f"logits, targets = Tensor({_text(rows)}), {given}",
            "loss = cross_entropy(logits, targets)",
            "see(loss.data)",
            "loss.backward()",
            "see(logits.grad)",
            "see(logits.data)",
            "see(list(targets))",
        ]
    )


def written_tensors() -> list[str]:
    """Return the programs about tensors that are written by hand: edges, depth and cost, and how networks begin."""
    return [HEAD + program for program in WRITTEN.strip().split("\n\n")]


HEAD = """
import numpy as np
from tensor import MLP, Tensor, cross_entropy, unbroadcast
"""

WRITTEN = """
model = MLP(1, [1] * 40)
for i, p in enumerate(model.parameters()):
    p.data = p.data * 0 + (i % 7 - 3) / 4
y = model(np.array([[0.5]]))
see(y.data)
y.backward(np.array([[1.0]]))
see([p.grad for p in model.parameters()])
model.zero_grad()
see([p.grad for p in model.parameters()])

logits = Tensor(np.arange(80.0).reshape(40, 2) / 10)
loss = cross_entropy(logits, [k % 2 for k in range(40)])
loss.backward()
see([loss.data, logits.grad])

x = Tensor([0.0, -0.5, 0.5])
y = x.relu()
y.backward(np.array([1.0, 2.0, 3.0]))
see([y.data, x.grad])

x = Tensor([2, 5, 5])
see(x.data)
y = x.max()
y.backward()
see([y.data, x.grad])

x = Tensor(3)
see([x.data, x.grad])
x.backward()
see(x.grad)

g = np.array([1.0, 2.0])
x = Tensor([5.0, 6.0])
x.backward(g)
(x + 1).backward(np.array([2.0, 2.0]))
see([g, x.grad])

x = Tensor([1.0, 2.0])
x.backward(2.0)
see(x.grad)
y = Tensor([1.0, 2.0])
(y * 2).backward(np.array([1.0, 3.0]))
see(y.grad)

a, b, c = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), Tensor([0.5, 0.5])
y = a + b
y.backward(np.ones(2))
(a + c).backward(np.ones(2) * 2)
see([a.grad, b.grad, c.grad, y.grad])

for shape in ((3,), (2, 1), (), (1, 3), (1, 1), (2, 3), (1,)):
    see(unbroadcast(np.arange(6.0).reshape(2, 3), shape))
    see(unbroadcast(np.arange(24.0).reshape(4, 2, 3), shape))

y = x = Tensor([0.0])
for _ in range(5000):
    y = y + 1
y.backward(np.array([1.0]))
see([y.data, x.grad])

y = x = Tensor(1.0)
k = Tensor(0.5)
for _ in range(24):
    y = y * k + y
y.backward()
see([y.data, x.grad, k.grad])

see(Tensor([1000.0, -1000.0]).tanh().data)

x = Tensor([[1.0, 2.0], [3.0, 4.0]])
see([len(x._prev), len((x + x)._prev) > 0])
total = x
total += 1.0
see(x.data)
total = x
total *= 2.0
see(x.data)
total = x
total -= 2.0
see(x.data)
total = x
total /= 2.0
see(x.data)

np.random.seed(1)
weights = MLP(100, [40, 100]).parameters()
for p, n in ((weights[0], 100), (weights[2], 40)):
    w = p.data * n ** 0.5
    see([abs(w.mean()) < 0.06, 0.30 < (w * w).mean() < 0.37, w.max() <= 1, w.min() >= -1, w.max() > 0.98])
    see([w.min() < -0.98, len(set(w.ravel().tolist())) == w.size])
see([weights[1].data, weights[3].data])

a, b = MLP(2, [3, 1]), MLP(2, [3, 1])
see([(p.data == q.data).any() for p, q in zip(a.parameters()[::2], b.parameters()[::2])])

np.random.seed(3)
a = MLP(2, [3]).parameters()[0].data
np.random.seed(3)
b = MLP(2, [3]).parameters()[0].data
see((a == b).all())

widths = [3, 1]
MLP(2, widths)
see(widths)
see([p.data.shape for p in MLP(2, widths).parameters()])

model = MLP(2, [2, 2])
see([p is q for p, q in zip(model.parameters(), model.parameters())])
see([p.grad.shape for p in model.parameters()])

model = MLP(2, [2, 2])
model(np.ones((1, 2))).backward(np.ones((1, 2)))
model.zero_grad()
p, q = model.parameters()[0], model.parameters()[2]
p.grad += 1
see([p.grad, q.grad])

x = Tensor(np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]))
y = (x @ x).reshape(4)
y.backward(np.array([1.0, 2.0, 3.0, 4.0]))
see([y.data, x.grad])

x = Tensor(np.arange(12.0).reshape(3, 4)[::2, ::-1])
(x * x).sum().backward()
see([x.data, x.grad])
"""
"""The programs that are written by hand, with an empty line between two of them."""
