"""Hypothesis strategies for random expression graphs, their structure and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import hypothesis.strategies as st

from gradkit.graphs.scalar.domain import in_domain
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS

if TYPE_CHECKING:
    from gradkit.inside.graph import Step

    from .scalar import RandomGraphs

LEAVES = st.sampled_from([sign * size / 100 for size in range(10, 301) for sign in (1, -1)])
"""Numbers with two decimals between 0.1 and 3 in size: easy to read, and no error needs more digits to show."""

_MAX_SHARED_LEAVES = 4
"""Maximum number of leaves if leaves can be used more than once."""

_N_TRIES = 3
"""Operations and operands that are tried for a step, until the operands are within the operation's domain."""


@st.composite
def expression_graphs(draw: st.DrawFn, spec: RandomGraphs, functions: Mapping[str, Callable[..., complex]]) -> Graph:
    """Draw a random graph of a spec. The output depends on every node.

    Args:
        draw: The function that Hypothesis passes to a composite strategy.
        spec: The spec.
        functions: Each operation on numbers, by name, to keep every step within its domain.
    """
    is_tree = spec.reuse == "nothing"
    operations = [*spec.operations * max(1, 4 // len(spec.operations)), *spec.companions]
    n_steps = draw(st.integers(min(2, spec.size), spec.size))
    focus = draw(st.integers(0, n_steps - 1))  # this step has one of the spec's operations
    n_leaves = n_steps + 1 if is_tree else draw(st.integers(1, _MAX_SHARED_LEAVES))
    inputs = draw(st.lists(LEAVES, min_size=n_leaves, max_size=n_leaves))
    steps: list[Step] = []
    values = list(inputs)
    usable = list(range(n_leaves))  # the nodes that the next step can use

    def can_be_used_again(node: int) -> bool:
        return spec.reuse == "nodes" or (spec.reuse == "leaves" and node < n_leaves)

    for index in range(n_steps):
        for _ in range(_N_TRIES):
            name = draw(st.sampled_from(spec.operations if index == focus else operations))
            # Nearly always the latest node, because other steps would often not reach the output.
            operands = [draw(st.sampled_from([usable[-1], usable[-1], *usable[:-3:-1]]))]
            if OPERATIONS[name].arity == 2:
                # Other items are about a + a and a * a, so here a companion has two different operands.
                is_companion = name not in spec.operations
                others = [
                    node for node in usable if node != operands[0] or (can_be_used_again(node) and not is_companion)
                ]
                if not others:
                    continue
                operands.insert(draw(st.integers(0, 1)), draw(st.sampled_from(others)))
            constants = spec.constants_of(name)
            plain = (draw(st.sampled_from(constants)),) if constants else ()
            numbers = [values[node] for node in operands]
            if name == "mul" and 0 in numbers and spec.operations != ("mul",):
                continue  # another item is about a factor of 0
            if in_domain(name, numbers, *plain):
                steps.append((name, *operands, *plain))
                values.append(functions[name](*numbers, *plain).real)
                usable = [node for node in usable if node not in operands or can_be_used_again(node)]
                usable.append(len(values) - 1)
                break
    return Graph(inputs, steps).rebuild()
