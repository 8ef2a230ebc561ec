"""Programs about nn.py: networks with given parameters, and what random parameters have in common."""

from __future__ import annotations

from random import Random

SET = """
def give(model, seed):
    for i, p in enumerate(model.parameters()):
        p.data = ((seed + 7 * i) % 13 - 6) / 5
"""


def draw_network(rng: Random) -> str:
    """Draw a program with a network that gets its parameters, its outputs and all gradients, twice."""
    nin = rng.randint(1, 4)
    widths = [rng.randint(1, 3) for _ in range(rng.randint(1, 3))]
    linear = rng.random() < 0.5
    kind = rng.choice(["Neuron", "Layer", "MLP", "MLP"])
    made = {
        "Neuron": f"Neuron({nin}{', linear=True' if linear else ''})",
        "Layer": f"Layer({nin}, {widths[0]}{', linear=True' if linear else ''})",
        "MLP": f"MLP({nin}, {widths}{', linear_last=True' if linear else ''})",
    }[kind]
    inputs = [round(rng.uniform(-2, 2), 2) for _ in range(nin)]
    given = ", ".join(f"Value({x})" if rng.random() < 0.5 else repr(x) for x in inputs)
    return "\n".join(
        [
            "import random",
            "from engine import Value",
            "from nn import MLP, Layer, Neuron",
            SET,
            f"model = {made}",
            "see(len(model.parameters()))",
            f"give(model, {rng.randint(0, 12)})",
            f"x = [{given}]",
            "for turn in range(2):",
            "    y = model(x)",
            "    outputs = y if isinstance(y, (list, tuple)) else [y]",
            "    see(isinstance(y, (list, tuple)))",
            "    see([output.data for output in outputs])",
            "    total = sum(output * (k + 1) for k, output in enumerate(outputs))",
            "    total.backward()",
            "    see([p.grad for p in model.parameters()])",
            "    see([xi.grad for xi in x if isinstance(xi, Value)])",
            f"    {'model.zero_grad()' if rng.random() < 0.5 else 'pass'}",
            "    see([p.grad for p in model.parameters()])",
            "    see([p.data for p in model.parameters()])",
            "see([xi.data if isinstance(xi, Value) else xi for xi in x])",
        ]
    )


def written_networks() -> list[str]:
    """Return the programs about networks that are written by hand: how they begin, and the lists they get."""
    return [HEAD + program for program in WRITTEN.strip().split("\n\n")]


HEAD = """
import random
from engine import Value
from nn import MLP, Layer, Neuron
"""

WRITTEN = """
def give(model):
    for i, p in enumerate(model.parameters()):
        p.data = (i % 7 - 3) / 8
for model, nin in ((Neuron(40), 40), (Layer(2, 40), 2), (MLP(40, [2, 40]), 40), (MLP(1, [1] * 40), 1)):
    give(model)
    y = model([(k % 5 - 2) / 9 for k in range(nin)])
    outputs = y if isinstance(y, list) else [y]
    see([output.data for output in outputs])
    sum(outputs).backward()
    see([p.grad for p in model.parameters()])
    model.zero_grad()
    see([p.grad for p in model.parameters()])

def spread(numbers):
    mean = sum(numbers) / len(numbers)
    square = sum(x * x for x in numbers) / len(numbers)
    see([abs(mean) < 0.05, 0.30 < square < 0.37, max(numbers) <= 1, min(numbers) >= -1])
    see([max(numbers) > 0.98, min(numbers) < -0.98, len(set(numbers)) == len(numbers)])
spread([p.data for p in Neuron(4000).parameters()])

def spread(numbers):
    mean = sum(numbers) / len(numbers)
    square = sum(x * x for x in numbers) / len(numbers)
    see([abs(mean) < 0.05, 0.30 < square < 0.37, max(numbers) <= 1, min(numbers) >= -1])
    see([max(numbers) > 0.98, min(numbers) < -0.98, len(set(numbers)) == len(numbers)])
spread([Neuron(1).parameters()[-1].data for _ in range(4000)])

def spread(numbers):
    mean = sum(numbers) / len(numbers)
    square = sum(x * x for x in numbers) / len(numbers)
    see([abs(mean) < 0.05, 0.30 < square < 0.37, max(numbers) <= 1, min(numbers) >= -1])
    see([max(numbers) > 0.98, min(numbers) < -0.98, len(set(numbers)) == len(numbers)])
spread([p.data for p in Layer(3, 1000).parameters()])

def spread(numbers):
    mean = sum(numbers) / len(numbers)
    square = sum(x * x for x in numbers) / len(numbers)
    see([abs(mean) < 0.05, 0.30 < square < 0.37, max(numbers) <= 1, min(numbers) >= -1])
    see([max(numbers) > 0.98, min(numbers) < -0.98, len(set(numbers)) == len(numbers)])
spread([p.data for p in MLP(60, [60]).parameters()])

def spread(numbers):
    mean = sum(numbers) / len(numbers)
    square = sum(x * x for x in numbers) / len(numbers)
    see([abs(mean) < 0.05, 0.30 < square < 0.37, max(numbers) <= 1, min(numbers) >= -1])
    see([max(numbers) > 0.98, min(numbers) < -0.98, len(set(numbers)) == len(numbers)])
spread([layer.parameters()[-1].data for layer in (MLP(1, [1, 1]) for _ in range(4000))])

for width in range(1, 20):  # a set has the same order twice now and then, but not for every width
    random.seed(3)
    a = [p.data for p in MLP(2, [width, 1]).parameters()]
    random.seed(3)
    b = [p.data for p in MLP(2, [width, 1]).parameters()]
    see([x == y for x, y in zip(a, b)])

a, b = MLP(2, [2, 1]), MLP(2, [2, 1])
see(any(p.data == q.data for p in a.parameters() for q in b.parameters()))

widths = [3, 1]
MLP(2, widths)
see(widths)
see(len(MLP(2, widths).parameters()))

widths = (3, 1)
see(len(MLP(2, widths).parameters()))

model = MLP(2, [2, 2])
see([p is q for p, q in zip(model.parameters(), model.parameters())])
see(len({id(p) for p in model.parameters()}))

model = MLP(2, [3, 2])
y = model([1.0, -1.0])
y[0].backward()
model.zero_grad()
see([p.grad for p in model.parameters()])

layer = Layer(2, 3)
(sum(layer([1.0, 2.0]))).backward()
layer.zero_grad()
see([p.grad for p in layer.parameters()])

neuron = Neuron(2)
neuron([1.0, 2.0]).backward()
neuron.zero_grad()
see([p.grad for p in neuron.parameters()])
"""
"""The programs that are written by hand, with an empty line between two of them."""
