"""The table of tensor operations, and the replay of a tensor graph on a student's Tensor.

Enters the sandbox. It imports numpy only where it replays, for most workers have none, and starts fast.
"""

from __future__ import annotations

from .graph import NotANumber

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Plain = tuple[float, ...]
    """The plain numbers of a step, as flat as they are kept."""

    Leaf = tuple[tuple[int, ...], tuple[float, ...], str]
    """(shape, numbers row by row, layout)."""

    Packed = tuple[Sequence[Leaf], Sequence[Any], Leaf]
    """(leaves, steps, upstream)."""

MOST_NUMBERS = 10_000
"""No array of an honest student's has more: the largest that a test reads has some 2,000."""

MOST_TOGETHER = 1_000_000
"""Numbers in one answer, which then still fits a reply: see submissions/transport/link.py."""

MOST_AXES = 64
"""Nor more axes: numpy makes no others."""


def _axis(plain: Plain) -> Any:
    """No axis means all; one stands for itself, more for a tuple."""
    return None if not plain else plain[0] if len(plain) == 1 else tuple(plain)


def _halves(plain: Plain) -> tuple[list[float], list[float]]:
    middle = len(plain) // 2
    return list(plain[:middle]), list(plain[middle:])


OPERATIONS: dict[str, tuple[int, Callable[..., Any], str]] = {
    "add": (2, lambda a, b: a + b, "{a} + {b}"),
    "sub": (2, lambda a, b: a - b, "{a} - {b}"),
    "mul": (2, lambda a, b: a * b, "{a} * {b}"),
    "div": (2, lambda a, b: a / b, "{a} / {b}"),
    "pow": (2, lambda a, b: a**b, "{a} ** {b}"),
    "matmul": (2, lambda a, b: a @ b, "{a} @ {b}"),
    "add_number": (1, lambda a, k: a + k, "{a} + {k}"),
    "number_add": (1, lambda a, k: k + a, "{k} + {a}"),
    "sub_number": (1, lambda a, k: a - k, "{a} - {k}"),
    "number_sub": (1, lambda a, k: k - a, "{k} - {a}"),
    "mul_number": (1, lambda a, k: a * k, "{a} * {k}"),
    "number_mul": (1, lambda a, k: k * a, "{k} * {a}"),
    "div_number": (1, lambda a, k: a / k, "{a} / {k}"),
    "number_div": (1, lambda a, k: k / a, "{k} / {a}"),
    "pow_number": (1, lambda a, k: a**k, "{a} ** {k}"),
    "neg": (1, lambda a: -a, "-{a}"),
    "exp": (1, lambda a: a.exp(), "{a}.exp()"),
    "log": (1, lambda a: a.log(), "{a}.log()"),
    "tanh": (1, lambda a: a.tanh(), "{a}.tanh()"),
    "relu": (1, lambda a: a.relu(), "{a}.relu()"),
    "sum": (1, lambda a, *k: a.sum(axis=_axis(k)), "{a}.sum({axis})"),
    "mean": (1, lambda a, *k: a.mean(axis=_axis(k)), "{a}.mean({axis})"),
    "max": (1, lambda a, *k: a.max(axis=_axis(k)), "{a}.max({axis})"),
    "sum_kept": (1, lambda a, *k: a.sum(axis=_axis(k), keepdims=True), "{a}.sum({axis}, keepdims=True)"),
    "mean_kept": (1, lambda a, *k: a.mean(axis=_axis(k), keepdims=True), "{a}.mean({axis}, keepdims=True)"),
    "max_kept": (1, lambda a, *k: a.max(axis=_axis(k), keepdims=True), "{a}.max({axis}, keepdims=True)"),
    "reshape": (1, lambda a, *k: a.reshape(*k), "{a}.reshape({k})"),
    "transpose": (1, lambda a, *k: a.transpose(*k), "{a}.transpose({k})"),
    "item": (1, lambda a, *k: a[k if len(k) > 1 else k[0]], "{a}[{k}]"),
    "slice": (1, lambda a, start, end: a[start:end], "{a}[{start}:{end}]"),
    "rows": (1, lambda a, *k: a[list(k)], "{a}[[{k}]]"),
    "picks": (1, lambda a, *k: a[_halves(k)], "{a}[[{first}], [{second}]]"),
}
"""name: (how many tensors it takes, the operation as a student's Tensor does it, as a program writes it)."""


def expression(name: str, operands: Sequence[str], plain: Plain) -> str:
    """A step as a program writes it."""
    text = OPERATIONS[name][2]
    first, second = (", ".join(map(repr, half)) for half in _halves(plain))
    start, end = plain if name == "slice" else ("", "")
    fields = {"k": ", ".join(map(repr, plain)), "axis": f"axis={_axis(plain)!r}", "first": first, "second": second}
    shown = text.format(a=operands[0], b=operands[-1], start=start, end=end, **fields)
    return shown.replace("axis=None, ", "").replace("axis=None", "")


def build(
    leaf: Callable[[Leaf], Any],
    leaves: Sequence[Leaf],
    steps: Sequence[Any],
    functions: Mapping[str, Callable[..., Any]] | None = None,
) -> list[Any]:
    """Every node of a graph, the leaves first. functions: other ones than a student's, by name."""
    nodes = [leaf(each) for each in leaves]
    for name, *numbers in steps:
        arity, function, _ = OPERATIONS[name]
        function = (functions or {}).get(name, function)
        nodes.append(function(*(nodes[node] for node in numbers[:arity]), *numbers[arity:]))
    return nodes


def array_of(leaf: Leaf) -> Any:
    """A leaf's numbers as numpy keeps them. layout: "" in one piece, "columns" column by column, "gaps" with others
    between them."""
    import numpy

    shape, numbers, layout = leaf
    array = numpy.array(numbers, dtype=float).reshape(shape)
    if layout == "columns":
        return numpy.asfortranarray(array)
    return numpy.repeat(array, 2, axis=-1)[..., ::2] if layout == "gaps" else array


def replay(tensor_class: Callable[[object], Any], graph: Packed, backward: bool) -> list[float]:
    """Build a graph on a student's class, run backward(upstream) if asked to, and give every node's arrays, encoded:
    data of all and then grad of all. Raises whatever the student's code raises, and NotANumber."""

    def leaf(each: Leaf) -> Any:
        array = array_of(each)
        return tensor_class(array if each[2] else array.tolist())

    leaves, steps, upstream = graph

    def text(node: int) -> str:
        if node < len(leaves):
            return "Tensor(...)"
        name, *numbers = steps[node - len(leaves)]
        arity = OPERATIONS[name][0]
        return expression(name, ("a", "b")[:arity], tuple(numbers[arity:]))

    nodes = build(leaf, leaves, steps)
    found = encoded(nodes, "data", text)
    if backward:
        nodes[-1].backward(array_of(upstream))
        found += encoded(nodes, "grad", text)
    return found


def encoded(targets: Sequence[object], name: str, text: Callable[[int], str] = lambda place: "this") -> list[float]:
    """target.name of each as numbers: how many axes it has, their sizes, and what it holds, row by row.

    text: what a message calls the one at a place.   Raises NotANumber where that is no array of floats.
    """
    found: list[float] = []
    for place, each in enumerate(targets):
        shape, numbers = _read(each, name, place, text)
        found += [float(len(shape)), *map(float, shape), *numbers]
        if len(found) > MOST_TOGETHER:
            raise NotANumber(f"The arrays in .{name} hold too many numbers")
    return found


def _read(target: Any, name: str, place: int, text: Callable[[int], str]) -> tuple[tuple[int, ...], list[float]]:
    import numpy

    if target is None:
        raise NotANumber(f"{text(place)} is None, not a Tensor: is a `return` missing?")
    if isinstance(target, (int, float, numpy.ndarray, numpy.generic)):
        kind = type(target).__name__
        raise NotANumber(f"{text(place)} is a plain {kind}, not a Tensor: no gradient can flow through it")
    value = getattr(target, name)
    wrong = _not_an_array(value)
    if wrong:
        raise NotANumber(f".{name} of {text(place)} is {wrong}")
    if type(value) in (int, float):
        return (), [float(value)]
    return value.shape, value.ravel().tolist()


def _not_an_array(value: Any) -> str:
    """What is wrong with a value that should be an array of floats, or one number; nothing where it is."""
    import numpy

    if type(value) in (int, float):
        return ""
    # By identity: isinstance asks the object's __class__, which may say anything, and so may a subclass's own methods.
    if type(value) is not numpy.ndarray and type(value) is not numpy.float64:
        return f"of type {type(value).__name__}; it should be a numpy array of float64"
    if value.dtype != numpy.float64:
        return f"an array of {value.dtype}; it should be one of float64"
    most = max([value.size, *value.shape])  # a long axis beside one of none makes no number, and no shape to tell of
    return f"an array of more than {MOST_NUMBERS:,} numbers" if most > MOST_NUMBERS else ""
