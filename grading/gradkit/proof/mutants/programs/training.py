"""Programs about training.py: losses, decisions, optimizers with given gradients, and short training runs."""

from __future__ import annotations

from random import Random

from .networks import SET

LOSSES = ("mean_squared_error", "hinge", "binary_cross_entropy", "cross_entropy", "softmax")


def draw_training(rng: Random) -> str:
    """Draw a program about one function of the file."""
    return rng.choice((_loss, _loss, _decision, _optimizer, _optimizer, _training))(rng)


def _numbers(rng: Random, count: int) -> list[float]:
    size = rng.choice([0.5, 2.0, 2.0, 5.0])
    return [round(rng.uniform(-size, size), 3) for _ in range(count)]


def _loss(rng: Random) -> str:
    name = rng.choice(LOSSES)
    count = rng.choice([1, 1, 2, 3, 4])
    lines = ["from engine import Value", "from training import *"]
    if name in ("cross_entropy", "softmax"):
        classes = rng.randint(1 if name == "softmax" else 2, 4)
        rows = [_numbers(rng, classes) for _ in range(count)]
        if rng.random() < 0.2:
            rows[0][0] = rows[0][-1]
        lines.append(f"rows = [[Value(z) for z in row] for row in {rows}]")
    if name == "softmax":
        lines += ["result = softmax(rows[0])", "see([p.data for p in result])"]
        lines += ["total = sum((k + 1) * p for k, p in enumerate(result))"]
    elif name == "cross_entropy":
        lines += [f"targets = {[rng.randrange(classes) for _ in range(count)]}"]
        lines += ["total = cross_entropy(rows, targets)", "see(targets)"]
    else:
        targets: list[float] = {
            "mean_squared_error": _numbers(rng, count),
            "hinge": [rng.choice([1, -1, 1.0, -1.0]) for _ in range(count)],
            "binary_cross_entropy": [rng.choice([0, 1, 0.0, 1.0]) for _ in range(count)],
        }[name]
        lines += [f"rows = [[Value(z) for z in {_numbers(rng, count)}]]", f"targets = {targets}"]
        lines += [f"total = {name}(rows[0], targets)", "see(targets)"]
    lines += ["see(total.data)", "total.backward()", "see([z.grad for row in rows for z in row])"]
    lines += ["see([z.data for row in rows for z in row])"]
    return "\n".join(lines)


def _decision(rng: Random) -> str:
    head = "from engine import Value\nfrom training import *\n"
    if rng.random() < 0.5:
        return head + f"see([int(binary_decision(Value(z))) for z in {_numbers(rng, 3)}])"
    logits = [round(rng.uniform(-2, 2), 1) for _ in range(rng.randint(1, 5))]
    return head + f"see(int(most_likely([Value(z) for z in {logits}])))"


def _optimizer(rng: Random) -> str:
    """Draw some steps of an optimizer on numbers or arrays, with every setting given, or left out."""
    count, steps = rng.randint(1, 3), rng.randint(1, 5)
    lr = round(rng.uniform(0.01, 0.5), 3)
    if rng.random() < 0.5:
        made = f"SGD(parameters, {rng.choice(['', 'lr='])}{lr}"
        made += rng.choice(["", f", momentum={round(rng.uniform(0, 0.95), 2)}"]) + ")"
    else:
        settings = [f"lr={lr}", f"betas=({rng.choice([0.3, 0.8, 0.9])}, {rng.choice([0.9, 0.99, 0.4])})"]
        settings += [f"eps={rng.choice([1e-8, 1e-3, 0.1])}"]
        chosen = [setting for setting in settings if rng.random() < 0.6]
        made = f"Adam({', '.join(['parameters', *chosen])})"
    is_array = rng.random() < 0.3
    lines = ["import numpy as np", "from engine import Value", "from tensor import Tensor", "from training import *"]
    if is_array:
        lines += [f"parameters = [Tensor({_numbers(rng, 2)}) for _ in range({count})]"]
    else:
        lines += [f"parameters = [Value(x) for x in {_numbers(rng, count)}]"]
    lines += [f"optimizer = {made}", "kept = [p.data for p in parameters]"]
    for _ in range(steps):
        for index in range(count):
            gradient = f"np.array({_numbers(rng, 2)})" if is_array else repr(_numbers(rng, 1)[0])
            lines.append(f"parameters[{index}].grad = {gradient}")
        lines += ["optimizer.step()", "see([p.data for p in parameters])", "see([p.grad for p in parameters])"]
    lines += ["see(kept)", "see(len(parameters))"]
    if rng.random() < 0.3:
        lines += [f"again = {made}", "again.step()", "see([p.data for p in parameters])"]
    return "\n".join(lines)


def _training(rng: Random) -> str:
    name = rng.choice(["mean_squared_error", "hinge", "binary_cross_entropy", "cross_entropy"])
    classes = 2 if name == "cross_entropy" else 1
    count = rng.randint(1, 4) if rng.random() < 0.9 else 35
    inputs = [_numbers(rng, 2) for _ in range(count)]
    kinds: dict[str, list[float]] = {
        "mean_squared_error": [0.5, -0.5],
        "hinge": [1, -1],
        "binary_cross_entropy": [0, 1],
        "cross_entropy": [0, 1],
    }
    targets = [rng.choice(kinds[name]) for _ in range(count)]
    hidden = rng.choice(["", "2, "]) if count < 10 else ""
    optimizer = rng.choice(["SGD(model.parameters(), 0.1)", "Adam(model.parameters(), 0.05)"])
    optimizer = rng.choice([optimizer, "SGD(model.parameters(), 0.1, momentum=0.5)"])
    return "\n".join(
        [
            "from engine import Value",
            "from nn import MLP",
            "from training import *",
            SET,
            f"model = MLP(2, [{hidden}{classes}], linear_last=True)",
            f"give(model, {rng.randint(0, 12)})",
            f"inputs, targets = {inputs}, {targets}",
            "model.parameters()[0].grad = 5.0",
            f"history = train(model, inputs, targets, {name}, {optimizer}, {rng.choice([0, 1, 2, 3])})",
            "see(history)",
            "see([p.data for p in model.parameters()])",
            "see(inputs)",
            "see(targets)",
            f"see(train(model, inputs, targets, {name}, {optimizer}, steps=1))",
        ]
    )


def written_training() -> list[str]:
    """Return the programs about training that are written by hand: large logits, ties, decisions around 0."""
    return [HEAD + program for program in WRITTEN.strip().split("\n\n")]


HEAD = """
from engine import Value
from training import *
"""

WRITTEN = """
from nn import Neuron
model = Neuron(1, linear=True)
for p in model.parameters():
    p.data = 0.0
history = train(model, [[1.0]], [1.0], mean_squared_error, SGD(model.parameters(), 0.01), 150)
see([len(history), history[-1], *(p.data for p in model.parameters())])

row = [Value(k / 10) for k in range(40)]
see([p.data for p in softmax(row)])
see(int(most_likely(row)))
loss = cross_entropy([row], [39])
loss.backward()
see([loss.data, *(z.grad for z in row)])

for make in (lambda p: SGD(p, 0.1, momentum=0.5), lambda p: Adam(p, 0.1)):
    parameters = [Value(k / 10) for k in range(40)]
    optimizer = make(parameters)
    for p in parameters:
        p.grad = 1.0 + p.data
    optimizer.step()
    optimizer.step()
    see([p.data for p in parameters])

outputs, targets = [Value(k / 10) for k in range(40)], [k % 2 for k in range(40)]
see([mean_squared_error(outputs, targets).data, binary_cross_entropy(outputs, targets).data])
see(hinge(outputs, [2 * t - 1 for t in targets]).data)
see(cross_entropy([[z, z * 2] for z in outputs], targets).data)

see([int(binary_decision(Value(z))) for z in (0.0, 1e-9, -1e-9, 0, 0.5, -0.5, 0.3, 0.7, 1000.0, -1000.0)])

for row in ([1.0, 1.0], [0.0, 2.0, 2.0], [5.0], [-1.0, -3.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [-5.0, -4.0]):
    see(int(most_likely([Value(z) for z in row])))

for logits, target in (([1000.0, 0.0], 0), ([1000.0, 0.0], 1), ([-1000.0, -1001.0], 0), ([0.0, -1000.0], 1)):
    z = [Value(x) for x in logits]
    loss = cross_entropy([z], [target])
    loss.backward()
    see([loss.data, z[0].grad, z[1].grad])

for logit, target in ((1000.0, 1), (1000.0, 0), (-1000.0, 1), (-1000.0, 0), (0.0, 1), (0.0, 0)):
    z = Value(logit)
    loss = binary_cross_entropy([z], [target])
    see(loss.data)

for logits in ([1000.0, 0.0, -1000.0], [-1000.0, -1000.0], [3.0]):
    p = softmax([Value(x) for x in logits])
    see([each.data for each in p])
    p[0].backward()

a, b = [Value(1.0)], [Value(1.0)]
p, q = SGD(a, 0.1, momentum=0.9), SGD(b, 0.1, momentum=0.9)
a[0].grad = b[0].grad = 1.0
p.step()
p.step()
q.step()
see([a[0].data, b[0].data])

a, b = [Value(1.0)], [Value(1.0)]
p, q = Adam(a, 0.1), Adam(b, 0.1)
a[0].grad = 3.0
b[0].grad = 1.0
p.step()
a[0].grad = 0.1
p.step()
q.step()
see([a[0].data, b[0].data])

x = [Value(1.0)]
o = Adam(x)
for g in (1.0, -2.0, 3.0, 0.0, 1e-9, 0.0):
    x[0].grad = g
    o.step()
    see(x[0].data)
"""
"""The programs that are written by hand, with an empty line between two of them."""
