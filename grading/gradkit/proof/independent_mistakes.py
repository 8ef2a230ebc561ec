"""Sets of mistakes that were written independently of the hints: see reference/independent_mistakes/README.md."""

from __future__ import annotations

import difflib
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.catalogue.toml_files import read_toml
from gradkit.errors import UserError

from .edited_functions import Functions, changed_definitions
from .specimens import Edit, apply_edits

ORIGINS = "sets.toml"
"""The file beside the archives that says where each set comes from."""


class IndependentMistake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mistake, as edits of its author's right files.

    Attributes:
        file: The file that the edits change.
        why: What the student thought or overlooked, in one sentence.
        edits: The edits.
        does_not_compile: Whether the changed file is no longer Python.
    """

    file: str
    why: str
    edits: list[Edit]
    does_not_compile: bool = False


class SetOrigin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a set of mistakes comes from, and what it was opened for: a table of sets.toml.

    Attributes:
        author: Who wrote the mistakes, and what the authors had read.
        written: The date of that, as `2026-11-30`.
        purpose: What it was opened for: to improve hints afterwards ("development"), or to measure them ("proof").
        opened_for: The commit of the hints that it was opened for.
    """

    author: str
    written: str
    purpose: Literal["development", "proof"]
    opened_for: str


@dataclass(frozen=True)
class IndependentSet:
    """A set of mistakes, opened.

    Attributes:
        name: The name of its archive, without `.zip`.
        origin: Where it comes from.
        digest: The SHA-256 of the archive.
        right_files: Each author's right files: text by file name, by author.
        mistakes: The mistakes, by `author_1/name`.
    """

    name: str
    origin: SetOrigin
    digest: str
    right_files: dict[str, dict[str, str]]
    mistakes: dict[str, IndependentMistake]

    def refuse_development(self) -> None:
        """Raise UserError if the hints were improved with this set: then it cannot say how good they are."""
        if self.origin.purpose == "development":
            raise UserError(
                f"The hints were improved with {self.name}, so their figures on it prove nothing: leave out --record, "
                "or measure them on a set whose purpose in sets.toml is 'proof'."
            )

    def files_of(self, name: str) -> dict[str, str]:
        """Return what the author of a mistake hands in: the text of every file, by its name."""
        mistake = self.mistakes[name]
        files = self.right_files[name.partition("/")[0]]
        where = f"{self.name}, {name}, {mistake.file}"
        return {**files, mistake.file: apply_edits(files[mistake.file], mistake.edits, where)}

    def edited_functions(self, name: str) -> Functions:
        """Return the functions that a mistake edits, with their file; none if its file does not compile."""
        mistake = self.mistakes[name]
        if mistake.does_not_compile:
            return frozenset()
        module = mistake.file.removesuffix(".py")
        right = self.right_files[name.partition("/")[0]][mistake.file]
        edited = changed_definitions(right, self.files_of(name)[mistake.file])
        return frozenset(f"{module}.{function}" for function in edited)

    def describe(self, name: str) -> str:
        """Return a mistake as its author means it: the sentence, and the edit as a diff."""
        mistake = self.mistakes[name]
        before = self.right_files[name.partition("/")[0]][mistake.file]
        after = self.files_of(name)[mistake.file]
        diff = difflib.unified_diff(before.splitlines(), after.splitlines(), "right", mistake.file, lineterm="", n=6)
        return "\n".join([mistake.why, "", *diff])


def sets_folder() -> Path:
    """Return the folder of the sets of independent mistakes."""
    return course_home() / "reference" / "independent_mistakes"


def open_set(name: str) -> IndependentSet:
    """Open a set of mistakes.

    Args:
        name: The name of its archive, without `.zip`.

    Raises:
        UserError: If the set does not exist, or sets.toml does not describe it.
    """
    path = sets_folder() / f"{name}.zip"
    if not path.is_file():
        names = ", ".join(sorted(each.stem for each in sets_folder().glob("*.zip")))
        raise UserError(f"There is no set {name!r} of independent mistakes. There are: {names or 'none'}.")

    origins = read_toml(sets_folder() / ORIGINS, dict[str, SetOrigin])
    if name not in origins:
        raise UserError(f"{ORIGINS} has no table {name}: add one that says who wrote the set, when, and what for.")

    right_files: dict[str, dict[str, str]] = {}
    mistakes: dict[str, IndependentMistake] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in sorted(archive.namelist()):
            author, _, rest = entry.partition("/")
            content = archive.read(entry)
            if rest == "mistakes.toml":
                table = msgspec.toml.decode(content, type=dict[str, IndependentMistake])
                mistakes |= {f"{author}/{each}": mistake for each, mistake in table.items()}
            else:
                right_files.setdefault(author, {})[Path(entry).name] = content.decode()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return IndependentSet(name, origins[name], digest, right_files, mistakes)
