"""Hypothesis strategies: random expression graphs, structure and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import hypothesis.strategies as st

from .corpus import RandomGraphs
from .domain import in_domain
from .graph import Graph

if TYPE_CHECKING:
    from .graph import Step
from .operations import OPERATIONS

LEAVES = st.integers(10, 300).flatmap(lambda size: st.sampled_from((size / 100, -size / 100)))
"""Numbers with two decimals between 0.1 and 3 in size: no rule depends on more digits than a student likes to read."""


@st.composite
def expression_graphs(draw: st.DrawFn, wish: RandomGraphs, functions: Mapping[str, Callable[..., complex]]) -> Graph:
    """A random graph as a wish says, every node of which leads to the output.

    functions: each operation on floats, to keep every step within its domain.
    """
    operations = [*wish.operations * max(1, 4 // len(wish.operations)), *wish.companions]
    inputs = draw(st.lists(LEAVES, min_size=1, max_size=wish.size + 1 if wish.reuse == "nothing" else 4))
    steps: list[Step] = []
    values = list(inputs)
    free = list(range(len(inputs)))  # the nodes that the next step may use
    for _ in range(draw(st.integers(1, wish.size))):
        name = draw(st.sampled_from(operations))
        operands = [draw(st.sampled_from(free)) for _ in range(OPERATIONS[name].arity)]
        constants = wish.constants_of(name)
        plain = (draw(st.sampled_from(constants)),) if constants else ()
        spent = [node for node in operands if wish.reuse == "nothing" or node >= len(inputs)]
        if (len(set(spent)) < len(spent) and wish.reuse != "nodes") or not in_domain(
            name, [values[node] for node in operands], *plain
        ):
            continue
        steps.append((name, *operands, *plain))
        values.append(functions[name](*(values[node] for node in operands), *plain).real)
        free = [node for node in free if wish.reuse == "nodes" or node not in spent] + [len(values) - 1]
    return Graph(inputs, steps).rebuilt()
