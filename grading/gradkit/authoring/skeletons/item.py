"""Write the skeleton of an item: its test in the assignment's suite, and its name in a task of assignment.toml."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from gradkit.catalogue.assignments import Assignment, Task, settings_file
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.proof.specimens import reference_folder
from gradkit.suite.collection import GradedTest, graded_tests
from gradkit.suite.rules import CORPUS, SuiteError

from .names import NameRefusedError, check_identifier

PREFIX = "test_"


@dataclass(frozen=True)
class NewItem:
    """The item that `gradkit new item` writes.

    Attributes:
        name: The test's name, with `test_`.
        title: What students read.
        about: The functions of the solution that it is about, such as `Value.exp`.
        points: A positive multiple of 0.5.
        needs: The items without which it cannot pass, as `@graded` takes them.
        corpus: The Python text of its corpus spec, such as `random_graphs("exp")`; an empty text for none.
        task: The name of its task; an empty text for the last one.
    """

    name: str
    title: str
    about: tuple[str, ...] = ()
    points: float = 1
    needs: tuple[str, ...] = ()
    corpus: str = ""
    task: str = ""


def write_item(assignment: Assignment, new: NewItem) -> list[Path]:
    """Write an item into the suite and into a task of its assignment.

    Returns:
        The two files that were changed.

    Raises:
        NameRefusedError: If the name is taken, or is not that of a test.
        UserError: If this is a release, no task has this name, or the title, points or corpus cannot be used.
    """
    reference_folder()  # raises UserError in a release, whose suites are not to be edited
    tests = tuple(graded_tests(assignment))
    _check(new, assignment, tests)
    task = _task(assignment, new.task)
    path = _suite_file(assignment, tests, task)
    settings = settings_file(assignment.name)

    suite_text = path.read_text(encoding="utf-8")
    test = skeleton(new, assignment, _subject(assignment, tests))
    settings_text = _with_item(settings.read_text(encoding="utf-8"), task.name, new.name.removeprefix(PREFIX))

    write_whole(path, f"{suite_text.rstrip()}\n\n\n{test}".encode())
    try:
        tuple(graded_tests(assignment))
    except SuiteError as error:  # such as a corpus spec with an operation that does not exist
        write_whole(path, suite_text.encode())
        raise UserError(f"Nothing was written. With this item, the suite cannot be collected: {error}") from None
    write_whole(settings, settings_text.encode())
    return [path, settings]


def skeleton(new: NewItem, assignment: Assignment, subject: str) -> str:
    """Return the text of the item's test, which checks nothing yet.

    Args:
        new: The item.
        assignment: Its assignment.
        subject: The argument for the student's class or function.
    """
    settings = [f"{new.points:g}", _quoted(new.title)]
    for name, values in (("about", new.about), ("needs", new.needs)):
        if values:
            settings.append(f"{name}=(" + ", ".join(map(_quoted, values)) + ("," if len(values) == 1 else "") + ")")
    if new.corpus:
        settings.append(f"corpus={new.corpus}")

    decorator = f"@graded({', '.join(settings)})"
    if len(decorator) > 120:
        decorator = "@graded(\n" + "".join(f"    {each},\n" for each in settings) + ")"
    arguments = f"{subject}, {CORPUS}" if new.corpus else subject
    message = _quoted(f"{assignment.name}/{new.name} is a skeleton: write what it checks")
    return f"{decorator}\ndef {new.name}({arguments}):\n    raise NotImplementedError({message})\n"


def _check(new: NewItem, assignment: Assignment, tests: tuple[GradedTest, ...]) -> None:
    """Raise UserError if an item cannot be written."""
    if not new.name.startswith(PREFIX):
        raise NameRefusedError(f"The name of an item begins with {PREFIX}: {PREFIX}{new.name}")
    check_identifier(new.name)
    if new.name in {test.name for test in tests}:
        raise NameRefusedError(f"{assignment.name} has an item {new.name} already: choose another name.")
    if not new.title.strip() or "\n" in new.title:
        raise UserError("The title is one line that students read: say what the item checks.")
    if new.title in {test.item.title for test in tests}:
        raise UserError(f"An item of {assignment.name} has the title {new.title!r} already: choose another one.")
    if new.points <= 0 or (2 * new.points) % 1:
        raise UserError(f"Points are positive multiples of 0.5, not {new.points:g}.")
    if new.corpus:
        try:
            compile(new.corpus, "--corpus", "eval")
        except SyntaxError as error:
            raise UserError(f"--corpus {new.corpus} is not Python: {error.msg}.") from None


def _task(assignment: Assignment, name: str) -> Task:
    """Return the task of this name, or the last one. Raises UserError if there is none."""
    if not assignment.tasks:
        raise UserError(f"{settings_file(assignment.name)} has no [[tasks]]: write one first.")
    if not name:
        return assignment.tasks[-1]
    for task in assignment.tasks:
        if task.name == name:
            return task
    names = ", ".join(task.name for task in assignment.tasks)
    raise UserError(f"{assignment.name} has no task {name!r}: choose {names}.")


def _suite_file(assignment: Assignment, tests: tuple[GradedTest, ...], task: Task) -> Path:
    """Return the file for a new item: that of the last open item of its task, or else of the assignment."""
    of_task = [test.path for test in tests if test.item.id in task.items and not test.item.hidden]
    of_assignment = [test.path for test in tests if not test.item.hidden]
    for paths in (of_task, of_assignment):
        if paths:
            return paths[-1]
    path = assignment.suite / f"test_{assignment.name}.py"
    raise UserError(f"{assignment.name} has no items yet: write {path} with a first one.")


def _subject(assignment: Assignment, tests: tuple[GradedTest, ...]) -> str:
    """Return the subject that most items of an assignment take."""
    counts = Counter(subject for test in tests for subject in test.subjects if SUBJECTS[subject][0] in assignment.files)
    return counts.most_common(1)[0][0]


def _with_item(text: str, task: str, item: str) -> str:
    """Return the text of an assignment.toml in which a task has one more item. All else stays, comments too."""
    document = tomlkit.parse(text)
    for table in document["tasks"]:
        if table["name"] == task:
            items = table["items"]
            items.append(item)
            if len(items.as_string()) > 100:
                items.multiline(True)
    return tomlkit.dumps(document)


def _quoted(text: str) -> str:
    """Return a text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
