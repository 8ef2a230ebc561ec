"""One suite, two transports: self-check and the sandbox come to the same verdicts, in the same words."""

import os
import sys
import traceback

import pytest
from gradkit.evidence.prove import specimen_folders
from gradkit.evidence.specimens import misconceptions, variants
from gradkit.grader import classroom as classrooms
from gradkit.grader import report
from gradkit.grader.classroom import Classroom
from gradkit.grader.conditions import conditions_of
from gradkit.submissions.clock import Clock
from gradkit.submissions.local import LocalTransport
from gradkit.submissions.roster import Student
from gradkit.suite.assignments import course_home

NAMES = ["solution", *variants(), *misconceptions()]


class InProcess(Classroom):
    """Grades as self-check does: the submission is imported into the process that grades it, and no other is."""

    def _grade_one(self, scratch, sandbox, student):
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0, f"{student.name} was not graded"
            return True
        try:
            classrooms.transport_to = lambda _sandbox, folder, _suite: Local(folder, Clock())
            sys.modules.pop("engine", None)  # another test's
            super()._grade_one(scratch, sandbox, student)
            assert "engine" in sys.modules
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)


class Local(LocalTransport):
    def close(self):
        pass


@pytest.fixture(scope="module")
def both(suite, tmp_path_factory):
    """Every specimen's report, in process and sandboxed."""
    found = []
    with specimen_folders() as folders:
        students = [Student(name, folder) for name, folder in folders.items()]
        students.append(Student("solution", course_home() / "reference" / "solution"))
        for kind in (InProcess, Classroom):
            out = tmp_path_factory.mktemp("reports")
            classroom = kind(suite("all"), conditions_of(suite("all"), True), out)
            assert [graded.trouble for graded in classroom.grade(students, 2) if graded and graded.trouble] == []
            found.append({student.name: report.read(classroom.report_path(student)) for student in students})
    return found


@pytest.mark.parametrize("name", NAMES)
def test_self_check_and_the_sandbox_come_to_the_same_verdicts_and_evidence(both, name):
    in_process, sandboxed = (reports[name].items for reports in both)
    assert [(item.id, item.verdict) for item in in_process] == [(item.id, item.verdict) for item in sandboxed]
    assert in_process == sandboxed


def test_the_reference_has_full_marks_in_both(both):
    assert [(reports["solution"].earned, reports["solution"].points) for reports in both] == [(73.5, 73.5)] * 2
