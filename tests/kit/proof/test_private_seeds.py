"""Specimens under private seeds: results are those of grading, are kept, and become figures."""

import inspect
import json
import re
from dataclasses import replace

import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.cli.seeds import pairs, seeds
from gradkit.corpora.library import Library
from gradkit.grader.suite import load_suite
from gradkit.proof import private_seeds
from gradkit.proof.pairs import find_losses, make_pairs_record
from gradkit.proof.private_seeds import SeedRun, SpecimenSeeds, name_seeds
from gradkit.proof.stability import describe_chance, find_moving, make_seeds_record, share_of_stable

DEPTH = "a2_backprop/test_depth"


@pytest.fixture(scope="module")
def suite():
    return load_suite(choose_assignments("a2"), Library(corpora_folder()), retries=False)


@pytest.fixture
def seeds_of(suite):
    """Return a function that makes results from the names of failed items under each seed."""

    def make(name, *failed):
        seeds = name_seeds("seed", len(failed))
        return SpecimenSeeds(name, suite, {seed: frozenset(each) for seed, each in zip(seeds, failed)})

    return make


@pytest.mark.parametrize("command", [pairs, seeds], ids=lambda command: command.__name__)
def test_the_documents_state_how_many_seeds_a_command_draws(command, root):
    default = inspect.signature(command).parameters["seeds"].default
    for name, pattern in (("README.md", r"under (\d+) private seeds"), ("docs/authoring.md", r"\(default: (\d+)[,)]")):
        (line,) = [each for each in (root / name).read_text().splitlines() if f"gradkit {command.__name__}` " in each]
        assert int(re.search(pattern, line)[1]) == default


def test_a_loss_is_an_item_that_the_design_does_not_give_up(seeds_of):
    fair = [seeds_of("tape", (), ()), seeds_of("classic_recursive", (DEPTH,), (DEPTH,))]
    assert find_losses(fair) == []
    (loss,) = find_losses([*fair, seeds_of("composed", (), (DEPTH,))])
    assert (loss.name, loss.seed, loss.items, loss.points) == ("composed", "seed 2", (DEPTH,), 1.0)


def test_the_record_of_pairs_names_every_loss(seeds_of):
    record = make_pairs_record([seeds_of("tape", (), (DEPTH,)), seeds_of("composed", (), ())], "0" * 16)
    assert record.misses == [f"tape under seed 2: {DEPTH}"]
    assert [figure.now for figure in record.figures] == ["2", "4", "1"]
    assert record.tables[0].rows == [["a2_backprop", "2", "4", "1"]]


def test_what_fails_under_some_seeds_only_makes_points_move(seeds_of):
    steady, moving = seeds_of("steady", (DEPTH,), (DEPTH,)), seeds_of("moving", (DEPTH,), ())
    assert find_moving([steady, moving]) == [moving]
    assert (moving.moves, describe_chance(moving)) == (1.0, f"{DEPTH} (1 of 2)")
    assert share_of_stable([steady, moving]) == 0.5
    record = make_seeds_record([steady, moving], "0" * 16)
    assert record.misses == []
    assert [row[0] for row in record.tables[0].rows] == ["moving"]


def test_a_run_keeps_its_results_and_makes_only_what_is_missing(tmp_path, specimens, monkeypatch):
    def few_tests(batch):
        tests = tuple(test for test in batch.suite.tests if test.item.id == "a2_backprop/test_addition_gradient")
        return replace(batch, selected={name: replace(part, tests=tests) for name, part in batch.selected.items()})

    make_batches = private_seeds.batches
    monkeypatch.setattr(private_seeds, "batches", lambda *how: [few_tests(batch) for batch in make_batches(*how)])
    names, done = ["composed", "tape"], []
    first = SeedRun(names, specimens, ["seed 1"], tmp_path)
    results = {each.name: each for each in first.run(1, done.append)}
    assert [results[name].failed for name in names] == [{"seed 1": frozenset()}] * 2
    assert (done[0], first.n_results) == (0, 4)
    assert not list((tmp_path / private_seeds.DRAWN).iterdir())

    kept, outdated = tmp_path / "seed 1/tape.json", tmp_path / "seed 1/composed.json"
    before = kept.stat().st_mtime_ns
    outdated.write_text(json.dumps({"digest": "of another suite", "failed": []}), encoding="utf-8")
    second = SeedRun(names, specimens, ["seed 1"], tmp_path)
    assert {each.name: each.failed for each in second.run(1, done.append)} == {
        each.name: each.failed for each in results.values()
    }
    assert kept.stat().st_mtime_ns == before
    assert json.loads(outdated.read_text(encoding="utf-8"))["digest"] != "of another suite"
    assert second.digest == first.digest
