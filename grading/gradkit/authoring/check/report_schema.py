"""docs/report.schema.json: it describes the fields of a report as the structs define them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from gradkit.grader.report import Conditions, Report, StoppedImport
from gradkit.submissions.intake.not_taken_in import NotTakenIn
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence, FailingGraph, NodeNumbers, PictureNode, Row
from gradkit.suite.results import ItemResult

from .course import Course
from .finding import Finding

SCHEMA = "docs/report.schema.json"

DEFINITIONS: dict[str, type[msgspec.Struct]] = {
    "": Report,
    "conditions": Conditions,
    "not_taken_in": NotTakenIn,
    "stopped": StoppedImport,
    "item": ItemResult,
    "evidence": Evidence,
    "row": Row,
    "node": PictureNode,
    "drawing": FailingGraph,
    "answers": NodeNumbers,
}
"""The struct that each definition under `$defs` describes; the empty name is the schema itself."""


def check_report_schema(course: Course) -> Iterator[Finding]:
    """Yield a finding for each definition in the schema that has other fields than its struct."""
    schema = json.loads((course.home / SCHEMA).read_text(encoding="utf-8"))
    for name, struct in DEFINITIONS.items():
        definition = schema["$defs"].get(name, {}) if name else schema
        for what in find_schema_faults(definition, struct):
            where = f"$defs.{name}: " if name else ""
            yield Finding(SCHEMA, f"{where}{what}", f"Describe the fields of {struct.__name__}.")

    verdicts = schema["$defs"]["item"]["properties"]["verdict"].get("enum", [])
    if verdicts != [verdict.value for verdict in Verdict]:
        yield Finding(SCHEMA, f"$defs.item: the verdicts are {', '.join(verdicts)}.", "List those of Verdict.")


def find_schema_faults(definition: dict[str, Any], struct: type[msgspec.Struct]) -> Iterator[str]:
    """Yield how a definition of the schema differs from a struct, each in a sentence."""
    fields = msgspec.structs.fields(struct)
    properties: dict[str, Any] = definition.get("properties", {})

    names = [field.encode_name for field in fields]
    if list(properties) != names:
        yield f"The properties are {', '.join(properties)}, and the fields are {', '.join(names)}."

    always = not struct.__struct_config__.omit_defaults
    required = [field.encode_name for field in fields if always or field.default is msgspec.NODEFAULT]
    if definition.get("required") != required:
        yield f"`required` is not {', '.join(required)}."

    for name, each in properties.items():
        if not each.get("description"):
            yield f"{name} has no description."

    if definition.get("additionalProperties") is not False:
        yield "`additionalProperties` is not false, and a report with other fields is refused."
