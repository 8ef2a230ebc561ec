"""The student's template, made from the reference by name: bodies go, signatures and docstrings stay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import libcst as cst

from gradkit.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradkit.catalogue.assignments import Assignment


class UnassignedError(UserError):
    """The reference has a public function that no assignment asks for."""


def asked_for(course: Sequence[Assignment], module: str) -> dict[str, str]:
    """Which assignment asks for each name of a module: {"Value.__add__": "a1"}. (Two modules have an MLP.)"""
    return {name: each.short for each in course if module in each.modules for name in each.names}


def template_of(source: str, assigned: Mapping[str, str]) -> str:
    """A module of the reference as a student receives it.

    Each public function keeps its signature and docstring and raises NotImplementedError; private helpers go by name.
    Raises UnassignedError for a public function that `assigned` does not name.
    """
    return cst.parse_module(source).visit(_Stubber(assigned)).code


class _Stubber(cst.CSTTransformer):
    def __init__(self, assigned: Mapping[str, str]) -> None:
        self._assigned = assigned
        self._within: list[str] = []

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._within.append(node.name.value)

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef | cst.RemovalSentinel:
        return cst.RemoveFromParent() if _is_private(self._within.pop()) else updated_node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False  # what stands inside a function goes with its body

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.RemovalSentinel:
        name = updated_node.name.value
        if _is_private(name):
            return cst.RemoveFromParent()
        path = ".".join([*self._within, name])
        if path not in self._assigned:
            raise UnassignedError(f"No assignment.toml asks for {path}: add it to the `names` of one.")
        body = cst.ensure_type(updated_node.body, cst.IndentedBlock)
        stub = cst.parse_statement(f'raise NotImplementedError("{self._assigned[path]}: write {path}")')
        docstring = [body.body[0]] if updated_node.get_docstring() else []
        return updated_node.with_changes(body=body.with_changes(body=[*docstring, stub]))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def out_of_step(solution: Path, template: Path, course: Sequence[Assignment]) -> dict[str, str]:
    """The stubs that the template's folder lacks or has otherwise: {"engine.py": its text}. Raises UnassignedError."""
    found = {}
    for source in sorted(solution.glob("*.py")):
        text = template_of(source.read_text(encoding="utf-8"), asked_for(course, source.stem))
        target = template / source.name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            found[source.name] = text
    return found


def write_template(template: Path, modules: Mapping[str, str]) -> None:
    """Write stubs into the template's folder."""
    for name, text in modules.items():
        (template / name).write_text(text, encoding="utf-8")
