"""Make nbgrader's source notebooks from a text for each assignment and the reference.

A text is Jupytext Markdown (https://jupytext.readthedocs.io/en/latest/formats-markdown.html). Empty code cells with
`solution="engine"` or `task="addition"` are filled in, and so are comments such as `<!-- task addition -->`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gradkit.catalogue.assignments import Assignment, Task, assignments
from gradkit.catalogue.course_settings import CourseSettings
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.graphs.picture.cards import cards_of_graph
from gradkit.graphs.picture.graphviz import render_png
from gradkit.graphs.scalar.trace_program import trace_program
from gradkit.inside.graph import Answers
from gradkit.oracle import complex_step
from gradkit.suite.collection import graded_tests
from gradkit.suite.course_plan import CourseTests, TestSource
from gradkit.suite.results import Item

from .stages import make_solution_cell
from .tasks import find_task_faults

if TYPE_CHECKING:
    from nbformat import NotebookNode

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
"""nbgrader's delimiters: the lines between them are removed from what students receive."""

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

_GRAPH = re.compile(r"^```graph( gradients)?\n(.*?)\n```$", re.M | re.S)
_SETTING = re.compile(r"^<!-- if given -->\n(.*?)^<!-- if own -->\n(.*?)^<!-- end -->\n", re.M | re.S)
_OVERVIEW = re.compile(r"^<!-- overview -->$", re.M)
_TASK = re.compile(r"^<!-- task (\w+) -->$", re.M)


class TextError(UserError):
    """A notebook's text, the tasks of its assignment and its items do not match."""


class _Illustrated(NamedTuple):
    """A text with pictures.

    Attributes:
        text: Markdown that refers to the pictures.
        pictures: A cell's attachments: a picture as base64 by its media type, by the picture's name.
    """

    text: str
    pictures: dict[str, dict[str, str]]


def build_sources(target: Path, solution: Path, settings: CourseSettings) -> Iterator[Path]:
    """Write each assignment's source notebook to <target>/<name>/<name>.ipynb, where nbgrader expects it.

    The files that an assignment builds on are written beside it, unless students continue with their own.

    Args:
        target: nbgrader's folder of source notebooks.
        solution: Folder of the reference.
        settings: The settings of the course.

    Yields:
        The path of each notebook when it is written.

    Raises:
        TextError: If a text does not match its assignment.
        OSError: If a text is missing, or a file cannot be written.
        ImportError: If jupytext or pygraphviz is not installed.
    """
    own_engine = settings.engine_so_far == "own"
    tests_of = CourseTests(settings)
    for assignment in settings.chosen_assignments:
        notebook = make_source_notebook(assignment, solution, own_engine, tests_of)
        path = target / assignment.name / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{json.dumps(notebook, ensure_ascii=False, indent=1)}\n".encode())

        for module in assignment.builds_on:
            file = path.with_name(f"{module}.py")
            if own_engine:  # nbgrader would replace the student's file by it
                file.unlink(missing_ok=True)
            else:
                write_whole(file, (solution / file.name).read_bytes())
        yield path


def make_source_notebook(
    assignment: Assignment, solution: Path, own_engine: bool, tests_of: TestSource = graded_tests
) -> NotebookNode:
    """Make an assignment's notebook with its solution and all tests.

    Args:
        assignment: The assignment.
        solution: Folder of the reference.
        own_engine: Whether students continue with their own code of earlier assignments.
        tests_of: Returns the tests of the assignment.

    Raises:
        CoursePlanError: If a course's points cannot be given.
        TextError: If the text does not match the assignment.
        OSError: If the text is missing.
        ImportError: If jupytext or pygraphviz is not installed.
    """
    import jupytext

    _check_tasks(assignment, [test.item.id for test in graded_tests(assignment)])
    items = {test.item.id: test.item for test in tests_of(assignment)}

    path = course_home() / "assignments" / assignment.name / "notebook.md"
    text = _SETTING.sub(r"\2" if own_engine else r"\1", path.read_text(encoding="utf-8"))
    notebook: NotebookNode = jupytext.reads(text, fmt="md")

    filler = _CellFiller(assignment, items, solution, own_engine)
    for number, cell in enumerate(notebook.cells):
        filler.fill(cell)
        cell.id = f"{assignment.short}-{number:02}"
    filler.check_that_nothing_is_missing()

    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _check_tasks(assignment: Assignment, items: Collection[str]) -> None:
    """Check that every item belongs to one task, and that the cells have different names. Raises TextError."""
    for fault in find_task_faults(assignment, items):
        raise TextError(f"{assignment.name}: {fault}")


class _CellFiller:
    """Fills in the cells of a notebook, in order, and remembers which ones it has seen."""

    def __init__(self, assignment: Assignment, items: Mapping[str, Item], solution: Path, own_engine: bool) -> None:
        self._assignment = assignment
        self._items = items
        self._solution = solution
        self._own_engine = own_engine
        self._tasks = {task.name: task for task in assignment.tasks}
        self._subject = assignment.names[-1].partition(".")[0]
        """What test cells pass to `check`: the last class or function of the solution cell."""
        self._headings: list[str] = []
        self._test_cells: list[str] = []
        self._solution_cells: list[str] = []

    def fill(self, cell: NotebookNode) -> None:
        """Fill in a cell as its metadata says, and replace the metadata by nbgrader's."""
        settings = dict(cell.metadata)
        cell.metadata.clear()
        if cell.cell_type == "markdown":
            self._fill_text(cell)
        elif "solution" in settings:
            self._fill_solution(cell, settings["solution"])
        elif "task" in settings:
            self._fill_test(cell, self._find_task(settings["task"]))
        else:
            cell.metadata["tags"] = ["raises-exception"]  # so that "Run All" continues after a stub

    def check_that_nothing_is_missing(self) -> None:
        """Check that there was a cell for every task and file, in order. Raises TextError."""
        for name, actual, expected in (
            ("headings", self._headings, list(self._tasks)),
            ("test cells", self._test_cells, list(self._tasks)),
            ("solution cells", self._solution_cells, list(self._assignment.modules)),
        ):
            if actual != expected:
                raise TextError(f"{self._assignment.name}: its {name} are {actual} and should be {expected}")

    def _find_task(self, name: str) -> Task:
        if name not in self._tasks:
            raise TextError(f"{self._assignment.name}: there is no task {name}")
        return self._tasks[name]

    def _points_of(self, task: Task) -> float:
        """Return the maximum points of a task: without bonus items, as in the gradebook."""
        return sum(item.points for item in self._items_of(task) if not item.bonus)

    def _items_of(self, task: Task) -> list[Item]:
        return [self._items[item] for item in task.items if item in self._items]

    def _fill_solution(self, cell: NotebookNode, module: str) -> None:
        self._solution_cells.append(module)
        source = (self._solution / f"{module}.py").read_text(encoding="utf-8")
        cell.source = make_solution_cell(source, module, assignments(), self._assignment, self._own_engine).rstrip()
        cell.metadata["nbgrader"] = make_cell_metadata(module, solution=True)

    def _fill_test(self, cell: NotebookNode, task: Task) -> None:
        self._test_cells.append(task.name)
        shown = [f'    "{item.id}",' for item in self._items_of(task) if not item.hidden]
        hidden = [f'    "{item.id}",' for item in self._items_of(task) if item.hidden]
        if hidden:
            hidden = [f"    {BEGIN_HIDDEN}", *hidden, f"    {END_HIDDEN}"]

        call = ["check(", f"    {self._subject},", *shown, *hidden, ")"]
        source = "\n".join(["from gradkit.notebook import check", "", *call])
        if not shown and not hidden:
            source = "# Your course does not grade this task."
        cell.source = source.replace("/test_", "/")
        cell.metadata["nbgrader"] = make_cell_metadata(task.name, points=self._points_of(task))

    # --- text --------------------------------------------------------------------------------------------------------

    def _fill_text(self, cell: NotebookNode) -> None:
        text = _OVERVIEW.sub(lambda _: self._make_overview(), cell.source)
        text = _TASK.sub(lambda match: self._make_heading(match[1]), text)
        illustrated = _add_pictures(text)
        cell.source = illustrated.text
        if illustrated.pictures:
            cell.attachments = illustrated.pictures

    def _make_overview(self) -> str:
        """Make a table of the tasks, with points and minutes."""
        rows = [
            f"| {number} | {task.title} | {self._points_of(task):g} | {task.minutes} |"
            for number, task in enumerate(self._tasks.values(), 1)
        ]
        points = sum(map(self._points_of, self._tasks.values()))
        minutes = sum(task.minutes for task in self._tasks.values())
        total = f"| | **in all** | **{points:g}** | **{minutes}** |"
        return "\n".join(["| task | | points | minutes |", "|---|---|---|---|", *rows, total])

    def _make_heading(self, name: str) -> str:
        task = self._find_task(name)
        self._headings.append(name)
        points = self._points_of(task)
        unit = "point" if points == 1 else "points"
        return f"## Task {len(self._headings)} · {task.title}\n\n*{points:g} {unit}, about {task.minutes} minutes*"


def _add_pictures(text: str) -> _Illustrated:
    """Replace every program of a graph by the program and the graph's picture."""
    pictures: dict[str, dict[str, str]] = {}
    pieces: list[str] = []
    end = 0
    for number, match in enumerate(_GRAPH.finditer(text), 1):
        has_gradients, code = bool(match[1]), match[2]
        name = f"graph-{number}.png"
        pictures[name] = {"image/png": base64.b64encode(_render_program(code, has_gradients)).decode()}

        numbers = "data and gradients" if has_gradients else "data"
        picture = f"![The graph of this code, every node with its {numbers}](attachment:{name})"
        pieces += [text[end : match.start()], f"```python\n{code}\n```\n\n{picture}"]
        end = match.end()
    return _Illustrated("".join([*pieces, text[end:]]), pictures)


def _render_program(code: str, has_gradients: bool) -> bytes:
    """Render the graph of a program as PNG, with its data and, if wanted, its gradients."""
    graph, names = trace_program(code)
    answers = complex_step.answer_graph(graph)
    shown = answers if has_gradients else Answers(answers.data, [])
    return render_png(cards_of_graph(graph, shown, names=names))


def make_cell_metadata(grade_id: str, solution: bool = False, points: float | None = None) -> dict[str, object]:
    """Make the metadata of a cell in nbgrader's schema 3.

    Args:
        grade_id: The cell's id.
        solution: Whether it is a solution cell. Other cells are locked.
        points: Points of a test cell.
    """
    metadata: dict[str, object] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    return metadata if points is None else {**metadata, "points": points}
