"""`nbgrader autograde` on links, pipes and devices: it opens, follows and copies only what grading needs."""

import os
import socket
import sys

import pytest

A1 = "a1_expressions"
PAGE = f"{A1}.ipynb"
WHOLE = 19.5

# --- submissions that are refused ------------------------------------------------------------------------------------
#
# Each function makes a submission in `folder`, the student's folder for the assignment, which does not exist yet.


def a_linked_student(folder, course):
    folder.parent.symlink_to(course.home / "submitted" / "right")


def a_linked_assignment(folder, course):
    folder.parent.mkdir()
    folder.symlink_to(course.home / "submitted" / "right" / A1)


def a_linked_notebook(folder, course):
    folder.mkdir(parents=True)
    (folder / PAGE).symlink_to(course.path("submitted", A1, "right"))


def a_notebook_linked_to_the_source(folder, course):
    folder.mkdir(parents=True)
    (folder / PAGE).symlink_to(course.path("source", A1))


def a_notebook_linked_to_nothing(folder, course):
    folder.mkdir(parents=True)
    (folder / PAGE).symlink_to(course.home / "nowhere")


def a_notebook_linked_to_a_device(folder, course):
    folder.mkdir(parents=True)
    (folder / PAGE).symlink_to("/dev/zero")


def a_fifo(folder, course):
    folder.mkdir(parents=True)
    os.mkfifo(folder / PAGE)


def a_socket(folder, course):
    folder.mkdir(parents=True)
    here = os.getcwd()
    os.chdir(folder)  # a socket's name has room for 107 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(PAGE)
    os.chdir(here)


def a_folder(folder, course):
    (folder / PAGE).mkdir(parents=True)


REFUSED = (
    a_linked_student,
    a_linked_assignment,
    a_linked_notebook,
    a_notebook_linked_to_the_source,
    a_notebook_linked_to_nothing,
    a_notebook_linked_to_a_device,
    a_fifo,
    a_socket,
    a_folder,
)

# --- right notebooks with something else beside them -----------------------------------------------------------------


def stamped(content):
    """Return a function that writes a timestamp.txt."""
    return lambda folder, course: (folder / "timestamp.txt").write_bytes(content)


def linked(name, target):
    """Return a function that makes a link."""
    return lambda folder, course: (folder / name).symlink_to(target.format(home=course.home))


def nested(folder, course):
    """Make a hundred nested folders."""
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(100):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(here)


BESIDE = {
    "an_empty_timestamp": stamped(b""),
    "a_timestamp_that_is_a_word": stamped(b"yesterday\x1b[31m, I swear"),
    "a_timestamp_of_no_date": stamped(b"2026-13-45 99:99:99 UTC"),
    "a_timestamp_beyond_all_dates": stamped(b"9999-12-31 23:59:59 -9999999999"),
    "a_timestamp_before_all_dates": stamped(b"0001-01-01 00:00:00 Asia/Tokyo"),
    "a_timestamp_that_is_not_text": stamped(bytes(range(256))),
    "a_timestamp_in_UTF_16": stamped("2026-05-01 13:00:00 UTC".encode("utf-16")),
    "a_timestamp_without_end": stamped(b"9" * 20_000_000),
    "a_fifo_as_timestamp": lambda folder, course: os.mkfifo(folder / "timestamp.txt"),
    "a_folder_as_timestamp": lambda folder, course: (folder / "timestamp.txt").mkdir(),
    "a_timestamp_linked_to_a_device": linked("timestamp.txt", "/dev/zero"),
    "a_file_linked_to_the_source": linked("notes.py", "{home}/source/a4_networks/engine.py"),
    "a_folder_linked_to_the_source": linked("notes", "{home}/source"),
    "a_link_to_nothing": linked("data.csv", "nowhere"),
    "a_fifo_beside": lambda folder, course: os.mkfifo(folder / "helper.py"),
    "a_name_of_escapes": lambda folder, course: (folder / "\x1b]0;owned\x07.csv").write_bytes(b""),
    "a_name_that_is_not_text": lambda folder, course: (folder / "\udcff.csv").write_bytes(b""),
    "a_sparse_file": lambda folder, course: os.truncate(os.open(folder / "big", os.O_CREAT | os.O_RDWR), 1 << 28),
    "folders_in_folders": nested,
    "another_notebook": lambda folder, course: os.mkfifo(folder / "other.ipynb"),
}


@pytest.fixture(scope="module")
def graded(copy_course, tmp_path_factory):
    """Return the course after `nbgrader autograde`, with the command's output and the exported rows of all students."""
    course = copy_course(tmp_path_factory.mktemp("odd"))
    right = course.solution(A1)
    course.hand_in("right", A1, right)
    for make in REFUSED:
        make(course.home / "submitted" / make.__name__ / A1, course)
    for name, make in BESIDE.items():
        make(course.hand_in(name, A1, right).parent, course)
    stamped(b"2026-05-01 13:00:00 UTC")(course.hand_in("on_time", A1, right).parent, course)
    course.output = course.run("nbgrader", "autograde", A1, ok=False)
    course.run("nbgrader", "generate_feedback", A1)
    course.rows = course.export_grades()
    return course


@pytest.mark.parametrize("who", [make.__name__ for make in REFUSED])
def test_a_submission_that_is_not_a_plain_file_is_refused_in_one_line_and_earns_nothing(graded, who):
    assert sum(f"{who} is not graded. " in line for line in graded.output.splitlines()) == 1
    assert (who, A1) not in graded.rows
    for step in ("autograded", "feedback"):
        assert not (graded.home / step / who).exists()


@pytest.mark.parametrize("who", ["right", "on_time", *BESIDE])
def test_a_right_notebook_earns_all_points_whatever_is_beside_it(graded, who):
    assert float(graded.rows[who, A1]["score"]) == WHOLE


def test_only_a_timestamp_that_contains_a_time_is_kept(graded):
    assert graded.rows["on_time", A1]["timestamp"] == "2026-05-01 13:00:00"
    assert {graded.rows[who, A1]["timestamp"] for who in BESIDE} <= {"", "None"}


def test_only_what_is_graded_is_copied(graded):
    copy_course = {path.name for path in (graded.home / "autograded").glob(f"*/{A1}/*")}
    assert copy_course == {PAGE, "timestamp.txt"}


def test_the_terminal_shows_neither_a_traceback_nor_an_escape(graded):
    assert "Traceback" not in graded.output
    assert "\x1b" not in graded.output
    assert "\x07" not in graded.output


LISTING = """
from nbgrader.apps import NbGrader
from nbgrader.apps.api import NbGraderAPI

app = NbGrader()
app.initialize([])
for each in NbGraderAPI(app.coursedir, parent=app).get_submissions("a1_expressions"):
    print(each["student"], each["timestamp"])
"""


def test_formgrader_lists_everyone_whatever_the_timestamps_are(graded):
    shown = graded.run(sys.executable, "-c", LISTING)
    assert {who for who in BESIDE if who not in shown} == set()
    assert "on_time" in shown
    assert "Traceback" not in shown
