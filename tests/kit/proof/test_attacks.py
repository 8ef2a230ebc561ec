"""The corpus of attacks, graded as a class: nobody gets more, or less, than the honest part of it earns."""

import dataclasses
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.grader.one_submission import run_phases
from gradkit.grader.report import FORMAT, Conditions, Report
from gradkit.proof.attacks import corpus_run
from gradkit.proof.attacks.checks import check_attack, check_cells, check_text, grades_cells, is_harmless
from gradkit.proof.attacks.corpus import GROUPS, Attack, Edit, build, build_class, files_of, read_attacks
from gradkit.proof.attacks.host import Watch, watched
from gradkit.proof.attacks.run import AttackResult, Run, group_by_suite, run_attacks
from gradkit.proof.attacks.secrets import addition, difference, find_secret_word
from gradkit.proof.specimens import EditError
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import graded_tests
from gradkit.suite.evidence import Evidence
from gradkit.suite.results import Item, make_result
from gradkit.suite.visibility import PRIVATE_ONLY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")

KEEPS, ADDS = "a1_expressions/test_a_value_keeps_its_number", "a1_expressions/test_addition"


ITEM_SECONDS = 1
"""Time limit of an item, five times what the slowest one takes on the solution. Attacks that never end come to it.

`make attacks` has the limits of the course.
"""

COURSE = tuple(msgspec.structs.replace(assignment, item_seconds=ITEM_SECONDS) for assignment in assignments())
ENGINES = tuple(assignment for assignment in COURSE if "engine" in assignment.modules)

ATTACKS = read_attacks()


def affects_later_assignments(attack):
    """Return whether an attack expects results in assignments beyond those that grade the engine."""
    elsewhere = {item.partition("/")[0] for item in attack.verdicts} - {assignment.name for assignment in ENGINES}
    return attack.module != "engine" or bool(elsewhere) or attack.earned is not None


LATER = {name for name, attack in ATTACKS.items() if affects_later_assignments(attack)} | set(list(ATTACKS)[::4])
"""Attacks that are graded in the whole course, a fourth of those on the engine among them. It is the sandbox, the pipe
and the grader that an attack is up against, and they are the same ones in each assignment; a later one only asks more.
`make attacks` grades every attack in all of them."""


STEALING = {name for name, attack in ATTACKS.items() if attack.group == "stealing the answer"}
"""Attacks that are graded under two secrets as well. `make attacks` does so with every attack."""


@pytest.fixture(scope="module")
def runs():
    """Return the runs of all attacks, graded once as two classes."""
    early = {name: attack for name, attack in ATTACKS.items() if name not in LATER}
    later = {name: attack for name, attack in ATTACKS.items() if name in LATER}
    return run_attacks(early, course=ENGINES, compared=STEALING), run_attacks(later, course=COURSE, compared=STEALING)


@pytest.fixture(scope="module")
def results(runs):
    return {result.name: result for run in runs for result in run.results}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_exactly_what_its_honest_part_earns(name, results):
    assert not results[name].reason


def test_nothing_of_the_machine_was_touched_read_reached_or_left_behind(runs):
    assert [run.host for run in runs] == [(), ()]


def test_there_are_at_least_sixty_attacks_and_some_of_every_group():
    corpus = ATTACKS
    groups = [attack.group for attack in corpus.values()]
    assert len(corpus) >= 60
    assert all(groups.count(group) >= 4 for group in GROUPS)


def test_every_title_is_one_sentence():
    assert not [name for name, attack in ATTACKS.items() if not attack.title.endswith(".") or "\n" in attack.title]


def test_the_items_in_labels_exist():
    items = {test.item.id for assignment in assignments() for test in graded_tests(assignment)}
    named = {item for attack in ATTACKS.values() for item in [*attack.unaffected, *attack.verdicts]}
    assert named <= items


# --- the labels ------------------------------------------------------------------------------------------------------


def attack(**fields):
    return Attack(title="Something.", group="sources", **fields)


@pytest.mark.parametrize("fields", [{}, {"all_pass": True, "every": Verdict.ERROR}])
def test_a_label_contains_one_expectation(fields):
    with pytest.raises(ValueError, match="exactly one of all_pass, every and verdicts"):
        attack(**fields)


def test_an_edit_that_does_not_fit_the_solution_is_refused():
    with pytest.raises(EditError, match="occurs 0 times"):
        files_of(attack(all_pass=True, edits=[Edit("no such line", "")]))


def test_an_attack_that_makes_no_submission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gradkit.proof.attacks.corpus.build", lambda *_: None)
    with pytest.raises(ValueError, match="0 submissions"):
        build_class({"nobody": attack(all_pass=True)}, tmp_path)


def test_text_before_and_after_the_solution_is_part_of_the_submission(tmp_path):
    build("none_of_the_folders", attack(all_pass=True, before="# first\n", after="# last\n"), tmp_path / "ada")
    text = (tmp_path / "ada/engine.py").read_text()
    assert text.startswith("# first\n")
    assert text.endswith("# last\n")


def test_a_folder_with_only_the_attacked_file_gets_the_other_files(tmp_path, monkeypatch):
    (tmp_path / "attacks/it").mkdir(parents=True)
    code = "def make(target, files):\n    target.mkdir()\n    (target / 'nn.py').write_text(files['nn.py'][:10])\n"
    (tmp_path / "attacks/it/make.py").write_text(code)
    monkeypatch.setattr("gradkit.proof.attacks.corpus.attacks_folder", lambda: tmp_path / "attacks")
    build("it", attack(all_pass=True, module="nn", before="x = 12345"), tmp_path / "ada")
    assert {path.name for path in (tmp_path / "ada").iterdir()} >= {"engine.py", "nn.py", "training.py"}
    assert (tmp_path / "ada/nn.py").read_text() == 'x = 12345"'
    assert "class Value" in (tmp_path / "ada/engine.py").read_text()


def test_an_attack_is_graded_in_the_assignments_of_its_file():
    chosen = {"one": attack(all_pass=True), "two": attack(all_pass=True, module="tensor")}
    suites = {
        name: [each.name[:2] for each in suite]
        for suite, names in group_by_suite(chosen, assignments())
        for name in names
    }
    assert suites == {"one": ["a1", "a2", "a3", "a4", "a5"], "two": ["a6"]}
    assert len(list(group_by_suite({"two": chosen["two"]}, assignments()))) == 1


# --- the whole corpus ------------------------------------------------------------------------------------------------


@pytest.fixture
def classes(monkeypatch):
    """Return the names of the attacks of each graded class. What an attack has as `unsaid` becomes its reason."""
    graded = []

    def run_attacks(chosen, progress, workers, course):
        graded.append(list(chosen))
        results = [AttackResult(name, each, ALL_PASSED, 1.0, each.unsaid[0]) for name, each in chosen.items()]
        return Run(tuple(results), ())

    monkeypatch.setattr(corpus_run, "run_attacks", run_attacks)
    monkeypatch.setattr(corpus_run, "CLASS_SIZE", 2)
    return graded


def test_a_run_of_the_corpus_grades_only_what_has_no_result_or_a_bad_one(tmp_path, monkeypatch, classes):
    def write(name, content):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "attack.toml").write_text(content)

    monkeypatch.setattr("gradkit.proof.attacks.corpus.attacks_folder", lambda: tmp_path)
    good, bad = attack(all_pass=True, unsaid=[""]), attack(all_pass=True, unsaid=["it did not"])
    chosen = {"a": good, "b": good, "c": bad, "d": good, "e": good}
    for name in chosen:
        write(name, "as it was")

    out = tmp_path / "results"
    first = corpus_run.run_corpus(chosen, out)
    assert [result.name for result in first.results] == list(chosen)
    assert first.reasons == ["c: it did not"]
    assert classes == [["a", "b"], ["c", "d"], ["e"]]
    assert corpus_run.run_corpus(chosen, out) == first
    assert classes[3:] == [["c", "d"]]
    write("b", "changed")
    assert corpus_run.run_corpus(chosen, out) == first
    assert classes[4:] == [["a", "b"], ["c", "d"]]


def test_results_of_attacks_depend_on_the_outputs_that_are_checked(tmp_path, monkeypatch):
    before = corpus_run._digest_code()
    shutil.copytree(corpus_run.KIT, tmp_path / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(corpus_run, "KIT", tmp_path / "kit")
    assert corpus_run._digest_code() == before
    with (tmp_path / "kit" / "outputs" / "grades_csv.py").open("a") as file:
        file.write("\n")
    assert corpus_run._digest_code() != before


# --- reports -------------------------------------------------------------------------------------------------------


def item(name, verdict, blocked_by=(), message="", needs=(), hidden=False):
    evidence = Evidence(message) if message else None
    return make_result(Item(name, "a1_expressions", "Title", 1.0, needs, hidden), verdict, evidence, blocked_by)


def reported(*items, earned=None):
    earned = sum(each.earned for each in items) if earned is None else earned
    conditions = Conditions("kit", "3.11", "suite", "public", True, True)
    return Report(FORMAT, "eve", {}, "", False, "0" * 32, (), (), (), (), conditions, earned, len(items), items)


ALL_PASSED = reported(item(KEEPS, Verdict.PASSED), item(ADDS, Verdict.PASSED))
ONE_FAILED = reported(item(KEEPS, Verdict.FAILED), item(ADDS, Verdict.PASSED))
HIDDEN_BEHIND = reported(item(KEEPS, Verdict.ERROR), item("a1/test_h", Verdict.FAILED, needs=(KEEPS,), hidden=True))
THE_REST_BLOCKED = reported(item(KEEPS, Verdict.FAILED), item(ADDS, Verdict.BLOCKED, (KEEPS,)))


@pytest.mark.parametrize(
    ("label", "report"),
    [
        (attack(all_pass=True), ALL_PASSED),
        (attack(verdicts={KEEPS: Verdict.FAILED}), ONE_FAILED),
        (attack(verdicts={KEEPS: Verdict.FAILED}), THE_REST_BLOCKED),
        (attack(every=Verdict.FAILED), THE_REST_BLOCKED),
        (attack(verdicts={KEEPS: Verdict.ERROR}), HIDDEN_BEHIND),
        (attack(every=(Verdict.CRASHED, Verdict.FAILED)), THE_REST_BLOCKED),
        (attack(verdicts={KEEPS: Verdict.FAILED}, earned=1), ONE_FAILED),
        (attack(every=Verdict.FAILED, unaffected=[ADDS, "a9/test_not_graded"]), ONE_FAILED),
    ],
)
def test_a_report_that_is_as_its_label_says_has_nothing_wrong(label, report):
    assert check_attack(label, report) == ""


@pytest.mark.parametrize(
    ("label", "report"),
    [
        (attack(all_pass=True), ONE_FAILED),
        (attack(all_pass=True), reported(item(KEEPS, Verdict.PASSED), item(ADDS, Verdict.BLOCKED, (KEEPS,)))),
        (attack(every=Verdict.FAILED), ALL_PASSED),
        (attack(every=Verdict.FAILED), ONE_FAILED),
        (attack(every=Verdict.FAILED, unaffected=[ADDS]), THE_REST_BLOCKED),
        (attack(every=Verdict.FAILED, unaffected=[KEEPS]), ONE_FAILED),
        (attack(every=Verdict.CRASHED), THE_REST_BLOCKED),
        (attack(every=(Verdict.CRASHED, Verdict.ERROR)), THE_REST_BLOCKED),
        (attack(verdicts={KEEPS: Verdict.FAILED}), ALL_PASSED),
        (attack(verdicts={KEEPS: Verdict.CRASHED}), ONE_FAILED),
        (attack(verdicts={ADDS: Verdict.FAILED}), ONE_FAILED),
        (attack(verdicts={KEEPS: Verdict.FAILED}, earned=2), ONE_FAILED),
        (attack(all_pass=True), reported(*ALL_PASSED.items, earned=3.0)),
    ],
)
def test_a_report_that_differs_from_its_label_is_noticed(label, report):
    assert check_attack(label, report)


@pytest.mark.parametrize("text", ["\x1b[31m", "two\rlines", "\u202eback", "\x9b", "\x00"])
def test_text_that_means_something_to_a_terminal_is_noticed(text):
    assert not is_harmless(text)


def test_a_secret_or_an_escape_in_a_report_is_noticed(results):
    report = results["messages_with_escapes"].report
    assert check_text(report, []) == ""
    assert "Large inputs" in check_text(report, ["Large inputs"])


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-rf", "@SUM(A1)", " =1", "a\x1b"])
def test_a_cell_that_a_spreadsheet_would_evaluate_is_noticed(cell):
    assert check_cells([cell])
    assert not check_cells(grades_cells(f"ada,1.5,'{cell[:1]}\n") if cell.isprintable() and cell[0] != " " else ["ada"])


# --- secrets ---------------------------------------------------------------------------------------------------------


PASSED, NOT_PASSED = item(KEEPS, Verdict.PASSED), item(KEEPS, Verdict.FAILED, message=PRIVATE_ONLY)


def test_one_bit_for_each_item_may_differ_between_two_secrets():
    assert difference(reported(PASSED), reported(PASSED)) == ""
    assert difference(reported(PASSED), reported(NOT_PASSED)) == ""


@pytest.mark.parametrize(
    "other",
    [
        reported(item(KEEPS, Verdict.FAILED, message="saw 1.25")),
        reported(item(KEEPS, Verdict.TIMEOUT, message=PRIVATE_ONLY)),
        msgspec.structs.replace(reported(NOT_PASSED), warnings=("1.25",)),
    ],
)
def test_anything_else_that_differs_between_two_secrets_is_noticed(other):
    assert difference(reported(NOT_PASSED), other)


RETRIED = "This passes with the course's own engine.py and nn.py, and not yet with what you handed in."
RETRY_WARNING = "a4_networks: with the course's own engine.py, 1 more item passes"


@pytest.mark.parametrize(
    ("without", "under_a_secret"),
    [
        (reported(PASSED), reported(NOT_PASSED)),
        (reported(item(KEEPS, Verdict.ERROR, message="mine")), reported(item(KEEPS, Verdict.ERROR, message="mine"))),
        (reported(item(KEEPS, Verdict.BLOCKED, (ADDS,))), reported(item(KEEPS, Verdict.PASSED, message=RETRIED))),
        (reported(PASSED), msgspec.structs.replace(reported(PASSED), warnings=(RETRY_WARNING,))),
    ],
)
def test_a_later_phase_may_change_an_item_in_fixed_ways(without, under_a_secret):
    assert addition(without, under_a_secret) == ""


@pytest.mark.parametrize(
    "under_a_secret",
    [
        reported(item(KEEPS, Verdict.FAILED, message="saw 1.25")),
        reported(item(KEEPS, Verdict.TIMEOUT, message=PRIVATE_ONLY)),
        reported(item(KEEPS, Verdict.BLOCKED, (ADDS,))),
        reported(item(KEEPS, Verdict.PASSED, message="saw 1.25")),
        msgspec.structs.replace(reported(PASSED), warnings=("saw 1.25",)),
    ],
)
def test_whatever_else_a_later_phase_adds_is_noticed(under_a_secret):
    assert addition(reported(PASSED), under_a_secret)


def test_a_number_that_only_one_secret_has_is_found_in_a_report():
    secret = {"1.260123456", "reference " + "ab" * 16}
    assert find_secret_word(reported(NOT_PASSED), secret) == ""
    for said in ("saw [-1.260123456, 2.0]", "# reference " + "ab" * 16):
        assert "secret" in find_secret_word(reported(item(KEEPS, Verdict.ERROR, message=said)), secret)


def test_a_grader_that_explained_private_cases_would_be_caught(monkeypatch):
    """Replace the public phase by one that explains private cases, so that student code can steer what is shown."""
    honest = run_phases.run_public_phase

    def careless(suite, *others):
        return honest(dataclasses.replace(suite, library=suite.private or suite.library), *others)

    monkeypatch.setattr(run_phases, "run_public_phase", careless)
    name = "steers_the_reduction"
    (result,) = run_attacks({name: ATTACKS[name]}, course=ENGINES[:2]).results
    assert "secret" in result.reason


# --- the watch -------------------------------------------------------------------------------------------------------


@pytest.fixture
def watched_folder(tmp_path, monkeypatch):
    """Return the watched folder, without the repository, in which other processes may write."""
    monkeypatch.setattr("gradkit.proof.attacks.host.REPOSITORY", ())
    (tmp_path / "class").mkdir()
    (tmp_path / "class/engine.py").write_text("as it was")
    return tmp_path


@pytest.fixture
def watch(watched_folder):
    with watched([watched_folder / "canary"], [watched_folder / "class"], [watched_folder / "marker"]) as watch:
        yield watch


def test_nothing_is_reported_of_a_host_on_which_nothing_happened(watch):
    assert watch.changes() == []


@pytest.mark.parametrize(
    ("touch", "reason"),
    [
        (lambda watched_folder: (watched_folder / "canary").write_text("seen"), "canary was changed"),
        (lambda watched_folder: (watched_folder / "canary").unlink(), "canary was removed"),
        (lambda watched_folder: (watched_folder / "class/engine.py").write_text("changed"), "engine.py was changed"),
        (lambda watched_folder: (watched_folder / "class/more").mkdir(), "more was created"),
        (lambda watched_folder: (watched_folder / "marker").symlink_to("nowhere"), "marker was created"),
    ],
)
def test_a_touched_file_is_noticed(watch, watched_folder, touch, reason):
    touch(watched_folder)
    assert [said for said in watch.changes() if reason in said]


def test_a_connection_is_noticed(watch):
    import socket

    socket.create_connection(watch._listener.getsockname()).close()
    assert any("port" in said for said in watch.changes())


def test_a_process_that_is_left_over_is_noticed_even_as_an_orphan(watch, monkeypatch):
    import subprocess

    monkeypatch.setattr("gradkit.proof.attacks.host.END_SECONDS", 0.2)
    said = subprocess.run(
        ["sh", "-c", "sleep 60 >&- 2>&- & echo $!"], capture_output=True, text=True, check=True
    ).stdout
    assert watch.changes() == ["a process was left over: sleep"]
    subprocess.run(["kill", said.strip()], check=True)
    assert watch.changes() == []


def test_a_marker_of_an_earlier_run_is_not_counted_for_this_run(watched_folder):
    (watched_folder / "marker").touch()
    watch = Watch([], [], [watched_folder / "marker"])
    assert watch.created() == []
    assert watch.changes() == [f"{watched_folder / 'marker'} existed before the run: remove it"]
    watch.close()


def test_our_pytest_collects_no_attack(pytestconfig, root):
    folders = [folder.name for folder in Path(root / "tests").iterdir() if folder.is_dir()]
    assert "attacks" in folders
    assert "attacks" in pytestconfig.getini("norecursedirs")
