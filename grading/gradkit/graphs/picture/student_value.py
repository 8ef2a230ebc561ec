"""A student's own graph as a picture's cards: what its nodes hold, right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from numbers import Real

from .picture import MOST_NODES, Card, Row, TooLargeError, short

_NOTHING = object()


def cards_of(value: object, names: Mapping[str, object]) -> list[Card]:
    """The cards of a Value and of all that it was made from, as its _prev tells.

    names: what nodes are called.
    Raises TypeError where `value` is no Value, and TooLargeError.
    """
    if not _is_value(value):
        raise TypeError(f"There is no graph in {_kind(value)}: draw() takes a Value.")
    called = {id(node): name for name, node in names.items()}
    walked = list(_walked(value))
    number = {id(node): index for index, (node, _) in enumerate(walked)}
    return [
        _card(node, called.get(id(node), ""), tuple(number[id(parent)] for parent in parents))
        for node, parents in walked
    ]


def _walked(value: object) -> Iterator[tuple[object, tuple[object, ...]]]:
    """Every node with its parents, parents first. A graph may be deep, or a circle by mistake."""
    found: dict[int, tuple[object, ...]] = {}
    stack = [(value, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            yield node, found[id(node)]
        elif id(node) not in found:
            found[id(node)] = parents = _parents(node)  # which keeps them all alive, and their ids their own
            if len(found) > MOST_NODES or len(parents) > MOST_NODES:
                raise TooLargeError
            stack += [(node, True), *((parent, False) for parent in reversed(parents))]


def _is_value(node: object) -> bool:
    return not isinstance(node, type) and all(_read(node, name) is not _NOTHING for name in ("_prev", "data"))


def _read(node: object, name: str) -> object:
    """An attribute; _NOTHING where there is none, or none that can be read."""
    try:
        return getattr(node, name)
    except Exception:
        return _NOTHING


def _parents(node: object) -> tuple[object, ...]:
    try:
        return tuple(islice(node._prev, MOST_NODES + 1))  # type: ignore[attr-defined]
    except Exception:  # nothing to walk on
        return ()


def _card(node: object, name: str, parents: tuple[int, ...]) -> Card:
    if not _is_value(node):  # as where a plain number was kept for a parent
        row = _row("", node)
        what = _kind(node) if row.is_wrong else f"{_kind(node)} {row.text}"
        return Card(name, "", (Row(what, "no Value", True),), parents, "wrong")
    made = _read(node, "_op")
    rows = [Row("op", made)] if isinstance(made, str) and made and parents else []
    rows += [_row(label, _read(node, label)) for label in ("data", "grad")]
    if any(row.is_wrong for row in rows):
        return Card(name, "", tuple(rows), parents, "wrong")
    return Card(name, "", tuple(rows), parents, "inner" if parents else "leaf")


def _kind(thing: object) -> str:
    return "None" if thing is None else type(thing).__name__


def _row(label: str, number: object) -> Row:
    """What stands where a number is due. An array is told by its shape."""
    if number is _NOTHING:
        return Row(label, "missing", True)
    shape = _read(number, "shape")
    try:
        if isinstance(shape, tuple) and shape:
            return Row(label, f"array of {'×'.join(f'{size:d}' for size in shape)}")
        if not isinstance(number, bool) and (isinstance(number, Real) or shape == ()):
            return Row(label, short(float(number)))  # type: ignore[arg-type]
    except Exception:  # no number after all
        pass
    return Row(label, _kind(number), True)
