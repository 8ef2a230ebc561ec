"""What a student's file asks for and the grading sandbox does not offer: better said now than on the day of grading."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def warnings(folder: Path, module: str, packages: Sequence[str] = ()) -> list[str]:
    """Lines about packages that grading will not find and files that it will not write, in a student's file and in the
    files beside it that it imports; none where all is well. packages: what grading offers for it.

    A file that cannot be read or parsed has other worries, and its own message.
    """
    found: list[str] = []
    waiting, seen = [module], {module}
    while waiting:
        name = waiting.pop(0)
        try:
            tree = ast.parse((folder / f"{name}.py").read_bytes())
            imported = dict.fromkeys(_imported(tree))
            found += [f"{name}.py {what}" for what in _complaints(folder, tree, list(imported), packages)]
        except Exception:  # parsers have many ways of giving up, and these are only warnings
            continue
        waiting += [other for other in imported if _is_beside(folder, other) and other not in seen]
        seen.update(imported)
    return found


def _complaints(folder: Path, tree: ast.AST, imported: list[str], packages: Sequence[str]) -> Iterator[str]:
    offered = {*sys.stdlib_module_names, *packages}
    missing = [name for name in imported if name not in offered and not _is_beside(folder, name)]
    hidden = [name for name in imported if name in offered and _is_beside(folder, name)]
    written = [node.lineno for node in _run(tree) if isinstance(node, ast.Call) and _opens_to_write(node)]
    if missing:
        names = ", ".join(missing)
        only = f" and {', '.join(packages)}" if packages else ""
        yield f"imports {names}: grading offers Python's standard library{only} only, and the .py files beside it."
    if hidden:
        yield f"imports {hidden[0]}: Python has a module of that name, which grading finds first; rename yours."
    if written:
        yield f"writes a file (line {written[0]}): grading lets no file be written, so that will fail there."


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """What may run when the file is graded: not a demonstration under `if __name__ == ...`, nor what a `try` guards."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.Try) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))):
            yield node
            yield from _run(node)


def _imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a file imports."""
    for node in _run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _is_beside(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").exists()


def _opens_to_write(call: ast.Call) -> bool:
    """Whether this is an open(...) whose mode says that it writes. The null device is there to be written to."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "open") or "devnull" in ast.unparse(call):
        return False
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)
