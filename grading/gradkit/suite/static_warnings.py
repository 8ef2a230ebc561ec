"""Static warnings: what a student's file needs and grading does not offer, found by reading the file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path


def static_warnings(folder: Path, module: str, packages: Sequence[str] = ()) -> list[str]:
    """Return a line for each package that grading does not find, and for each file that it does not write.

    The files beside it that a file imports are read too. A file that cannot be read or parsed is left out, because it
    has its own error message.

    Args:
        folder: The student's folder.
        module: The file's name, without `.py`.
        packages: The packages that grading offers for it.
    """
    lines: list[str] = []
    waiting, seen = [module], {module}
    while waiting:
        name = waiting.pop(0)
        try:
            tree = ast.parse((folder / f"{name}.py").read_bytes())
            imported = list(dict.fromkeys(_imported(tree)))
            lines += [f"{name}.py {what}" for what in _warnings_of(folder, tree, imported, packages)]
        except Exception:  # parsers fail in many ways, and these are only warnings
            continue
        waiting += [other for other in imported if _is_beside(folder, other) and other not in seen]
        seen.update(imported)
    return lines


def _warnings_of(folder: Path, tree: ast.AST, imported: list[str], packages: Sequence[str]) -> Iterator[str]:
    offered = {*sys.stdlib_module_names, *packages}
    missing = [name for name in imported if name not in offered and not _is_beside(folder, name)]
    hidden = [name for name in imported if name in offered and _is_beside(folder, name)]
    written = [node.lineno for node in _nodes_that_run(tree) if isinstance(node, ast.Call) and _opens_to_write(node)]
    if missing:
        names = ", ".join(missing)
        only = f" and {', '.join(packages)}" if packages else ""
        yield f"imports {names}: grading offers Python's standard library{only} only, and the .py files beside it."
    if hidden:
        yield f"imports {hidden[0]}: Python has a module of that name, which grading finds first; rename yours."
    if written:
        yield f"writes a file (line {written[0]}): grading lets no file be written, so that will fail there."


def _nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what can run when the file is graded.

    Left out are demonstrations under `if __name__ == ...`, and what a `try` guards.
    """
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.Try) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))):
            yield node
            yield from _nodes_that_run(node)


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the packages that a file imports."""
    for node in _nodes_that_run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _is_beside(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").exists()


def _opens_to_write(call: ast.Call) -> bool:
    """Return whether a call is an open(...) for writing. The null device can be written to in grading, too."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "open") or "devnull" in ast.unparse(call):
        return False
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)
