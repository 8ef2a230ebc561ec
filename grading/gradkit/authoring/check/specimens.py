"""Check misconceptions: their files fit the reference and the items, and each function has one. Check the proofs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradkit.proof.held_proofs import compute_digests, find_record_file, read_proofs
from gradkit.proof.specimens import Misconception, read_misconceptions, reference_folder

from .course import Course
from .finding import Finding
from .items import items_by_id
from .template import list_functions

MAX_NAMED = 10
"""How many specimens a finding names. If there are more, all specimens are to be proven."""


def check_misconceptions(course: Course) -> Iterator[Finding]:
    """Yield a finding for each misconception that lacks something, such as one that `gradkit new` has just written."""
    items = items_by_id(course)
    for name, misconception in read_misconceptions().items():
        where = f"reference/misconceptions/{name}.toml"

        for key in ("title", "explanation", "hint"):
            if not getattr(misconception, key).strip():
                yield Finding(where, f"`{key}` is empty.", "Write it.")

        if not misconception.caught_by:
            yield Finding(
                where,
                "`caught_by` names no item.",
                f"gradkit prove {name} shows which items catch it: write them there.",
            )
        for item in misconception.caught_by:
            if item not in items:
                yield Finding(where, f"`caught_by` names {item}, which is not an item.", "Correct it.")

        for what in find_edit_faults(misconception):
            yield Finding(where, what, "Copy `old` from the solution, and write `new`.")


def find_edit_faults(misconception: Misconception) -> Iterator[str]:
    """Yield what keeps a misconception's edits from being made in the solution, each in a sentence."""
    path = reference_folder() / "solution" / f"{misconception.module}.py"
    if not path.is_file():
        yield f"There is no reference/solution/{path.name} to edit."
        return
    if not misconception.edits:
        yield "It has no edit."

    text = path.read_text(encoding="utf-8")
    for number, edit in enumerate(misconception.edits, 1):
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
    misconceptions = read_misconceptions().values()
    for assignment in course.assignments:
        for module in assignment.modules:
            path = reference_folder() / "solution" / f"{module}.py"
            if not path.is_file():
                continue  # check_names reports it
            source = path.read_text(encoding="utf-8")
            edited = set(find_edited_lines(source, [each for each in misconceptions if each.module == module]))
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


def find_edited_lines(source: str, misconceptions: list[Misconception]) -> Iterator[int]:
    """Yield the numbers of the lines that misconceptions of a module edit, counted from 1."""
    for misconception in misconceptions:
        for edit in misconception.edits:
            if edit.old and edit.old in source:
                first = source[: source.index(edit.old)].count("\n") + 1
                yield from range(first, first + edit.old.count("\n") + 1)


def _wants_misconception(name: str, function: ast.FunctionDef) -> bool:
    has_docstring = ast.get_docstring(function) is not None
    return not name.endswith("__init__") and len(function.body) - has_docstring > 1


def check_proofs(course: Course) -> Iterator[Finding]:
    """Yield a finding if specimens have to be proven again, because what their proofs depend on has changed."""
    records = read_proofs()
    changed = [
        name
        for name, digest in compute_digests(course.all_tests()).items()
        if name not in records or records[name].digest != digest
    ]
    if not changed:
        return

    names = " ".join(changed) if len(changed) <= MAX_NAMED else ""
    what = names.replace(" ", ", ") if names else f"{len(changed)} misconceptions and variants"
    yield Finding(
        course.path(find_record_file()),
        f"Not proven since the specimen, the solution or an item changed: {what}.",
        " ".join(filter(None, ("gradkit prove", names, "--record"))),
    )
