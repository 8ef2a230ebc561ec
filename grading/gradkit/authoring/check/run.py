"""Run every check."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from . import corpora, counts, items, notebooks, operations, report_schema, specimens, template, variants
from .course import Course, load_course
from .finding import Finding

CHECKS: tuple[Callable[[Course], Iterable[Finding]], ...] = (
    items.check_suites,
    items.check_tasks,
    items.check_prerequisites,
    items.check_titles,
    items.check_about,
    items.check_hidden_items,
    items.check_bodies,
    notebooks.check_notebooks,
    template.check_names,
    template.check_template,
    operations.check_operations,
    operations.check_tensor_operations,
    corpora.check_corpora,
    specimens.check_misconceptions,
    specimens.check_coverage,
    specimens.check_proofs,
    variants.check_variants,
    variants.check_variant_names,
    counts.check_counts,
    report_schema.check_report_schema,
)


def check_course() -> list[Finding]:
    """Run every check on the course, and return what they find, each thing once.

    If a suite cannot be collected, return only that: the checks would report all that depends on its items.

    Raises:
        UserError: If a TOML file cannot be used, or this copy of gradkit is a release, which has no reference.
    """
    course, findings = load_course()
    if findings:
        return findings

    for check in CHECKS:
        findings += check(course)
    return list(dict.fromkeys(findings))
