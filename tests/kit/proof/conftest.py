"""Fixtures of the tests of proof: every specimen, graded once for all tests that look at it."""

import pytest
from gradkit.proof.prove import specimen_folders
from gradkit.proof.runs import batches, run_batch
from gradkit.proof.selection import Selection
from gradkit.proof.specimens import misconceptions, variants


class GradedSpecimens:
    """Runs of specimens, by name. A specimen is graded, with all others of its batch, when it is first asked for."""

    def __init__(self, batches, folders, **how):
        self._batches = {name: batch for batch in batches for name in batch.names}
        self._folders, self._how = folders, how
        self._runs = {}

    def __getitem__(self, name):
        if name not in self._runs:
            batch = self._batches[name]
            self._runs.update((run.name, run) for run in run_batch(batch, self._folders, **self._how))
        return self._runs[name]


@pytest.fixture(scope="session")
def specimens(root):
    """A folder for every specimen, and for the solution, by name."""
    with specimen_folders() as folders:
        yield {**folders, "solution": root / "reference/solution"}


@pytest.fixture(scope="session")
def selection():
    """Selects the items that a misconception can change; the solution is traced once."""
    return Selection()


@pytest.fixture(scope="session")
def batches_of_specimens(selection):
    """All specimens, grouped by the items that are run on them: of a misconception those that it can change."""
    return lambda **how: batches(["solution", *variants(), *misconceptions()], selection, **how)


@pytest.fixture(scope="session")
def specimen_batches(batches_of_specimens):
    """All specimens in every assignment that holds a file of their own."""
    return batches_of_specimens()


@pytest.fixture(scope="session")
def grade_specimens(specimens):
    """Grades the specimens of some batches in one way, as they are asked for."""
    return lambda some_batches, **how: GradedSpecimens(some_batches, specimens, **how)


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens, specimen_batches):
    """Every specimen's run in the sandbox."""
    return grade_specimens(specimen_batches, isolated=True)
