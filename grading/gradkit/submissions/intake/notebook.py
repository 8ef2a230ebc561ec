"""A submitted notebook as files of code: of all that it holds, the solution cells alone count, found by their ids.

A notebook is hostile until taken apart: it is only ever read as data, and nothing of it but text is believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradkit.catalogue.assignments import Notebook

from .cells import join, without_magic

MAX_NOTEBOOK_BYTES = 20 << 20
"""Many plots fit in."""
MAX_CELL_BYTES = 64 << 10
"""Five times the longest solution. nbgrader's feedback takes 50 to 75 s and 1.2 to 1.8 GB for each megabyte."""
MAX_OBJECTS = 200_000
"""JSON objects in a notebook. Plots that can be turned have some thousands; each takes 200 bytes of memory."""

_READ = ("cells", "worksheets", "cell_type", "source", "input", "metadata", "nbgrader", "grade_id")
"""The keys of a notebook's objects that are read."""

_UNWRITTEN = "raise NotImplementedError"
"""What a stub holds."""


class NotebookError(Exception):
    """A notebook cannot be read; the message says why."""


@dataclass(frozen=True)
class _Cell:
    place: int
    id: str
    source: str
    is_code: bool


def solutions(raw: bytes, notebook: Notebook, notes: list[str]) -> dict[str, str]:
    """Read the solution of each file from a notebook, by id. Raises NotebookError if the notebook cannot be read.

    Cells with the solution's id are joined as a kernel would run them. A cell whose id is lost is found by what it
    defines. Where the solution is still a stub, definitions in other cells below it count too, since in a kernel they
    replace the stub's.

    notes: gets a line for what the instructor should know.
    """
    cells = list(_cells(raw))
    found = {}
    for id_, names in notebook.defines.items():
        defined = re.compile(rf"^(?:class|def) ({'|'.join(map(re.escape, names))})\b", re.M)
        own = [cell for cell in cells if cell.id == id_ and cell.source.strip()]
        own = [cell for cell in own if cell.is_code] or own[-1:]  # a kernel does not run the copy that became text
        others = [cell for cell in cells if cell.id != id_ and cell.is_code and defined.search(cell.source)]
        if not own and others:
            notes.append(f"the solution cell {id_} had lost its id, and was known by what it defines")
            own, others = others, []
        if len(own) > 1:
            notes.append(f"{len(own)} cells are the solution {id_}: they were joined in order, as far as it needs them")
        if others and own:
            is_stub = any(_UNWRITTEN in cell.source for cell in own)
            below = [cell for cell in others if cell.place > own[-1].place]
            notes.append(_note_on_others(id_, sorted(_defined(others, defined)), bool(below), is_stub))
            own += below if is_stub else []
        if own:
            sources = [cell.source for cell in own]
            found[id_] = join(sources, names) if len(sources) > 1 else sources[0]
            if len(found[id_].encode()) > MAX_CELL_BYTES:
                raise NotebookError(f"holds more than {MAX_CELL_BYTES >> 10} kilobytes in its solution cell {id_}")
    return found


def _defined(cells: list[_Cell], defined: re.Pattern[str]) -> set[str]:
    return {name for cell in cells for name in defined.findall(cell.source)}


def _note_on_others(id_: str, names: list[str], is_below: bool, is_stub: bool) -> str:
    """Tell of other cells that define what the solution should."""
    if is_below and is_stub:
        return f"the solution cell {id_} is not finished; a cell below it defines {', '.join(names)}: that counts"
    where = "below" if is_below else "above"
    return f"a cell {where} the solution cell {id_} defines {', '.join(names)} too: it does not count"


def as_module(source: str) -> bytes:
    """A solution cell's text as a file that Python can import: lines for IPython alone become comments."""
    return without_magic(source).encode("utf-8", "replace")


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
    listed = (cell for sheet in sheets for cell in _listed(sheet, "cells"))
    for place, cell in enumerate(listed):
        if isinstance(cell, dict):
            yield _Cell(place, _id(cell), _source(cell), cell.get("cell_type") == "code")


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
