"""The students: every folder and zip is a student, under a name that is safe in files, tables and pages."""

import pytest
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.intake.students import StudentsError, safe_name
from hypothesis import example, given
from hypothesis import strategies as st


@pytest.fixture
def read_names(tmp_path):
    """Make these entries and list the students: names("ada/", "b.zip") returns (names of students, other files).

    A name that ends in / is a folder.
    """

    def of(*entries):
        for entry in entries:
            path = tmp_path / entry
            path.mkdir() if entry.endswith("/") else path.write_bytes(b"")
        students, others = list_students(tmp_path, tmp_path / "reports")
        return [student.name for student in students], [other.file for other in others]

    return of


def test_every_folder_and_zip_is_a_student_in_order(read_names):
    assert read_names("Zoë/", "Ada Lovelace/", "ben.zip", "李雷.ZIP") == (["Ada Lovelace", "Zoë", "ben", "李雷"], [])


def test_other_files_are_listed_and_hidden_ones_are_not(read_names):
    assert read_names("ada/", "grades.xlsx", ".DS_Store", ".git/", "__MACOSX/") == (["ada"], ["grades.xlsx"])


def test_a_folder_and_a_zip_of_one_name_are_two_students(read_names):
    assert read_names("ada/", "ada.zip")[0] == ["ada", "ada.zip"]


def test_the_folder_of_reports_is_not_a_student(read_names):
    assert read_names("ada/", "reports/")[0] == ["ada"]


def test_a_folder_that_contains_the_reports_is_not_a_student(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "reports" / "a1").mkdir(parents=True)
    students, _ = list_students(tmp_path, tmp_path / "reports" / "a1")
    assert [student.name for student in students] == ["ada"]


def test_no_student_replaces_another_with_the_same_safe_name(read_names):
    long = "v" * 201
    assert len(set(read_names(f"{long}/", f"{safe_name(long)}/")[0])) == 2


@pytest.mark.parametrize(
    ("name", "message"), [("class.zip", "cannot be read: BadZipFile"), ("class.rar", "neither a folder nor a zip")]
)
def test_a_file_that_is_not_a_zip_is_refused(name, message, tmp_path):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(StudentsError, match=message):
        list_students(tmp_path / name, tmp_path)


def test_a_link_is_not_a_student(read_names, tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    assert read_names("ada/") == (["ada"], ["link"])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((), "holds no submissions"),
        (("engine.py", "nn.py"), "nothing says whose they are. Put each student's files into a folder with the"),
        (("notes.txt",), "a folder or an archive for each student"),
    ],
)
def test_a_folder_without_submissions_is_refused_with_advice(read_names, entries, message):
    with pytest.raises(StudentsError, match=message):
        read_names(*entries)


def test_a_class_in_a_folder_of_its_own_is_noticed(tmp_path):
    for name in ("class/ada", "class/ben"):
        (tmp_path / name).mkdir(parents=True)
    students, (other,) = list_students(tmp_path, tmp_path / "reports")
    assert [student.name for student in students] == ["class"]
    assert str(other) == (
        "class was not taken in: It is the only student of this download, and holds 2 folders or archives. If these "
        "are students, name this folder in the command."
    )


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StudentsError, match="There is no folder"):
        list_students(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace", "Zoë", "李雷", "o'neill", "ada@home", "a.b", "=SUM(A1)"])
def test_an_ordinary_name_is_unchanged(name):
    assert safe_name(name) == name


@example("\ud800")
@example("\udcff")
@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=300))
def test_any_name_becomes_one_that_is_safe_in_a_file_name(name):
    safe = safe_name(name)
    assert safe.isprintable()
    assert len(safe.encode()) <= 200
    assert not set("/\\") & set(safe)
    assert not safe.startswith((".", "-", " "))
    assert safe == safe.strip()


@given(
    st.text(st.characters(exclude_categories=()), min_size=1), st.text(st.characters(exclude_categories=()), min_size=1)
)
def test_different_names_stay_different(one, other):
    assert (safe_name(one) == safe_name(other)) == (one == other)
