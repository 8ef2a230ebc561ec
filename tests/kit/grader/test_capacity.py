"""How many workers fit: limits of control groups of both versions, wherever in the hierarchy they are set."""

import pytest
from gradkit.grader.whole_class import capacity
from gradkit.grader.whole_class.capacity import MAIN_BYTES, WORKER_BYTES, control_group_limits, count_workers_that_fit

NONE = str((1 << 63) - 4096)
"""Content of memory.limit_in_bytes (control groups, version 1) if no limit is set."""

TREES = {
    "version 2, in this group": ("0::/a/b\n", {"a/b/memory.max": "1000"}, [1000]),
    "version 2, in one above": ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000"}, [1000]),
    "version 2, in a container": ("0::/\n", {"memory.max": "1000"}, [1000]),
    "version 2, in a container that sees the host's path": ("0::/a/b\n", {"memory.max": "1000"}, [1000]),
    "version 2, beside version 1": ("0::/a\n", {"unified/a/memory.max": "1000"}, [1000]),
    "version 1, in this group": ("4:memory:/a/b\n", {"memory/a/b/memory.limit_in_bytes": "1000"}, [1000]),
    "version 1, in one above": (
        "4:memory:/a/b\n",
        {"memory/a/b/memory.limit_in_bytes": NONE, "memory/a/memory.limit_in_bytes": "1000"},
        [1000],
    ),
    "version 1, in two": (
        "4:memory:/a/b\n",
        {"memory/a/b/memory.limit_in_bytes": "500", "memory/a/memory.limit_in_bytes": "1000"},
        [500, 1000],
    ),
    "version 1, with other controllers": ("4:cpu,memory:/a\n", {"cpu,memory/a/memory.limit_in_bytes": "1000"}, [1000]),
    "no limit": ("4:memory:/\n0::/\n", {"memory/memory.limit_in_bytes": NONE}, []),
    "no memory controller": ("4:cpu:/\n", {"cpu/memory.limit_in_bytes": "1000"}, []),
    "odd files": ("0::/a\n", {"a/memory.max": "many", "memory.max": "0"}, []),
}


@pytest.mark.parametrize("kind", TREES)
def test_the_limit_is_found_wherever_it_is_set(kind, tmp_path):
    membership, files, limits = TREES[kind]
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    assert list(control_group_limits(tmp_path / "groups", tmp_path / "membership")) == limits


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert list(control_group_limits(tmp_path, tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("limit", "fit", "message"),
    [
        (MAIN_BYTES + 4 * WORKER_BYTES, 4, ""),
        (MAIN_BYTES + 4 * WORKER_BYTES - 1, 3, "Grading 3 at a time instead of 4: more do not fit into this"),
        (
            1536 << 20,
            1,
            "Grading 1 at a time instead of 4: more do not fit into this control group's memory limit (1.5 GB).",
        ),
        (
            1 << 30,
            1,
            "Grading one submission at a time. One that uses all of its memory needs 1.4 GB, which is more than this",
        ),
        (1, 1, "Grading one submission at a time."),
    ],
)
def test_only_as_many_workers_start_as_fit_and_a_warning_says_so(limit, fit, message, monkeypatch):
    monkeypatch.setattr(capacity, "control_group_limits", lambda: iter([limit, 1 << 50]))
    monkeypatch.setattr(capacity, "_physical_memory", lambda: iter([1 << 50]))
    n_workers, warning = count_workers_that_fit(4)
    assert n_workers == fit
    assert warning.startswith(message)
    assert bool(warning) == bool(message)


def test_a_warning_appears_only_if_fewer_workers_start_than_were_asked_for(monkeypatch):
    monkeypatch.setattr(capacity, "control_group_limits", lambda: iter([]))
    monkeypatch.setattr(capacity, "_physical_memory", lambda: iter([2 << 30]))
    assert count_workers_that_fit(1) == (1, "")
    assert count_workers_that_fit(2)[1].endswith("this machine's memory (2.0 GB).")
