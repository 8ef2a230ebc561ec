"""The specimens under reference/: the solution, the variants (right solutions of other designs), the misconceptions."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.catalogue.toml_files import read_toml
from gradkit.errors import UserError

from .records import Authorship

SPECIMENS = Authorship("the authors of the course, with sight of the suites", "2026-11-30")
"""Who wrote the misconceptions and the variants, and when they were last changed."""

Kind = Literal["operation", "form", "order", "wiring", "training"]
"""What a misconception breaks."""


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One replacement in the solution. `old` occurs in it exactly once."""

    old: str
    new: str


class Misconception(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to get a part of the course wrong, as edits of the solution.

    Attributes:
        title: What is wrong, in a few words.
        kind: What is broken: one operation, one form (`2 + x`), the order of backward(), the wiring, the training.
        explanation: What a student with this misconception has not understood yet, for instructors.
        hint: One line for the student, kind and concrete.
        caught_by: Exactly the items that fail although all their prerequisites pass.
        edits: The edits.
        module: The file that they edit, without `.py`.
    """

    title: str
    kind: Kind
    explanation: str
    hint: str
    caught_by: list[str]
    edits: list[Edit]
    module: str = "engine"


GivenUp = Literal["depth", "stability", "arrays"]
"""What the design of a variant cannot do; "arrays" is an optimizer for numbers alone."""

GIVEN_UP: dict[GivenUp, list[str]] = {
    "depth": ["a2_backprop/test_depth"],
    "stability": ["a3_activations/test_stability"],
    "arrays": ["a6_tensors/test_digits_by_adam", "a6_tensors/test_digits_are_read"],
}
"""The items that a variant may fail, by what its design gives up."""


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Right files of another design.

    Attributes:
        title: The design in a few words.
        gives_up: What the design cannot do.
    """

    title: str
    gives_up: list[GivenUp]


def reference_folder() -> Path:
    """Return the folder of the reference. Raises UserError in a release, which has none."""
    folder = course_home() / "reference"
    if not folder.is_dir():
        raise UserError("This copy of gradkit is a release: it holds no reference to prove anything with.")
    return folder


def read_misconceptions() -> dict[str, Misconception]:
    """Read every misconception, by name.

    Raises:
        SettingsError: If a file is malformed. The message names the file and the key.
    """
    folder = reference_folder() / "misconceptions"
    return {path.stem: _read_misconception(path) for path in sorted(folder.glob("*.toml"))}


def _read_misconception(path: Path) -> Misconception:
    return read_toml(path, Misconception)


def read_variants() -> dict[str, Variant]:
    """Read every variant, by the name of its folder."""
    table = reference_folder() / "variants" / "variants.toml"
    return read_toml(table, dict[str, Variant])


def files_of(name: str) -> set[str]:
    """Return the files, without `.py`, in which a specimen differs from the solution; for "solution", all files."""
    if name == "solution":
        return {path.stem for path in (reference_folder() / "solution").glob("*.py")}
    path = reference_folder() / "misconceptions" / f"{name}.toml"
    if path.is_file():
        return {_read_misconception(path).module}
    return {path.stem for path in (reference_folder() / "variants" / name).glob("*.py")}


def write_solution(folder: Path) -> None:
    """Write the solution's files to a new folder."""
    shutil.copytree(reference_folder() / "solution", folder, ignore=shutil.ignore_patterns("__pycache__"))


def write_variant(name: str, folder: Path) -> None:
    """Write a variant's files to a new folder, and the solution's files that it does not have."""
    write_solution(folder)
    for path in (reference_folder() / "variants" / name).glob("*.py"):
        shutil.copyfile(path, folder / path.name)


class EditError(UserError):
    """The old text of an edit does not occur exactly once. The message quotes it."""


def write_misconception(misconception: Misconception, folder: Path) -> None:
    """Put the solution with a misconception's edits into a new folder.

    Raises:
        EditError: If the old text of an edit does not occur in the solution exactly once.
    """
    write_solution(folder)
    (folder / f"{misconception.module}.py").write_text(edited_source(misconception), encoding="utf-8")


def edited_source(misconception: Misconception) -> str:
    """Return the text of the file that a misconception edits, with its edits.

    Raises:
        EditError: If the old text of an edit does not occur in the solution exactly once.
    """
    text = (reference_folder() / "solution" / f"{misconception.module}.py").read_text(encoding="utf-8")
    return apply_edits(text, misconception.edits, misconception.title)


def apply_edits(text: str, edits: Sequence[Edit], where: str) -> str:
    """Return a text with edits, applied in order.

    Args:
        text: The text.
        edits: The edits.
        where: What has these edits, for the error.

    Raises:
        EditError: If the old text of an edit does not occur exactly once.
    """
    for edit in edits:
        if text.count(edit.old) != 1:
            raise EditError(f"{where}: {edit.old!r} occurs {text.count(edit.old)} times there, not once")
        text = text.replace(edit.old, edit.new)
    return text


def specimen_contents(names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield what makes each of these specimens what it is: a misconception's edits, the files of a variant.

    What the specimens must show does not count.
    """
    for name, misconception in read_misconceptions().items():
        if name in names:
            yield name, msgspec.json.encode((misconception.module, misconception.edits))
    for name in read_variants():
        if name in names:
            for path in sorted((reference_folder() / "variants" / name).glob("*.py")):
                yield f"{name}/{path.name}", path.read_bytes()
