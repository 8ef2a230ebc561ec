"""A submitted notebook as files of code: of all that it holds, the solution cells alone count, found by their ids.

A notebook is hostile until taken apart: it is only ever read as data, and nothing of it but text is believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_NOTEBOOK_BYTES = 20 << 20
"""Many plots fit in."""
MAX_CELL_BYTES = 64 << 10
"""Five times the longest solution. nbgrader's feedback takes 50 to 75 s and 1.2 to 1.8 GB for each megabyte."""
MAX_OBJECTS = 200_000
"""JSON objects in a notebook. Plots that can be turned have some thousands; each takes 200 bytes of memory."""

_READ = ("cells", "worksheets", "cell_type", "source", "input", "metadata", "nbgrader", "grade_id")
"""The keys of a notebook's objects that are read."""
_MAGIC = re.compile(r"^(?=[%!?]|get_ipython\(\))", re.M)


class NotebookError(Exception):
    """A notebook cannot be read; the message says why."""


@dataclass(frozen=True)
class Notebook:
    """What an assignment's notebook is called, and which files its solution cells stand for.

    name:    without `.ipynb`.
    defines: by the solution cell's id, which is the file's name without `.py`, what it defines at its top level.
    """

    name: str
    defines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Cell:
    id: str
    source: str
    is_code: bool


def solutions(raw: bytes, notebook: Notebook, notes: list[str]) -> dict[str, str]:
    """The text of each solution cell that a notebook holds, by id. Raises NotebookError where it cannot be read.

    Of several cells with one id the last that is not empty counts, as it would when all are run in order. A cell whose
    id is lost is known by what it defines: of several the last of those that define the most. notes: gets a line for
    what the instructor should know.
    """
    cells = list(_cells(raw))
    found = {}
    for id_, names in notebook.defines.items():
        mine = [cell for cell in cells if cell.id == id_ and cell.source.strip()]
        if not mine:
            defined = re.compile(rf"^(?:class|def) ({'|'.join(map(re.escape, names))})\b", re.M)
            counts = [len(set(defined.findall(cell.source))) if cell.is_code else 0 for cell in cells]
            most = max(counts, default=0)
            mine = [cell for cell, count in zip(cells, counts, strict=True) if count == most and most]
            if mine:
                notes.append(f"the solution cell {id_} had lost its id, and was known by what it defines")
        elif len(mine) > 1:
            notes.append(f"of {len(mine)} cells with the id {id_} the last was taken")
        if mine:
            found[id_] = mine[-1].source
            if len(found[id_].encode()) > MAX_CELL_BYTES:
                raise NotebookError(f"holds more than {MAX_CELL_BYTES >> 10} kilobytes in its solution cell {id_}")
    return found


def as_module(source: str) -> bytes:
    """A solution cell's text as a file that Python can import: lines for IPython alone become comments."""
    return _MAGIC.sub("pass  # ", source).encode("utf-8", "replace")


def _cells(raw: bytes) -> Iterator[_Cell]:
    if len(raw) > MAX_NOTEBOOK_BYTES:
        raise NotebookError(f"is larger than {MAX_NOTEBOOK_BYTES >> 20} megabytes")
    count = 0

    def pruned(found: dict[str, Any]) -> dict[str, Any]:
        """Drop what is not read here, so that outputs take no memory. The decoder calls this for every object."""
        nonlocal count
        count += 1
        if count > MAX_OBJECTS:
            raise NotebookError(f"holds more than {MAX_OBJECTS:,} cells and outputs")
        return {key: found[key] for key in _READ if key in found}

    try:
        whole = json.loads(raw.decode("utf-8-sig"), object_hook=pruned)
    except (ValueError, RecursionError):
        raise NotebookError("is no notebook: it cannot be read as JSON") from None
    sheets = [whole, *_listed(whole, "worksheets")]  # notebooks of format 3 keep their cells in worksheets
    for cell in (cell for sheet in sheets for cell in _listed(sheet, "cells")):
        if isinstance(cell, dict):
            yield _Cell(_id(cell), _source(cell), cell.get("cell_type") == "code")


def _listed(found: Any, key: str) -> list[Any]:
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, list) else []


def _id(cell: dict[str, Any]) -> str:
    found: Any = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _source(cell: dict[str, Any]) -> str:
    found = cell.get("source", cell.get("input"))
    lines = found if isinstance(found, list) else [found]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
