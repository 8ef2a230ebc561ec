"""Data to train on: points on two moons, and handwritten digits."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from functools import cache

from gradkit.catalogue.home import course_home

Examples = tuple[tuple[tuple[float, ...], ...], tuple[int, ...]]
"""(inputs, classes)"""


def moons(rng: random.Random, count: int) -> Examples:
    """Points on two half circles that reach into each other, with a little noise, of class 0 and 1 in turn."""
    points = []
    for number in range(count):
        angle = rng.uniform(0, math.pi)
        x, y = math.cos(angle), math.sin(angle)
        place = (x, y) if number % 2 == 0 else (1 - x, 0.5 - y)
        points.append(tuple(round(coordinate + rng.gauss(0, 0.1), 2) for coordinate in place))
    return tuple(points), tuple(number % 2 for number in range(count))


def digits(rng: random.Random, count: int, classes: Collection[int] = range(10)) -> Examples:
    """Handwritten digits of 8x8 pixels between 0 and 1, and which digit each is. classes: those that are wanted."""
    rows = rng.sample([row for row in _digits() if row[-1] in classes], count)
    return tuple(tuple(pixel / 16 for pixel in row[:-1]) for row in rows), tuple(row[-1] for row in rows)


@cache
def _digits() -> list[tuple[int, ...]]:
    """The course's digits: 64 pixels from 0 to 16 and the class in each row. Its licence stands in the file."""
    lines = (course_home() / "student_template" / "digits.csv").read_text(encoding="utf-8").splitlines()
    return [tuple(map(int, line.split(","))) for line in lines if line[:1].isdigit()]
