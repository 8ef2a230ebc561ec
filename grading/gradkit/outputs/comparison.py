"""What a regrade changed: who gains, who loses, by which item, and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from gradkit.grader.report import Conditions, Report
from gradkit.submissions.exception_text import tidy
from gradkit.suite.results import ItemResult

from .grades_csv import without_formulas

MAX_LINE_LENGTH = 10_000
"""Characters of a line below the table. It can name many students."""

MAX_SHOWN_ITEMS = 6
"""Items of a student that the table names. The CSV file names all."""

_CONDITIONS = {
    "kit": "gradkit",
    "python": "Python",
    "suite": "tests, corpora or limits",
    "seed": "seed",
    "sandbox": "sandbox",
    "fixed_addresses": "fixed addresses",
    "packages": "packages",
}
"""What each field of `Conditions` is, for the instructor."""

_DIGESTS = ("suite",)
"""Fields of `Conditions` whose values say nothing to a person."""


@dataclass(frozen=True)
class StudentChange:
    """A student with another verdict, or other points, in an item of two reports.

    Attributes:
        student: The student.
        before: The earlier report.
        now: The later report.
        items: The items with another verdict or other earned points, as in "tanh_collects: failed → passed (+1)".
        reasons: What else differs between the reports: the submission, and conditions.
    """

    student: str
    before: Report
    now: Report
    items: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def difference(self) -> float:
        """How many points the student gains."""
        return self.now.earned - self.before.earned


@dataclass(frozen=True)
class Comparison:
    """Two gradings of a class.

    Attributes:
        changes: The students with a change: first those who lose points, then those who gain some, then the others.
        n_compared: How many students have a report in both.
        changed_items: The items that are worth something else now, or are not graded any more, each in a sentence.
        only_before: The students with an earlier report only.
        only_now: The students with a later report only.
    """

    changes: tuple[StudentChange, ...]
    n_compared: int
    changed_items: tuple[str, ...]
    only_before: tuple[str, ...]
    only_now: tuple[str, ...]

    @property
    def common_reasons(self) -> tuple[str, ...]:
        """The reasons that every student with a change has."""
        return tuple(
            reason
            for reason in (self.changes[0].reasons if self.changes else ())
            if all(reason in change.reasons for change in self.changes)
        )


def compare(before: Mapping[str, Report], now: Mapping[str, Report]) -> Comparison:
    """Compare two gradings of a class.

    Args:
        before: The earlier reports, by student.
        now: The later reports, by student.
    """
    both = sorted(before.keys() & now.keys())
    changes = [change for name in both if (change := _compare_student(name, before[name], now[name]))]
    changes.sort(key=lambda change: (change.difference >= 0, change.difference == 0))
    items = (text for name in both for text in _changed_items(before[name], now[name]))
    return Comparison(
        tuple(changes),
        len(both),
        tuple(dict.fromkeys(items)),
        tuple(sorted(before.keys() - now.keys())),
        tuple(sorted(now.keys() - before.keys())),
    )


def _compare_student(name: str, before: Report, now: Report) -> StudentChange | None:
    """Return what changed for a student. None if no verdict and no points of an item did."""
    old, new = before.by_id(), now.by_id()
    results = ((id_, old.get(id_), new.get(id_)) for id_ in {**old, **new})
    items = tuple(f"{_name(id_)}: {text}" for id_, was, is_ in results if (text := _describe_result(was, is_)))
    return StudentChange(name, before, now, items, tuple(_reasons(before, now))) if items else None


def _name(id_: str) -> str:
    """Return the name of an item without its assignment and `test_`."""
    return id_.rpartition("/test_")[2]


def _describe_result(before: ItemResult | None, now: ItemResult | None) -> str:
    """Say how a student's result of an item differs. Return an empty string if it does not."""
    gain = (now.earned if now else 0.0) - (before.earned if before else 0.0)
    if before and now and before.verdict is not now.verdict:
        what = f"{before.verdict.value} → {now.verdict.value}"
    elif not gain:
        return ""
    elif before and now:
        what = f"{before.points:g} → {now.points:g} points"
    else:
        what = "graded now" if now else "not graded any more"
    return f"{what} ({gain:+g})" if gain else what


def _changed_items(before: Report, now: Report) -> Iterator[str]:
    """Yield a sentence for each item whose points or bonus changed, and for each that is graded in one report only."""
    old, new = before.by_id(), now.by_id()
    for id_ in {**old, **new}:
        was, is_ = old.get(id_), new.get(id_)
        if was is None or is_ is None:
            yield f"{_name(id_)} is {'not graded any more' if was else 'graded now'}"
            continue
        if was.points != is_.points:
            yield f"{_name(id_)} counts {is_.points:g} instead of {was.points:g}"
        if was.bonus != is_.bonus:
            yield f"{_name(id_)} is {'a bonus item now' if is_.bonus else 'not a bonus item any more'}"


def _reasons(before: Report, now: Report) -> Iterator[str]:
    """Yield what differs between what two reports are about and were made with."""
    if before.submission != now.submission:
        yield "another submission"
    for field, name in _CONDITIONS.items():
        old, new = _condition(before.conditions, field), _condition(now.conditions, field)
        if old != new:
            yield f"other {name}" if field in _DIGESTS else f"{name}: {old} → {new}"


def _condition(conditions: Conditions, field: str) -> str:
    """Return a field of the conditions as text."""
    value = getattr(conditions, field)
    return ", ".join(value) if isinstance(value, tuple) else tidy(str(value))


def show_comparison(console: Console, comparison: Comparison) -> None:
    """Print a row for every student with a change, and then how many gain, lose or stay as they are.

    Args:
        console: Where to print.
        comparison: The comparison.
    """
    common = comparison.common_reasons
    if comparison.changes:
        table = Table(
            Column("student", overflow="fold"),
            Column("before", justify="right", no_wrap=True),
            Column("now", justify="right", no_wrap=True),
            Column("change", justify="right", no_wrap=True),
            Column("items", overflow="fold"),
            Column("why", overflow="fold"),
            box=None,
            pad_edge=False,
        )
        for change in comparison.changes:
            table.add_row(
                Text(tidy(change.student)),
                _points(change.before),
                _points(change.now),
                Text(
                    f"{change.difference:+g}", "red" if change.difference < 0 else "green" if change.difference else ""
                ),
                Text("\n".join(map(tidy, _shown_items(change)))),
                Text("\n".join(reason for reason in change.reasons if reason not in common)),
            )
        console.print(table)
        console.print()
    for line in _summary(comparison):
        console.print(Text(tidy(line, MAX_LINE_LENGTH)), soft_wrap=True)


def _points(report: Report) -> str:
    return f"{report.earned:g} of {report.points:g}"


def _shown_items(change: StudentChange) -> list[str]:
    """Return the items that the table shows, and how many it leaves out."""
    shown, n_more = list(change.items[:MAX_SHOWN_ITEMS]), len(change.items) - MAX_SHOWN_ITEMS
    return [*shown, f"and {n_more} more"] if n_more > 0 else shown


def _summary(comparison: Comparison) -> Iterator[str]:
    """Yield the lines below the table."""
    differences = [change.difference for change in comparison.changes]
    n_gain, n_lose = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    n_same = comparison.n_compared - n_gain - n_lose
    yield f"More points: {n_gain}. Fewer points: {n_lose}. As many as before: {n_same}."
    if comparison.changed_items:
        yield f"Items: {'; '.join(comparison.changed_items)}."
    if comparison.common_reasons:
        yield f"What differs for all of the above: {'; '.join(comparison.common_reasons)}."
    if comparison.only_before:
        yield f"Only in the earlier reports: {', '.join(comparison.only_before)}."
    if comparison.only_now:
        yield f"Only in the later reports: {', '.join(comparison.only_now)}."


def comparison_csv(comparison: Comparison) -> bytes:
    """Return a row for every student with a change, safe to open in any spreadsheet.

    The text is UTF-8 with a byte order mark, as in grades.csv.
    """
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["student", "before", "before_out_of", "now", "now_out_of", "change", "items", "why"])
    for change in comparison.changes:
        numbers: Sequence[float] = (
            change.before.earned,
            change.before.points,
            change.now.earned,
            change.now.points,
            change.difference,
        )
        writer.writerow(
            [
                without_formulas(change.student),
                *(f"{number:g}" for number in numbers),
                without_formulas(" / ".join(change.items)),
                without_formulas(" / ".join(change.reasons)),
            ]
        )
    return text.getvalue().encode("utf-8-sig")
