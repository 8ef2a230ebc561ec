"""Hints are measured on sets of mistakes that were written independently of them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.proof import hint_trial, independent_mistakes
from gradkit.proof.hint_trial import RatedHint, Screen, count_hints, make_record, make_screens, read_ratings
from gradkit.proof.independent_mistakes import open_set

MISTAKES = """
[exp_sets]
file = "engine.py"
why = "Sets the gradient."

[[exp_sets.edits]]
old = "self.grad += out.data * out.grad"
new = "self.grad = out.data * out.grad"

[says_more]
file = "nn.py"
why = "Adds a name that nobody uses."

[[says_more.edits]]
old = "import random"
new = "import random as random"
"""


@pytest.fixture
def made_up_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(independent_mistakes, "sets_folder", lambda: tmp_path)
    monkeypatch.setattr(hint_trial, "sets_folder", lambda: tmp_path)
    with zipfile.ZipFile(tmp_path / "made_up.zip", "w") as archive:
        for path in sorted((course_home() / "reference" / "solution").glob("*.py")):
            archive.writestr(f"author_1/right/{path.name}", path.read_text(encoding="utf-8"))
        archive.writestr("author_1/mistakes.toml", MISTAKES)
    return tmp_path


def test_each_mistake_is_graded_as_its_authors_submission(made_up_set: Path) -> None:
    screens = {each.mistake: each for each in make_screens(open_set("made_up"))}
    wrong, harmless = screens["author_1/exp_sets"], screens["author_1/says_more"]
    assert wrong.is_caught
    assert not harmless.is_caught
    assert len(wrong.hints) == 1
    assert f"Hint: {wrong.hints[0]}" in wrong.text


def test_a_rater_sees_the_edit_and_the_screen(made_up_set: Path) -> None:
    chosen = open_set("made_up")
    screens = [Screen("author_1/exp_sets", "engine.py", True, "the screen", ())]
    hint_trial.write_screens(chosen, screens, made_up_set / "screens")
    text = (made_up_set / "screens" / "author_1" / "exp_sets.txt").read_text(encoding="utf-8")
    assert text.startswith("Sets the gradient.")
    assert "-            self.grad += out.data * out.grad" in text
    assert text.endswith("the screen\n")


def test_an_edit_that_does_not_fit_is_refused(made_up_set: Path) -> None:
    chosen = open_set("made_up")
    edit = msgspec.structs.replace(chosen.mistakes["author_1/exp_sets"].edits[0], old="not there")
    chosen.mistakes["author_1/exp_sets"].edits[0] = edit
    with pytest.raises(UserError, match=r"author_1/exp_sets, engine.py: 'not there' occurs 0 times"):
        chosen.files_of("author_1/exp_sets")


def test_an_unknown_set_is_refused_with_the_names_of_the_others(made_up_set: Path) -> None:
    with pytest.raises(UserError, match=r"no set 'other'.* made_up"):
        open_set("other")


SCREENS = [
    Screen("author_1/a", "engine.py", True, "", ("one", "two")),
    Screen("author_1/b", "engine.py", True, "", ("one",)),
    Screen("author_1/c", "nn.py", True, "", ()),
    Screen("author_1/d", "nn.py", False, "", ()),
]
RATINGS = [
    RatedHint("author_1/a", "one", "right"),
    RatedHint("author_1/a", "two", "incomplete", "says where and not what"),
    RatedHint("author_1/b", "one", "wrong", "b is about something else"),
]


def test_figures_count_each_hint_on_each_screen() -> None:
    figures = count_hints(SCREENS, {(each.mistake, each.hint): each for each in RATINGS})
    assert (figures.n_mistakes, figures.n_caught, figures.n_with_hint) == (4, 3, 2)
    assert dict(figures.ratings) == {"right": 1, "incomplete": 1, "wrong": 1}
    assert figures.wrong == ["author_1/b"]
    assert figures.without_hint == ["author_1/c"]
    assert figures.not_caught == ["author_1/d"]


def test_a_hint_that_changed_since_it_was_rated_has_no_rating(made_up_set: Path) -> None:
    (made_up_set / "made_up_ratings.json").write_bytes(msgspec.json.encode(RATINGS[1:]))
    figures = count_hints(SCREENS, read_ratings("made_up"))
    assert figures.unrated == [("author_1/a", "one")]
    with pytest.raises(UserError, match="1 hints of made_up are not rated"):
        make_record(open_set("made_up"), SCREENS, figures)


def test_the_sets_are_those_of_the_readme() -> None:
    folder = course_home() / "reference" / "independent_mistakes"
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(set_\w)\.zip` \| (\d+) \|.*`([0-9a-f]{64})`", text)
    assert {name for name, _, _ in rows} == {path.stem for path in folder.glob("*.zip")}
    for name, size, digest in rows:
        chosen = open_set(name)
        assert (len(chosen.mistakes), chosen.digest) == (int(size), digest)
