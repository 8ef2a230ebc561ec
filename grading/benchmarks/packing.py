"""Train one network on Values or on Tensors: the same weights, digits and steps.

Run as `python packing.py KIND STEPS EXAMPLES`. KIND: values or tensors.

Print as JSON the median seconds of a step (forward, backward, optimizer), and the losses.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import common
from gradkit.graphs.learning.data import digits

SIZES = (64, 32, 10)
RATE = 0.1

Columns = list[list[float]]
"""For each neuron of a layer the weights of its inputs. The biases are 0."""


def start(rng: random.Random) -> list[Columns]:
    """Draw the weights of every layer, scaled so that sums of many inputs are as large as sums of few."""
    return [[[rng.uniform(-1, 1) / nin**0.5 for _ in range(nin)] for _ in range(nout)] for nin, nout in pairwise(SIZES)]


def values(layers: list[Columns], inputs: Any, targets: Any) -> tuple[Any, Callable[[], Any]]:
    """Return an MLP of nn.py, and a function that computes its loss."""
    from nn import MLP  # type: ignore[import-not-found]
    from training import cross_entropy  # type: ignore[import-not-found]

    model = MLP(SIZES[0], SIZES[1:], linear_last=True)
    numbers = [number for columns in layers for column in columns for number in (*column, 0.0)]
    for parameter, number in zip(model.parameters(), numbers, strict=True):
        parameter.data = number
    return model, lambda: cross_entropy([model(x) for x in inputs], targets)


def tensors(layers: list[Columns], inputs: Any, targets: Any) -> tuple[Any, Callable[[], Any]]:
    """Return an MLP of tensor.py, and a function that computes its loss."""
    import numpy as np
    from tensor import MLP, cross_entropy  # type: ignore[import-not-found]

    model = MLP(SIZES[0], SIZES[1:], linear_last=True)
    arrays = [array for columns in layers for array in (np.array(columns).T, np.zeros(len(columns)))]
    for parameter, array in zip(model.parameters(), arrays, strict=True):
        parameter.data = array
    model.zero_grad()
    packed, classes = np.array(inputs), np.array(targets)
    return model, lambda: cross_entropy(model(packed), classes)


def main(kind: str, steps: str, examples: str) -> None:
    """Train the network and print the results."""
    sys.path.append(str(common.right_submission()))
    from training import SGD

    rng = random.Random(0)
    model, loss = {"values": values, "tensors": tensors}[kind](start(rng), *digits(rng, int(examples)))
    optimizer = SGD(model.parameters(), lr=RATE)

    losses, times = [], []
    for _ in range(int(steps)):
        began = time.perf_counter()
        total = loss()
        model.zero_grad()
        total.backward()
        optimizer.step()
        times.append(time.perf_counter() - began)
        losses.append(float(total.data))
    print(json.dumps({"seconds": common.median(times), "losses": losses}))


if __name__ == "__main__":
    main(*sys.argv[1:])
