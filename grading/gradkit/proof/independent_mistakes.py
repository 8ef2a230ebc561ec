"""Sets of mistakes that were written independently of the hints: see reference/independent_mistakes/README.md."""

from __future__ import annotations

import difflib
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.errors import UserError

from .specimens import Edit, apply_edits


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


@dataclass(frozen=True)
class IndependentSet:
    """A set of mistakes, opened.

    Attributes:
        name: The name of its archive, without `.zip`.
        digest: The SHA-256 of the archive.
        right_files: Each author's right files: text by file name, by author.
        mistakes: The mistakes, by `author_1/name`.
    """

    name: str
    digest: str
    right_files: dict[str, dict[str, str]]
    mistakes: dict[str, IndependentMistake]

    def files_of(self, name: str) -> dict[str, str]:
        """Return what the author of a mistake hands in: the text of every file, by its name."""
        mistake = self.mistakes[name]
        files = self.right_files[name.partition("/")[0]]
        where = f"{self.name}, {name}, {mistake.file}"
        return {**files, mistake.file: apply_edits(files[mistake.file], mistake.edits, where)}

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
        UserError: If there is no set of that name.
    """
    path = sets_folder() / f"{name}.zip"
    if not path.is_file():
        names = ", ".join(sorted(each.stem for each in sets_folder().glob("*.zip")))
        raise UserError(f"There is no set {name!r} of independent mistakes. There are: {names or 'none'}.")

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
    return IndependentSet(name, digest, right_files, mistakes)
