"""Make the student's template from the reference: remove bodies, keep signatures and docstrings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import libcst as cst

from gradkit.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradkit.catalogue.assignments import Assignment


class UnassignedError(UserError):
    """The reference has a public function that is not in the `names` of any assignment."""


def assignments_by_name(course: Sequence[Assignment], module: str) -> dict[str, str]:
    """Map each name of a module to the assignment that has it in `names`, for example {"Value.__add__": "a1"}.

    Args:
        course: All assignments.
        module: The module. Names are looked up in one module only, because two modules have an MLP.
    """
    return {name: each.short for each in course if module in each.modules for name in each.names}


def make_stubs(source: str, assigned: Mapping[str, str]) -> str:
    """Turn a module of the reference into the stubs that a student receives.

    Each public function keeps its signature and docstring and raises NotImplementedError. Private functions and classes
    are removed.

    Args:
        source: Text of the module.
        assigned: The assignment of each function, as `assignments_by_name` returns it.

    Raises:
        UnassignedError: If a public function is not in `assigned`.
    """
    return cst.parse_module(source).visit(_Stubber(assigned)).code


class _Stubber(cst.CSTTransformer):
    """Replaces the body of every function by a stub."""

    def __init__(self, assigned: Mapping[str, str]) -> None:
        self._assigned = assigned
        self._classes: list[str] = []  # around the current node, outermost first

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._classes.append(node.name.value)

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef | cst.RemovalSentinel:
        return cst.RemoveFromParent() if _is_private(self._classes.pop()) else updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False  # functions inside a function are removed with its body

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        name = updated_node.name.value
        if _is_private(name):
            return cst.RemoveFromParent()

        path = ".".join([*self._classes, name])
        if path not in self._assigned:
            raise UnassignedError(f"No assignment.toml asks for {path}: add it to the `names` of one.")

        body = cst.ensure_type(updated_node.body, cst.IndentedBlock)
        stub = cst.parse_statement(f'raise NotImplementedError("{self._assigned[path]}: write {path}")')
        docstring = [body.body[0]] if updated_node.get_docstring() else []
        return updated_node.with_changes(body=body.with_changes(body=[*docstring, stub]))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def find_outdated_stubs(solution: Path, template: Path, course: Sequence[Assignment]) -> dict[str, str]:
    """Compare the template with the stubs that the reference makes.

    Args:
        solution: Folder of the reference.
        template: Folder of the template.
        course: All assignments.

    Returns:
        The right text of every file that is missing or differs, by its name.

    Raises:
        UnassignedError: If a public function of the reference is not in the `names` of any assignment.
    """
    outdated = {}
    for source in sorted(solution.glob("*.py")):
        text = make_stubs(source.read_text(encoding="utf-8"), assignments_by_name(course, source.stem))
        target = template / source.name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            outdated[source.name] = text
    return outdated


def write_stubs(template: Path, stubs: Mapping[str, str]) -> None:
    """Write stubs into the template's folder.

    Args:
        template: The folder.
        stubs: Text of every file, by its name.
    """
    for name, text in stubs.items():
        (template / name).write_text(text, encoding="utf-8")
