"""Examples to train on: points on two moons, and handwritten digits."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from functools import cache

from gradkit.catalogue.home import course_home

Examples = tuple[tuple[tuple[float, ...], ...], tuple[int, ...]]
"""(inputs, classes): n_examples tuples of n_inputs floats, and n_examples classes."""


def moons(rng: random.Random, n_examples: int) -> Examples:
    """Draw points on two interlocking half circles with a little noise, alternately of class 0 and 1."""
    points = []
    for number in range(n_examples):
        angle = rng.uniform(0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        point = (x, y) if number % 2 == 0 else (1 - x, 0.5 - y)
        points.append(tuple(round(coordinate + rng.gauss(0, 0.1), 2) for coordinate in point))
    return tuple(points), tuple(number % 2 for number in range(n_examples))


def digits(rng: random.Random, n_examples: int, classes: Collection[int] = range(10)) -> Examples:
    """Choose images of handwritten digits, 64 pixels between 0 and 1 each, of these classes.

    Args:
        rng: Chooses the images.
        n_examples: Number of images.
        classes: The digits to choose from.
    """
    rows = rng.sample([row for row in _all_digits() if row[-1] in classes], n_examples)
    return tuple(tuple(pixel / 16 for pixel in row[:-1]) for row in rows), tuple(row[-1] for row in rows)


@cache
def _all_digits() -> list[tuple[int, ...]]:
    """Read the course's digits: in each row 64 pixels from 0 to 16, then the class. The file names its licence."""
    lines = (course_home() / "student_template" / "digits.csv").read_text(encoding="utf-8").splitlines()
    return [tuple(map(int, line.split(","))) for line in lines if line[:1].isdigit()]
