"""Hypothesis strategies: random expression graphs, structure and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import hypothesis.strategies as st

from gradkit.graphs.scalar.domain import in_domain
from gradkit.inside.graph import Graph

from .scalar import RandomGraphs

if TYPE_CHECKING:
    from gradkit.inside.graph import Step
from gradkit.inside.operations import OPERATIONS

LEAVES = st.sampled_from([sign * size / 100 for size in range(10, 301) for sign in (1, -1)])
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
    count = draw(st.integers(max(2, wish.size - 3), wish.size))
    focus = draw(st.integers(0, count - 1))  # one step at least is what the wish is about
    for number in range(count):
        name = draw(st.sampled_from(wish.operations if number == focus else operations))
        # One operand is recent, or most steps would lead nowhere and be cut away; the other may be anything.
        operands = [draw(st.sampled_from(free[:-3:-1]))]
        if OPERATIONS[name].arity == 2:
            operands.insert(draw(st.integers(0, 1)), draw(st.sampled_from(free)))
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
