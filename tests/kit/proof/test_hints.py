"""Hints are measured on sets of mistakes that were written independently of them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments
from gradkit.catalogue.home import course_home
from gradkit.cli.proof import hints
from gradkit.errors import UserError
from gradkit.proof import hint_ratings, independent_mistakes
from gradkit.proof.held_proofs import is_in_share
from gradkit.proof.hint_ratings import RatedHint, count_hints, find_missed_goals, make_record, read_ratings
from gradkit.proof.hint_screens import Screen, make_screens, write_screens
from gradkit.proof.independent_mistakes import IndependentMistake, open_set
from gradkit.proof.records import Figure, read_records

IN_CI = 20
"""The tests of the kit grade one independent mistake in this many, `make prove` all of them."""

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

ORIGIN = """
[made_up]
author = "nobody"
written = "2026-11-30"
purpose = "proof"
opened_for = "0123abc"
"""


@pytest.fixture
def made_up_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(independent_mistakes, "sets_folder", lambda: tmp_path)
    monkeypatch.setattr(hint_ratings, "sets_folder", lambda: tmp_path)
    (tmp_path / "sets.toml").write_text(ORIGIN, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "made_up.zip", "w") as archive:
        for path in sorted((course_home() / "reference" / "solution").glob("*.py")):
            archive.writestr(f"author_1/right/{path.name}", path.read_text(encoding="utf-8"))
        archive.writestr("author_1/mistakes.toml", MISTAKES)
    return tmp_path


def test_each_mistake_is_graded_as_its_authors_submission(made_up_set: Path) -> None:
    course = [*choose_assignments("a3"), *choose_assignments("a4")]
    screens = {each.mistake: each for each in make_screens(open_set("made_up"), course=course)}
    wrong, harmless = screens["author_1/exp_sets"], screens["author_1/says_more"]
    assert wrong.is_caught
    assert not harmless.is_caught
    assert (wrong.is_named, harmless.is_named) == (True, None)
    assert len(wrong.hints) == 1
    assert f"Hint: {wrong.hints[0]}" in wrong.text


def test_a_rater_sees_the_edit_and_the_screen(made_up_set: Path) -> None:
    chosen = open_set("made_up")
    screens = [Screen("author_1/exp_sets", "engine.py", True, True, "the screen", ())]
    write_screens(chosen, screens, made_up_set / "screens")
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
    Screen("author_1/a", "engine.py", True, True, "", ("one", "two")),
    Screen("author_1/b", "engine.py", True, False, "", ("one",)),
    Screen("author_1/c", "nn.py", True, None, "", ()),
    Screen("author_1/d", "nn.py", False, False, "", ()),
]
RATINGS = [
    RatedHint("author_1/a", "one", "right"),
    RatedHint("author_1/a", "two", "incomplete", "says where and not what"),
    RatedHint("author_1/b", "one", "wrong", "b is about something else"),
]


def test_figures_count_each_hint_on_each_screen() -> None:
    figures = count_hints(SCREENS, {(each.mistake, each.hint): each for each in RATINGS})
    assert (figures.n_mistakes, figures.n_caught, figures.n_with_hint) == (4, 3, 2)
    assert (figures.n_judged, figures.n_named, figures.not_named) == (2, 1, ["author_1/b"])
    assert figures.by_rating == {"right": ["author_1/a"], "incomplete": ["author_1/a"], "wrong": ["author_1/b"]}
    assert figures.without_hint == ["author_1/c"]
    assert figures.not_caught == ["author_1/d"]


def test_missed_goals_are_named() -> None:
    ratings = {(each.mistake, each.hint): each for each in RATINGS}
    missed = find_missed_goals(count_hints(SCREENS, ratings))
    assert [each.partition(":")[0] for each in missed] == [
        "Caught mistakes with a hint",
        "Hints that are right",
        "Hints that are wrong",
    ]
    all_right = {key: msgspec.structs.replace(each, rating="right") for key, each in ratings.items()}
    assert find_missed_goals(count_hints(SCREENS[:2], all_right)) == []
    assert "are not rated" in find_missed_goals(count_hints(SCREENS[:2], {}))[0]


def test_the_record_names_every_hint_that_is_not_right(made_up_set: Path) -> None:
    figures = count_hints(SCREENS, {(each.mistake, each.hint): each for each in RATINGS})
    record = make_record(open_set("made_up"), SCREENS, figures)
    assert record.misses == [
        "author_1/b has a wrong hint",
        "author_1/a has an incomplete hint",
        "author_1/c has no hint",
        "author_1/b fails no item about the edited function",
        "author_1/d costs nothing",
    ]
    assert Figure("caught mistakes that edit no function with an item", "", "1") in record.figures
    assert (record.set.author, record.set.written) == ("nobody", "2026-11-30")
    assert "0123abc" in record.set.what


def test_a_set_that_hints_were_improved_with_is_not_recorded(made_up_set: Path) -> None:
    (made_up_set / "sets.toml").write_text(ORIGIN.replace('"proof"', '"development"'), encoding="utf-8")
    with pytest.raises(UserError, match="improved with made_up"):
        hints("made_up", record=True)


def test_a_hint_that_changed_since_it_was_rated_has_no_rating(made_up_set: Path) -> None:
    (made_up_set / "made_up_ratings.json").write_bytes(msgspec.json.encode(RATINGS[1:]))
    figures = count_hints(SCREENS, read_ratings("made_up"))
    assert figures.unrated == [("author_1/a", "one")]
    with pytest.raises(UserError, match="1 hints are not rated, as that of author_1/a: 'one'"):
        make_record(open_set("made_up"), SCREENS, figures)


def test_the_sets_are_those_of_the_readme() -> None:
    folder = course_home() / "reference" / "independent_mistakes"
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"`(set_\w)\.zip` \| (\d+) \| (\S+) \| `([0-9a-f]{64})` \| (.*) \|", text)
    assert {name for name, *_ in rows} == {path.stem for path in folder.glob("*.zip")}
    for name, size, written, digest, state in rows:
        chosen = open_set(name)
        assert (len(chosen.mistakes), chosen.origin.written, chosen.digest) == (int(size), written, digest)
        assert f"commit {chosen.origin.opened_for}" in state
    assert [name for name, *_ in rows if open_set(name).origin.purpose == "proof"] == ["set_b"]


def test_the_hints_of_the_recorded_set_are_those_that_were_rated() -> None:
    """Grade one mistake in IN_CI, in the assignments that ask for its file: later ones show no other hint."""
    (record,) = [each for each in read_records() if each.part == "hints"]
    name = record.command.split()[2]
    chosen, rated = open_set(name), read_ratings(name)
    by_file: dict[str, dict[str, IndependentMistake]] = {}
    for mistake, each in chosen.mistakes.items():
        if is_in_share(mistake, IN_CI):
            by_file.setdefault(each.file, {})[mistake] = each
    assert len(by_file) == 4

    for file, mistakes in by_file.items():
        course = [each for each in assignments() if file.removesuffix(".py") in each.modules]
        for screen in make_screens(replace(chosen, mistakes=mistakes), course=course):
            assert set(screen.hints) == {hint for mistake, hint in rated if mistake == screen.mistake}, screen.mistake
