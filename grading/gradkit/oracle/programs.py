"""A program of the course's language, worked out: its graph, and the number and gradient of every node."""

from __future__ import annotations

import math

from gradkit.graphs.picture.picture import MOST_NODES, TooLargeError
from gradkit.graphs.scalar.program import expression_text, node_names
from gradkit.graphs.scalar.trace import ProgramError, traced_program
from gradkit.inside.graph import Answers, Graph

from .complex_step import FUNCTIONS, answers


def worked_out(code: str) -> tuple[Graph, dict[int, str], Answers]:
    """A program's graph, what its nodes are called, and the right numbers. It is executed: see traced_program.

    Raises ProgramError where it builds nothing or leaves the functions' domain, naming the node, and TooLargeError.
    """
    graph, given = traced_program(code)
    if len(graph) > MOST_NODES:  # before they are worked out: that takes long for large ones
        raise TooLargeError
    names = node_names(graph, range(len(graph)), given)
    _check_domain(graph, names)
    try:
        return graph, names, answers(graph)
    except (ArithmeticError, ValueError):
        raise ProgramError("A gradient of this is too large to be a number.") from None


def _check_domain(graph: Graph, names: dict[int, str]) -> None:
    """Raise ProgramError at the first node that has no real number, or no gradient to pass on."""
    numbers = [complex(number) for number in graph.inputs]
    for node in range(len(graph.inputs), len(graph)):
        name, *operands = graph.steps[node - len(graph.inputs)]
        parents = graph.parents(node)
        constants = operands[len(parents) :]
        try:
            made = FUNCTIONS[name](*(numbers[parent] for parent in parents), *constants)
        except (ArithmeticError, ValueError):
            made = complex(math.nan)
        base = constants[0] if name == "const_pow" else numbers[parents[0]].real
        if made.imag or not math.isfinite(made.real) or not _is_smooth(name, base, constants):
            known = " and ".join(f"{names[each]} = {numbers[each].real:.4g}" for each in dict.fromkeys(parents))
            raise ProgramError(f"{names[node]} = {expression_text(graph, node, names)} cannot be worked out at {known}")
        numbers.append(complex(made.real))


def _is_smooth(name: str, base: float, constants: list[float]) -> bool:
    """Whether a power has a gradient at this base: the complex step would not notice that it has none."""
    if name in ("pow", "const_pow"):
        return base > 0
    return name != "pow_const" or base != 0 or constants[0] >= 1 or constants[0] == 0
