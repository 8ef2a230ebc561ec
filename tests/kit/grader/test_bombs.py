"""A small class of bombs, graded and collected by the commands: everyone else has all points and a notebook.

`grading/benchmarks/bombs.py` does the same with 60 bombs among 200 students.
"""

import sys

import pytest

BOMBS = (
    "bzip2_zip",
    "wide_dictionary",
    "braces_notebook",
    "one_huge_cell",
    "deep_entries",
    "a_pipe",
    "short_parentheses",
    "imports_a_shift",  # at once, where a list that grows takes seconds on a busy machine
    "imports_a_fork",
    "imports_a_message",
    "subtracts_a_bytearray",
)


@pytest.fixture
def bombs(root, monkeypatch):
    """Return the benchmark's module, imported as when it runs."""
    monkeypatch.syspath_prepend(str(root / "grading" / "benchmarks"))
    import bombs

    yield bombs
    sys.modules.pop("bombs")


def test_each_bomb_gets_its_verdict_and_costs_no_other_student_points(bombs, tmp_path):
    graded, collected, reasons, _ = bombs.try_class(tmp_path, BOMBS, len(BOMBS) + 3, "--workers", "1")
    assert reasons == [], (graded.output, collected.output)


def test_a_wrong_result_of_the_benchmark_is_noticed(bombs, tmp_path):
    """A benchmark that gives no reasons would also accept a class that was not graded at all."""
    nothing = bombs.Run(1, "Traceback", 0.0, {"main process": 400 << 20}, kills=1)
    reasons = list(bombs.reasons_in(tmp_path, {"ada"}, ["bzip2_zip"], nothing, nothing))
    assert len(reasons) == 2 + 3 * 2 + 1
