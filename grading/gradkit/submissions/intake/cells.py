"""Several notebook cells as one Python file, with what a kernel would have defined after running them in order.

Nothing is run: the cells are compiled, and their top-level bytecode says which names they bind and use.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from types import CodeType
from typing import NamedTuple

MAX_CELLS = 20
"""Cells that are looked at: of more, the last."""
MAX_READ_BYTES = 128 << 10
"""Bytes of cells that are looked at: of more, the last. Ten times the longest solution."""
MAX_JOINED_BYTES = 64 << 10
"""Bytes of a text that is compiled: in trials, this took at most 35 MB and 1.2 s."""

MAGIC = re.compile(r"^(?=[%!?]|get_ipython\(\))", re.M)
"""Where lines that only IPython understands begin."""


class _Effects(NamedTuple):
    """What running a text does to the names of its module.

    uses:    names that it uses and that must be bound before.
    binds:   names that it binds.
    changes: whether it can change an object that another text made: it sets an attribute or defines a function.
    is_star: whether it imports all names of a module.
    """

    uses: set[str]
    binds: set[str]
    changes: bool
    is_star: bool


def without_magic(source: str) -> str:
    """Turn lines for IPython alone into comments; all lines keep their numbers."""
    return MAGIC.sub("pass  # ", source)


def join(sources: Sequence[str], names: Collection[str]) -> str:
    """Join cells in their order, leaving out those that the definition of `names` does not need.

    Two cells that compile only together are one that was split. A cell that does not compile at all, an earlier
    attempt that a later cell replaces, and an experiment are left out, as they could end the import of the file.
    If no cell binds any of the names, all cells that compile are joined; if none compiles, the last cell is returned.
    """
    texts = _compilable(_last([source for source in sources if len(source.encode()) <= MAX_JOINED_BYTES]))
    due, wanted, needed = set(names), set(names), list[str]()
    for text in reversed(texts):
        effects = _effects(text)
        if effects.binds & wanted or effects.is_star or (effects.changes and effects.uses & wanted & due):
            needed.insert(0, text)
            wanted = wanted - effects.binds | effects.uses
    whole = "\n".join(needed or texts)
    return whole if whole and len(whole.encode()) <= MAX_JOINED_BYTES else sources[-1]


def _last(sources: Sequence[str]) -> list[str]:
    """The last cells, as many as may be looked at."""
    sizes = list(accumulate(len(source.encode()) for source in reversed(sources[-MAX_CELLS:])))
    count = sum(size <= MAX_READ_BYTES for size in sizes)
    return list(sources[len(sources) - count :])


def _compilable(sources: Sequence[str]) -> list[str]:
    """Put cells together until each text compiles; what never does is left out."""
    texts: list[str] = []
    rest = ""
    for source in sources:
        if _compiled(source):
            texts.append(source)
            rest = ""
        elif texts and _compiled(extended := f"{texts[-1]}\n{source}"):
            texts[-1] = extended
        else:
            rest = f"{rest}\n{source}" if rest else source
            if _compiled(rest):
                texts.append(rest)
                rest = ""
    return texts


def _compiled(source: str) -> CodeType | None:
    if len(source.encode()) > MAX_JOINED_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(without_magic(source), "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return None


def _effects(source: str) -> _Effects:
    import dis  # 10 ms that a student's pytest does without

    code = _compiled(source)
    assert code is not None
    uses: set[str] = set()
    binds: set[str] = set()
    names: set[str] = set()
    for step in dis.get_instructions(code):
        names.add(step.opname if step.opname != "CALL_INTRINSIC_1" else step.argrepr)
        if step.opname == "STORE_NAME":
            binds.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in binds:
            uses.add(step.argval)
    inner = {step.argval for part in _inner(code) for step in dis.get_instructions(part) if step.opname in _GLOBAL}
    changes = bool(names & {"STORE_ATTR", "MAKE_FUNCTION"})
    return _Effects(uses | inner - binds, binds, changes, bool(names & {"IMPORT_STAR", "INTRINSIC_IMPORT_STAR"}))


_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The code of functions and classes, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)
