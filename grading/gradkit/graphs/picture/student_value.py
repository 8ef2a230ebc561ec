"""The cards of a student's Value: what its nodes hold, right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isnan
from numbers import Real

from .cards import MAX_NODES, Card, Row, TooLargeError, short_number

_MISSING = object()


def cards_of_value(value: object, names: Mapping[str, object]) -> list[Card]:
    """Return the cards of a Value and of all nodes that it was made from, according to `_prev`.

    Args:
        value: The student's object.
        names: The nodes that are shown with a name, by this name.

    Raises:
        TypeError: If `value` is not a Value.
        TooLargeError: If there are more than MAX_NODES nodes.
    """
    if not _is_value(value):
        raise TypeError(f"There is no graph in {_type_name(value)}: draw() takes a Value.")

    name_of = {id(node): name for name, node in names.items()}
    nodes = list(_nodes_parents_first(value))
    index_of = {id(node): index for index, (node, _) in enumerate(nodes)}

    cards = []
    for node, parents in nodes:
        parent_indices = tuple(index_of[id(parent)] for parent in parents)
        cards.append(_card(node, name_of.get(id(node), ""), parent_indices))
    return cards


def _nodes_parents_first(value: object) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Yield every node with its parents. The graph can be deep, and a wrong one can contain a cycle."""
    parents_of: dict[int, tuple[object, ...]] = {}
    stack = [(value, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            yield node, parents_of[id(node)]
        elif id(node) not in parents_of:
            parents = _parents(node)
            parents_of[id(node)] = parents  # also keeps the parents alive, so that no id is used twice
            if len(parents_of) > MAX_NODES or len(parents) > MAX_NODES:
                raise TooLargeError
            stack += [(node, True), *((parent, False) for parent in reversed(parents))]


def _is_value(node: object) -> bool:
    return not isinstance(node, type) and all(_read(node, name) is not _MISSING for name in ("_prev", "data"))


def _read(node: object, name: str) -> object:
    """Return an attribute, or _MISSING if reading it raises an exception."""
    try:
        return getattr(node, name)
    except Exception:  # the student's class can raise anything here
        return _MISSING


def _parents(node: object) -> tuple[object, ...]:
    """Return the parents of a node; none if they cannot be read."""
    try:
        return tuple(islice(node._prev, MAX_NODES + 1))  # type: ignore[attr-defined]
    except Exception:  # the student's class can raise anything here
        return ()


def _card(node: object, name: str, parents: tuple[int, ...]) -> Card:
    if not _is_value(node):  # for example a plain number that was kept as a parent
        row = _row("", node)
        text = _type_name(node) if row.is_wrong else f"{_type_name(node)} {row.text}"
        return Card(name, "", (Row(text, "no Value", True),), parents, "wrong")

    operation = _read(node, "_op")
    rows = [Row("op", operation)] if isinstance(operation, str) and operation and parents else []
    rows += [_row(label, _read(node, label)) for label in ("data", "grad")]
    if any(row.is_wrong for row in rows):
        return Card(name, "", tuple(rows), parents, "wrong")
    return Card(name, "", tuple(rows), parents, "inner" if parents else "leaf")


def _type_name(thing: object) -> str:
    return "None" if thing is None else type(thing).__name__


def _row(label: str, number: object) -> Row:
    """Return the row of an attribute that should be a number. An array is shown by its shape."""
    if number is _MISSING:
        return Row(label, "missing", True)
    shape = _read(number, "shape")
    try:
        if isinstance(shape, tuple) and shape:
            return Row(label, f"array of {'×'.join(f'{size:d}' for size in shape)}")
        if not isinstance(number, bool) and (isinstance(number, Real) or shape == ()):
            as_float = float(number)  # type: ignore[arg-type]
            return Row(label, short_number(as_float), isnan(as_float))
    except Exception:  # an object that only looked like a number
        pass
    return Row(label, _type_name(number), True)
