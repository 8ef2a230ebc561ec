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
    inputs = draw(st.lists(LEAVES, min_size=1, max_size=spec.size + 1 if is_tree else _MAX_SHARED_LEAVES))
    steps: list[Step] = []
    values = list(inputs)
    usable = list(range(len(inputs)))  # the nodes that the next step can use

    n_steps = draw(st.integers(max(2, spec.size - 3), spec.size))
    focus = draw(st.integers(0, n_steps - 1))  # this step has one of the spec's operations
    for index in range(n_steps):
        name = draw(st.sampled_from(spec.operations if index == focus else operations))
        # One operand is one of the two latest nodes, because other steps would often not reach the output.
        operands = [draw(st.sampled_from(usable[:-3:-1]))]
        if OPERATIONS[name].arity == 2:
            operands.insert(draw(st.integers(0, 1)), draw(st.sampled_from(usable)))
        constants = spec.constants_of(name)
        plain = (draw(st.sampled_from(constants)),) if constants else ()

        used_up = [node for node in operands if is_tree or node >= len(inputs)]
        uses_a_node_twice = len(set(used_up)) < len(used_up)
        if uses_a_node_twice and spec.reuse != "nodes":
            continue
        if not in_domain(name, [values[node] for node in operands], *plain):
            continue

        steps.append((name, *operands, *plain))
        values.append(functions[name](*(values[node] for node in operands), *plain).real)
        usable = [node for node in usable if spec.reuse == "nodes" or node not in used_up]
        usable.append(len(values) - 1)
    return Graph(inputs, steps).rebuild()
