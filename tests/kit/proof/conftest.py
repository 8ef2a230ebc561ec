"""Fixtures of the tests of proof: specimens, each graded once for all tests that need its report."""

import pytest
from gradkit.proof.prove import specimen_folders
from gradkit.proof.runs import batches, run_batch
from gradkit.proof.selection import Selection
from gradkit.proof.specimens import read_misconceptions, read_variants


class GradedSpecimens:
    """Runs of specimens by name. The first request for a specimen grades all specimens of its batch."""

    def __init__(self, batches, folders, **how):
        self._batches = {name: batch for batch in batches for name in batch.parts}
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
def batches_of_specimens(selection):
    """Return a function that groups all specimens by items to run; for a misconception, those that it can change."""
    return lambda **how: batches(["solution", *read_variants(), *read_misconceptions()], selection, **how)


@pytest.fixture(scope="session")
def specimen_batches(batches_of_specimens):
    """Return the batches of all specimens, each in the assignments that grade a file of its own."""
    return batches_of_specimens()


@pytest.fixture(scope="session")
def grade_specimens(specimens):
    """Return a function that returns the runs of batches, graded in one way as they are requested."""
    return lambda some_batches, **how: GradedSpecimens(some_batches, specimens, **how)


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens, specimen_batches):
    """Return the runs of all specimens in the sandbox."""
    return grade_specimens(specimen_batches, isolated=True)
