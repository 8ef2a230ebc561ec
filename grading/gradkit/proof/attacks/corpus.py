"""The corpus of attacks: submissions that try to fool, break or rob the grader, and honest ones that look odd.

Each is a folder of tests/attacks with an attack.toml, and what the submission is made of.
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
from gradkit.submissions.outcome import Verdict

from gradkit.proof.specimens import Edit, reference_folder

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
"""The ways in which graders are fooled or broken, and the oddities that must not be taken for one of them."""

GROUPS: tuple[str, ...] = get_args(Group)


class Attack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attack, and what must come of it.

    title:      what it does, in a sentence.
    group:      one of GROUPS.
    module:     the file that it attacks with.
    edits:      what it does to the solution, where that file is made from it.
    before:     what then stands before the solution.
    after:      what then stands after it.
    student:    the name that its folder gets, where that is part of the attack.
    full_marks: it is honest, or what it tries has no effect: every item passes.
    every:      nothing is earned: every item ends so, or in one of these ways, or is blocked by one that does.
    verdicts:   how exactly those items end that fail in their own right.
    earned:     the points that it gets, where they are not clear from that.
    untouched:  paths that must not come into being.
    unsaid:     words that its report must not hold.
    """

    title: str
    group: Group
    module: str = "engine"
    edits: list[Edit] = []
    before: str = ""
    after: str = ""
    student: str = ""
    full_marks: bool = False
    every: Verdict | tuple[Verdict, ...] = ()
    verdicts: dict[str, Verdict] = {}
    earned: float | None = None
    untouched: list[str] = []
    unsaid: list[str] = []

    def __post_init__(self) -> None:
        if self.full_marks + bool(self.every) + bool(self.verdicts) != 1:
            raise ValueError("one of full_marks, every and verdicts says what must come of it")

    @property
    def ends(self) -> tuple[Verdict, ...]:
        """How every item ends, where nothing is earned."""
        return (self.every,) if isinstance(self.every, Verdict) else self.every

    def says(self) -> str:
        """What must come of it, in a few words."""
        if self.full_marks:
            return "full marks"
        if self.ends:
            return f"all {' or '.join(verdict.value for verdict in self.ends)}"
        return "\n".join(f"{item.rpartition('/test_')[2]} {verdict.value}" for item, verdict in self.verdicts.items())


def attacks_folder() -> Path:
    """Where the attacks are. Raises UserError in a release, which has none."""
    folder = course_home() / "tests" / "attacks"
    if not folder.is_dir():
        raise UserError("This copy of gradkit is a release: it holds no attacks to try.")
    return folder


def attacks() -> dict[str, Attack]:
    """Every attack, by the name of its folder. Raises SettingsError, naming the file, where one is malformed."""
    return {path.parent.name: read_toml(path, Attack) for path in sorted(attacks_folder().glob("*/attack.toml"))}


def build_class(chosen: Mapping[str, Attack], folder: Path) -> dict[Path, str]:
    """Make a class in which every attack is a student's submission; returns the attack of each submission's path.

    Raises ValueError where an attack makes more than its one submission, or none.
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
    """Make an attack's submission.

    A make.py in its folder does so by itself: make(target, files) gets a path that is free, for a folder or, with .zip
    added, a zip; and the text of each file that would be there, by its name. That is the solution, with one file as the
    attack changes it, and with the files of its folder `submission`. Where it makes that one file alone in a folder, it
    gets the others beside it.
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
    """Put texts into a folder, by the names of their files."""
    target.mkdir(exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")


def files_of(attack: Attack) -> dict[str, str]:
    """The solution's files by name, one as an attack changes it.

    Raises ValueError where an edit's old text is not there exactly once.
    """
    paths = sorted((reference_folder() / "solution").glob("*.py"))
    files = {path.name: path.read_text(encoding="utf-8") for path in paths}
    text = files[f"{attack.module}.py"]
    for edit in attack.edits:
        if text.count(edit.old) != 1:
            raise ValueError(f"{attack.title}: {edit.old!r} stands {text.count(edit.old)} times there, not once")
        text = text.replace(edit.old, edit.new)
    return {**files, f"{attack.module}.py": attack.before + text + attack.after}
