"""The parts of `make bench` run at a tiny size. Their times are measured by `make bench` only."""

import json
import sys

import pytest


@pytest.fixture(scope="module")
def bench(root):
    """Return the main module of the benchmarks, imported as when it runs."""
    folder = root / "grading" / "benchmarks"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        import bench

        yield bench
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def core(bench):
    return bench.cores()[:1]


def test_a_class_is_graded_and_its_time_and_memory_accounted_for(bench, core, tmp_path):
    found = bench.measured("grade_class.py", 2, "--itemised", tmp_path, "--memory-at", 1, 2, on=core)
    assert 0 < found["seconds"] < sum(found["items"].values()) + 5
    assert found["items"]["waiting"] > 0
    assert found["memory"].keys() == found["child"].keys() == {"1", "2"}


def test_the_bare_arithmetic_replays_the_requests_of_grading(bench, core, tmp_path):
    suite = bench.common.suite()
    asked = bench.recorded.save(tmp_path / "requests")
    assert sum(request[1] == "replay" for request in asked) >= sum(bool(test.settings.corpus) for test in suite.tests)
    right = bench.common.right_submission()
    found = bench.measured("bare.py", tmp_path / "requests", right, 1, on=core, flags=bench.BARE_FLAGS)
    assert found["graphs"] >= sum(
        len(suite.library.corpus(t.settings.corpus).cases) for t in suite.tests if t.settings.corpus
    )
    assert found["arithmetic"] > 0


@pytest.mark.parametrize("assignment", ["a4", "a5"])
def test_the_requests_of_each_assignment_can_be_replayed_in_a_bare_interpreter(bench, core, assignment, tmp_path):
    asked = bench.recorded.save(tmp_path / "requests", [assignment])
    assert {request[2] for request in asked if request[1] == "load"} >= set(bench.common.suite([assignment]).modules)
    right = bench.common.right_submission()
    words = (tmp_path / "requests", right, 1, "uncollected")
    assert bench.measured("bare.py", *words, on=core, flags=bench.BARE_FLAGS)["uncollected"] > 0


def test_a_network_learns_in_the_benchmark_of_packing(bench, core):
    losses = bench.measured("packing.py", "values", 3, 1, on=core)["losses"]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 3


def test_live_pytorch_answers_as_many_graphs_as_were_recorded(bench, core, root):
    pytest.importorskip("torch")
    recorded = json.loads((root / "tests" / "corpora" / "add.json").read_text(encoding="utf-8"))
    seconds, asked = bench.one_pytest("drawn", core, "-k", "test_addition_gradient")
    assert seconds > 0
    assert len(recorded) <= asked <= 1.2 * len(recorded)


def test_grading_a_class_that_hangs_ends(bench, core):
    found = bench.measured("hanging.py", 1, 1, on=core)
    # By the wall clock three times three seconds, a worker for each of 88 items, and as much for the hidden one.
    assert found["bar"] == 20.0


def test_the_table_says_what_was_missed(bench):
    from rich.console import Console

    console = Console(width=bench.WIDTH, record=True)
    console.print(bench.table([bench._ratio_at_most("a", 2.5, 5.0, 1.0), bench._ratio_at_least("b", 20, 100.0, 1.0)]))
    first, second = console.export_text().splitlines()[1:3]
    assert "MISSED" in first
    assert "ok" in second
