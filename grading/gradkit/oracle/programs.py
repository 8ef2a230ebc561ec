"""Evaluate programs in the course's language: the graph, and the number and the gradient of every node."""

from __future__ import annotations

import math

from gradkit.graphs.picture.cards import MAX_NODES, TooLargeError
from gradkit.graphs.scalar.program import name_nodes, write_expression
from gradkit.graphs.scalar.trace_program import ProgramError, trace_program
from gradkit.inside.graph import Answers, Graph

from .complex_step import FUNCTIONS, answer_graph


def evaluate_program(code: str) -> tuple[Graph, dict[int, str], Answers]:
    """Return the graph of a program, the name of every node, and the right numbers.

    The program is executed: see `trace_program`.

    Raises:
        ProgramError: If the program builds nothing, or leaves the domain of a function at a node, which is named.
        TooLargeError: If the graph has more nodes than a picture can show.
    """
    graph, given_names = trace_program(code)
    if len(graph) > MAX_NODES:  # checked before the derivatives, which take quadratic time
        raise TooLargeError
    names = name_nodes(graph, range(len(graph)), given_names)
    _check_domain(graph, names)
    try:
        return graph, names, answer_graph(graph)
    except (ArithmeticError, ValueError):
        raise ProgramError("A gradient in this program is too large for a float.") from None


def _check_domain(graph: Graph, names: dict[int, str]) -> None:
    """Raise ProgramError at the first node that is not a real number, or has no gradient to pass on."""
    numbers = [complex(number) for number in graph.inputs]
    for node in range(len(graph.inputs), len(graph)):
        name, *operands = graph.steps[node - len(graph.inputs)]
        parents = graph.parents(node)
        constants = operands[len(parents) :]
        try:
            result = FUNCTIONS[name](*(numbers[parent] for parent in parents), *constants)
        except (ArithmeticError, ValueError):
            result = complex(math.nan)

        base = constants[0] if name == "const_pow" else numbers[parents[0]].real
        is_real = not result.imag and math.isfinite(result.real)
        if not is_real or not _is_differentiable(name, base, constants):
            known = " and ".join(f"{names[each]} = {numbers[each].real:.4g}" for each in dict.fromkeys(parents))
            raise ProgramError(f"{names[node]} = {write_expression(graph, node, names)} cannot be computed at {known}")
        numbers.append(complex(result.real))


def _is_differentiable(name: str, base: float, constants: list[float]) -> bool:
    """Return whether a power has a gradient at this base. The complex step gives a number even if it has none."""
    if name in ("pow", "const_pow"):
        return base > 0
    return name != "pow_const" or base != 0 or constants[0] >= 1 or constants[0] == 0
