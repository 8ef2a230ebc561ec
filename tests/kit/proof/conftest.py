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
def specimen_batches(selection):
    """All specimens, grouped by the items that are run on them: of a misconception those that it can change."""
    return batches(["solution", *variants(), *misconceptions()], selection)


@pytest.fixture(scope="session")
def grade_specimens(specimens, specimen_batches):
    """Grades every specimen in one way, in the sandbox or with a classroom of some kind, as they are asked for."""
    return lambda **how: GradedSpecimens(specimen_batches, specimens, **how)


@pytest.fixture(scope="session")
def graded_specimens(grade_specimens):
    """Every specimen's run in the sandbox."""
    return grade_specimens(isolated=True)
