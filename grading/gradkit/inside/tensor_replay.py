"""The table of tensor operations, and the replay of a tensor graph on a student's Tensor.

Enters the sandbox. It imports numpy only when it replays a graph, because most workers do not have numpy and must start
fast.
"""

from __future__ import annotations

from .graph import NotANumber

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Constants = tuple[float, ...]
    """The plain numbers of a step: axes, indices, sizes or a factor."""

    Leaf = tuple[tuple[int, ...], tuple[float, ...], str]
    """(shape, numbers row by row, layout)."""

    Packed = tuple[Sequence[Leaf], Sequence[Any], Leaf]
    """(leaves, steps, upstream)."""

MAX_NUMBERS = 10_000
"""Numbers in one array. The largest array that a test reads has about 2,000."""

MAX_NUMBERS_IN_REPLY = 1_000_000
"""Numbers in one reply, which must not exceed MAX_REPLY_BYTES of submissions/transport/link.py."""

MAX_AXES = 64
"""Axes of one array: numpy's own limit."""


class TensorOperation:
    """One row of the table.

    Args:
        arity: The number of operands that are tensors.
        function: The operation on a student's tensors and then plain numbers.
        text: How a program writes it. {a} and {b} are operands, {k} the plain numbers, {axis} the keyword argument
            `axis`, {start} and {end} the bounds of a slice, {first} and {second} the two halves of the plain numbers.
    """

    __slots__ = ("arity", "function", "text")

    def __init__(self, arity: int, function: Callable[..., Any], text: str) -> None:
        self.arity = arity
        self.function = function
        self.text = text


def axis_of(axes: Constants) -> dict[str, Any]:
    """Convert the recorded axes to the keyword argument `axis`: one → int, several → tuple, none → left out."""
    if not axes:
        return {}  # the default is the student's
    return {"axis": axes[0] if len(axes) == 1 else axes}


def _halves(numbers: Constants) -> tuple[list[float], list[float]]:
    middle = len(numbers) // 2
    return list(numbers[:middle]), list(numbers[middle:])


def _index_array(rows: Constants) -> Any:
    import numpy

    return numpy.array(rows)


TENSOR_OPERATIONS = {
    "add": TensorOperation(2, lambda a, b: a + b, "{a} + {b}"),
    "sub": TensorOperation(2, lambda a, b: a - b, "{a} - {b}"),
    "mul": TensorOperation(2, lambda a, b: a * b, "{a} * {b}"),
    "div": TensorOperation(2, lambda a, b: a / b, "{a} / {b}"),
    "pow": TensorOperation(2, lambda a, b: a**b, "{a} ** {b}"),
    "matmul": TensorOperation(2, lambda a, b: a @ b, "{a} @ {b}"),
    "add_number": TensorOperation(1, lambda a, k: a + k, "{a} + {k}"),
    "number_add": TensorOperation(1, lambda a, k: k + a, "{k} + {a}"),
    "sub_number": TensorOperation(1, lambda a, k: a - k, "{a} - {k}"),
    "number_sub": TensorOperation(1, lambda a, k: k - a, "{k} - {a}"),
    "mul_number": TensorOperation(1, lambda a, k: a * k, "{a} * {k}"),
    "number_mul": TensorOperation(1, lambda a, k: k * a, "{k} * {a}"),
    "div_number": TensorOperation(1, lambda a, k: a / k, "{a} / {k}"),
    "number_div": TensorOperation(1, lambda a, k: k / a, "{k} / {a}"),
    "pow_number": TensorOperation(1, lambda a, k: a**k, "{a} ** {k}"),
    "neg": TensorOperation(1, lambda a: -a, "-{a}"),
    "exp": TensorOperation(1, lambda a: a.exp(), "{a}.exp()"),
    "log": TensorOperation(1, lambda a: a.log(), "{a}.log()"),
    "tanh": TensorOperation(1, lambda a: a.tanh(), "{a}.tanh()"),
    "relu": TensorOperation(1, lambda a: a.relu(), "{a}.relu()"),
    "sum": TensorOperation(1, lambda a, *k: a.sum(**axis_of(k)), "{a}.sum({axis})"),
    "mean": TensorOperation(1, lambda a, *k: a.mean(**axis_of(k)), "{a}.mean({axis})"),
    "max": TensorOperation(1, lambda a, *k: a.max(**axis_of(k)), "{a}.max({axis})"),
    "sum_kept": TensorOperation(1, lambda a, *k: a.sum(**axis_of(k), keepdims=True), "{a}.sum({axis}, keepdims=True)"),
    "mean_kept": TensorOperation(
        1, lambda a, *k: a.mean(**axis_of(k), keepdims=True), "{a}.mean({axis}, keepdims=True)"
    ),
    "max_kept": TensorOperation(1, lambda a, *k: a.max(**axis_of(k), keepdims=True), "{a}.max({axis}, keepdims=True)"),
    "reshape": TensorOperation(1, lambda a, *k: a.reshape(*k), "{a}.reshape({k})"),
    "transpose": TensorOperation(1, lambda a, *k: a.transpose(*k), "{a}.transpose({k})"),
    "item": TensorOperation(1, lambda a, *k: a[k if len(k) > 1 else k[0]], "{a}[{k}]"),
    "slice": TensorOperation(1, lambda a, start, end: a[start:end], "{a}[{start}:{end}]"),
    "rows": TensorOperation(1, lambda a, *k: a[list(k)], "{a}[[{k}]]"),
    "rows_array": TensorOperation(1, lambda a, *k: a[_index_array(k)], "{a}[np.array([{k}])]"),
    "stride": TensorOperation(1, lambda a, step: a[::step], "{a}[::{k}]"),
    "column": TensorOperation(1, lambda a, column: a[:, column], "{a}[:, {k}]"),
    "picks": TensorOperation(1, lambda a, *k: a[_halves(k)], "{a}[[{first}], [{second}]]"),
}
"""Every operation by the name that a step uses."""


def expression(name: str, operands: Sequence[str], constants: Constants) -> str:
    """Return a step as a program writes it.

    Args:
        name: The name of the operation.
        operands: The text of each operand.
        constants: The plain numbers of the step.
    """
    first, second = (", ".join(map(repr, half)) for half in _halves(constants))
    start, end = constants if name == "slice" else ("", "")
    text = TENSOR_OPERATIONS[name].text.format(
        a=operands[0],
        b=operands[-1],
        k=", ".join(map(repr, constants)),
        axis="".join(f"axis={axis!r}" for axis in axis_of(constants).values()),
        start=start,
        end=end,
        first=first,
        second=second,
    )
    return text.replace("(, ", "(")


def build(
    make_leaf: Callable[[Leaf], Any],
    leaves: Sequence[Leaf],
    steps: Sequence[Any],
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> list[Any]:
    """Build every node of a graph.

    Args:
        make_leaf: Makes a tensor from a leaf.
        leaves: The leaves.
        steps: The steps of the graph.
        functions: Operations, by name, to use instead of the table's.

    Returns:
        n_nodes tensors, leaves first.
    """
    nodes = [make_leaf(leaf) for leaf in leaves]
    for name, *numbers in steps:
        operation = TENSOR_OPERATIONS[name]
        function = (functions or {}).get(name, operation.function)
        operands = [nodes[node] for node in numbers[: operation.arity]]
        nodes.append(function(*operands, *numbers[operation.arity :]))
    return nodes


def array_of(leaf: Leaf) -> Any:
    """Return a leaf as a numpy array.

    The layout is "" (contiguous, by rows), "columns" (contiguous, by columns) or "gaps" (not contiguous).
    """
    import numpy

    shape, numbers, layout = leaf
    array = numpy.array(numbers, dtype=float).reshape(shape)
    if layout == "columns":
        return numpy.asfortranarray(array)
    return numpy.repeat(array, 2, axis=-1)[..., ::2] if layout == "gaps" else array


def replay(tensor_class: Callable[[object], Any], graph: Packed, backward: bool) -> list[float]:
    """Build a graph on a student's class, run backward(upstream) if requested, and read every node.

    Args:
        tensor_class: The student's Tensor.
        graph: The graph, unpacked.
        backward: Whether to run backward() and read the gradients.

    Returns:
        The data of all nodes and then, with `backward`, their gradients, as `encoded` writes them.

    Raises:
        NotANumber: If a node does not hold an array of floats.
        Exception: Whatever the student's code raises.
    """
    leaves, steps, upstream = graph

    def make_leaf(leaf: Leaf) -> Any:
        array = array_of(leaf)
        return tensor_class(array if leaf[2] else array.tolist())

    def describe(node: int) -> str:
        if node < len(leaves):
            return "Tensor(...)"
        name, *numbers = steps[node - len(leaves)]
        arity = TENSOR_OPERATIONS[name].arity
        return expression(name, ("a", "b")[:arity], tuple(numbers[arity:]))

    nodes = build(make_leaf, leaves, steps)
    numbers = encoded(nodes, "data", describe)
    if backward:
        nodes[-1].backward(array_of(upstream))
        numbers += encoded(nodes, "grad", describe)
    return numbers


def encoded(
    targets: Sequence[object], attribute: str, describe: Callable[[int], str] = lambda index: "this"
) -> list[float]:
    """Return the arrays in an attribute of all targets as one list of numbers.

    For each array the list has the number of axes, the size of each axis, and the numbers row by row.

    Args:
        targets: A student's tensors.
        attribute: "data" or "grad".
        describe: Returns how an error message refers to the target at an index.

    Raises:
        NotANumber: If an attribute is not an array of floats, or the arrays are too large.
    """
    encoding: list[float] = []
    for index, target in enumerate(targets):
        shape, numbers = _read(target, attribute, index, describe)
        encoding += [float(len(shape)), *map(float, shape), *numbers]
        if len(encoding) > MAX_NUMBERS_IN_REPLY:
            raise NotANumber(f"The arrays in .{attribute} hold too many numbers")
    return encoding


def _read(
    target: Any, attribute: str, index: int, describe: Callable[[int], str]
) -> tuple[tuple[int, ...], list[float]]:
    """Return the shape and the numbers of an attribute. Raises NotANumber if it is not an array of floats."""
    import numpy

    if target is None:
        raise NotANumber(f"{describe(index)} is None, not a Tensor: is a `return` missing?")
    if isinstance(target, (int, float, numpy.ndarray, numpy.generic)):
        kind = type(target).__name__
        raise NotANumber(f"{describe(index)} is a plain {kind}, not a Tensor: no gradient can flow through it")

    value = getattr(target, attribute)
    fault = _array_fault(value)
    if fault:
        raise NotANumber(f".{attribute} of {describe(index)} is {fault}")
    if type(value) in (int, float):
        return (), [float(value)]
    return value.shape, value.ravel().tolist()


def _array_fault(value: Any) -> str:
    """Return why a value is not a small array of float64, or one number; empty if it is."""
    import numpy

    if type(value) in (int, float):
        return ""
    # By identity: isinstance() reads the object's __class__, which a student's class can forge, and a subclass can
    # override every method.
    if type(value) is not numpy.ndarray and type(value) is not numpy.float64:
        return f"of type {type(value).__name__}; it should be a numpy array of float64"
    if value.dtype != numpy.float64:
        return f"an array of {value.dtype}; it should be one of float64"
    # The axes count as well: an array of shape (1000000, 0) does not have numbers, but its shape cannot be decoded.
    largest = max([value.size, *value.shape])
    return f"an array of more than {MAX_NUMBERS:,} numbers" if largest > MAX_NUMBERS else ""
