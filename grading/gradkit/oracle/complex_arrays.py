"""Complex-step differentiation (complex_step.py) of graphs of tensors, with numpy.

It is used while a failing graph of tensors is reduced, so that an explanation never has to import PyTorch. numpy is
imported by the functions that need it, because only an assignment that offers numpy has such graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradkit.graphs.tensor.graph import TensorAnswers, TensorGraph
from gradkit.inside.tensor_replay import TENSOR_OPERATIONS, array_of, axis_of

from .complex_step import STEP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARGIN = 0.05
"""Distance that numbers keep from kinks, poles and ties, where right engines could differ."""

MAX_EXPONENT = 8.0
"""Size of the arguments of exp and tanh, as in corpora."""

MAX_NUMBER = 1e6
"""Size of every number of a well-posed graph."""


def evaluate_tensor_graph(graph: TensorGraph) -> list[Any]:
    """Return the data of every node as an array of floats.

    Raises:
        ArithmeticError, ValueError, IndexError, TypeError: If the shapes do not fit, or a number is not in the domain
            of an operation.
    """
    import numpy

    with numpy.errstate(all="ignore"):
        nodes = _run(graph, {})
    if not all(numpy.isfinite(node).all() and (abs(node) <= MAX_NUMBER).all() for node in nodes):
        raise ArithmeticError("a number of this graph is not finite, or too large")
    return [node.real for node in nodes]


def answer_tensor_graph(graph: TensorGraph) -> TensorAnswers:
    """Return the shape, the data and the gradient of every node.

    Raises:
        ArithmeticError, ValueError, IndexError, TypeError: As `evaluate_tensor_graph` does.
    """
    import numpy

    data = evaluate_tensor_graph(graph)
    upstream = array_of((graph.upstream.shape, graph.upstream.numbers, ""))
    if upstream.shape != data[-1].shape:
        raise ValueError("the upstream gradient does not have the shape of the output")
    gradients: list[float] = []
    with numpy.errstate(all="ignore"):
        for node in range(len(graph)):
            for index in numpy.ndindex(data[node].shape):
                moved = data[node].astype(complex)
                moved[index] += 1j * STEP
                output = _run(graph, {node: moved})[-1]
                gradients.append(float((output.imag * upstream).sum() / STEP))
    shapes = tuple(array.shape for array in data)
    return TensorAnswers(shapes, tuple(number for array in data for number in array.ravel().tolist()), tuple(gradients))


def _run(graph: TensorGraph, moved: Mapping[int, Any]) -> list[Any]:
    """Return every node as a complex array, with some nodes replaced."""
    import numpy

    nodes: list[Any] = []
    for leaf in graph.leaves:
        node = len(nodes)
        array = array_of((leaf.shape, leaf.numbers, leaf.layout))
        nodes.append(moved[node] if node in moved else array.astype(complex))
    functions = _functions()
    for name, *numbers in graph.steps:
        node = len(nodes)
        operation = TENSOR_OPERATIONS[str(name)]
        operands = [nodes[int(operand)] for operand in numbers[: operation.arity]]
        constants = numbers[operation.arity :]
        if node in moved:
            nodes.append(moved[node])
            continue
        if not moved and not _is_in_domain(str(name), [operand.real for operand in operands], constants):
            raise ArithmeticError(f"an operand of {name} is not in its domain")
        function = functions.get(str(name), operation.function)
        nodes.append(numpy.asarray(function(*operands, *constants), dtype=complex))
    return nodes


def _functions() -> Mapping[str, Callable[..., Any]]:
    """Return the operations that arrays of complex numbers do not have as an operator or a method, by name."""
    import numpy

    return {
        "exp": numpy.exp,
        "log": numpy.log,
        "tanh": numpy.tanh,
        "relu": lambda a: a * (a.real > 0),
        "max": lambda a, *axes: _largest(a, axes, False),
        "max_kept": lambda a, *axes: _largest(a, axes, True),
    }


def _largest(array: Any, axes: Sequence[int], keepdims: bool) -> Any:
    """Return the largest numbers along axes, by their real part. Equal ones have equal shares of it, as in PyTorch."""
    axis = axis_of(tuple(axes))
    is_largest = array.real == array.real.max(**axis, keepdims=True)
    return (array * is_largest).sum(**axis, keepdims=keepdims) / is_largest.sum(**axis, keepdims=keepdims)


def _is_in_domain(name: str, operands: Sequence[Any], constants: Sequence[Any]) -> bool:
    """Return whether the operands of an operation keep away from its kinks, poles and ties."""
    a, b = operands[0], operands[-1]
    if name in ("exp", "tanh"):
        return bool((abs(a) <= MAX_EXPONENT).all())
    if name == "log":
        return bool((a >= MARGIN).all())
    if name in ("relu", "number_div"):
        return bool((abs(a) >= MARGIN).all())
    if name == "div":
        return bool((abs(b) >= MARGIN).all())
    if name == "pow":
        return bool((a >= MARGIN).all())
    if name == "pow_number":
        is_whole = float(constants[0]).is_integer()
        return bool((a >= MARGIN).all() or (is_whole and (abs(a) >= MARGIN).all()))
    if name in ("max", "max_kept"):
        largest = a.max(**axis_of(tuple(constants)), keepdims=True)
        return bool(((a == largest) | (a <= largest - MARGIN)).all())  # equal or clearly smaller
    return True
