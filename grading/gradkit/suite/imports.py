"""What a student's file imports that the grading sandbox does not offer: better said now than on the day of grading."""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def warning(folder: Path, module: str) -> str:
    """One line about imports that grading will not find; empty where there are none.

    A file that cannot be read or parsed has other worries, and its own message.
    """
    try:
        tree = ast.parse((folder / f"{module}.py").read_bytes())
    except Exception:  # parsers have many ways of giving up, and this is only a warning
        return ""
    missing = [name for name in _imported(tree) if not _offered(folder, name)]
    if not missing:
        return ""
    names = ", ".join(dict.fromkeys(missing))
    return f"{module}.py imports {names}: grading offers Python's standard library only, so that line will fail there."


def _imported(tree: ast.AST) -> list[str]:
    """The packages that a file imports, but for a demonstration under `if __name__ == ...` and what a `try` guards."""
    found: list[str] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
        elif not (isinstance(node, ast.Try) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))):
            found += _imported(node)
    return found


def _offered(folder: Path, name: str) -> bool:
    return name in sys.stdlib_module_names or (folder / f"{name}.py").exists()
