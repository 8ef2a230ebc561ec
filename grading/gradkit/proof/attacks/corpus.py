"""The corpus of attacks: submissions that try to fool, break or rob the grader, and honest ones that look odd.

Each is a folder of tests/attacks with an attack.toml, and what its submission is made of.
"""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from gradkit.catalogue.home import course_home
from gradkit.catalogue.toml_files import read_toml
from gradkit.errors import UserError
from gradkit.proof.specimens import Edit, apply_edits, reference_folder
from gradkit.submissions.outcome import Verdict

Group = Literal[
    "leaving early",
    "touching the judge",
    "forging the answer",
    "stealing the answer",
    "resources",
    "sources",
    "packaging",
    "failing open",
    "failing unfairly",
    "honest oddity",
]
"""The ways to fool or break a grader, and honest oddities, which must not be mistaken for one of them."""

GROUPS: tuple[str, ...] = get_args(Group)


class Attack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attack and its label: how it must be graded.

    Attributes:
        title: What the attack does, in a sentence.
        group: One of GROUPS.
        module: The file that it attacks with.
        edits: Edits of the solution, if that file is made from it.
        before: Text to put before the solution.
        after: Text to put after it.
        student: The name of its submission, if that is part of the attack.
        all_pass: Whether every item passes, because the submission is honest or what it tries has no effect.
        every: The verdict of every item, or several possible ones. Items can also be blocked.
        unaffected: With `every`, the ids of items that pass, because they do not use what the attack replaces.
        verdicts: The verdict of each item that fails although everything it needs passes.
        earned: Its points, if the verdicts do not determine them.
        untouched: Paths that must not be created.
        unsaid: Words that its report must not contain.
    """

    title: str
    group: Group
    module: str = "engine"
    edits: list[Edit] = []
    before: str = ""
    after: str = ""
    student: str = ""
    all_pass: bool = False
    every: Verdict | tuple[Verdict, ...] = ()
    unaffected: list[str] = []
    verdicts: dict[str, Verdict] = {}
    earned: float | None = None
    untouched: list[str] = []
    unsaid: list[str] = []

    def __post_init__(self) -> None:
        if self.all_pass + bool(self.every) + bool(self.verdicts) != 1:
            raise ValueError("give exactly one of all_pass, every and verdicts")

    @property
    def ends(self) -> tuple[Verdict, ...]:
        """The verdicts that `every` names; empty without it."""
        return (self.every,) if isinstance(self.every, Verdict) else self.every

    def says(self) -> str:
        """Describe the label in a few words."""
        if self.all_pass:
            return "all passed"
        if self.ends:
            return f"all {' or '.join(verdict.value for verdict in self.ends)}"
        return "\n".join(f"{item.rpartition('/test_')[2]} {verdict.value}" for item, verdict in self.verdicts.items())


def attacks_folder() -> Path:
    """Return the folder of the attacks. Raises UserError in a release, which has none."""
    folder = course_home() / "tests" / "attacks"
    if not folder.is_dir():
        raise UserError("This copy of gradkit is a release: it holds no attacks to try.")
    return folder


def read_attacks() -> dict[str, Attack]:
    """Read every attack, by the name of its folder. Raises SettingsError if an attack.toml is malformed."""
    return {path.parent.name: read_toml(path, Attack) for path in sorted(attacks_folder().glob("*/attack.toml"))}


def build_class(chosen: Mapping[str, Attack], folder: Path) -> dict[Path, str]:
    """Make a class in which every attack is a submission. Return the name of the attack by the submission's path.

    Raises:
        ValueError: If an attack makes more than one submission, or none.
    """
    made: dict[Path, str] = {}
    for name, attack in chosen.items():
        build(name, attack, folder / (attack.student or name))
        new = set(folder.iterdir()) - set(made)
        if len(new) != 1:
            raise ValueError(f"{name} makes {len(new)} submissions, not one")
        made[new.pop()] = name
    return made


def build(name: str, attack: Attack, target: Path) -> None:
    """Make the submission of an attack.

    By default that is the solution with the file that the attack changes, and with everything in its subfolder
    `submission`. If its folder has a make.py, that makes the submission instead, by a function `make(target, files)`:

    - target is a free path for a folder or, with .zip appended, a zip;
    - files holds the text of each file that the default submission would have, by name.

    If make.py makes a folder with the attacked file, the other files of the solution are added to it.

    Args:
        name: The name of the attack's folder.
        attack: The attack.
        target: The folder to make.
    """
    home, files = attacks_folder() / name, files_of(attack)
    if (home / "make.py").is_file():
        make: Callable[[Path, dict[str, str]], None] = runpy.run_path(str(home / "make.py"))["make"]
        make(target, files)
        if (target / f"{attack.module}.py").is_file():
            lay_out({name: text for name, text in files.items() if not (target / name).exists()}, target)
        return
    lay_out(files, target)
    if (home / "submission").is_dir():
        shutil.copytree(home / "submission", target, dirs_exist_ok=True)


def lay_out(files: Mapping[str, str], target: Path) -> None:
    """Write texts into a folder, by file name."""
    target.mkdir(exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")


def files_of(attack: Attack) -> dict[str, str]:
    """Return the text of the solution's files by name, one of them as an attack changes it.

    Raises:
        EditError: If the old text of an edit does not occur in it exactly once.
    """
    paths = sorted((reference_folder() / "solution").glob("*.py"))
    files = {path.name: path.read_text(encoding="utf-8") for path in paths}
    text = apply_edits(files[f"{attack.module}.py"], attack.edits, attack.title)
    return {**files, f"{attack.module}.py": attack.before + text + attack.after}
