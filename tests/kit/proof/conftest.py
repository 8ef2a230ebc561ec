"""Fixtures of the tests of proof: specimens, each graded once for all tests that need its report."""

import sys

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.proof.held_proofs import specimens_in_ci
from gradkit.proof.prove import specimen_folders
from gradkit.proof.runs import batches, run_batch
from gradkit.proof.selection import Selection
from gradkit.proof.specimens import Edit, Misconception, read_misconceptions, read_variants
from gradkit.suite.collection import graded_tests

NAMED = ("classic_recursive", "exp_overwrites", "tanh_overwrites", "tape")
"""Specimens that tests name, which are graded whether or not they are in the share of CI."""


@pytest.fixture(scope="module", autouse=True)
def no_submission_imported():
    """Forget the student's files that earlier tests imported: processes that the proof forks would inherit them."""
    for module in {module for module, _name in SUBJECTS.values()} & {"engine", "nn", "training", "tensor"}:
        sys.modules.pop(module, None)


@pytest.fixture
def misconception():
    """Return a function that makes a misconception of the edits that it is given."""

    def make(*edits, module="engine"):
        return Misconception("Something", "operation", "", "", [], [Edit(*edit) for edit in edits], module)

    return make


class GradedSpecimens:
    """Runs of specimens by name. The first request for a specimen grades all specimens of its batch."""

    def __init__(self, batches, folders, **how):
        self._batches = {name: batch for batch in batches for name in batch.selected}
        self._folders, self._how = folders, how
        self._runs = {}

    def __getitem__(self, name):
        if name not in self._runs:
            batch = self._batches[name]
            self._runs.update((run.name, run) for run in run_batch(batch, self._folders, **self._how))
        return self._runs[name]


@pytest.fixture(scope="session")
def specimens(root):
    """Return the folders of all specimens and of the solution, by name."""
    with specimen_folders() as folders:
        yield {**folders, "solution": root / "reference/solution"}


@pytest.fixture(scope="session")
def selection():
    """Return the selection of the items that a misconception can change. It traces the solution once."""
    return Selection()


@pytest.fixture(scope="session")
def batches_in_ci(selection):
    """Return a function that groups the specimens of CI by items to run; for a misconception, those it can change."""
    course = [test for assignment in assignments() for test in graded_tests(assignment)]
    names = dict.fromkeys(["solution", *NAMED, *specimens_in_ci(course)])
    return lambda **how: batches(names, selection, **how)


@pytest.fixture(scope="session")
def specimen_batches(selection):
    """Return the batches of all specimens, each in the assignments that use a file of its own."""
    return batches(["solution", *read_variants(), *read_misconceptions()], selection)


@pytest.fixture(scope="session")
def grade_specimens(specimens):
    """Return a function that returns the runs of batches, graded in one way as they are requested."""
    return lambda some_batches, **how: GradedSpecimens(some_batches, specimens, **how)


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens, batches_in_ci):
    """Return the runs of the specimens of CI in the sandbox."""
    return grade_specimens(batches_in_ci(), isolated=True)
