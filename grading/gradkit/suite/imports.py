"""What a student's file imports that the grading sandbox does not offer: better said now than on the day of grading."""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def warning(folder: Path, module: str) -> str:
    """One line about imports at the top of a file that grading will not find; empty where there are none.

    A file that cannot be read or parsed has other worries, and its own message.
    """
    try:
        tree = ast.parse((folder / f"{module}.py").read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    missing = [name for name in _imported(tree) if not _offered(folder, name)]
    if not missing:
        return ""
    names = ", ".join(dict.fromkeys(missing))
    return f"{module}.py imports {names}: grading offers Python's standard library only, so the import will fail there."


def _imported(tree: ast.Module) -> list[str]:
    """The packages imported by top-level statements: those run whenever the file is imported."""
    found: list[str] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import):
            found += [alias.name.partition(".")[0] for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            found.append(statement.module.partition(".")[0])
    return found


def _offered(folder: Path, name: str) -> bool:
    return name in sys.stdlib_module_names or (folder / f"{name}.py").exists()
