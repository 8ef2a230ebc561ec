"""One suite, two transports: self-check and the sandbox give the same verdicts and the same evidence."""

import gc
import os
import sys
import traceback
from multiprocessing import Pipe

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.grader.one_submission import run_phases
from gradkit.inside.worker import GC_THRESHOLD
from gradkit.proof.held_proofs import specimens_in_ci
from gradkit.proof.runs import SpecimenClass, SpecimenSteps
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import graded_tests

COURSE = [test for assignment in assignments() for test in graded_tests(assignment)]


class InProcessSteps(SpecimenSteps):
    """Grades as self-check does: each submission is imported into the process that grades it, and only there."""

    def run_public(self, scratch, sandbox, student):
        return self._in_child(super().run_public, scratch, sandbox, student)

    def run_later(self, phase, scratch, sandbox, student):
        return self._in_child(super().run_later, phase, scratch, sandbox, student)

    def _in_child(self, job, *arguments):
        ours, theirs = Pipe()
        child = os.fork()
        if child:
            theirs.close()
            step = ours.recv()
            assert os.waitpid(child, 0)[1] == 0, f"{arguments[-1].name} was not graded"
            return step
        try:
            # As in a worker: with Python's default, collecting takes longer than everything else.
            gc.set_threshold(GC_THRESHOLD)
            run_phases.open_transport = lambda _sandbox, folder, _seconds: Local(folder, Clock())
            for module in (*self.suite.builds_on, *self.suite.modules):
                sys.modules.pop(module, None)  # another test's
            theirs.send(job(*arguments))
            assert "engine" in sys.modules or set(self.suite.modules) <= set(sys.modules)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)


class InProcess(SpecimenClass):
    @property
    def steps(self):
        return InProcessSteps(self.suite, self.conditions, self.out, self.selected)


class Local(LocalTransport):
    def close(self):
        pass


@pytest.fixture(scope="module")
def in_process(grade_specimens, batches_in_ci):
    """Return the runs of the specimens of CI as in self-check, in the assignments that grade a file of theirs."""
    return grade_specimens(batches_in_ci(graded_only=True), isolated=False, kind=InProcess)


@pytest.fixture
def runs(request, in_process, graded_specimens):
    """Return a specimen's runs in self-check and in the sandbox. The first request for a batch grades all of it."""
    return in_process[request.param], graded_specimens[request.param]


@pytest.mark.parametrize("runs", ["solution", *specimens_in_ci(COURSE)], indirect=True)
def test_self_check_and_the_sandbox_come_to_the_same_verdicts_and_evidence(runs):
    in_self_check, in_sandbox = runs
    local = in_self_check.report.items
    run_locally = {item.id for item in local}
    sandboxed = tuple(item for item in in_sandbox.report.items if item.id in run_locally)
    assert [(item.id, item.verdict) for item in local] == [(item.id, item.verdict) for item in sandboxed]
    assert local == sandboxed


def test_the_reference_has_all_points_in_both(in_process, graded_specimens):
    both = in_process["solution"].report, graded_specimens["solution"].report
    assert [report.earned for report in both] == [report.points for report in both]
    assert both[0].points > 100
