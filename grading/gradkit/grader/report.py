"""The report of a submission: a typed, versioned record, one JSON file a student.

docs/report.schema.json has a line for each field.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.inside.graph import Answers, Graph
from gradkit.submissions.exception_text import tidy
from gradkit.submissions.intake.take_in import Intake
from gradkit.submissions.outcome import Verdict
from gradkit.suite.diagnosis import named_mistake
from gradkit.suite.evidence import Drawing, Evidence, Row
from gradkit.suite.results import Item, ItemResult, Results

from .report_check import MAX_REPORT_BYTES, check

FORMAT: Literal[2] = 2

Number = float | Literal["nan", "inf", "-inf"]
"""JSON has no way to write the other three."""


class RowRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    yours: Number
    expected: Number


class AnswersRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    data: tuple[Number, ...]
    grad: tuple[Number, ...]


class DrawingRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inputs: tuple[float, ...]
    steps: tuple[tuple[str | int | float, ...], ...]
    output: int
    names: tuple[str, ...]
    want: AnswersRecord
    got: AnswersRecord
    wrong: tuple[int, ...]


class EvidenceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: str
    code: tuple[str, ...] = ()
    rows: tuple[RowRecord, ...] = ()
    heading: str = ""
    source: str = ""
    origin: str = ""
    hint: str = ""
    traceback: str = ""
    drawing: DrawingRecord | None = None


class ItemRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    assignment: str
    title: str
    points: float
    earned: float
    verdict: Verdict
    needs: tuple[str, ...]
    blocked_by: tuple[str, ...]
    evidence: EvidenceRecord | None
    hidden: bool


class Conditions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a submission was graded with; equal conditions and an equal submission give an equal report.

    A field that has a default is written only where it differs, so that other reports stay what they were.
    """

    kit: str
    python: str
    suite: str
    seed: str
    sandbox: bool
    fixed_addresses: bool
    packages: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal[2]
    student: str
    submission: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    conditions: Conditions
    earned: float
    points: float
    items: tuple[ItemRecord, ...]

    def of_assignments(self) -> dict[str, tuple[float, float]]:
        """For each assignment the points earned and the points there are."""
        found: dict[str, tuple[float, float]] = {}
        for item in self.items:
            earned, points = found.get(item.assignment, (0.0, 0.0))
            found[item.assignment] = (earned + item.earned, points + item.points)
        return found

    def verdicts(self) -> Counter[Verdict]:
        """How many items ended in each way."""
        return Counter(item.verdict for item in self.items)

    def results(self) -> Results:
        """The results that it was made from."""
        results = Results([_item(record) for record in self.items])
        for item, record in zip(results.collected, self.items, strict=True):
            evidence = _evidence(record) if record.evidence else None
            results.by_id[item.id] = ItemResult(item, record.verdict, evidence, record.blocked_by)
        return results

    def called(self, name: str) -> list[ItemResult]:
        """The results of the items of this name: tanh_collects, or the whole of an item's id.

        Raises UserError, saying what is near, where there is none.
        """
        results = self.results().by_id
        found = [each for id_, each in results.items() if f"/{id_}".endswith((f"/{name}", f"/test_{name}"))]
        if not found:
            near = [id_.rpartition("/test_")[2] for id_ in results if name.lower() in id_.lower()]
            perhaps = f" Is it one of {', '.join(near[:8])}?" if near else ""
            raise UserError(tidy(f"There is no item {name!r} in this report.{perhaps}"))
        return found


class UnreadableError(UserError):
    """A file is no report; the message says why."""


def report_of(student: str, taken: Intake, conditions: Conditions, results: Results) -> Report:
    """The report that results make. Raises ValueError where an item has no result: no report is better than half."""
    if [item.id for item in results.collected] != list(results.by_id):
        raise ValueError("not every item has its result")
    found = tuple(map(item_record, results.all()))
    earned, points = sum(item.earned for item in found), sum(item.points for item in found)
    notes = tuple(tidy(note) for note in taken.warnings)
    return Report(FORMAT, student, taken.digest, taken.missing, notes, conditions, earned, points, found)


def is_about(report: Report, items: Sequence[Item]) -> bool:
    """Return whether a report is about exactly these items. That its points add up was checked when it was read."""
    return [_item(record) for record in report.items] == list(items)


def write(report: Report, path: Path) -> None:
    """Write a report: the file is there whole or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def read(path: Path) -> Report:
    """Read a report. Raises UnreadableError, naming the field, where the file is none."""
    name = tidy(path.name)
    try:
        with path.open("rb") as opened:
            raw = opened.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_REPORT_BYTES:
        raise UnreadableError(f"{name} is no report of `gradkit grade`: it is larger than {MAX_REPORT_BYTES >> 20} MB")
    try:
        report = msgspec.json.decode(raw, type=Report)
        check(report)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{name} is no report of `gradkit grade`: {tidy(str(error)[:2000])}") from None
    return report


def item_record(result: ItemResult) -> ItemRecord:
    """What a report keeps of an item's result."""
    item, evidence = result.item, result.evidence
    return ItemRecord(
        item.id,
        item.assignment,
        item.title,
        item.points,
        result.earned,
        result.verdict,
        item.needs,
        result.blocked_by,
        _evidence_record(item, evidence) if evidence else None,
        item.hidden,
    )


def _evidence_record(item: Item, evidence: Evidence) -> EvidenceRecord:
    rows = tuple(RowRecord(row.name, _written(row.yours), _written(row.expected)) for row in evidence.rows)
    return EvidenceRecord(
        evidence.message,
        evidence.code,
        rows,
        evidence.heading,
        evidence.source if rows else "",
        evidence.origin,
        named_mistake(item.id, evidence) or evidence.hint,
        evidence.traceback,
        _drawing_record(evidence.drawing) if evidence.drawing else None,
    )


def _drawing_record(drawing: Drawing) -> DrawingRecord:
    graph = drawing.graph
    want, got = _answers_record(drawing.want), _answers_record(drawing.got)
    return DrawingRecord(graph.inputs, graph.steps, graph.output, graph.names, want, got, drawing.wrong)


def _answers_record(answers: Answers) -> AnswersRecord:
    return AnswersRecord(tuple(map(_written, answers.data)), tuple(map(_written, answers.grad)))


def _item(record: ItemRecord) -> Item:
    return Item(record.id, record.assignment, record.title, record.points, record.needs, record.hidden)


def _evidence(record: ItemRecord) -> Evidence:
    found = record.evidence
    assert found is not None
    rows = tuple(Row(row.name, float(row.yours), float(row.expected)) for row in found.rows)
    return Evidence(
        record.verdict,
        found.message,
        found.code,
        rows,
        found.heading,
        found.source,
        found.origin,
        found.hint,
        found.traceback,
        drawing_of(found.drawing) if found.drawing else None,
    )


def drawing_of(record: DrawingRecord) -> Drawing:
    """The drawing that a record was made from."""
    graph = Graph(record.inputs, record.steps, record.output, record.names)
    return Drawing(graph, _answers(record.want), _answers(record.got), record.wrong)


def _answers(record: AnswersRecord) -> Answers:
    return Answers([float(number) for number in record.data], [float(number) for number in record.grad])


def _written(number: float) -> Number:
    if math.isfinite(number):
        return number
    return "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"
