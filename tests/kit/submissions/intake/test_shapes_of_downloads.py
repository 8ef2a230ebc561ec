"""Each shape of a download has a row: whose files they are, which count, and what is said of those that do not."""

import json
import tarfile
import zipfile
from io import BytesIO
from typing import NamedTuple

import pytest
from gradkit.catalogue.assignments import choose_assignments
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.intake.take_in import take_in

E = b"class Value: pass\n"
NN = b"from .engine import Value\n"
PAGE = json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": E.decode()}]}).encode()
EMPTY_PAGE = json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": "print(1)"}]}).encode()


def zip_of(**files):
    """Return a zip with these files: zip_of(engine=E) holds engine.py."""
    raw = BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in files.items():
            archive.writestr(name if "." in name else f"{name}.py", content)
    return raw.getvalue()


def tgz_of(name, content):
    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, BytesIO(content))
    return raw.getvalue()


class Student(NamedTuple):
    """What must come of a student: the files that count, ids, whether late, time, and files not taken in.

    `note` is a part of a warning or of the reason why nothing can be graded.
    """

    files: dict = {"engine.py": E}  # noqa: RUF012
    ids: dict = {}  # noqa: RUF012
    late: bool = False
    submitted: str = ""
    not_taken_in: tuple = ()
    note: str = ""


class Shape(NamedTuple):
    """A download: its files by path, what must come of each student, and what belongs to no student.

    `on_disk` is set if it is known only unpacked.
    """

    download: dict
    students: dict
    others: tuple = ()
    on_disk: bool = False
    assignment: str = "a1"


def canvas(user, upload):
    return {"canvas_user": str(user), "canvas_submission": str(upload)}


def moodle(participant):
    return {"moodle_participant": str(participant)}


METADATA = b"""---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '00123'
    :email: ada@uni.example
  :created_at: 2026-10-01 21:34:00.861687000 Z
  :results:
    output: |-
      submission_12:
        :submitters:
        - :name: Mallory
  :history:
  - :id: 10
    :created_at: 2026-09-30 10:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: "O'Neil, Zo\\u00eb"
    :email: zoe@uni.example
  - :name: 'Ben "B" O''Hara'
    :sid: 333
    :email: ben@uni.example
  :created_at: 2026-10-01 14:34:00.861687000 -07:00
submission_13:
  :submitters: []
  :created_at: 2026-10-02 00:00:00.000000000 Z
"""
TWICE = b"""---
submission_21:
  :submitters:
  - :name: Ada Lovelace
    :email: ada@uni.example
  :created_at: 2026-10-01 10:00:00.000000000 Z
submission_22:
  :submitters:
  - :name: Ada Lovelace
    :email: ada@uni.example
  :created_at: 2026-10-02 10:00:00.000000000 Z
submission_23:
  :submitters:
  - :name: Ada Lovelace
    :sid: '7'
  :created_at: 2026-10-02 10:00:00.000000000 Z
submission_24:
  :submitters:
  - :name: Nobody
"""

GRADESCOPE_STUDENTS = {
    "Ada Lovelace": Student(
        ids={"gradescope_submission": "11", "gradescope_sid": "00123", "email": "ada@uni.example"},
        submitted="2026-10-01T21:34:00+00:00",
    ),
    "O'Neil, Zoë": Student(
        ids={"gradescope_submission": "12", "email": "zoe@uni.example"},
        submitted="2026-10-01T14:34:00-07:00",
        note='Handed in together with Ben "B" O\'Hara.',
    ),
    'Ben "B" O\'Hara': Student(
        ids={"gradescope_submission": "12", "gradescope_sid": "333", "email": "ben@uni.example"},
        submitted="2026-10-01T14:34:00-07:00",
    ),
    "submission_13": Student(
        ids={"gradescope_submission": "13"}, submitted="2026-10-02T00:00:00+00:00", note="does not say who handed in"
    ),
}
GRADESCOPE = {
    "submission_metadata.yml": METADATA,
    "submission_11/engine.py": E,
    "submission_12/hw/engine.py": E,
    "submission_13/engine.py": E,
}

SHAPES = {
    "Canvas: names, LATE, a resubmission, a typed text, a link": Shape(
        {
            "doejane_12345_678901_engine.py": E,
            "roeric_LATE_12346_678902_engine-1.py": E,
            "li_12347_678903_engine-1.py": b"old",
            "li_12347_678904_engine-2.py": E,
            "text_12348_text.html": b"<p>",
            "smith_LATE_12349_link.html": b"<a>",
        },
        {
            "doejane": Student(ids=canvas(12345, 678901)),
            "roeric": Student(ids=canvas(12346, 678902), late=True, note="engine.py: upload number 1 was used."),
            "li": Student(ids=canvas(12347, 678904), not_taken_in=("engine-1.py",)),
            "text": Student({}, {"canvas_user": "12348"}, not_taken_in=("", "text_12348_text.html")),
            "smith": Student({}, {"canvas_user": "12349"}, late=True, not_taken_in=("", "smith_LATE_12349_link.html")),
        },
    ),
    "Canvas: two people of one name, anonymous, odd names of files": Shape(
        {
            "doejane_1_10_engine.py": E,
            "doejane_2_20_engine (1).py": E,
            "LATE_anon_ab3de_30_engine.py": E,
            "delacruzmaríajosé_4_40_Engine.py": E,
            "old--name_late_5_50_engine.py.txt": E,
            "x_6_60_my_12_34_notes.md": b"",
            "x_6_61_engine-0f8fad5b-d9cb-469f-a165-70867728950e.py": E,
        },
        {
            "doejane_1": Student(ids=canvas(1, 10), note="2 students are called doejane."),
            "doejane_2": Student(ids=canvas(2, 20), note="engine (1).py was used as engine.py."),
            "anon_ab3de": Student(ids={"canvas_submission": "30"}, late=True),
            "delacruzmaríajosé": Student(ids=canvas(4, 40), note="Engine.py was used as engine.py."),
            "old--name": Student(ids=canvas(5, 50), late=True, note="engine.py.txt was used as engine.py."),
            "x": Student(ids=canvas(6, 61)),
        },
    ),
    "Canvas: archives": Shape(
        {
            "a_1_10_hw.zip": zip_of(engine=E),
            "b_2_20_hw-1.tar.gz": tgz_of("hw/engine.py", E),
            "c_3_30_hw.rar": b"Rar!",
            "d_4_40_hw.zip": b"<html>",
            "e_5_50_outer.zip": zip_of(**{"inner.zip": zip_of(engine=E)}),
        },
        {
            "a": Student(ids=canvas(1, 10)),
            "b": Student(ids=canvas(2, 20)),
            "c": Student({}, canvas(3, 30), not_taken_in=("", "hw.rar"), note="it holds hw.rar"),
            "d": Student({}, canvas(4, 40), not_taken_in=("",), note="is damaged, or is not a zip (BadZipFile)."),
            "e": Student(ids=canvas(5, 50)),
        },
    ),
    "Moodle: folders": Shape(
        {
            "Jane Doe_1234567_assignsubmission_file/engine.py": E,
            "Jane Doe_1234568_assignsubmission_file/hw/engine.py": E,
            "O'Neil, Zoë_3_assignsubmission_file_/engine.zip": zip_of(engine=E),
            "O'Neil, Zoë_3_assignsubmission_onlinetext/onlinetext.html": b"<p>",
            "Typed Only_4_assignsubmission_onlinetext/onlinetext.html": b"<p>",
            "Participant_5_assignsubmission_file/engine.py": E,
            "Default group_assignsubmission_file/engine.py": E,
        },
        {
            "Jane Doe_1234567": Student(ids=moodle(1234567), note="2 students are called Jane Doe."),
            "Jane Doe_1234568": Student(ids=moodle(1234568)),
            "O'Neil, Zoë": Student(ids=moodle(3), not_taken_in=("O'Neil, Zoë_3_assignsubmission_onlinetext",)),
            "Typed Only": Student(
                {},
                moodle(4),
                not_taken_in=("", "Typed Only_4_assignsubmission_onlinetext"),
                note="There is no engine.py",
            ),
            "Participant": Student(ids=moodle(5)),
            "Default group": Student(),
        },
    ),
    "Moodle: all in one, one level too high": Shape(
        {
            "A1 download/Jane Doe_1_assignsubmission_file_engine.py": E,
            "A1 download/Jane Doe_1_assignsubmission_file_helper.py": b"x = 1",
            "A1 download/Li Wei_2_assignsubmission_file_a1_expressions_final.ipynb": PAGE,
            "readme.txt": b"",
        },
        {
            "Jane Doe": Student({"engine.py": E, "helper.py": b"x = 1"}, moodle(1)),
            "Li Wei": Student(ids=moodle(2), note="a1_expressions_final.ipynb was used as a1_expressions.ipynb."),
        },
        ("readme.txt",),
    ),
    "Gradescope": Shape(GRADESCOPE, GRADESCOPE_STUDENTS),
    "Gradescope, two levels too high": Shape(
        {f"assignment_8_export/assignment_8_export/{path}": content for path, content in GRADESCOPE.items()},
        GRADESCOPE_STUDENTS,
    ),
    "Gradescope: one person twice, two of one name, an entry without a folder, a folder without an entry": Shape(
        {
            "submission_metadata.yml": TWICE,
            **{f"submission_{number}/engine.py": E for number in (21, 22, 23, 25)},
        },
        {
            "Ada Lovelace_ada@uni.example": Student(
                ids={"gradescope_submission": "22", "email": "ada@uni.example"}, submitted="2026-10-02T10:00:00+00:00"
            ),
            "Ada Lovelace_7": Student(
                ids={"gradescope_submission": "23", "gradescope_sid": "7"}, submitted="2026-10-02T10:00:00+00:00"
            ),
            "submission_25": Student(ids={"gradescope_submission": "25"}),
        },
        ("submission_21", "submission_24"),
    ),
    "Gradescope without its metadata": Shape(
        {"submission_31/engine.py": E},
        {"submission_31": Student(ids={"gradescope_submission": "31"})},
        ("submission_metadata.yml",),
    ),
    "Gradescope with damaged metadata": Shape(
        {"submission_31/engine.py": E, "submission_metadata.yml": b"\xff\x00[[[["},
        {"submission_31": Student(ids={"gradescope_submission": "31"})},
        ("submission_metadata.yml",),
    ),
    "GitHub: clones, one level too high": Shape(
        {
            "a1-expressions-submissions/a1-expressions-ada/.git/config": b"",
            "a1-expressions-submissions/a1-expressions-ada/engine.py": E,
            "a1-expressions-submissions/a1-expressions-ben-k/.git": b"gitdir: elsewhere",
            "a1-expressions-submissions/a1-expressions-ben-k/src/engine.py": E,
            "a1-expressions-submissions/a1-expressions-cleo/.git/config": b"",
        },
        {
            "ada": Student(ids={"github_login": "ada"}),
            "ben-k": Student(ids={"github_login": "ben-k"}),
            "cleo": Student({}, {"github_login": "cleo"}, not_taken_in=("",), note="There is no engine.py"),
        },
        on_disk=True,
    ),
    "a zip of clones, of which one is empty": Shape(
        {
            "a1-submissions/a1-ada/.git/config": b"",
            "a1-submissions/a1-ada/engine.py": E,
            "a1-submissions/a1-ben/.git/config": b"",
            "a1-submissions/a1-cleo/README.md": b"",
        },
        {
            "ada": Student(ids={"github_login": "ada"}),
            "ben": Student({}, {"github_login": "ben"}, not_taken_in=("",), note="There is no engine.py"),
            "cleo": Student({}, {"github_login": "cleo"}, not_taken_in=("",), note="it holds README.md"),
        },
    ),
    "GitHub: clones in a folder of another name": Shape(
        {f"hw1-{login}/{path}": E for login in ("ada", "ben", "cleo-b") for path in (".git/config", "engine.py")},
        {login: Student(ids={"github_login": login}) for login in ("ada", "ben", "cleo-b")},
        on_disk=True,
    ),
    "GitHub: zips of repositories": Shape(
        {f"hw1-{login}-main.zip": zip_of(**{f"hw1-{login}-main/engine.py": E}) for login in ("ada", "ben", "cleo-b")},
        {login: Student(ids={"github_login": login}) for login in ("ada", "ben", "cleo-b")},
    ),
    "GitHub: two clones, whose names do not say where a login begins": Shape(
        {f"a1-{login}/{path}": E for login in ("jane-doe", "jane-roe") for path in (".git/config", "engine.py")},
        {f"a1-{login}": Student() for login in ("jane-doe", "jane-roe")},
        on_disk=True,
    ),
    "nbgrader's folder": Shape(
        {
            "ada/a1_expressions/a1_expressions.ipynb": PAGE,
            "ada/a1_expressions/timestamp.txt": b"2026-10-01 21:58:03.123456 UTC",
            "ada/a2_backprop/engine.py": b"other",
            "ben/a1_expressions/engine.py": E,
            "ben/a1_expressions/timestamp.txt": b"2026-10-01 23:58:03 Europe/Berlin",
            "cleo/a2_backprop/a2_backprop.ipynb": PAGE,
            "dan/engine.py": E,
            "dan/a1_expressions/timestamp.txt": b"2020-01-01 00:00:00 UTC",
            "eve/a2_backprop/engine.py": E,
        },
        {
            "ada": Student(submitted="2026-10-01T21:58:03+00:00"),
            "ben": Student(submitted="2026-10-01T23:58:03+02:00"),
            "cleo": Student({}, not_taken_in=("", "a2_backprop"), note="There is no engine.py"),
            "dan": Student(),
            "eve": Student({}, not_taken_in=("", "a2_backprop"), note="There is no engine.py"),
        },
        on_disk=True,
    ),
    "plain folders and archives": Shape(
        {
            "ada/engine.py": E,
            "ada.zip": zip_of(engine=E),
            "ben.tar.gz": tgz_of("engine.py", E),
            "cleo.zip": b"PK damaged",
            "dan/readme.docx": b"PK",
            "eve.rar": b"Rar!",
            "engine.py": E,
        },
        {
            "ada": Student(note="2 students are called ada."),
            "ada.zip": Student(),
            "ben": Student(),
            "cleo": Student({}, not_taken_in=("",), note="is damaged, or is not a zip (BadZipFile)."),
            "dan": Student({}, not_taken_in=("",), note="it holds readme.docx"),
        },
        ("engine.py", "eve.rar"),
    ),
    "archives in folders": Shape(
        {
            "ada/hw.tgz": tgz_of("engine.py", E),
            "ben/engine.zip": zip_of(engine=E),
            "ben/plots.zip": zip_of(plots=b""),
            "cleo/v1.zip": zip_of(engine=E),
            "cleo/v2.zip": zip_of(engine=b"other"),
            "dan/engine.py": E,
            "dan/old.zip": zip_of(engine=b"old"),
            "eve/notes.ipynb": EMPTY_PAGE,
            "eve/hw.zip": zip_of(engine=E),
        },
        {
            "ada": Student(),
            "ben": Student(not_taken_in=("plots.zip",), note="engine.zip was used"),
            "cleo": Student({}, not_taken_in=("",), note="Which archive is meant? v1.zip, v2.zip"),
            "dan": Student(not_taken_in=("old.zip",)),
            "eve": Student(note="hw.zip was used"),
        },
    ),
    "notebooks under other names": Shape(
        {
            "ada/homework.ipynb": PAGE,
            "ben/solution.ipynb": PAGE,
            "ben/scratch.ipynb": EMPTY_PAGE,
            "cleo/v1.ipynb": PAGE,
            "cleo/v2.ipynb": PAGE,
            "dan/homework.ipynb": PAGE,
            "dan/engine.py": E,
            "eve/a2_backprop_final.ipynb": PAGE,
            "fay/homework.ipynb": EMPTY_PAGE,
            "gus/homework.ipynb": b"\xff\xfe" + PAGE.decode().encode("utf-16-le"),
        },
        {
            "ada": Student(note="a1_expressions.ipynb is missing. homework.ipynb was used as a1_expressions.ipynb."),
            "ben": Student(not_taken_in=("scratch.ipynb",), note="solution.ipynb was used as a1_expressions.ipynb."),
            "cleo": Student({}, not_taken_in=("",), note="Which notebook is meant? v1.ipynb, v2.ipynb"),
            "dan": Student(not_taken_in=("homework.ipynb",)),
            "eve": Student(
                {}, not_taken_in=("", "a2_backprop_final.ipynb"), note="There is no engine.py or a1_expressions"
            ),
            "fay": Student({}, not_taken_in=("",), note="holds no solution cell"),
            "gus": Student(note="was saved as UTF-16"),
        },
    ),
    "packages, helpers, data": Shape(
        {
            "ada/micrograd/__init__.py": b"",
            "ada/micrograd/engine.py": E,
            "ada/micrograd/nn.py": NN,
            "ada/demo.py": b"",
            "ben/micrograd/nn.py": NN,
            "ben/core/engine.py": E,
            "ben/core/util.py": b"x = 1",
            "cleo/nn.py": NN,
            "cleo/engine.py": E,
            "cleo/helpers/__init__.py": b"",
            "cleo/helpers/deep/util.py": b"x = 1",
            "cleo/data/moons.csv": b"1,2",
            "cleo/a-b/other.py": b"",
            "cleo/old/engine.py": b"old",
            "dan/nn.py": NN,
            "dan/a/engine.py": E,
            "dan/b/engine.py": b"other",
            "eve/Engine.py": b"\xff\xfe" + E.decode().encode("utf-16-le"),
            "eve/nn.py": b"\xef\xbb\xbf" + NN,
        },
        {
            "ada": Student({"__init__.py": b"", "engine.py": E, "nn.py": NN}, note="micrograd is a package"),
            "ben": Student(
                {"nn.py": NN, "engine.py": E, "util.py": b"x = 1"},
                note="engine.py was taken from another folder: core/engine.py.",
            ),
            "cleo": Student(
                {
                    "nn.py": NN,
                    "engine.py": E,
                    "helpers/__init__.py": b"",
                    "helpers/deep/util.py": b"x = 1",
                    "data/moons.csv": b"1,2",
                },
            ),
            "dan": Student({"nn.py": NN}, not_taken_in=("a/engine.py, b/engine.py",)),
            "eve": Student({"nn.py": NN, "engine.py": E, "Engine.py": E}, note="engine.py was saved as UTF-16"),
        },
        assignment="a4",
    ),
}


@pytest.fixture
def list_and_take(tmp_path):
    """Return what comes of a download: (what `Student` and `Shape.others` say, warnings and failure by student)."""

    def of(shape, as_zip):
        assignment = choose_assignments(shape.assignment)[0]
        downloads = tmp_path / ("download.zip" if as_zip else "download")
        if as_zip:
            with zipfile.ZipFile(downloads, "w") as archive:
                for name, content in shape.download.items():
                    archive.writestr(name, content)
        else:
            for name, content in shape.download.items():
                path = downloads / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

        students, others = list_students(downloads, tmp_path / "reports", assignment.name)
        found, notes = {}, {}
        for student in students:
            target = tmp_path / "taken in" / student.name
            intake = take_in(student.source, target, assignment.modules, assignment.notebook, assignment.builds_on)
            files = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*.*")}
            not_taken_in = tuple(sorted(each.file for each in intake.not_taken_in))
            found[student.name] = Student(
                files, dict(student.ids), student.is_marked_late, student.submitted, not_taken_in
            )
            notes[student.name] = "\n".join([*student.warnings, *intake.warnings, intake.message])
            assert all(each.reason.endswith((".", ".zip", ".py", ".ipynb")) for each in intake.not_taken_in)
            assert all(each.advice.endswith(".") for each in [*intake.not_taken_in, *others])
        return found, tuple(sorted(other.file for other in others)), notes

    return of


WAYS = [
    pytest.param(shape, as_zip, id=f"{shape}-{'zip' if as_zip else 'folder'}")
    for shape, expected in SHAPES.items()
    for as_zip in ([False] if expected.on_disk else [False, True])
]
"""Each shape as a folder and, unless it is known on disk only, as a zip."""


@pytest.mark.parametrize(("shape", "as_zip"), WAYS)
def test_every_shape_of_a_download_has_its_students_and_loses_nothing(shape, as_zip, list_and_take):
    expected = SHAPES[shape]
    found, others, notes = list_and_take(expected, as_zip)
    assert found.keys() == expected.students.keys()
    for name, student in expected.students.items():
        assert found[name] == student._replace(note=""), name
        assert student.note in notes[name], name
    assert others == expected.others
