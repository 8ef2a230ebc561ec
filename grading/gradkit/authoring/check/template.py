"""Check the student's template: it is what the reference makes it, and assignment.toml names all that is in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradkit.course.stubs import UnassignedError, assignments_by_name, find_outdated_stubs
from gradkit.proof.specimens import reference_folder

from .course import Course
from .finding import Finding


def check_names(course: Course) -> Iterator[Finding]:
    """Yield a finding for each name in an assignment.toml that the reference does not define."""
    for assignment in course.assignments:
        where = f"assignments/{assignment.name}/assignment.toml"
        defined: set[str] = set()
        for module in assignment.modules:
            path = reference_folder() / "solution" / f"{module}.py"
            if path.is_file():
                defined |= list_functions(path.read_text(encoding="utf-8")).keys()
            else:
                yield Finding(where, f"The reference has no {module}.py.", "Write it, or correct `modules`.")

        for name in assignment.names:
            if name not in defined:
                files = ", ".join(f"reference/solution/{module}.py" for module in assignment.modules)
                yield Finding(where, f"`names` has {name}, which {files} does not define.", "Write it, or correct it.")


def list_functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module, and the methods of its classes, by path: Value.__add__."""
    functions = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    functions[f"{node.name}.{each.name}"] = each
    return functions


def check_template(course: Course) -> Iterator[Finding]:
    """Yield a finding for each file of the student's template that is not what the reference makes it."""
    solution, template = reference_folder() / "solution", course.home / "student_template"
    try:
        changed = find_outdated_stubs(solution, template, course.assignments)
    except UnassignedError as error:
        yield Finding("reference/solution", str(error), "Edit `names` in an assignment.toml.")
        return
    for name in changed:
        yield Finding(f"student_template/{name}", "It is out of step with the reference.", "gradkit stubs")
    for path in sorted(template.glob("*.py")):
        if assignments_by_name(course.assignments, path.stem) and not (solution / path.name).is_file():
            yield Finding(course.path(path), "The reference does not have this file.", "Remove it.")
