"""Specimens under private seeds: results are those of grading, are kept, and become figures."""

import importlib.metadata
import inspect
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.cli.seeds import pairs, seeds
from gradkit.corpora.files import load_corpus
from gradkit.corpora.library import Library, ThinCorpusError
from gradkit.grader.conditions import make_conditions
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof import private_seeds
from gradkit.proof.errors import ProofError
from gradkit.proof.pairs import find_lost_items, make_pairs_record
from gradkit.proof.private_seeds import SeedRun, SpecimenSeeds, name_seeds
from gradkit.proof.runs import grade_folders
from gradkit.proof.stability import describe_chance, find_moving, make_seeds_record, share_of_stable
from gradkit.submissions.outcome import Verdict
from gradkit.suite.collection import graded_tests

DEPTH = "a2_backprop/test_depth"


@pytest.fixture(scope="module")
def suite():
    return load_suite(choose_assignments("a2"), Library(corpora_folder()), retries=False)


@pytest.fixture
def seeds_of(suite):
    """Return a function that makes results from the names of failed items under each seed."""

    def make(name, *failed, public=()):
        seeds = name_seeds("seed", len(failed))
        failed = {seed: frozenset(each) for seed, each in zip(seeds, failed)}
        return SpecimenSeeds(name, suite, frozenset(public), failed)

    return make


@pytest.mark.parametrize("command", [pairs, seeds], ids=lambda command: command.__name__)
def test_the_documents_state_how_many_seeds_a_command_draws(command, root):
    default = inspect.signature(command).parameters["n_seeds"].default
    for name, pattern in (("README.md", r"under (\d+) private seeds"), ("docs/authoring.md", r"\(default: (\d+)[,)]")):
        (line,) = [each for each in (root / name).read_text().splitlines() if f"gradkit {command.__name__}` " in each]
        assert int(re.search(pattern, line)[1]) == default


def test_a_loss_is_an_item_that_the_design_does_not_give_up(seeds_of):
    fair = [seeds_of("tape", (), ()), seeds_of("classic_recursive", (DEPTH,), (DEPTH,))]
    assert find_lost_items(fair) == []
    (loss,) = find_lost_items([*fair, seeds_of("composed", (), (DEPTH,))])
    assert (loss.name, loss.seed, loss.items, loss.points) == ("composed", "seed 2", (DEPTH,), 1.0)


def test_the_record_of_pairs_names_every_loss(seeds_of):
    record = make_pairs_record([seeds_of("tape", (), (DEPTH,)), seeds_of("composed", (), ())], "0" * 16, {})
    assert record.misses == [f"tape under seed 2: {DEPTH}"]
    assert [figure.now for figure in record.figures] == ["2", "4", "1"]
    assert record.tables[0].rows == [["a2_backprop", "2", "4", "1"]]


def test_what_fails_under_some_seeds_only_makes_points_move(seeds_of):
    steady, moving = seeds_of("steady", (DEPTH,), (DEPTH,)), seeds_of("moving", (DEPTH,), ())
    assert find_moving([steady, moving]) == [moving]
    assert (moving.spread_points, describe_chance(moving)) == (1.0, f"{DEPTH} (1 of 2)")
    assert share_of_stable([steady, moving]) == 0.5
    record = make_seeds_record([steady, moving], "0" * 16, {})
    assert record.misses == []
    assert [row[0] for row in record.tables[0].rows] == ["moving"]


def test_points_that_every_private_seed_takes_are_a_figure_of_their_own(seeds_of):
    items = ("a2_backprop/test_depth", "a2_backprop/test_addition_gradient", "a2_backprop/test_addition_collects")
    record = make_seeds_record([seeds_of("overfitted", items, items), seeds_of("steady", (DEPTH,), (DEPTH,))], "", {})
    assert [figure.now for figure in record.figures] == ["2 of 2 (100.0 %)", "0", "3"]
    assert record.misses == ["overfitted loses 3 points that it has under the public seed"]


ADDITION = "a2_backprop/test_addition_gradient"
OVERFITTED = "addition_overwrites"


@pytest.fixture
def addition_alone(monkeypatch):
    """Run specimens on one item."""

    def few_tests(batch):
        tests = tuple(test for test in batch.suite.tests if test.item.id == ADDITION)
        return replace(batch, selected={name: replace(suite, tests=tests) for name, suite in batch.selected.items()})

    make_batches = private_seeds.batches
    everything = SimpleNamespace(items=lambda misconception, items: items)
    monkeypatch.setattr(private_seeds, "Selection", lambda: everything)
    monkeypatch.setattr(
        private_seeds, "batches", lambda *some, **how: [few_tests(batch) for batch in make_batches(*some, **how)]
    )


@pytest.fixture
def drawn_quickly(monkeypatch):
    """Take the recorded corpora for those of a private seed, except for a seed that cannot be drawn."""

    class Quick(Library):
        def _draw(self, spec):
            if self.seed == "thin":
                raise ThinCorpusError("It lacks a factor 0.")
            return load_corpus(spec, self.folder / spec.file_name)

    monkeypatch.setattr(private_seeds, "Library", Quick)


@pytest.fixture
def only_addition_drawn(monkeypatch, drawn_quickly):
    """Draw a private seed's corpus of the one item that is run, and take the recorded ones of all others."""
    quick = private_seeds.Library
    (needed,) = [test.settings.corpus for test in graded_tests(*choose_assignments("a2")) if test.item.id == ADDITION]

    class DrawsOne(quick):
        def _draw(self, spec):
            return Library._draw(self, spec) if spec == needed else super()._draw(spec)

    monkeypatch.setattr(private_seeds, "Library", DrawsOne)


@pytest.fixture
def overfitted(tmp_path, root):
    """Return the folder of an engine whose addition is right for the numbers of the public corpus alone."""
    (spec,) = [test.settings.corpus for test in graded_tests(*choose_assignments("a2")) if test.item.id == ADDITION]
    known = {number for graph in Library(corpora_folder()).corpus(spec).cases for number in graph.inputs}
    folder = tmp_path / "overfitted"
    shutil.copytree(root / "reference/solution", folder)
    text = (folder / "engine.py").read_text(encoding="utf-8")
    old, new = "self.grad += out.grad\n", "self.grad += out.grad * (bool(self._prev) or self.data in KNOWN)\n"
    assert text.count(old) == 1
    (folder / "engine.py").write_text(f"{text.replace(old, new)}\n\nKNOWN = {known}\n", encoding="utf-8")
    return folder


def test_results_are_those_of_grading(
    tmp_path, specimens, addition_alone, only_addition_drawn, overfitted, monkeypatch
):
    monkeypatch.setattr(private_seeds, "shutil", SimpleNamespace(rmtree=lambda *_, **__: None))  # keep what is drawn
    folders = {"tape": specimens["tape"], OVERFITTED: overfitted}
    run = SeedRun(folders, folders, ["seed 1"], tmp_path / "out")
    results = {each.name: each for each in run.run(1, lambda n_done: None)}
    assert {name: each.failed for name, each in results.items()} == {
        "tape": {"seed 1": frozenset()},
        OVERFITTED: {"seed 1": frozenset({ADDITION})},
    }
    assert (results[OVERFITTED].public, results[OVERFITTED].max_loss_points) == (frozenset(), 1.0)

    private = private_seeds.Library(corpora_folder(), "seed 1", run._drawn_folder("seed 1"))
    suite = load_suite(choose_assignments("a2"), Library(corpora_folder()), private, retries=False)
    graded = replace(suite, tests=tuple(test for test in suite.tests if test.item.id == ADDITION))
    classroom = Classroom(graded, make_conditions(graded, sandboxed=False), tmp_path / "reports", isolated=False)
    for name, report in grade_folders(classroom, folders):
        lost = {item.id for item in report.items if item.verdict is not Verdict.PASSED}
        assert lost == results[name].failed["seed 1"]


def test_a_run_keeps_its_results_and_makes_only_what_is_missing(tmp_path, specimens, addition_alone, drawn_quickly):
    names, done = ["composed", "tape"], []
    first = SeedRun(names, specimens, ["seed 1"], tmp_path)
    results = first.run(1, done.append)
    assert (done[0], done[-1], first.n_results) == (0, 4, 4)
    assert not list((tmp_path / private_seeds.DRAWN).iterdir())

    file = tmp_path / "seed 1.jsonl"
    basis, kept, outdated = file.read_text(encoding="utf-8").splitlines()
    file.write_text(f"{basis}\n{kept}\n", encoding="utf-8")
    second = SeedRun(names, specimens, ["seed 1"], tmp_path)
    assert {each.name: each.failed for each in second.run(1, done.append)} == {
        each.name: each.failed for each in results
    }
    assert file.read_text(encoding="utf-8").splitlines() == [basis, kept, outdated]
    assert second.digest == first.digest


def test_a_seed_that_cannot_be_drawn_is_a_miss_and_does_not_end_the_run(
    tmp_path, specimens, addition_alone, drawn_quickly
):
    run = SeedRun(["tape"], specimens, ["thin", "seed 1"], tmp_path)
    results = run.run(1, lambda n_done: None)
    assert list(results[0].failed) == ["seed 1"]
    record = make_pairs_record(results, run.digest, run.undrawn)
    assert record.misses == ["thin cannot be drawn: It lacks a factor 0."]
    assert record.command == "gradkit pairs --seeds 2 --record"
    with pytest.raises(ProofError, match=r"No seed can be drawn\. thin: It lacks"):
        SeedRun(["tape"], specimens, ["thin"], tmp_path).run(1, lambda n_done: None)


def test_corpora_that_another_version_drew_are_not_used(tmp_path, specimens, addition_alone, drawn_quickly):
    for left in ("seed 1", "seed 1 0123abcd", "seed 10 0123abcd"):
        (tmp_path / private_seeds.DRAWN / left).mkdir(parents=True)
    SeedRun(["tape"], specimens, ["seed 1"], tmp_path).run(1, lambda n_done: None)
    assert [path.name for path in (tmp_path / private_seeds.DRAWN).iterdir()] == ["seed 10 0123abcd"]


@pytest.mark.parametrize("package", private_seeds.DRAWING_PACKAGES)
def test_results_depend_on_what_draws_corpora_and_on_the_code_that_selects_items(package, monkeypatch):
    before = private_seeds._digest_basis()
    names = {path.stem for path in private_seeds._find_imported(Path(private_seeds.__file__))}
    assert names >= {"private_seeds", "runs", "selection", "specimens"}
    version = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0" if name == package else version(name))
    assert private_seeds._digest_basis() != before


@pytest.mark.parametrize(
    ("command", "how", "reason"),
    [
        (seeds, {"n_seeds": 19}, "too few to record: at least 20"),
        (pairs, {"n_seeds": 151}, "66 designs and 151 seeds are too few"),
        (seeds, {"names": ["tape"]}, "leave the names out"),
        (pairs, {"names": ["tape"]}, "leave the names out"),
    ],
)
def test_a_part_of_a_run_is_not_recorded(command, how, reason, capsys):
    with pytest.raises(typer.Exit):
        command(**how, record=True)
    assert reason in " ".join(capsys.readouterr().err.split())
