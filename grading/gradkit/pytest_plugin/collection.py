"""Collection: which files pytest reads, and which of their tests are items."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from gradkit.catalogue.assignments import Assignment, assignments
from gradkit.catalogue.home import course_home
from gradkit.suite.collection import make_item
from gradkit.suite.graded import ATTRIBUTE, ItemSettings
from gradkit.suite.outcomes import STUDENT_ERRORS
from gradkit.suite.results import Item, Results
from gradkit.suite.rules import SuiteError, check_files, check_module

ITEM = pytest.StashKey[Item]()
"""A test's item. Only graded tests have one."""

SETTINGS = pytest.StashKey[ItemSettings]()
"""What `@graded` says of a test."""


def submission_folder(folder: Path) -> Path:
    """Return the folder that has the student's files: this one, or the only one in it that has some.

    In micrograd's layout they are in a package. Grading finds them there, too.
    """
    names = {f"{name}.py" for each in assignments() for name in each.files}
    try:
        inside = sorted(os.listdir(folder))
    except OSError:
        return folder
    inner = [folder / name for name in inside if not name.startswith(".") and os.path.isdir(folder / name)]
    having = [each for each in (folder, *inner) if any(os.path.isfile(each / name) for name in names)]
    return having[0] if len(having) == 1 else folder


def assignment_of(test: pytest.Item) -> Assignment:
    """Return the assignment of a graded test. Raises UsageError if its folder is not an assignment's."""
    folder = test.path.parent.name
    for assignment in assignments():
        if assignment.name == folder:
            return assignment
    raise pytest.UsageError(f"{test.path} holds graded items, but {folder} has no assignment.toml.")


class Collection:
    """The hooks that collect items.

    Args:
        config: The run's settings.
        results: Where collected items are recorded.
    """

    def __init__(self, config: pytest.Config, results: Results) -> None:
        self._config = config
        self._results = results

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        """Show a suite under its assignment's name, because its path leads through folders unknown to students."""
        suite = next((each for each in assignments() if each.suite == module_path.parent), None)
        if suite is None or self._config.rootpath == course_home():
            return None
        module: pytest.Module = pytest.Module.from_parent(
            parent.session, path=module_path, name=suite.short, nodeid=suite.name
        )
        return module

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Refuse what grading refuses (suite/rules.py), and a file that skips itself."""
        report = yield
        if not isinstance(collector, pytest.Module):
            return report
        folder = collector.path.parent
        if all(assignment.suite != folder for assignment in assignments()):
            return report
        try:
            check_files(folder)
            if report.skipped:
                raise SuiteError(f"{collector.path} skips its items. They are graded all the same: remove that.")
            if report.passed:
                check_module(collector.obj, collector.path)
        except SuiteError as error:
            report.outcome, report.longrepr, report.result = "failed", str(error), []
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Record which tests are items. Raises UsageError if two files hold the same item."""
        paths: dict[str, Path] = {}
        for test in items:
            settings = getattr(getattr(test, "obj", None), ATTRIBUTE, None)
            if not isinstance(settings, ItemSettings):
                continue
            assignment = assignment_of(test)
            item = make_item(assignment, test.name, settings)
            if paths.setdefault(item.id, test.path) != test.path:
                raise pytest.UsageError(f"{item.id} is in two files. Give each item a name of its own.")
            test.stash[ITEM], test.stash[SETTINGS] = item, settings
            test.add_marker(pytest.mark.filterwarnings("ignore"))  # numpy's would stand between the bars and the items
            _suppress_traceback(test)
            if test.nodeid.startswith(f"{assignment.name}::"):
                test.location = (assignment.name, test.location[1], test.name)
            self._results.collected.append(item)


def sort_items(tests: list[pytest.Item]) -> None:
    """Sort graded tests in place into the order of the course. Other tests stay at their positions."""
    positions = [position for position, test in enumerate(tests) if ITEM in test.stash]
    graded = sorted((tests[position] for position in positions), key=_position_in_course)
    for position, test in zip(positions, graded):
        tests[position] = test


def _position_in_course(test: pytest.Item) -> tuple[str, str, int]:
    return test.stash[ITEM].assignment, test.path.name, test.reportinfo()[1] or 0


def _suppress_traceback(test: pytest.Item) -> None:
    """Keep pytest from formatting a student's failure, which takes longer than the item. The evidence is shown."""
    repr_failure = test.repr_failure

    def repr_other_failure(excinfo: pytest.ExceptionInfo[BaseException], **options: Any) -> Any:
        return "" if isinstance(excinfo.value, STUDENT_ERRORS) else repr_failure(excinfo, **options)

    test.repr_failure = repr_other_failure  # type: ignore[method-assign, assignment]
