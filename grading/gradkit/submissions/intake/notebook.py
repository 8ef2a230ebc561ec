"""Read the solutions from a submitted notebook: only solution cells count, and they are found by their ids.

A notebook can be hostile, so it is only read as data, and only text is taken from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradkit.catalogue.assignments import Notebook

from .cells import comment_out_magic, join_cells

MAX_NOTEBOOK_BYTES = 20 << 20
"""Large enough for many plots."""

MAX_CELL_BYTES = 64 << 10
"""Five times the longest solution. nbgrader's feedback takes 50 to 75 s and 1.2 to 1.8 GB for each megabyte."""

MAX_OBJECTS = 200_000
"""JSON objects in a notebook. Interactive plots have some thousands; each object takes 200 bytes of memory."""

_KEYS = ("cells", "worksheets", "cell_type", "source", "input", "metadata", "nbgrader", "grade_id")
"""The keys of a notebook's objects that are read."""

_STUB_STATEMENT = "raise NotImplementedError"


class NotebookError(Exception):
    """A notebook cannot be read. The message is a predicate: it follows the notebook's name."""


class Solutions(NamedTuple):
    """The solutions in a notebook.

    Attributes:
        sources: Text of each solution by its id, which is the file's name without `.py`. Missing ones are left out.
        warnings: Sentences for the instructor.
    """

    sources: dict[str, str]
    warnings: list[str]


@dataclass(frozen=True)
class _Cell:
    """A cell of a notebook. `index` is its position among all cells; `id` is nbgrader's grade_id, or empty."""

    index: int
    id: str
    source: str
    is_code: bool


def read_solutions(raw: bytes, notebook: Notebook) -> Solutions:
    """Read the solution of each file from a notebook.

    Cells with the solution's id are joined as a kernel would run them. If no cell has the id, the cells that define the
    solution's names are used. If the solution is still a stub, definitions in other cells below it are added, since in
    a kernel they replace the stub's.

    Args:
        raw: Content of the notebook's file.
        notebook: Which solutions it should contain.

    Raises:
        NotebookError: If the notebook cannot be read.
    """
    cells = list(_read_cells(raw))
    sources: dict[str, str] = {}
    warnings: list[str] = []
    for id_, names in notebook.defines.items():
        solution_cells, cell_warnings = _find_solution(cells, id_, names)
        warnings += cell_warnings
        if not solution_cells:
            continue

        texts = [cell.source for cell in solution_cells]
        sources[id_] = join_cells(texts, names) if len(texts) > 1 else texts[0]
        if len(sources[id_].encode()) > MAX_CELL_BYTES:
            raise NotebookError(f"holds more than {MAX_CELL_BYTES >> 10} kilobytes in its solution cell {id_}")
    return Solutions(sources, warnings)


def _find_solution(cells: list[_Cell], id_: str, names: tuple[str, ...]) -> tuple[list[_Cell], list[str]]:
    """Find the cells that make up a solution, in order.

    Args:
        cells: All cells of the notebook.
        id_: Id of the solution.
        names: Classes and functions that the solution defines.

    Returns:
        The cells, and sentences for the instructor.
    """
    definition = re.compile(rf"^(?:class|def) ({'|'.join(map(re.escape, names))})\b", re.M)
    with_id = [cell for cell in cells if cell.id == id_ and cell.source.strip()]
    others = [cell for cell in cells if cell.id != id_ and cell.is_code and definition.search(cell.source)]

    # A kernel does not run a copy that became text.
    solution = [cell for cell in with_id if cell.is_code] or with_id[-1:]
    warnings: list[str] = []

    if not solution and others:
        warnings.append(f"The solution cell {id_} has lost its id. It was recognized by the names that it defines.")
        solution, others = others, []
    if len(solution) > 1:
        warnings.append(
            f"{len(solution)} cells have the id of the solution cell {id_}. They were joined in order, without what "
            "the solution does not need."
        )
    if not solution or not others:
        return solution, warnings

    defined = ", ".join(sorted({name for cell in others for name in definition.findall(cell.source)}))
    below = [cell for cell in others if cell.index > solution[-1].index]
    is_stub = any(_STUB_STATEMENT in cell.source for cell in solution)
    if is_stub and below:
        warnings.append(f"The solution cell {id_} is not finished. A cell below it defines {defined}: it was added.")
        return solution + below, warnings

    position = "below" if below else "above"
    warnings.append(f"A cell {position} the solution cell {id_} also defines {defined}. It was ignored.")
    return solution, warnings


def convert_to_module(source: str) -> bytes:
    """Convert a solution cell's text to a file that Python can import: lines for IPython only become comments."""
    return comment_out_magic(source).encode("utf-8", "replace")


# --- the notebook's JSON ---------------------------------------------------------------------------------------------


def _read_cells(raw: bytes) -> Iterator[_Cell]:
    """List the cells of a notebook in format 3 or 4. Raises NotebookError if it cannot be read."""
    if len(raw) > MAX_NOTEBOOK_BYTES:
        raise NotebookError(f"is larger than {MAX_NOTEBOOK_BYTES >> 20} megabytes")

    n_objects = 0

    def keep_known_keys(decoded: dict[str, Any]) -> dict[str, Any]:
        """Drop what is not read here, so that outputs take no memory. The decoder calls this for every object."""
        nonlocal n_objects
        n_objects += 1
        if n_objects > MAX_OBJECTS:
            raise NotebookError(f"holds more than {MAX_OBJECTS:,} cells and outputs")
        return {key: decoded[key] for key in _KEYS if key in decoded}

    try:
        whole = json.loads(raw.decode("utf-8-sig"), object_hook=keep_known_keys)
    except (ValueError, RecursionError):
        raise NotebookError("is no notebook: it cannot be read as JSON") from None

    sheets = [whole, *_list_at(whole, "worksheets")]  # notebooks of format 3 keep their cells in worksheets
    cells = (cell for sheet in sheets for cell in _list_at(sheet, "cells"))
    for index, cell in enumerate(cells):
        if isinstance(cell, dict):
            yield _Cell(index, _read_id(cell), _read_source(cell), cell.get("cell_type") == "code")


def _list_at(decoded: Any, key: str) -> list[Any]:
    """Return the list at a key of an object, or an empty list if there is none."""
    value = decoded.get(key) if isinstance(decoded, dict) else None
    return value if isinstance(value, list) else []


def _read_id(cell: dict[str, Any]) -> str:
    """Return nbgrader's id of a cell, or an empty string."""
    value: Any = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _read_source(cell: dict[str, Any]) -> str:
    """Return the text of a cell, which can be a string or a list of lines."""
    source = cell.get("source", cell.get("input"))
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be encoded
