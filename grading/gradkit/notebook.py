"""What a notebook's cells call.

A test cell calls `check(Value, "a1_expressions/addition", ...)`. Anyone can call `draw(y)` to see a graph, and
`digits(140)` for images to learn from.

The text of the solution cell is graded alone, as a file, as it will be when it is handed in. So `check` already fails
here if the solution needs a helper that another cell defines.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from inspect import unwrap
from pathlib import Path
from types import CodeType, FunctionType

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.grader.suite import Suite
from gradkit.graphs.learning import data
from gradkit.graphs.picture.graphviz import render_svg
from gradkit.graphs.picture.student_value import cards_of_value
from gradkit.outputs.html import feedback
from gradkit.submissions.intake.notebook import convert_to_module
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import graded_tests
from gradkit.suite.static_warnings import static_warnings

RUN_AGAIN = "Have you edited the solution cell? Run it again, then this one: a kernel knows a cell as it last ran."
"""Shown with a failure, because an edited cell that was not run gives the old result."""

_CLOCK = Clock()


class CheckResult:
    """The last value of a test cell. nbgrader reads its text as the cell's points, and a student sees the items."""

    def __init__(self, points: float, page: str) -> None:
        self.points = points
        self._page = page

    def __repr__(self) -> str:
        return f"{self.points:g}"

    def _repr_html_(self) -> str:
        return self._page


def check(subject: type | FunctionType, *items: str) -> CheckResult:
    """Grade items of one assignment on the cell that defines a class or function.

    The files that the assignment builds on are read from the notebook's folder.

    Args:
        subject: The class or function that the cell defines.
        items: The names of the items, as in "a1_expressions/addition".

    Raises:
        LookupError: If an item does not exist.
        ValueError: If no cell defines the subject, or a file is missing.
    """
    assignment, suite = _load_suite(items)
    source = convert_to_module(_cell_source(subject))
    with tempfile.TemporaryDirectory() as name, _without_output():
        folder = Path(name)
        module = assignment.modules[0]
        _copy_files_beside(assignment, folder)
        (folder / f"{module}.py").write_bytes(source)
        with _restored_modules(assignment.files):
            transport = LocalTransport(folder, _CLOCK)
            results = list(run_public_phase(suite, Intake(), transport, run_hidden=True).all())
        warnings = static_warnings(folder, module, assignment.packages)
        if any(result.verdict is not Verdict.PASSED for result in results):
            warnings = [*warnings, RUN_AGAIN]
        page = feedback(results, {result.id: result.title for result in results}, warnings)
    return CheckResult(sum(result.earned for result in results), page)


class Picture:
    """A picture. A notebook shows it at the end of a cell, and save() writes it to a file."""

    def __init__(self, svg: str) -> None:
        self._svg = svg

    def __repr__(self) -> str:
        return "a picture: end a notebook's cell with it, or .save('graph.svg')"

    def _repr_svg_(self) -> str:
        return self._svg[self._svg.index("<svg") :]  # the lines before it belong in a file, and not in a page

    def save(self, path: str | Path) -> None:
        """Write the picture to a file, as SVG."""
        Path(path).write_text(self._svg, encoding="utf-8")


def draw(value: object, /, **names: object) -> Picture:
    """Make a picture of a Value and everything that it was made from: each node's data, grad, operation and parents.

    Args:
        value: The Value.
        names: Nodes that show their names, as in draw(y, x=x, w=w).

    Raises:
        TypeError: If `value` is not a Value.
        ValueError: If there are more nodes than a picture can show.
        ImportError: If pygraphviz is missing. The message says what to install.
    """
    return Picture(render_svg(cards_of_value(value, names)))


def digits(count: int, classes: Collection[int] = range(10), seed: int = 1) -> tuple[list[list[float]], list[int]]:
    """Return images of handwritten digits, and which digit each one is.

    Args:
        count: The number of images.
        classes: The digits to choose from.
        seed: Another seed chooses other images.

    Returns:
        `count` lists of 64 pixels, row by row, between 0 (paper) and 1 (ink); and `count` digits.
    """
    images, labels = data.digits(random.Random(seed), count, classes)
    return [list(image) for image in images], list(labels)


def _load_suite(items: tuple[str, ...]) -> tuple[Assignment, Suite]:
    """Return the assignment of these items, and a suite of them alone. Raises LookupError if one does not exist."""
    ids = {item.replace("/", "/test_", 1) for item in items}
    names = {item.partition("/")[0] for item in items}
    assignment = next((each for each in assignments() if {each.name} == names), None)
    tests = tuple(test for test in graded_tests(assignment) if test.item.id in ids) if assignment else ()
    missing = sorted(ids - {test.item.id for test in tests})
    if assignment is None or missing:
        raise LookupError(f"This gradkit does not have these items of one assignment: {', '.join(missing) or items}")
    return assignment, Suite((assignment,), tests, Library(corpora_folder()))


def _copy_files_beside(assignment: Assignment, folder: Path) -> None:
    """Copy the files that an assignment builds on from the kernel's working directory to a folder.

    Raises:
        ValueError: If one of them is missing.
    """
    for name in [f"{module}.py" for module in assignment.builds_on]:
        if not Path(name).is_file():
            raise ValueError(
                f"There is no {name} in {Path.cwd()}, and {assignment.modules[0]} builds on it: put it beside this "
                "notebook, then restart the kernel."
            )
        shutil.copyfile(name, folder / name)


def _cell_source(subject: type | FunctionType) -> str:
    """Return the text of the cell that defines a class or function. Raises ValueError if no cell does."""
    for code in _codes_of(subject):
        if Path(code.co_filename).exists():
            raise ValueError(
                f"{subject.__name__} comes from {Path(code.co_filename).name}, and what is handed in is the notebook's "
                "solution cell: put your code there."
            )
        lines = linecache.getlines(code.co_filename)
        if lines:
            return "".join(lines)
    raise ValueError(f"No cell of this notebook defines {subject.__name__}: run the solution cell first.")


def _codes_of(subject: type | FunctionType) -> Iterator[CodeType]:
    """Yield the code of a function, or of a class's methods and properties, unwrapped."""
    namespaces = [vars(each) for each in subject.__mro__[:-1]] if isinstance(subject, type) else [{"": subject}]
    for namespace in namespaces:
        for value in namespace.values():
            function = unwrap(getattr(value, "fget", None) or getattr(value, "__func__", None) or value)
            if isinstance(function, FunctionType):
                yield function.__code__


@contextlib.contextmanager
def _restored_modules(names: Sequence[str]) -> Iterator[None]:
    """Hide imported modules of these names, and restore them and the search path afterwards."""
    modules = {name: sys.modules.pop(name, None) for name in names}
    path = list(sys.path)
    try:
        yield
    finally:
        for name, module in modules.items():
            sys.modules.pop(name, None)
            if module:
                sys.modules[name] = module
        sys.path[:] = path


@contextlib.contextmanager
def _without_output() -> Iterator[None]:
    """Discard what a student's code prints, because nbgrader takes all points for a line on stderr."""
    with (
        open(os.devnull, "w", encoding="utf-8") as null,
        contextlib.redirect_stdout(null),
        contextlib.redirect_stderr(null),
    ):
        yield
