"""Find what the workers of a class carried out of the phases that know a secret.

A class is graded under two secrets: two private seeds and two texts of the reference. Three things show that something
was carried out: a report contains a number or a word that only a secret has, the reports of the two runs differ beyond
whether an item passed, or a report differs from the one without a secret in a way that no later phase can cause.
"""

from __future__ import annotations

import math
import random
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import RandomGraphs
from gradkit.corpora.spec import Corpus, CorpusSpec
from gradkit.grader.report import Conditions, Report, read
from gradkit.grader.suite import Suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.inside.graph import Graph
from gradkit.oracle import complex_step
from gradkit.proof.specimens import reference_folder
from gradkit.submissions.intake.students import Student
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import ItemResult
from gradkit.suite.visibility import PRIVATE_ONLY

from .checks import texts

RETRIED = re.compile(r"This passes with the course's own [\w., ]+, and not yet with what you handed in\.")
"""The evidence of an item that passed by a reference retry."""

RETRY_WARNING = re.compile(r"\w+: with the course's own [\w., ]+, \d+ more items? pass(es)?")
"""What a report says to the instructor about reference retries."""

SECRET_DIGITS = 7
"""Decimals that a leaf must have for its number to prove, in a report, that a secret was carried out."""

# --- a secret --------------------------------------------------------------------------------------------------------


class PrivateLibrary(Library):
    """Private corpora that need no drawing: the recorded ones with other leaves, or every second case of them.

    Args:
        folder: The recorded corpora.
        number: 0 or 1: which of two secrets.
    """

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(folder)
        self._recorded = Library(folder)
        self._number = number
        self._made: dict[CorpusSpec[Any, Any], Corpus[Any, Any]] = {}

    def has_private_corpus(self, spec: CorpusSpec[Any, Any]) -> bool:
        return spec.depends_on_seed

    def corpus(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        if spec not in self._made:
            recorded = self._recorded.corpus(spec)
            self._made[spec] = self._changed(spec, recorded) if spec.depends_on_seed else recorded
        return self._made[spec]

    def _changed(self, spec: CorpusSpec[Any, Any], recorded: Corpus[Any, Any]) -> Corpus[Any, Any]:
        if not isinstance(spec, RandomGraphs):
            return Corpus(recorded.cases[self._number :: 2], recorded.answers[self._number :: 2])
        rng = random.Random(f"{self._number} {spec.name}")
        graphs = tuple(_with_other_leaves(graph, rng) for graph in recorded.cases)
        return Corpus(graphs, tuple(map(complex_step.answer_graph, graphs)))


def _with_other_leaves(graph: Graph, rng: random.Random) -> Graph:
    """Move each leaf a little away from 0.

    Half of the graphs get leaves of two decimals, as a seed draws them; the others get leaves of nine, which no report
    can contain by chance.
    """
    if rng.choice((True, False)):
        unit, max_units = 1e-2, 10
    else:
        unit, max_units = 1e-9, 1_000_000

    inputs = []
    for number in graph.inputs:
        size = abs(number) + rng.randrange(max_units // 10, max_units) * unit
        inputs.append(math.copysign(round(size, 9), number))
    return Graph(tuple(inputs), graph.steps, graph.output, graph.names)


@dataclass(frozen=True)
class SecretRun:
    """The reports of a class under a secret, by student, and the words that must not be in them."""

    reports: dict[str, Report]
    words: frozenset[str]


def grade_under_a_secret(
    number: int, suite: Suite, conditions: Conditions, students: Sequence[Student], workers: int, home: Path
) -> SecretRun:
    """Grade a class with a private seed and a copy of the reference that begins with a secret word.

    Args:
        number: 0 or 1: which of two secrets.
        suite: The items.
        conditions: What reports say they were made with.
        students: The class.
        workers: How many submissions to grade at a time.
        home: The folder for the reference and the reports.
    """
    private = PrivateLibrary(corpora_folder(), number)
    word = f"reference {random.Random(number).getrandbits(128):032x}"
    reference = _copy_reference_with(word, home / f"reference{number}")
    suite = replace(suite, private=private, reference=reference)
    words = list_private_words(suite, private) | {word}  # makes every corpus, before processes are forked

    classroom = Classroom(suite, conditions, home / f"reports{number}")
    names = [graded.student.name for graded in classroom.grade(students, workers) if not graded.reason]
    return SecretRun({name: read(classroom.out / f"{name}.json") for name in names}, words)


def _copy_reference_with(word: str, folder: Path) -> Path:
    """Copy the solution to a folder, with a comment in the first line of each file."""
    shutil.copytree(reference_folder() / "solution", folder)
    for path in folder.glob("*.py"):
        path.write_text(f"# {word}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    return folder


def list_private_words(suite: Suite, private: Library) -> frozenset[str]:
    """Return the numbers that only a private corpus has, as Python prints them without a sign."""
    words: set[str] = set()
    for test in suite.tests:
        if test.settings.corpus and suite.has_private_corpus(test):
            for case in private.corpus(test.settings.corpus).cases:
                if isinstance(case, Graph):
                    words.update(repr(abs(number)) for number in case.inputs)
    return frozenset(word for word in words if len(word.partition(".")[2]) >= SECRET_DIGITS)


# --- what was carried out --------------------------------------------------------------------------------------------


def find_leak(public: Report, runs: Sequence[SecretRun]) -> str:
    """Return what shows that a student's code carried something out of two runs under secrets; empty if nothing does.

    Args:
        public: The report without a secret.
        runs: The two runs.
    """
    reports = [run.reports.get(public.student) for run in runs]
    first, second = reports
    if first is None or second is None:
        return "one of the two runs under a secret has no report"
    return (
        find_secret_word(first, runs[0].words)
        or find_secret_word(second, runs[1].words)
        or addition(public, first)
        or addition(public, second)
        or difference(first, second)
    )


def find_secret_word(report: Report, words: Collection[str]) -> str:
    """Return a sentence about the first of a secret's words that a report contains; empty if it contains none."""
    for text in texts(msgspec.to_builtins(report)):
        contained = {*re.findall(r"\d+\.\d+", text), *re.findall(r"reference [0-9a-f]{32}", text)}.intersection(words)
        if contained:
            return f"its report contains the secret {contained.pop()!r}"
    return ""


def difference(first: Report, second: Report) -> str:
    """Return what differs between two runs under different secrets, beyond whether an item passed."""
    for one, other in zip(first.items, second.items, strict=True):
        if (one.verdict is Verdict.PASSED) is (other.verdict is Verdict.PASSED) and one != other:
            return f"{one.id} shows something else under another secret"
    passed = [[item.verdict is Verdict.PASSED for item in report.items] for report in (first, second)]
    if passed[0] == passed[1] and first != second:
        return "its report is another one under another secret"
    return ""


def addition(public: Report, secret: Report) -> str:
    """Return what a run under a secret adds to a run without one, beyond its fixed outcomes.

    They are: an item passed, in whatever way; it passed the public corpus alone; it passed a reference retry.
    """
    for without, item in zip(public.items, secret.items, strict=True):
        if item != without and not _is_fixed_outcome(without, item):
            return f"{item.id} shows something that it does not show without a secret"
    more_warnings = set(secret.warnings) - set(public.warnings)
    if not all(map(RETRY_WARNING.fullmatch, more_warnings)):
        return "its warnings say something that they do not say without a secret"
    return ""


def _is_fixed_outcome(without: ItemResult, item: ItemResult) -> bool:
    """Return whether an item differs from that of a run without a secret as a later phase may change it."""
    message = item.evidence.message if item.evidence else ""
    if item.verdict is Verdict.PASSED:
        is_fixed = not message or bool(RETRIED.fullmatch(message))
    else:
        is_fixed = item.verdict is Verdict.FAILED and message == PRIVATE_ONLY
    changed = {name: getattr(without, name) for name in ("verdict", "earned", "evidence", "blocked_by")}
    return (
        is_fixed
        and not item.blocked_by
        and item.evidence == (Evidence(message) if message else None)
        and msgspec.structs.replace(item, **changed) == without
    )
