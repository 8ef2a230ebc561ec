"""Your own network tells two moons apart: a point's two coordinates go in, the probability of the upper moon comes out.

    python train_moons.py       on your engine.py, nn.py and training.py (after a5): about ten seconds

No straight line parts the moons; watch in moons_boundary.png how your network bends one.
"""

import argparse
import math
import random
from pathlib import Path

import plots


def make_moons(count):
    """Points on two half circles that reach into each other, with a little noise, and which of the two each is on."""
    points, moons = [], []
    for i in range(count):
        angle, moon = random.uniform(0, math.pi), i % 2
        x, y = (math.cos(angle), math.sin(angle)) if moon else (1 - math.cos(angle), 0.5 - math.sin(angle))
        points.append([x + random.gauss(0, 0.1), y + random.gauss(0, 0.1)])
        moons.append(moon)
    return points, moons


def main(options):
    from nn import MLP
    from training import Adam, binary_cross_entropy, binary_decision, train

    random.seed(options.seed)
    points, moons = make_moons(100)
    model = MLP(2, [8, 1], linear_last=True)
    optimizer = Adam(list(model.parameters()), lr=0.1)
    binary_decision(model(points[0]))  # what is not written yet had better show before the training than after it

    losses = []
    for _ in plots.progress("Training", range(options.steps), losses):
        losses += train(model, points, moons, binary_cross_entropy, optimizer, steps=1)

    held_out, held_out_moons = make_moons(200)  # new points, from which the network never learned
    right = sum(binary_decision(model(point)) == moon for point, moon in zip(held_out, held_out_moons))
    print(f"\nHeld out: {right} of 200 points on their right moon, {right / 200:.1%}.")
    plots.loss(losses, options.out / "moons_loss.png", "Binary cross-entropy loss")
    plots.boundary(
        lambda point: model(point).sigmoid().data, held_out, held_out_moons, options.out / "moons_boundary.png"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200, help="how many steps to train for (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="other weights, other points (default: 0)")
    parser.add_argument("--out", type=Path, default=Path(), help="a folder for the pictures (default: this one)")
    plots.run(main, parser.parse_args())
