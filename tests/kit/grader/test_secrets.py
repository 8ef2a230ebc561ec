"""A private seed and hidden items: whatever students see is made before any worker receives a secret."""

import dataclasses
import itertools
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.corpora.scalar import RandomGraphs
from gradkit.grader import unfinished
from gradkit.grader.conditions import label_seed, make_conditions
from gradkit.grader.one_submission import run_phases
from gradkit.grader.orphans import adopt_orphans
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class import classroom as classrooms
from gradkit.grader.whole_class import student_steps
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.grader.whole_class.student_steps import StudentSteps
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport import process_tree
from gradkit.suite.evidence import Evidence
from gradkit.suite.visibility import HIDDEN, PRIVATE_ONLY

SEED = "autumn-2026-7f3a"
DRAWN = ("test_addition", "test_multiplication", "test_subtraction", "test_tanh_gradient", "test_exp_collects")
ADDS = "a1_expressions/test_addition"


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """Return a suite of some items of a1 to a3 with a private seed, whose corpora are drawn without a cache."""
    library = Library(corpora_folder(), SEED, tmp_path_factory.mktemp("cache"))
    course = [assignment for assignment in choose_assignments("all") if assignment.short in ("a1", "a2", "a3")]
    public = load_suite(course, Library(corpora_folder()))
    tests = tuple(test for test in public.tests if test.name in DRAWN or test.settings.corpus is None)
    suite = dataclasses.replace(public, tests=tests, private=library)
    for test in tests:
        if suite.has_private_corpus(test):
            library.corpus(test.settings.corpus)
    return suite


def with_items(suite, *names):
    """Return a suite that has only these tests, without prerequisites."""
    tests = [test for test in suite.tests if test.name in names]
    alone = tuple(dataclasses.replace(test, item=msgspec.structs.replace(test.item, needs=())) for test in tests)
    return dataclasses.replace(suite, tests=alone)


def result(report, name):
    return next(item for item in report.items if item.id.endswith(f"/{name}"))


# --- the seed --------------------------------------------------------------------------------------------------------


def test_a_private_seed_draws_other_graphs_of_the_same_kind(private):
    for test in private.tests:
        if isinstance(test.settings.corpus, RandomGraphs):
            ours, theirs = (library.corpus(test.settings.corpus) for library in (private.private, private.library))
            assert not set(ours.cases) & set(theirs.cases)
            assert len(ours.cases) > 50


def test_a_report_names_a_private_seed_without_revealing_it(private):
    label = make_conditions(private, True).seed
    assert label == label_seed(SEED) != SEED
    assert SEED not in label
    assert label_seed("public") == "public"


def test_a_right_submission_passes_on_a_private_seed(school, root, private):
    shutil.copytree(root / "reference/solution", school.submissions / "ada")
    (report,) = school.grade(suite=private).values()
    assert report.earned == report.points > 0


def test_a_failure_is_explained_as_on_the_public_seed(school, private):
    school.hand_in_misconception("exp_overwrites", "exp_overwrites")
    (report,) = school.grade(suite=private).values()
    school.delete_reports()
    (public,) = school.grade(suite=dataclasses.replace(private, private=None)).values()
    assert report.items == public.items
    (wrong,) = [item for item in report.items if item.evidence]
    assert "its closure overwrites" in wrong.evidence.hint


# --- one bit for each item -------------------------------------------------------------------------------------------

KNOWS_THE_SUMS = """
import math, sys
class Value:
    def __init__(self, data, _children=(), _op=""):
        self.data, self.grad, self._prev = data, 0.0, _children
    def __add__(self, other):
        if (self.data, other.data) not in {known!r}:
            {otherwise}
        return Value(self.data + other.data, (self, other))
"""
"""An engine that adds the numbers of the public corpus, and does something else with numbers that it has not seen."""

WAYS_TO_FAIL = {
    "a wrong number": "return Value(self.data)",
    "an error": "raise ValueError(f'saw {self.data} and {other.data}')",
    "a stub's words": "raise NotImplementedError(f'saw {self.data}')",
    "an exit": "sys.exit(str(self.data))",
    "no number": "return Value(str(self.data))",
    "all memory": "x = [0] * 10**10",
    "a kill": "import os; os.kill(os.getpid(), 9)",
}


@pytest.fixture(scope="module")
def sums(private):
    """Return the pairs of numbers in the public corpus of addition, for engines that contain a table of them."""
    test = next(test for test in private.tests if test.name == "test_addition")
    pairs = set()
    for graph in private.library.corpus(test.settings.corpus).cases:
        numbers = list(graph.inputs)
        for step in graph.steps:
            assert step[0] == "add"
            pairs.add((numbers[step[1]], numbers[step[2]]))
            numbers.append(numbers[step[1]] + numbers[step[2]])
    return pairs


def test_every_way_to_fail_on_the_private_corpus_gives_the_same_report(school, private, sums):
    for way, code in WAYS_TO_FAIL.items():
        school.hand_in(way, KNOWS_THE_SUMS.format(known=sums, otherwise=code))
    reports = school.grade(suite=with_items(private, "test_addition"))
    assert reports.keys() == WAYS_TO_FAIL.keys()
    for report in reports.values():
        (item,) = report.items
        assert (item.verdict, item.earned, item.blocked_by) == (Verdict.FAILED, 0.0, ())
        assert msgspec.structs.asdict(item.evidence) == {
            **msgspec.structs.asdict(Evidence(PRIVATE_ONLY)),
        }
    assert len({report.items for report in reports.values()}) == 1


def test_the_same_code_passes_on_the_public_corpus_which_shows_that_the_test_can_fail(school, private, sums):
    school.hand_in("eve", KNOWS_THE_SUMS.format(known=sums, otherwise=WAYS_TO_FAIL["an error"]))
    (report,) = school.grade(suite=dataclasses.replace(with_items(private, "test_addition"), private=None)).values()
    assert report.earned == report.points


def test_no_item_of_the_private_phase_depends_on_another(school, solution, suite_with_limits):
    """The second item has the first as a prerequisite, and the first never ends."""
    school.hand_in("eve", solution(("return self + other", "while True: pass")))
    suite = suite_with_limits("a1", 0.3, 5)
    first, second = (next(t for t in suite.tests if t.name == name) for name in ("test_sum", "test_whole_numbers"))
    first = dataclasses.replace(first, item=msgspec.structs.replace(first.item, hidden=True, needs=()))
    second = dataclasses.replace(second, item=msgspec.structs.replace(second.item, hidden=True, needs=(first.item.id,)))
    (report,) = school.grade(suite=dataclasses.replace(suite, tests=(first, second))).values()
    assert [item.verdict for item in report.items] == [Verdict.FAILED, Verdict.PASSED]
    assert report.items[0].evidence.message == HIDDEN


def test_an_engine_that_needs_most_of_its_time_in_the_public_phase_has_as_much_in_the_private_one(school, private):
    waits = "\nimport time\ndef _wait(started=[]):\n    if not started: started.append(time.sleep(0.8))\n"
    engine = "class Value:\n    def __init__(self, data): _wait(); self.data = data\n"
    engine += "    def __add__(self, other): return Value(self.data + other.data)\n"
    school.hand_in("ada", engine + waits)
    short = [msgspec.structs.replace(a, item_seconds=1.0, submission_seconds=1.0) for a in private.assignments]
    suite = dataclasses.replace(with_items(private, "test_addition"), assignments=tuple(short))
    (report,) = school.grade(suite=suite).values()
    assert report.earned == report.points


def test_a_hidden_item_reveals_only_whether_it_passed(school, solution, suite):
    hidden = next(test for test in suite("a2").tests if test.item.hidden)
    alone = dataclasses.replace(with_items(suite("a2"), hidden.name))
    school.hand_in("right", solution())
    for name, code in {
        "raises": "raise KeyError(self.data)",
        "leaves": "raise SystemExit(1)",
        "wrong": "return",
    }.items():
        school.hand_in(name, solution(("visited = set()", f"{code}\n        visited = set()")))
    reports = school.grade(suite=alone)
    assert reports["right"].items[0].verdict is Verdict.PASSED
    failed = {reports[name].items for name in ("raises", "leaves", "wrong")}
    assert len(failed) == 1
    assert failed.pop()[0].evidence.message == HIDDEN


# --- the order -------------------------------------------------------------------------------------------------------


class RecordingSteps(StudentSteps):
    """Records which phase runs for which student, and when it starts and ends."""

    def run_public(self, scratch, sandbox, student):
        return self._record("public", super().run_public, scratch, sandbox, student)

    def run_later(self, phase, scratch, sandbox, student):
        return self._record(phase.name, super().run_later, phase, scratch, sandbox, student)

    def _record(self, phase, job, *arguments):
        with (self.out.parent / "noted").open("a", encoding="utf-8") as log:
            print(phase, arguments[-1].name, time.monotonic_ns(), file=log)
        step = job(*arguments)
        with (self.out.parent / "noted").open("a", encoding="utf-8") as log:
            print(phase, arguments[-1].name, time.monotonic_ns(), file=log)
        return step


class RecordingClassroom(Classroom):
    @property
    def steps(self):
        return RecordingSteps(self.suite, self.conditions, self.out)


def test_no_phase_begins_before_the_whole_class_has_ended_the_one_before(school, solution, suite):
    bad = solution(("(1 - out.data**2) * out.grad", "out.data**2 * out.grad"))
    for name in ("ada", "ben", "cyd"):
        school.hand_in(name, bad)
        for module in ("nn", "training"):
            (school.submissions / name / f"{module}.py").write_text("class MLP:\n    pass\n")
    course = [assignment for assignment in choose_assignments("all") if assignment.short in ("a2", "a4", "a5")]
    whole = load_suite(course, Library(corpora_folder()))
    few = {"test_what_is_not_part_of_the_result_stays_out", "test_neuron", "test_mean_squared_error"}
    school.grade(workers=2, suite=with_items(whole, *few), kind=RecordingClassroom)
    lines = [line.rsplit(maxsplit=2) for line in (school.out.parent / "noted").read_text().splitlines()]
    times = {}
    for phase, _name, moment in lines:
        times.setdefault(phase, []).append(int(moment))
    assert list(times) == ["public", "private", "earlier files", "retry a4", "retry a5"]
    assert all(len(moments) == 6 for moments in times.values())
    ordered = list(times.values())
    assert all(max(before) < min(after) for before, after in itertools.pairwise(ordered))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:  # it has ended since it was listed
        return False


def leave_an_orphan():
    """Start a process whose parent ends at once. The init of a sandbox can outlive bubblewrap in the same way."""
    subprocess.run(["sh", "-c", "sleep 0.3 &"], check=True)


def living_children(known):
    return [pid for pid in process_tree.children_of(os.getpid()) if pid not in known and is_alive(pid)]


def test_a_worker_that_the_check_started_has_ended_before_the_first_phase(school, solution, suite, monkeypatch):
    school.hand_in("ada", solution())
    alive_before = []
    known, honest_check, honest = (
        process_tree.children_of(os.getpid()),
        classrooms.check_workers,
        classrooms.run_in_processes,
    )

    def check_workers(sandbox, asked):
        honest_check(sandbox, asked)
        leave_an_orphan()

    def run_in_processes(*arguments):
        alive_before.append(living_children(known))
        yield from honest(*arguments)

    monkeypatch.setattr(classrooms, "check_workers", check_workers)
    monkeypatch.setattr(classrooms, "run_in_processes", run_in_processes)
    school.grade(suite=suite("a2"))
    assert alive_before == [[], []]


def test_a_single_student_is_graded_in_phases_whose_workers_all_end(tmp_path, solution, suite, sandbox, monkeypatch):
    """nbgrader grades in this way."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada/engine.py").write_text(solution(), encoding="utf-8")
    alive_before = []
    known, public, later = (
        process_tree.children_of(os.getpid()),
        run_phases.make_public_report,
        run_phases.find_passing_items,
    )

    def first(*arguments):
        found = public(*arguments)
        leave_an_orphan()
        return found

    def second(*arguments):
        alive_before.append(living_children(known))
        return later(*arguments)

    monkeypatch.setattr(run_phases, "make_public_report", first)
    monkeypatch.setattr(run_phases, "find_passing_items", second)
    asked = suite("a2")
    taken = take_in(tmp_path / "ada", tmp_path / "files", asked.modules)
    conditions = make_conditions(asked, True)
    with adopt_orphans():  # so that the orphan is seen here at all
        run_phases.grade_alone("ada", taken, conditions, asked, sandbox, tmp_path / "scratch", tmp_path / "files")
    assert alive_before == [[]]


def test_a_worker_whose_grader_process_was_killed_has_ended_before_the_next_phase(school, solution, suite, monkeypatch):
    """The sandbox ends shortly after its parent."""
    school.hand_in("ada", solution())
    school.hand_in("eve", solution())
    alive_before = []
    honest = classrooms.run_in_processes

    def killing(students, job, workers, seconds):
        alive_before.append(living_children(known))
        yield from honest(students, job, workers, seconds)

    def lost(self, scratch, sandbox, student):
        if student.name == "eve":
            sandbox.start(Path(student.source), 5)
            os.kill(os.getpid(), signal.SIGKILL)
        return public(self, scratch, sandbox, student)

    known, public = process_tree.children_of(os.getpid()), StudentSteps.run_public
    monkeypatch.setattr(classrooms, "run_in_processes", killing)
    monkeypatch.setattr(StudentSteps, "run_public", lost)
    with pytest.raises(AssertionError, match="was killed"):
        school.grade(suite=suite("a2"))
    assert alive_before == [[], []]
    assert (school.out / "ada.json").exists()


def test_the_files_that_workers_share_are_made_for_every_phase_and_deleted_at_its_end(
    school, solution, suite, monkeypatch
):
    made = []
    honest = classrooms.Sandbox

    class Counted(honest):
        def __init__(self, scratch, isolated):
            assert not scratch.exists()
            made.append(scratch)
            super().__init__(scratch, isolated)

    monkeypatch.setattr(classrooms, "Sandbox", Counted)
    school.hand_in("ada", solution())
    school.grade(suite=suite("a2"))
    assert len(made) == 2
    assert not any(path.exists() for path in made)


# --- continuing a stopped run ----------------------------------------------------------------------------------------


def test_a_run_that_was_stopped_between_phases_continues_without_repeating_one(school, solution, suite, monkeypatch):
    for name in ("ada", "ben"):
        school.hand_in(name, solution())
    undisturbed = school.grade(suite=suite("a2"))
    school.delete_reports()
    honest = StudentSteps.run_later
    monkeypatch.setattr(StudentSteps, "run_later", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(AssertionError, match="was killed"):
        school.grade(suite=suite("a2"))
    assert {path.name for path in (school.out / unfinished.FOLDER).iterdir()} == {"ada.json", "ben.json"}
    assert not list(school.out.glob("*.json"))
    monkeypatch.setattr(StudentSteps, "run_later", honest)
    monkeypatch.setattr(student_steps, "make_public_report", lambda *_: pytest.fail("asked again"))
    assert school.grade(suite=suite("a2")) == undisturbed
    assert {path.name for path in school.out.iterdir()} == {"ada.json", "ben.json"}


def test_killed_at_random_moments_of_any_phase_it_ends_with_the_same_reports(school, solution):
    for number in range(6):
        school.hand_in(f"student{number}", solution())
    school.hand_in_misconception("wrong", "addition_overwrites")
    reports = school.run_command("a2")
    undisturbed = {path.name: path.read_bytes() for path in reports.glob("*.json")}
    school.delete_reports()
    school.run_command("a2", n_kills=6, seconds=(0.6, 2.0))
    assert {path.name: path.read_bytes() for path in reports.glob("*.json")} == undisturbed
    assert {path.name for path in reports.iterdir()} == {*undisturbed, "grades.csv", ".submissions"}


def test_results_of_a_submission_that_has_changed_since_are_not_used(school, solution, suite, monkeypatch):
    school.hand_in("ada", solution())
    honest = StudentSteps.run_later
    monkeypatch.setattr(StudentSteps, "run_later", lambda *_: os._exit(1))
    with pytest.raises(AssertionError, match="lost"):
        school.grade(suite=suite("a2"))
    monkeypatch.setattr(StudentSteps, "run_later", honest)
    (school.submissions / "ada" / "engine.py").write_text(solution(("self.data + other.data", "self.data")))
    (report,) = school.grade(suite=suite("a2")).values()
    assert report.earned < report.points


# --- reports that are kept -------------------------------------------------------------------------------------------


def forged(report, **changes):
    return msgspec.structs.replace(report, **changes)


def renamed_item(report):
    first, *rest = report.items
    return forged(report, items=(msgspec.structs.replace(first, title="Another title"), *rest))


def raised_item(report):
    first, *rest = report.items
    return forged(report, items=(msgspec.structs.replace(first, earned=first.points + 980.5), *rest), earned=1000.0)


FORGERIES = {
    "another student's": lambda report: forged(report, student="ben"),
    "more points than there are": lambda report: forged(report, earned=1000.0),
    "another maximum": lambda report: forged(report, points=20.0),
    "an item's points raised": raised_item,
    "an item less": lambda report: forged(report, items=report.items[:-1]),
    "an item renamed": renamed_item,
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_report_that_does_not_add_up_is_replaced(school, solution, forgery):
    school.hand_in("ada", solution())
    honest = school.grade()["ada"]
    path = school.out / "ada.json"
    path.write_bytes(msgspec.json.encode(FORGERIES[forgery](honest)))
    assert school.grade()["ada"] == honest
    assert school.ended["ada"].seconds is not None


def test_one_student_s_report_copied_over_another_s_gives_each_their_own_row(school, solution):
    for name in ("ada", "ben"):
        school.hand_in(name, solution())
    school.grade()
    shutil.copy(school.out / "ada.json", school.out / "ben.json")
    assert {report.student for report in school.grade().values()} == {"ada", "ben"}


def test_evidence_does_not_contain_numbers_that_only_the_private_seed_draws(school, private):
    for name in ("addition_overwrites", "subtraction_forgets_the_minus", "number_not_wrapped"):
        school.hand_in_misconception(name, name)
    reports = school.grade(suite=private)
    corpora = [
        private.private.corpus(test.settings.corpus) for test in private.tests if private.has_private_corpus(test)
    ]
    leaves = {repr(abs(number)) for corpus in corpora for graph in corpus.cases for number in graph.inputs}
    drawn = {leaf for leaf in leaves if re.fullmatch(r"\d+\.\d\d+", leaf)}
    message = [item.evidence for report in reports.values() for item in report.items if item.evidence]
    assert message
    shown = set(re.findall(r"\d+\.\d+", "\n".join(line for each in message for line in each.code if "Value(" in line)))
    assert not shown & drawn
