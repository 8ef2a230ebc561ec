"""Misconceptions and variants: their files fit the reference and the items, and every function has a misconception."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradkit.proof.recorded import misconceptions_digest, recorded_digest
from gradkit.proof.specimens import Misconception, misconceptions, reference_folder, variants

from .course import Course
from .finding import Finding
from .items import items_by_id
from .template import list_functions


def check_misconceptions(course: Course) -> Iterator[Finding]:
    """Yield a finding for each misconception that lacks something, as one that `gradkit new misconception` wrote."""
    items = items_by_id(course)
    for name, mistake in misconceptions().items():
        where = f"reference/misconceptions/{name}.toml"

        for key in ("title", "explanation", "hint"):
            if not getattr(mistake, key).strip():
                yield Finding(where, f"`{key}` is empty.", "Write it.")

        if not mistake.caught_by:
            yield Finding(
                where, "`caught_by` names no item.", "gradkit prove shows which items catch it: write them there."
            )
        for item in mistake.caught_by:
            if item not in items:
                yield Finding(where, f"`caught_by` names {item}, which is not an item.", "Correct it.")

        for what in find_edit_faults(mistake):
            yield Finding(where, what, "Copy `old` from the solution, and write `new`.")


def find_edit_faults(mistake: Misconception) -> Iterator[str]:
    """Yield what keeps a misconception's edits from being made in the solution, each in a sentence."""
    path = reference_folder() / "solution" / f"{mistake.module}.py"
    if not path.is_file():
        yield f"There is no reference/solution/{path.name} to edit."
        return
    if not mistake.edits:
        yield "It has no edit."

    text = path.read_text(encoding="utf-8")
    for number, edit in enumerate(mistake.edits, 1):
        count = text.count(edit.old) if edit.old else 0
        if count != 1:
            yield f"`old` of edit {number} must be in {path.name} exactly once, and is there {count} times."
            return
        if edit.old == edit.new:
            yield f"Edit {number} changes nothing."
        text = text.replace(edit.old, edit.new)


def check_coverage(course: Course) -> Iterator[Finding]:
    """Yield a finding for each function that a student writes and no misconception edits.

    Constructors, and functions whose body is a single statement, need none.
    """
    mistakes = misconceptions().values()
    for assignment in course.assignments:
        for module in assignment.modules:
            path = reference_folder() / "solution" / f"{module}.py"
            if not path.is_file():
                continue  # check_names reports it
            source = path.read_text(encoding="utf-8")
            edited = set(find_edited_lines(source, [each for each in mistakes if each.module == module]))
            functions = list_functions(source)
            for name in assignment.names:
                if name in functions and _wants_misconception(name, functions[name]):
                    lines = range(functions[name].lineno, (functions[name].end_lineno or 0) + 1)
                    if edited.isdisjoint(lines):
                        yield Finding(
                            course.path(path),
                            f"No misconception is about {name}.",
                            f"gradkit new misconception NAME --module {module}",
                        )


def find_edited_lines(source: str, mistakes: list[Misconception]) -> Iterator[int]:
    """Yield the numbers of the lines that misconceptions of a module edit, counted from 1."""
    for mistake in mistakes:
        for edit in mistake.edits:
            if edit.old and edit.old in source:
                first = source[: source.index(edit.old)].count("\n") + 1
                yield from range(first, first + edit.old.count("\n") + 1)


def _wants_misconception(name: str, function: ast.FunctionDef) -> bool:
    has_docstring = ast.get_docstring(function) is not None
    return not name.endswith("__init__") and len(function.body) - has_docstring > 1


def check_variants(course: Course) -> Iterator[Finding]:
    """Yield a finding for each variant without a row in variants.toml, and for each row without a folder."""
    rows, folder = variants(), reference_folder() / "variants"
    folders = {path.name for path in folder.iterdir() if any(path.glob("*.py"))}
    where = course.path(folder / "variants.toml")
    for name in sorted(folders - rows.keys()):
        yield Finding(where, f"The variant {name} has no table here.", f"Write [{name}] with title and gives_up.")
    for name in sorted(rows.keys() - folders):
        yield Finding(where, f"[{name}] has no folder of files.", f"Write reference/variants/{name}/engine.py.")


def check_diagnoses(course: Course) -> Iterator[Finding]:
    """Yield a finding if misconceptions have changed since their answers were recorded for students."""
    if recorded_digest() != misconceptions_digest(misconceptions()):
        yield Finding(
            "tests/corpora/diagnoses.json",
            "Misconceptions have changed since their wrong answers were recorded.",
            "gradkit prove --record",
        )
