"""The course's notebooks: nbgrader's source tree, made from a text for each assignment and the reference, by name.

A text is Jupytext Markdown (https://jupytext.readthedocs.io/en/latest/formats-markdown.html). Code cells that are empty
and carry `solution="engine"` or `task="addition"` are filled in; so are comments such as `<!-- task addition -->`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradkit.catalogue.assignments import Assignment, Task, assignments
from gradkit.catalogue.course_settings import course_settings
from gradkit.catalogue.home import course_home
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.graphs.picture.picture import png
from gradkit.graphs.scalar.trace import traced_program
from gradkit.inside.graph import Answers
from gradkit.oracle import complex_step
from gradkit.suite.collection import graded_tests
from gradkit.suite.results import Item

from .stages import staged

if TYPE_CHECKING:
    from nbformat import NotebookNode

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
"""nbgrader's marks: what stands between them is not in what students get."""

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

_GRAPH = re.compile(r"^```graph( gradients)?\n(.*?)\n```$", re.M | re.S)
_SETTING = re.compile(r"^<!-- if given -->\n(.*?)^<!-- if own -->\n(.*?)^<!-- end -->\n", re.M | re.S)


class TextError(UserError):
    """A notebook's text, the tasks of its assignment and the items do not fit together; the message says where."""


def students_bring_their_own() -> bool:
    """Whether a2 and later begin with the student's own engine, as course.toml says. Raises SettingsError."""
    return course_settings().engine_so_far == "own"


def build(target: Path, solution: Path) -> Iterator[Path]:
    """Write each assignment's source notebook below a folder, as nbgrader wants it: <name>/<name>.ipynb.

    The files that it builds on go beside it, as the reference has them, where students do not bring their own.
    solution: the folder of the reference.
    Raises TextError, OSError where a text is missing, and ImportError where jupytext or pygraphviz is.
    """
    own = students_bring_their_own()
    for assignment in assignments():
        notebook = source_notebook(assignment, solution, own)
        path = target / assignment.name / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, f"{json.dumps(notebook, ensure_ascii=False, indent=1)}\n".encode())
        for module in assignment.builds_on:
            beside = path.with_name(f"{module}.py")
            if own:  # nbgrader would put it in the place of the student's
                beside.unlink(missing_ok=True)
            else:
                write_whole(beside, (solution / beside.name).read_bytes())
        yield path


def source_notebook(assignment: Assignment, solution: Path, own: bool) -> NotebookNode:
    """An assignment's notebook with its solution and all tests. Raises as `build` does."""
    import jupytext

    path = course_home() / "assignments" / assignment.name / "notebook.md"
    text = _SETTING.sub(r"\2" if own else r"\1", path.read_text(encoding="utf-8"))
    items = {test.item.id: test.item for test in graded_tests(assignment)}
    _check_tasks(assignment, items)
    notebook: NotebookNode = jupytext.reads(text, fmt="md")
    filled = _Filled(assignment, items, solution, own)
    for number, cell in enumerate(notebook.cells):
        filled.cell(cell)
        cell.id = f"{assignment.short}-{number:02}"
    filled.check_that_nothing_is_missing()
    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _check_tasks(assignment: Assignment, items: Mapping[str, Item]) -> None:
    listed = [item for task in assignment.tasks for item in task.items]
    wrong = sorted(
        {item for item in listed if item not in items or listed.count(item) > 1} | items.keys() - set(listed)
    )
    if wrong:
        raise TextError(f"{assignment.name}: each item belongs to one task, but not so {', '.join(wrong)}")
    cells = [*assignment.modules, *(task.name for task in assignment.tasks)]
    if len(set(cells)) < len(cells):
        raise TextError(f"{assignment.name}: its tasks and files need different names, and have {', '.join(cells)}")


class _Filled:
    """Fills in a notebook's cells, in order."""

    def __init__(self, assignment: Assignment, items: Mapping[str, Item], solution: Path, own: bool) -> None:
        self._assignment = assignment
        self._items = items
        self._solution = solution
        self._own = own
        self._tasks = {task.name: task for task in assignment.tasks}
        self._subject = assignment.names[-1].partition(".")[0]
        """What test cells know the solution cell by: the last thing that is written in it."""
        self._headed: list[str] = []
        self._tested: list[str] = []
        self._solved: list[str] = []

    def cell(self, cell: NotebookNode) -> None:
        marks = dict(cell.metadata)
        cell.metadata.clear()
        if cell.cell_type == "markdown":
            self._text(cell)
        elif "solution" in marks:
            self._solution_cell(cell, marks["solution"])
        elif "task" in marks:
            self._test_cell(cell, self._task(marks["task"]))
        else:
            cell.metadata["tags"] = ["raises-exception"]  # what is not written yet shall not stop "Run All"

    def check_that_nothing_is_missing(self) -> None:
        for what, found, due in (
            ("headings", self._headed, list(self._tasks)),
            ("test cells", self._tested, list(self._tasks)),
            ("solution cells", self._solved, list(self._assignment.modules)),
        ):
            if found != due:
                raise TextError(f"{self._assignment.name}: its {what} are {found} and should be {due}")

    def _task(self, name: str) -> Task:
        if name not in self._tasks:
            raise TextError(f"{self._assignment.name}: there is no task {name}")
        return self._tasks[name]

    def _points(self, task: Task) -> float:
        return sum(self._items[item].points for item in task.items)

    def _solution_cell(self, cell: NotebookNode, module: str) -> None:
        self._solved.append(module)
        source = (self._solution / f"{module}.py").read_text(encoding="utf-8")
        cell.source = staged(source, module, assignments(), self._assignment, self._own).rstrip()
        cell.metadata["nbgrader"] = nbgrader_marks(module, solution=True)

    def _test_cell(self, cell: NotebookNode, task: Task) -> None:
        self._tested.append(task.name)
        names = [f'    "{item}",' for item in task.items if not self._items[item].hidden]
        hidden = [f'    "{item}",' for item in task.items if self._items[item].hidden]
        if hidden:
            names += [f"    {BEGIN_HIDDEN}", *hidden, f"    {END_HIDDEN}"]
        lines = ["from gradkit.notebook import check", "", "check(", f"    {self._subject},", *names, ")"]
        cell.source = "\n".join(lines).replace("/test_", "/")
        cell.metadata["nbgrader"] = nbgrader_marks(task.name, points=self._points(task))

    # --- text --------------------------------------------------------------------------------------------------------

    def _text(self, cell: NotebookNode) -> None:
        pictures: dict[str, Any] = {}
        text = re.sub(r"^<!-- overview -->$", lambda _: self._overview(), cell.source, flags=re.M)
        text = re.sub(r"^<!-- task (\w+) -->$", lambda found: self._heading(found[1]), text, flags=re.M)
        cell.source = _GRAPH.sub(_drawn_into(pictures), text)
        if pictures:
            cell.attachments = pictures

    def _overview(self) -> str:
        rows = [
            f"| {number} | {task.title} | {self._points(task):g} | {task.minutes} |"
            for number, task in enumerate(self._tasks.values(), 1)
        ]
        points = sum(map(self._points, self._tasks.values()))
        minutes = sum(task.minutes for task in self._tasks.values())
        rows.append(f"| | **in all** | **{points:g}** | **{minutes}** |")
        return "\n".join(["| task | | points | minutes |", "|---|---|---|---|", *rows])

    def _heading(self, name: str) -> str:
        task = self._task(name)
        self._headed.append(name)
        points = self._points(task)
        unit = "point" if points == 1 else "points"
        return f"## Task {len(self._headed)} · {task.title}\n\n*{points:g} {unit}, about {task.minutes} minutes*"


def _drawn_into(pictures: dict[str, Any]) -> Callable[[re.Match[str]], str]:
    """Replaces a graph's program by itself and its picture, which goes into the attachments."""

    def drawn(found: re.Match[str]) -> str:
        gradients, code = found.groups()
        graph, names = traced_program(code)
        answers = complex_step.answers(graph)
        shown = answers if gradients else Answers(answers.data, [])
        name = f"graph-{len(pictures) + 1}.png"
        pictures[name] = {"image/png": base64.b64encode(png(graph, shown, names)).decode()}
        told = "data and gradients" if gradients else "data"
        return f"```python\n{code}\n```\n\n![The graph of this code, every node with its {told}](attachment:{name})"

    return drawn


def nbgrader_marks(grade_id: str, solution: bool = False, points: float | None = None) -> dict[str, object]:
    """A cell's metadata, as nbgrader's schema 3 has it."""
    marks: dict[str, object] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": points is not None,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    return marks if points is None else {**marks, "points": points}
