"""What is called in a notebook: `check(Value, "a1_expressions/addition", ...)` by its test cells, `draw(y)` by whoever
wants to see a graph, and `digits(140)` where there is something to learn.

The solution cell's text is graded as it will be when it is handed in: by itself, as a file. So a helper in another cell
is missed here already.
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
from gradkit.grader.report import item_record
from gradkit.grader.suite import Suite
from gradkit.graphs.learning import data
from gradkit.graphs.picture.picture import svg
from gradkit.graphs.picture.student_value import cards_of
from gradkit.outputs.html import feedback
from gradkit.submissions.intake.notebook import as_module
from gradkit.submissions.intake.take_in import TakenIn
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import graded_tests
from gradkit.suite.static_warnings import warnings

_CLOCK = Clock()


class Checked:
    """What a test cell ends with: nbgrader reads its text as the cell's points, and a student sees the items."""

    def __init__(self, points: float, page: str) -> None:
        self.points = points
        self._page = page

    def __repr__(self) -> str:
        return f"{self.points:g}"

    def _repr_html_(self) -> str:
        return self._page


def check(subject: type | FunctionType, *items: str) -> Checked:
    """Grade some items of one assignment on the cell that defines a class or function, and on the files beside the
    notebook that the assignment builds on.

    subject: the class or function, as that cell has made it.   items: as in "a1_expressions/addition".
    Raises LookupError for an item that there is not, ValueError where no cell defines the subject or a file is missing.
    """
    assignment, suite = _suite(items)
    source = as_module(_source_of(subject))
    with tempfile.TemporaryDirectory() as name, _quiet():
        folder = Path(name)
        module = assignment.modules[0]
        _put_beside(assignment, folder)
        (folder / f"{module}.py").write_bytes(source)
        with _apart(assignment.files):
            results = run_public_phase(suite, TakenIn(), LocalTransport(folder, _CLOCK), run_hidden=True)
        said = warnings(folder, module, assignment.packages)
        records = [item_record(result) for result in results.all()]
        page = feedback(records, {record.id: record.title for record in records}, said)
    return Checked(sum(record.earned for record in records), page)


class Drawn:
    """A picture. A notebook that ends a cell with it shows it; save() makes it a file for any page."""

    def __init__(self, svg: str) -> None:
        self._svg = svg

    def __repr__(self) -> str:
        return "a picture: end a notebook's cell with it, or .save('graph.svg')"

    def _repr_svg_(self) -> str:
        return self._svg[self._svg.index("<svg") :]  # what stands before it belongs into a file, and not into a page

    def save(self, path: str | Path) -> None:
        """Write it to a file, as SVG."""
        Path(path).write_text(self._svg, encoding="utf-8")


def draw(value: object, /, **names: object) -> Drawn:
    """Draw a Value and all that it was made from: the data, grad, operation and parents that its nodes have themselves.

    names: nodes that shall show their names, as in draw(y, x=x, w=w).
    Raises TypeError where `value` is no Value, ValueError for more nodes than a picture can show, and ImportError,
    saying what to install, where pygraphviz is missing.
    """
    return Drawn(svg(cards_of(value, names)))


def digits(count: int, classes: Collection[int] = range(10), seed: int = 1) -> tuple[list[list[float]], list[int]]:
    """Handwritten digits: the 64 pixels of each, row by row, between 0 (paper) and 1 (ink), and which digit each is.

    classes: the digits that are wanted.   seed: another one draws others.
    """
    images, labels = data.digits(random.Random(seed), count, classes)
    return [list(image) for image in images], list(labels)


def _suite(items: tuple[str, ...]) -> tuple[Assignment, Suite]:
    """The items as a suite of their own."""
    ids = {item.replace("/", "/test_", 1) for item in items}
    named = {item.partition("/")[0] for item in items}
    assignment = next((each for each in assignments() if {each.name} == named), None)
    tests = tuple(test for test in graded_tests(assignment) if test.item.id in ids) if assignment else ()
    missing = sorted(ids - {test.item.id for test in tests})
    if assignment is None or missing:
        raise LookupError(f"This gradkit has no such items of one assignment: {', '.join(missing) or items}")
    return assignment, Suite((assignment,), tests, Library(corpora_folder()))


def _put_beside(assignment: Assignment, folder: Path) -> None:
    """Copy what an assignment builds on from beside the notebook, where its kernel is at work."""
    for name in [f"{module}.py" for module in assignment.builds_on]:
        if not Path(name).is_file():
            raise ValueError(
                f"There is no {name} in {Path.cwd()}, and {assignment.modules[0]} builds on it: put it beside this "
                "notebook, then restart the kernel."
            )
        shutil.copyfile(name, folder / name)


def _source_of(subject: type | FunctionType) -> str:
    """The text of the cell that defines a class or function."""
    for code in _codes(subject):
        if Path(code.co_filename).exists():
            raise ValueError(
                f"{subject.__name__} comes from {Path(code.co_filename).name}, and what is handed in is the notebook's "
                "solution cell: put your code there."
            )
        lines = linecache.getlines(code.co_filename)
        if lines:
            return "".join(lines)
    raise ValueError(f"No cell of this notebook defines {subject.__name__}: run the solution cell first.")


def _codes(subject: type | FunctionType) -> Iterator[CodeType]:
    spaces = [vars(each) for each in subject.__mro__[:-1]] if isinstance(subject, type) else [{"": subject}]
    for space in spaces:
        for found in space.values():
            function = unwrap(getattr(found, "fget", None) or getattr(found, "__func__", None) or found)
            if isinstance(function, FunctionType):
                yield function.__code__


@contextlib.contextmanager
def _apart(modules: Sequence[str]) -> Iterator[None]:
    """Leave what this kernel has imported, and from where, as it was."""
    known, path = {module: sys.modules.pop(module, None) for module in modules}, list(sys.path)
    try:
        yield
    finally:
        for module, found in known.items():
            sys.modules.pop(module, None)
            if found:
                sys.modules[module] = found
        sys.path[:] = path


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing that a student's code prints reach the cell: for a word on stderr nbgrader takes all points."""
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield
