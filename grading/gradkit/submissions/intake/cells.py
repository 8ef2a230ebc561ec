"""Join several notebook cells to one Python file that defines what a kernel would have after running them in order.

Nothing is run: the cells are compiled, and their bytecode at the top level says which names they bind and use.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from types import CodeType
from typing import NamedTuple

MAX_CELLS = 20
"""Cells that are considered. If there are more, the last ones are."""

MAX_READ_BYTES = 128 << 10
"""Bytes of cells that are considered, ten times the longest solution. If there are more, the last ones are."""

MAX_JOINED_BYTES = 64 << 10
"""Bytes of a text that is compiled. In trials, this took at most 35 MB and 1.2 s."""

_MAGIC = re.compile(r"^(?=[%!?]|get_ipython\(\))", re.M)
"""Where lines that only IPython understands begin."""

_GLOBAL_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")


class _Effects(NamedTuple):
    """What running a text does to the names of its module.

    Attributes:
        uses: Names that must be bound before the text runs.
        binds: Names that the text binds.
        changes_objects: Whether it can change an object of another text: it sets an attribute or defines a function.
        imports_star: Whether it imports all names of a module.
    """

    uses: set[str]
    binds: set[str]
    changes_objects: bool
    imports_star: bool


def comment_out_magic(source: str) -> str:
    """Turn lines that only IPython understands into comments. All lines keep their numbers."""
    return _MAGIC.sub("pass  # ", source)


def join_cells(sources: Sequence[str], names: Collection[str]) -> str:
    """Join cells in their order, without those that the definition of `names` does not need.

    Two cells that compile only together are one cell that was split. A cell that does not compile at all, an earlier
    attempt that a later cell replaces, and an experiment are left out, as they could end the import of the file.

    Args:
        sources: Text of each cell, in order; at least one.
        names: Names that the file should define.

    Returns:
        The joined text. If no cell binds any of the names, all cells that compile are joined. If none compiles, or the
        joined text is longer than MAX_JOINED_BYTES, the last cell is returned.
    """
    short_enough = [source for source in sources if len(source.encode()) <= MAX_JOINED_BYTES]
    texts = _merge_split_cells(_take_last(short_enough))

    unbound = set(names)  # names that a text above must bind
    needed: list[str] = []
    for text in reversed(texts):
        effects = _effects_of(text)
        changes_solution = effects.changes_objects and bool(effects.uses & unbound & set(names))
        if effects.binds & unbound or effects.imports_star or changes_solution:
            needed.insert(0, text)
            unbound = unbound - effects.binds | effects.uses

    joined = "\n".join(needed or texts)
    return joined if joined and len(joined.encode()) <= MAX_JOINED_BYTES else sources[-1]


def _take_last(sources: Sequence[str]) -> list[str]:
    """Return the last cells, as many as MAX_CELLS and MAX_READ_BYTES allow."""
    last: list[str] = []
    n_bytes = 0
    for source in reversed(sources[-MAX_CELLS:]):
        n_bytes += len(source.encode())
        if n_bytes > MAX_READ_BYTES:
            break
        last.insert(0, source)
    return last


def _merge_split_cells(sources: Sequence[str]) -> list[str]:
    """Put consecutive cells together until each text compiles. Cells that never compile are left out."""
    texts: list[str] = []
    rest = ""
    for source in sources:
        if _compile(source):
            texts.append(source)
            rest = ""
        elif texts and _compile(extended := f"{texts[-1]}\n{source}"):
            texts[-1] = extended
        else:
            rest = f"{rest}\n{source}" if rest else source
            if _compile(rest):
                texts.append(rest)
                rest = ""
    return texts


def _compile(source: str) -> CodeType | None:
    """Compile a text. Return None if it does not compile or is too long."""
    if len(source.encode()) > MAX_JOINED_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(comment_out_magic(source), "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None


def _effects_of(source: str) -> _Effects:
    """Read the effects of a text that compiles from its bytecode."""
    import dis  # takes 10 ms, and a student's pytest does not need it

    code = _compile(source)
    assert code is not None

    uses: set[str] = set()
    binds: set[str] = set()
    operations: set[str] = set()
    for step in dis.get_instructions(code):
        # Python 3.12 has import * as an intrinsic, 3.10 and 3.11 as an operation.
        operations.add(step.opname if step.opname != "CALL_INTRINSIC_1" else step.argrepr)
        if step.opname == "STORE_NAME":
            binds.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in binds:
            uses.add(step.argval)

    used_inside: set[str] = set()
    for inner in _inner_code(code):
        used_inside |= {step.argval for step in dis.get_instructions(inner) if step.opname in _GLOBAL_LOADS}

    return _Effects(
        uses=uses | used_inside - binds,
        binds=binds,
        changes_objects=bool(operations & {"STORE_ATTR", "MAKE_FUNCTION"}),
        imports_star=bool(operations & {"IMPORT_STAR", "INTRINSIC_IMPORT_STAR"}),
    )


def _inner_code(code: CodeType) -> Iterator[CodeType]:
    """List the code of functions and classes, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner_code(constant)
