"""Variants: each folder has its table in variants.toml, and each file the names that assignments ask for."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from gradkit.proof.specimens import read_variants, reference_folder

from .course import Course
from .finding import Finding
from .template import list_functions

_MAKES_NAMES = frozenset(("setattr", "exec", "eval", "globals", "locals", "vars"))
"""Functions through which a file can define names that its syntax tree does not show."""


def check_variants(course: Course) -> Iterator[Finding]:
    """Yield a finding for each variant without a row in variants.toml, and for each row without a folder."""
    rows, folder = read_variants(), reference_folder() / "variants"
    folders = {path.name for path in folder.iterdir() if any(path.glob("*.py"))}
    where = course.path(folder / "variants.toml")
    for name in sorted(folders - rows.keys()):
        yield Finding(where, f"The variant {name} has no table here.", f"Write [{name}] with title and gives_up.")
    for name in sorted(rows.keys() - folders):
        yield Finding(where, f"[{name}] has no folder of files.", f"Write reference/variants/{name}/engine.py.")


def check_variant_names(course: Course) -> Iterator[Finding]:
    """Yield a finding for each file of a variant that lacks names which an assignment asks for.

    A variant's file replaces the solution's, so a method that only the solution has would fail its items.
    """
    asked = {name for assignment in course.assignments for name in assignment.names}
    for solution in sorted((reference_folder() / "solution").glob("*.py")):
        names = [name for name in list_functions(solution.read_text(encoding="utf-8")) if name in asked]
        for path in sorted((reference_folder() / "variants").glob(f"*/{solution.name}")):
            missing = find_missing_names(path.read_text(encoding="utf-8-sig"), names)
            if missing:
                yield Finding(
                    course.path(path),
                    f"The variant {path.parent.name} does not define {', '.join(missing)}.",
                    "Write it there, in the way of the variant.",
                )


def find_missing_names(source: str, names: list[str]) -> list[str]:
    """Return the names that a file certainly does not define, by its syntax tree.

    Args:
        source: The text of the file.
        names: Functions and methods, such as "Value.exp".
    """
    tree = ast.parse(source)
    if _can_define_other_names(tree):
        return []

    file = _FileNames(tree)
    missing = []
    for name in names:
        class_name, _, member = name.rpartition(".")
        defined = file.members(class_name) if class_name else file.defined
        if defined is not None and member not in defined:
            missing.append(name)
    return missing


def _can_define_other_names(tree: ast.Module) -> bool:
    """Return whether a file calls setattr or the like, changes a `__dict__`, or imports names with a star."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in _MAKES_NAMES:
            return True
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            return True
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            return True
    return False


def _defined_names(tree: ast.AST) -> set[str]:
    """Return every name that is defined, assigned or imported anywhere in a tree."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
    return names


class _FileNames:
    """The names that a file defines. Its syntax tree is walked once, because all files of all variants are read.

    Attributes:
        defined: Every name that is defined, assigned or imported anywhere in the file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.defined = _defined_names(tree)
        self._classes: defaultdict[str, list[ast.ClassDef]] = defaultdict(list)
        self._assigned: defaultdict[str, set[str]] = defaultdict(set)  # as in `Value.__radd__ = Value.__add__`
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._classes[node.name].append(node)
            elif (
                isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)
            ):
                self._assigned[node.value.id].add(node.attr)
        self._members: dict[str, set[str] | None] = {}

    def members(self, class_name: str) -> set[str] | None:
        """Return the members of a class, with those that it inherits; None if the syntax tree does not show them."""
        if class_name not in self._members:
            self._members[class_name] = None  # what a class that inherits from itself finds
            self._members[class_name] = self._find_members(class_name)
        return self._members[class_name]

    def _find_members(self, class_name: str) -> set[str] | None:
        if class_name not in self._classes:
            return None if class_name in self.defined else set()

        members = set(self._assigned[class_name])
        for node in self._classes[class_name]:
            if node.keywords or not all(map(_is_dataclass, node.decorator_list)):
                return None
            members |= _defined_names(node)
            if node.decorator_list:
                members |= {"__init__", "__eq__"}

            for base in node.bases:
                base_name = base.id if isinstance(base, ast.Name) else ""
                if base_name == "object":
                    continue
                is_known = base_name in self.defined and base_name != class_name
                inherited = self.members(base_name) if is_known else None
                if inherited is None:
                    return None
                members |= inherited
        return None if members & {"__getattr__", "__getattribute__"} else members


def _is_dataclass(decorator: ast.expr) -> bool:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(function) in ("dataclass", "dataclasses.dataclass")
