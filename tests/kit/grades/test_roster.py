"""The roster: what each platform exports is understood, and what could mix up two students is refused with its line."""

from contextlib import suppress

import pytest
from gradkit.grades.roster import MAX_CELL_LENGTH, RosterError, read_roster
from hypothesis import given
from hypothesis import strategies as st

OWN = "id,name,email,section,group\nada1,Ada Lovelace,ada@uni.example,Mon,G1\n"
CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,A1 (98765),Current Score\r\n"
    ",,,,,Manual Posting,\r\n"
    '"    Points Possible",,,,,19.5,(read only)\r\n'
    '"Lovelace, Ada",12345,ada1,alove,Mon and Lab 2,18,\r\n'
    '"Student, Test",99999,,0123456789abcdef0123456789abcdef01234567,Mon,,\r\n'
)
CANVAS_SPLIT = "LastName;FirstName;ID;SIS Login ID;Section\nLovelace;Ada;12345;ada1;Mon\n"
WORKSHEET = (
    'Identifier,"Full name","ID number","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)"\n'
    '"Participant 1234567","Ada Lovelace",ada1,ada@uni.example,Submitted,,19.50,Yes,"Friday, 2 October 2026, 1:05 AM"\n'
)
PARTICIPANTS = (
    '"First name",Surname,"ID number","Email address",Groups\nAda,Lovelace,ada1,ada@uni.example,"No groups"\n'
)
GRADESCOPE = (
    "First Name,Last Name,SID,Email,Sections,Role,Submission Time\n"
    "Ada,Lovelace,ada1,ada@uni.example,Mon,Student,2026-10-01 13:16:26 -0600\n"
    "Grace,Hopper,,grace@uni.example,Mon,Instructor,\n"
)
GITHUB = '"identifier","github_username","github_id","name"\n"ada1","AdaL","77",""\n'
NBGRADER = "id,first_name,last_name,email,lms_user_id\nada1,Ada,Lovelace,ada@uni.example,555\n"

EXPORTS = [
    (OWN, {"name": "Ada Lovelace", "section": "Mon", "group": "G1", "first_name": "Ada", "last_name": "Lovelace"}),
    (CANVAS, {"name": "Lovelace, Ada", "first_name": "Ada", "ids": {"canvas_user": "12345"}, "login": "alove"}),
    (CANVAS_SPLIT, {"name": "Ada Lovelace", "ids": {"canvas_user": "12345"}, "lms_user_id": "12345"}),
    (WORKSHEET, {"ids": {"moodle_participant": "1234567"}, "submitted": "Friday, 2 October 2026, 1:05 AM"}),
    (PARTICIPANTS, {"name": "Ada Lovelace", "email": "ada@uni.example", "group": ""}),
    (GRADESCOPE, {"ids": {"gradescope_sid": "ada1"}, "section": "Mon", "submitted": "2026-10-01 13:16:26 -0600"}),
    (GITHUB, {"name": "ada1", "ids": {"github_login": "AdaL"}}),
    (NBGRADER, {"first_name": "Ada", "lms_user_id": "555"}),
]


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as roster.csv."""

    def run(text, encoding="utf-8"):
        (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
        return read_roster(tmp_path / "roster.csv")

    return run


@pytest.mark.parametrize(("text", "expected"), EXPORTS)
def test_the_export_of_each_platform_is_understood(read, text, expected):
    (entry,) = read(text)
    assert entry.id == "ada1"
    assert {field: getattr(entry, field) for field in expected} == expected


@pytest.mark.parametrize("separator", [";", "\t", ":"])
def test_the_separator_of_any_country_is_found(read, separator):
    (entry,) = read(OWN.replace(",", separator))
    assert (entry.id, entry.section) == ("ada1", "Mon")


def test_what_excel_calls_unicode_text_is_read(read):
    assert read(OWN.replace(",", "\t"), "utf-16")[0].name == "Ada Lovelace"


def test_sections_that_canvas_joins_are_taken_apart_and_a_section_called_so_stays(read):
    assert read(CANVAS)[0].sections == ["Mon and Lab 2", "Mon", "Lab 2"]
    assert read(OWN.replace("Mon", '"A, B, and C"'))[0].sections == ["A, B, and C", "A", "B", "C"]


def test_without_ids_the_first_column_that_every_student_has_identifies_them(read):
    without_ids = PARTICIPANTS.replace("ada1", "")
    assert [entry.id for entry in read(without_ids)] == ["ada@uni.example"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id,name\n", "lists no student"),
        ("name,section\nAda,Mon\n", "has no column for the student's id. Call it one of: id, student id"),
        ("id,section\nada1,Mon\n", "has no column for the student's name. Call it one of: name"),
        ("id,name\nada1,Ada\nben,Ben\n\nADA1,Ann\n", "has the id ADA1 in lines 2 and 5"),
        ("id,name\nada1,Ada\n,Ben\n", "line 3: there is no id"),
        ('id,name\nada1,"' + "a" * 200_000 + '"\n', "cannot be read as CSV: field larger than"),
    ],
)
def test_what_could_mix_up_two_students_is_refused_with_its_line(read, text, message):
    with pytest.raises(RosterError, match=r"roster\.csv") as raised:
        read(text)
    assert message in str(raised.value)


def test_a_file_that_is_missing_too_large_or_not_utf_8_is_refused(read, tmp_path, monkeypatch):
    with pytest.raises(RosterError, match="cannot be read: No such file"):
        read_roster(tmp_path / "nowhere.csv")
    with pytest.raises(RosterError, match="is not UTF-8: save it as CSV UTF-8"):
        read("id,name\nm,Müller\n", "latin-1")
    monkeypatch.setattr("gradkit.grades.roster.MAX_ROSTER_BYTES", 10)
    with pytest.raises(RosterError, match="is larger than"):
        read(OWN)


def test_a_cell_is_printable_and_bounded(read):
    (entry,) = read(f"id,name\nada1,\x1b[31m{'x' * 9999}\n")
    assert entry.name.isprintable()
    assert len(entry.name) <= MAX_CELL_LENGTH


@given(st.text())
def test_any_file_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("roster") / "roster.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(RosterError):
        assert read_roster(path)
