"""Grade the whole corpus of attacks as classes, and compare what came of it with the labels.

Attacks are also graded twice more, under two private seeds and two texts of the reference. Whatever differs between the
two runs beyond whether an item passed, or contains a number that only one seed has, was carried out of a worker.
"""

from __future__ import annotations

import ast
import csv
import math
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from gradkit.catalogue.assignments import Assignment, assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import Corpus, Expressions, RandomGraphs, Wish
from gradkit.grader.classroom import Classroom, Graded
from gradkit.grader.conditions import conditions_of
from gradkit.grader.grader import Suite, suite_of
from gradkit.grader.report import EvidenceRecord, ItemRecord, Report, read
from gradkit.inside.graph import Graph
from gradkit.oracle import complex_step
from gradkit.outputs.summary import GRADES, write_grades
from gradkit.outputs.terminal import show_class, show_report
from gradkit.submissions.intake.roster import Student, roster
from gradkit.submissions.outcome import Verdict
from gradkit.suite.evidence import PRIVATE_ONLY
from gradkit.suite.results import follows_from_others

from .attacks import Attack, build_class
from .attacks_host import CANARY, temporary_canary, watched
from gradkit.proof.specimens import reference_folder


class OtherLeaves(Library):
    """Private corpora that cost no drawing: the recorded ones with other leaves, or every other case of them.

    mark: chooses which; two marks give two secrets.
    """

    def __init__(self, folder: Path, mark: int) -> None:
        super().__init__(folder)
        self._recorded = Library(folder)
        self._mark = mark
        self._made: dict[Wish, Corpus[Any, Any]] = {}

    def is_drawn(self, wish: Wish) -> bool:
        return not isinstance(wish, Expressions)

    def corpus(self, wish: Wish) -> Corpus[Any, Any]:
        if wish not in self._made:
            recorded = self._recorded.corpus(wish)
            self._made[wish] = recorded if isinstance(wish, Expressions) else self._changed(wish, recorded)
        return self._made[wish]

    def _changed(self, wish: Wish, recorded: Corpus[Any, Any]) -> Corpus[Any, Any]:
        if not isinstance(wish, RandomGraphs):
            return Corpus(recorded.cases[self._mark :: 2], recorded.answers[self._mark :: 2])
        rng = random.Random(f"{self._mark} {wish.name}")
        graphs = tuple(self._nudged(graph, rng) for graph in recorded.cases)
        return Corpus(graphs, tuple(map(complex_step.answers, graphs)))

    def _nudged(self, graph: Graph, rng: random.Random) -> Graph:
        """Move each leaf a little away from 0.

        Half of the graphs get leaves of two decimals, as a seed draws them; the others get leaves of nine, which no
        report can contain by chance.
        """
        unit = rng.choice((1e-2, 1e-9))
        most = 10 if unit == 1e-2 else 1_000_000
        moved = (abs(number) + rng.randrange(most // 10, most) * unit for number in graph.inputs)
        inputs = tuple(math.copysign(round(size, 9), number) for size, number in zip(moved, graph.inputs))
        return Graph(inputs, graph.steps, graph.output, graph.names)


@dataclass(frozen=True)
class Outcome:
    """What came of an attack. `complaint` is empty where it went as it must; `report` is None where there is none."""

    name: str
    attack: Attack
    report: Report | None
    seconds: float
    complaint: str


@dataclass(frozen=True)
class Run:
    """What came of all attacks. `host` are complaints of what no attack alone can be blamed for."""

    outcomes: tuple[Outcome, ...]
    host: tuple[str, ...]

    @property
    def complaints(self) -> list[str]:
        return [f"{each.name}: {each.complaint}" for each in self.outcomes if each.complaint] + list(self.host)


def run_attacks(
    chosen: Mapping[str, Attack],
    progress: Callable[[str], None] = lambda name: None,
    workers: int = 2,
    course: Sequence[Assignment] = (),
    compared: Collection[str] | None = None,
) -> Run:
    """Grade attacks as classes, under the limits and in the sandbox of any class.

    Args:
        chosen: The attacks, by name.
        progress: Is called with the name of each attack that was graded.
        workers: How many to grade at a time.
        course: The assignments to grade them in; all, unless said.
        compared: The names of those that are graded under two secrets as well; all, unless said.

    Raises: SandboxError if no sandbox can be had.
    """
    with tempfile.TemporaryDirectory(prefix="gradkit-class-") as place:
        classes = [
            _Class(Path(place) / f"class{n}", *each)
            for n, each in enumerate(_by_suite(chosen, course or assignments()))
        ]
        folders = [each.folder for each in classes]
        canaries = [Path(place) / CANARY, temporary_canary(), *(folder / f"{CANARY}.txt" for folder in folders)]
        absent = [Path(path) for attack in chosen.values() for path in attack.untouched]
        with watched(canaries, folders, absent) as watch:
            graded = [list(each.grade(workers, progress)) for each in classes]
            host = watch.complaints()
            touched = watch.came_into_being()
        secrets = [watch.secret, *reference_words()]
        found = {name: Outcome(name, attack, None, 0.0, "nobody graded it") for name, attack in chosen.items()}
        for each, those in zip(classes, graded):
            students = [graded for graded, _ in those]
            host += _unfit_tables(each.classroom, students)
            host += _unexpected_files(each.classroom.out, [graded.student for graded in students])
            out = each.classroom.out
            found |= {name: _outcome(out, graded, name, chosen[name], secrets, touched) for graded, name in those}
            for name, carried in each.carried(chosen if compared is None else compared, workers):
                found[name] = replace(found[name], complaint=found[name].complaint or carried)
    return Run(tuple(found[name] for name in sorted(found)), tuple(host))


def _by_suite(
    chosen: Mapping[str, Attack], course: Sequence[Assignment]
) -> Iterator[tuple[tuple[Assignment, ...], dict[str, Attack]]]:
    """The attacks, with those assignments of a course that each is graded in: they offer its file the same packages."""
    for packages in dict.fromkeys(each.packages for each in course):
        suite = tuple(each for each in course if each.packages == packages)
        modules = {module for each in suite for module in each.modules}
        those = {name: attack for name, attack in chosen.items() if attack.module in modules}
        if those:
            yield suite, those


class _Class:
    """A class whose students are attacks, all graded in the same assignments.

    Their labels are about the public corpora and the hidden items, without reference retries.
    """

    def __init__(self, home: Path, suite: Sequence[Assignment], chosen: Mapping[str, Attack]) -> None:
        self.folder = home / "submissions"
        self.folder.mkdir(parents=True)
        self._made = build_class(chosen, self.folder)
        self._home = home
        self._suite = suite_of(suite, Library(corpora_folder()), retries=False)
        self._conditions = conditions_of(self._suite, sandboxed=True)
        self.classroom = Classroom(self._suite, self._conditions, home / "reports")

    def grade(self, workers: int, progress: Callable[[str], None]) -> Iterator[tuple[Graded, str]]:
        """Grade the class; yield each student, with the attack's name."""
        students, _ = roster(self.folder, self.classroom.out)
        for graded in self.classroom.grade(students, workers):
            name = self._made[graded.student.source]
            progress(name)
            yield graded, name

    def carried(self, names: Collection[str], workers: int) -> Iterator[tuple[str, str]]:
        """Grade attacks under two secrets; yield each one's name and what shows that it carried something out."""
        students = [student for student in roster(self.folder, self._home)[0] if self._made[student.source] in names]
        if not students:
            return
        runs = [self._under_a_secret(mark, students, workers) for mark in (0, 1)]
        for student in students:
            first, second = (reports.get(student.name) for reports, _ in runs)
            complaint = "one of the two runs under a secret has no report"
            if first and second:
                said = [what_it_says_of(report, secret) for report, (_, secret) in zip((first, second), runs)]
                public = read(self.classroom.report_path(student))
                added = [addition(public, report) for report in (first, second)]
                complaint = next(filter(None, [*said, *added, difference(first, second)]), "")
            yield self._made[student.source], complaint

    def _under_a_secret(
        self, mark: int, students: Sequence[Student], workers: int
    ) -> tuple[dict[str, Report], frozenset[str]]:
        """Return the reports of students under one of two secrets, and the words that must not be in them."""
        private = OtherLeaves(corpora_folder(), mark)
        reference = self._home / f"reference{mark}"
        secret = f"reference {random.Random(mark).getrandbits(128):032x}"
        shutil.copytree(reference_folder() / "solution", reference)
        for path in reference.glob("*.py"):
            path.write_text(f"# {secret}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
        suite = replace(self._suite, private=private, reference=reference)
        words = private_words(suite, private) | {secret}  # which makes every corpus, before processes are forked
        classroom = Classroom(suite, self._conditions, self._home / f"reports{mark}")
        names = [graded.student.name for graded in classroom.grade(students, workers) if not graded.trouble]
        reports = {name: read(classroom.out / f"{name}.json") for name in names}
        return reports, words


def private_words(suite: Suite, private: Library) -> frozenset[str]:
    """Return the numbers that only a private corpus has, as Python prints them without a sign."""
    corpora = [
        private.corpus(test.mark.corpus) for test in suite.tests if test.mark.corpus and suite.has_private_corpus(test)
    ]
    leaves = [case.inputs for corpus in corpora for case in corpus.cases if isinstance(case, Graph)]
    words = (repr(abs(number)) for inputs in leaves for number in inputs)
    return frozenset(word for word in words if len(word.partition(".")[2]) > 6)


def what_it_says_of(report: Report, secret: Collection[str]) -> str:
    """Return a complaint if a report contains one of the secret's words; empty if it does not."""
    for text in texts(msgspec.to_builtins(report)):
        words = {*re.findall(r"\d+\.\d+", text), *re.findall(r"reference [0-9a-f]{32}", text)}
        found = words.intersection(secret)
        if found:
            return f"its report contains the secret {found.pop()!r}"
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
    more_notes = set(secret.notes) - set(public.notes)
    if not all(map(_RETRY_NOTE.fullmatch, more_notes)):
        return "its notes say something that they do not say without a secret"
    return ""


def _is_fixed_outcome(without: ItemRecord, item: ItemRecord) -> bool:
    """Return whether an item differs from that of a run without a secret as a later phase may change it."""
    said = item.evidence.message if item.evidence else ""
    if item.verdict is Verdict.PASSED:
        is_fixed = not said or bool(_RETRIED.fullmatch(said))
    else:
        is_fixed = item.verdict is Verdict.FAILED and said == PRIVATE_ONLY
    changed = {name: getattr(without, name) for name in ("verdict", "earned", "evidence", "blocked_by")}
    return (
        is_fixed
        and not item.blocked_by
        and item.evidence == (EvidenceRecord(said) if said else None)
        and msgspec.structs.replace(item, **changed) == without
    )


_RETRIED = re.compile(r"This passes with the course's own [\w., ]+, and not yet with what you handed in\.")
_RETRY_NOTE = re.compile(r"\w+: with the course's own [\w., ]+, \d+ more items? pass(es)?")


def _outcome(
    out: Path, graded: Graded, name: str, attack: Attack, secrets: Collection[str], touched: Collection[Path]
) -> Outcome:
    seconds = graded.seconds or 0.0
    if graded.trouble:
        return Outcome(name, attack, None, seconds, f"not graded: {graded.trouble.strip().splitlines()[-1]}")
    path = out / f"{graded.student.name}.json"
    report = read(path)
    complaint = judge(attack, report) or judge_text(report, [*secrets, *attack.unsaid])
    came = [path for path in attack.untouched if Path(path) in touched]
    return Outcome(name, attack, report, seconds, complaint or (f"it made {', '.join(came)}" if came else ""))


# --- judging one report ----------------------------------------------------------------------------------------------


def judge(attack: Attack, report: Report) -> str:
    """What is wrong with a report, held against its attack's label; empty where nothing is."""
    results = report.results().by_id
    ends = {name: each.verdict for name, each in results.items() if not follows_from_others(each.item, results)}
    wrong = {name: verdict for name, verdict in ends.items() if verdict not in (Verdict.PASSED, Verdict.BLOCKED)}
    blocked = [item for item in report.items if item.verdict is Verdict.BLOCKED]
    if attack.ends:
        others = {verdict for verdict in ends.values() if verdict not in (*attack.ends, Verdict.BLOCKED)}
        if others or not wrong:
            return f"items ended {', '.join(sorted(others))}, where this should come of it: {attack.says()}"
    elif wrong != attack.verdicts:
        return f"wrong are {_listed(wrong)}, and should be {_listed(attack.verdicts)}"
    loose = [item.id for item in blocked if not set(item.blocked_by) & set(wrong)]
    if loose:
        return f"blocked by none of those: {', '.join(loose)}"
    due = sum(item.points for item in report.items if item.verdict is Verdict.PASSED)
    due = due if attack.earned is None else attack.earned
    return "" if report.earned == due else f"it earned {report.earned:g}, where {due:g} are due"


def _listed(verdicts: Mapping[str, Verdict]) -> str:
    return ", ".join(f"{name} {verdict.value}" for name, verdict in sorted(verdicts.items())) or "none"


def judge_text(report: Report, unsaid: Collection[str]) -> str:
    """What a report says and must not: these words, and characters that mean something to a terminal."""
    for text in texts(msgspec.to_builtins(report)):
        said = [words for words in unsaid if words in text]
        if said:
            return f"its report says {said[0]!r}"
        if not is_harmless(text):
            return f"its report holds a control character: {text!r}"
    return ""


def texts(record: object) -> Iterator[str]:
    """Every text in a record made of dicts, lists and plain values."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, dict):
        yield from (text for value in record.values() for text in texts(value))
    elif isinstance(record, list | tuple):
        yield from (text for value in record for text in texts(value))


def is_harmless(text: str) -> bool:
    """Whether a text does nothing but be read: no escapes, no signs that turn the line around."""
    return text.replace("\n", "").isprintable()


def reference_words() -> list[str]:
    """How each of the reference's files begins: words that no student writes."""
    words = []
    for path in sorted(reference_folder().glob("solution/*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        words += [said[:60]] if said else []
    return words


# --- judging what a class adds up to ---------------------------------------------------------------------------------


def _unfit_tables(classroom: Classroom, graded: Sequence[Graded]) -> list[str]:
    """Complaints of what the instructor would see: the table of the class, each report on screen, grades.csv."""
    screen = StringIO()
    console = Console(file=screen, width=200, color_system=None)
    reports = show_class(console, classroom, graded)
    for report in reports:
        show_report(console, report)
    shown = screen.getvalue().splitlines()
    write_grades(reports, classroom.out / GRADES)
    cells = grades_cells((classroom.out / GRADES).read_text(encoding="utf-8-sig"))
    return [f"the screen would show {line!r}" for line in shown if not is_harmless(line)] + unfit_cells(cells)


def grades_cells(text: str) -> list[str]:
    """The cells of a CSV file, as a spreadsheet reads them."""
    return [cell for row in csv.reader(StringIO(text, newline="")) for cell in row]


def unfit_cells(cells: Sequence[str]) -> list[str]:
    """Complaints of cells that a spreadsheet would take for a formula, or that hold control characters."""
    bad = [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@")) or not cell.isprintable()]
    return [f"{GRADES} holds the cell {cell!r}" for cell in bad]


def _unexpected_files(out: Path, students: Sequence[Student]) -> list[str]:
    due = {GRADES, *(f"{student.name}.json" for student in students)}
    return [f"{path.name} lies among the reports" for path in out.iterdir() if path.name not in due]
