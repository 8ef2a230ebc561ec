"""Joining hand-ins with the roster: by ids, then by name; never a guess, and nobody is lost."""

from pathlib import Path

import pytest
from gradkit.grades.joining import join_class
from gradkit.grades.roster import read_roster
from gradkit.submissions.intake.students import Student, safe_name
from hypothesis import given
from hypothesis import strategies as st

ROSTER = """id,name,email,login,canvas_user,github_login,sid
1,Jane Doe,jane@uni.example,jdoe,501,jane-gh,
2,"O'Neil, Zoë",zoe@uni.example,,502,,
3,María José de la Cruz,maria@uni.example,,503,,
4,李伟,li@uni.example,,504,,
5,Jørgen Ström,js@uni.example,,505,,
6,Sam Lee,sam1@uni.example,,506,,
7,Sam Lee,sam2@uni.example,,507,,
"""


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
    return read_roster(tmp_path / "roster.csv")


def student(name, **ids):
    return Student(safe_name(name), Path(), ids)


@pytest.mark.parametrize(
    ("handed_in", "id_"),
    [
        (student("anything", canvas_user="503"), "3"),
        (student("submission_77", email="ZOE@uni.example"), "2"),
        (student("submission_78", gradescope_sid="5"), "5"),
        (student("a1-jane-gh", github_login="Jane-GH"), "1"),
        (student("jdoe"), "1"),
        (student("jane@uni.example"), "1"),
        (student("4"), "4"),
        (student("Jane Doe"), "1"),
        (student("Doe, Jane"), "1"),
        (student("doejane"), "1"),
        (student("Doe Jane"), "1"),
        (student("oneilzoë"), "2"),
        (student("oneilzoe\u0308"), "2"),
        (student("delacruzmaríajosé"), "3"),
        (student("Maria Jose de la Cruz"), "3"),
        (student("李伟"), "4"),
        (student("Strom, Jorgen"), "5"),
        (student("Sam Lee", canvas_user="507"), "7"),
    ],
)
def test_a_hand_in_is_joined_by_ids_or_by_any_order_of_the_name(roster, handed_in, id_):
    joined = join_class([handed_in], roster)
    assert joined.entries[handed_in.name].id == id_
    assert joined.students[0].ids["id"] == id_
    assert id_ not in [entry.id for entry in joined.absent]
    assert joined.unjoined == ()


def test_two_of_one_name_are_not_joined_but_listed_with_both(roster):
    joined = join_class([student("Sam Lee"), student("leesam")], roster)
    assert joined.entries == {}
    assert [(each.student, [entry.id for entry in each.candidates]) for each in joined.unjoined] == [
        ("Sam Lee", ["6", "7"]),
        ("leesam", ["6", "7"]),
    ]
    assert [entry.id for entry in joined.unclear] == ["6", "7"]
    assert [entry.id for entry in joined.absent] == ["1", "2", "3", "4", "5"]


def test_two_hand_ins_of_one_entry_go_to_nobody_unless_one_is_surer(roster):
    joined = join_class([student("Jane Doe"), student("doejane")], roster)
    assert joined.entries == {}
    assert [entry.id for entry in joined.unclear] == ["1"]
    joined = join_class([student("Jane Doe"), student("jdoe")], roster)
    assert {name: entry.id for name, entry in joined.entries.items()} == {"jdoe": "1"}
    assert [each.student for each in joined.unjoined] == ["Jane Doe"]


def test_ids_that_disagree_join_nothing(roster):
    joined = join_class([student("x", canvas_user="501", email="zoe@uni.example")], roster)
    assert joined.entries == {}
    assert [entry.id for entry in joined.unjoined[0].candidates] == ["1", "2"]


def test_ids_of_the_download_are_kept_beside_the_roster_s(roster):
    joined = join_class([student("doejane", canvas_user="501", canvas_submission="9")], roster)
    expected = {"canvas_user": "501", "canvas_submission": "9", "github_login": "jane-gh", "id": "1"}
    assert joined.students[0].ids == {**expected, "email": "jane@uni.example"}


def test_without_a_roster_nobody_is_absent_or_unknown():
    joined = join_class([student("ada")], [])
    assert joined.students == (student("ada"),)
    assert (joined.absent, joined.unjoined, joined.has_roster) == ((), (), False)


@given(
    st.lists(st.sampled_from(["Sam Lee", "leesam", "Jane Doe", "jdoe", "doejane", "x", "6", "Zoe O'Neil"]), unique=True)
)
def test_every_hand_in_and_every_entry_is_in_one_list(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("roster") / "roster.csv"
    path.write_text(ROSTER, encoding="utf-8")
    roster = read_roster(path)
    joined = join_class([student(name) for name in names], roster)
    assert sorted([*joined.entries, *(each.student for each in joined.unjoined)]) == sorted(map(safe_name, names))
    entries = [*joined.entries.values(), *joined.absent, *joined.unclear]
    assert len({entry.id for entry in entries}) == len(entries)
    lost = {entry.id for entry in roster} - {entry.id for entry in entries}
    assert not lost


def test_a_name_does_not_join_what_the_platforms_numbers_keep_apart(roster):
    joined = join_class([student("doejane", canvas_user="999")], roster)
    assert joined.entries == {}
    assert "1" in [entry.id for entry in joined.absent]


def test_groups_that_differ_by_a_number_are_different_groups(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name,group\n1,A B,team_1\n2,C D,team_1\n3,E F,team_2\n", encoding="utf-8")
    joined = join_class(
        [student("team_1"), student("team_2_77", moodle_participant="77")], read_roster(tmp_path / "roster.csv")
    )
    members = {name: [entry.id for entry in entries] for name, entries in joined.groups.items()}
    assert members == {"team_1": ["1", "2"], "team_2_77": ["3"]}
