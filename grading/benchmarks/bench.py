"""Measure how fast grading is, as ratios within one run: `make bench`, or with --quick in about three minutes.

Each measurement runs in new processes on one core, unless its text says otherwise, alternately with what it is compared
to. The exit status is 1 if a required ratio is missed.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import common
import recorded
from common import cores, in_turn, measured, median, timed
from gradkit.catalogue.assignments import Assignment, assignments
from rich.console import Console
from rich.table import Table

WIDTH = 120
MAX_LOAD = 0.5
"""The load average above which a warning is shown, because two workers then do not have two cores to themselves."""
BARE_FLAGS = ("-s", "-S")
"""Options of Python for bare.py: no installed packages."""


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Attributes:
        copies: Submissions of a class.
        times: How often each measurement is repeated.
        few: Submissions of a class in one assignment; a single one can take seconds.
        pair_copies: Submissions of a class that is graded by one worker and by two.
        pairs: How often that is repeated.
        memory: Numbers of submissions after which the memory is measured.
        notebooks: Arguments of nbgrader_class.py.
    """

    copies: int
    times: int
    few: int
    pair_copies: int
    pairs: int
    memory: tuple[int, int, int]
    notebooks: tuple[object, ...]


FULL = Effort(copies=20, times=3, few=6, pair_copies=40, pairs=6, memory=(50, 250, 500), notebooks=("--copies", 16))
QUICK = Effort(
    copies=8,
    times=1,
    few=2,
    pair_copies=24,
    pairs=1,
    memory=(10, 20, 40),
    notebooks=("--copies", 8, "--only", "a1"),
)


@dataclass(frozen=True)
class Finding:
    """A row of the table.

    Attributes:
        what: What was measured.
        required: The bound of the figure; an empty text if there is none.
        result: The figure.
        is_met: Whether the figure is within the bound; None if there is none.
    """

    what: str
    required: str
    result: str
    is_met: bool | None


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer copies and repetitions: rough figures")
    effort = QUICK if options.parse_args(words).quick else FULL
    console = Console(highlight=False, width=WIDTH)
    began = time.monotonic()
    load = os.getloadavg()[0]
    if load > MAX_LOAD:
        console.print(f"Other programs are running (load {load:.1f}): the ratios will be rough.", style="yellow")
    findings: list[Finding] = []
    for title, measure in MEASUREMENTS:
        console.print(f"{time.monotonic() - began:4.0f} s  measuring {title} ...", style="dim")
        for finding in measure(effort, console):
            findings.append(finding)
    console.print()
    console.print(table(findings))
    return any(finding.is_met is False for finding in findings)


def table(findings: list[Finding]) -> Table:
    """Return a table of all ratios: what was measured, what is required, and the result."""
    shown = Table("measurement", "required", "result", "", box=None, pad_edge=False)
    for finding in findings:
        status = {True: "[green]ok[/]", False: "[red]MISSED[/]", None: ""}[finding.is_met]
        shown.add_row(finding.what, finding.required, finding.result, status)
    return shown


# --- one submission, one core ----------------------------------------------------------------------------------------


def one_submission(effort: Effort, console: Console) -> list[Finding]:
    """Compare grading with pytest on live PyTorch's answers, and with the submission's bare arithmetic."""
    core = cores()[:1]
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests"
        recorded.save(requests)
        graded, drawn, live, bare_runs = in_turn(
            effort.times,
            lambda: measured("grade_class.py", effort.copies, on=core),
            lambda: pytest_seconds("drawn", core),
            lambda: pytest_seconds("recorded", core),
            lambda: measured("bare.py", requests, common.right_submission(), 5, on=core, flags=BARE_FLAGS),
        )
        accounts = Path(scratch) / "accounts"
        accounts.mkdir()
        itemised = measured("grade_class.py", effort.copies, "--itemised", accounts, on=core)
    wall = median([each["seconds"] for each in graded])
    bare = {name: median([each[name] for each in bare_runs]) for name in bare_runs[0]}
    show_items(console, itemised, bare)
    return [
        Finding("a submission, graded (one core)", "", f"{wall * 1000:.0f} ms", None),
        Finding("setting up a class, once", "", f"{median([each['set_up'] for each in graded]) * 1000:.0f} ms", None),
        _ratio_at_least("one cold pytest that draws the graphs, answered by PyTorch", 20, median(drawn), wall),
        _ratio_at_least("one cold pytest on the recorded graphs, answered by PyTorch", 10, median(live), wall),
        _ratio_at_most("wall time over bare arithmetic", 2.5, wall, bare["arithmetic"]),
        _ratio_at_most("- over the same graphs as straight-line Python", None, wall, bare["straight"]),
        _ratio_at_most("- over bare arithmetic without Python's collector", None, wall, bare["uncollected"]),
        _ratio_at_most("- over straight-line Python without it", None, wall, bare["straight_uncollected"]),
    ]


def pytest_seconds(live: str, core: list[int]) -> float:
    """Return the wall-clock time of a new pytest process on the solution. Raises RuntimeError if it does not pass."""
    seconds, answered = one_pytest(live, core)
    graphs = sum(len(corpus.cases) for corpus in common.corpora())
    if not graphs <= answered <= 1.2 * graphs:
        raise RuntimeError(f"PyTorch answered {answered} graphs instead of {graphs}")
    return seconds


def one_pytest(live: str, core: list[int], *selected: str) -> tuple[float, int]:
    """Run a new pytest process on the solution. Return its wall-clock time, and how many graphs PyTorch answered in it.

    Args:
        live: See live_pytorch.py.
        core: The core to run on.
        selected: More arguments of pytest, to run fewer items.

    Raises: RuntimeError if an item does not pass.
    """
    course = common.suite().assignments
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "live_pytorch", *selected]
    command += ["--submission", str(common.right_submission()), *(str(assignment.suite) for assignment in course)]
    seconds, said = common.timed(command, core, LIVE=live, PYTHONPATH=str(common.HERE))
    return seconds, int(said.rpartition("PyTorch answered ")[2].split()[0])


def _ratio_at_least(what: str, min_ratio: float, theirs: float, ours: float) -> Finding:
    """Return the row of a measurement in seconds that must take at least `min_ratio` times as long as ours."""
    ratio = theirs / ours
    return Finding(f"{what}: {theirs:.2f} s", f">= {min_ratio:g}", f"{ratio:.1f} times as long", ratio >= min_ratio)


def _ratio_at_most(what: str, max_ratio: float | None, wall: float, bare: float) -> Finding:
    """Return the row of a wall-clock time that may be at most `max_ratio` times a bare time, both in seconds."""
    ratio = wall / bare
    is_met = None if max_ratio is None else ratio <= max_ratio
    return Finding(f"{what}: {bare * 1000:.0f} ms", f"<= {max_ratio:g}" if max_ratio else "", f"{ratio:.2f}", is_met)


def show_items(console: Console, itemised: dict[str, Any], bare: dict[str, float]) -> None:
    """Print where the wall-clock time of a submission goes. The worker's shares are measured in the bare process."""
    items = dict(itemised["items"])
    in_worker = {
        "the submission's bare arithmetic, without Python's collector": bare["uncollected"],
        "worker: reading the nodes": bare["reading"],
        "worker: counting calls": bare["counting"],
        "worker: making graphs of requests": bare["unpacking"],
        "worker: packing replies": bare["packing"],
    }
    waiting = items.pop("waiting")
    in_worker["worker: messages, switching processes, cold caches, collector"] = waiting - sum(in_worker.values())
    in_grader = {f"grader: {label}": seconds for label, seconds in items.items()}
    in_grader["between students"] = itemised["seconds"] - waiting - sum(items.values())
    account = Table("where the time of a submission goes", "ms", "%", box=None, pad_edge=False)
    account.columns[1].justify = account.columns[2].justify = "right"
    for label, seconds in sorted({**in_worker, **in_grader}.items(), key=lambda row: -row[1]):
        account.add_row(label, f"{seconds * 1000:.1f}", f"{seconds / itemised['seconds']:.0%}")
    account.add_row("total", f"{itemised['seconds'] * 1000:.1f}", "100%")
    console.print()
    console.print(account)
    console.print(f"({bare['graphs']:,} graphs of {bare['nodes']:,} nodes)\n")


# --- each assignment by itself ---------------------------------------------------------------------------------------


def each_assignment(effort: Effort, console: Console) -> list[Finding]:
    """Compare grading in one assignment with the bare arithmetic of its requests.

    Python's garbage collector is off in the bare process. If networks are trained, it takes several times as long
    as the arithmetic, and the worker delays it, so that the ratio would show little of the cost of grading.
    """
    findings = []
    for assignment in assignments():
        console.print(f"       {assignment.name}", style="dim")
        findings.append(one_assignment(effort, assignment))
    return findings


def one_assignment(effort: Effort, assignment: Assignment) -> Finding:
    """Return the row of an assignment. It has no bound, because a worker's start is a larger part of a shorter run."""
    core = cores()[:1]
    flags = BARE_FLAGS[:1] if assignment.packages else BARE_FLAGS
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests"
        recorded.save(requests, [assignment.short])
        words = (requests, common.right_submission(), 3, "uncollected")
        graded, bare = in_turn(
            effort.times,
            lambda: measured("grade_class.py", effort.few, "--assignments", assignment.short, on=core)["seconds"],
            lambda: measured("bare.py", *words, on=core, flags=flags)["uncollected"],
        )
    wall = median(graded)
    return _ratio_at_most(
        f"{assignment.name} alone: {wall * 1000:.0f} ms, over bare arithmetic without collector",
        None,
        wall,
        median(bare),
    )


# --- Values and Tensors ----------------------------------------------------------------------------------------------


def packing(effort: Effort, _console: Console) -> list[Finding]:
    """Compare a training step on Values with one on Tensors. Raises RuntimeError if their losses differ."""
    what = "a training step of 20 digits on Values (64 inputs, 32 neurons, 10 classes)"
    if not (common.right_submission() / "tensor.py").exists():
        return [Finding(what, "", "skipped: there is no tensor.py", None)]
    steps = 5 if effort.times > 1 else 2
    scalar, tensor = in_turn(
        effort.times,
        *(partial(measured, "packing.py", kind, steps, 20, on=cores()[:1]) for kind in ("values", "tensors")),
    )
    theirs, ours = (median([each["seconds"] for each in runs]) for runs in (scalar, tensor))
    if any(not math.isclose(*pair, rel_tol=1e-9) for pair in zip(scalar[0]["losses"], tensor[0]["losses"])):
        raise RuntimeError(f"Values and Tensors learn differently: {scalar[0]['losses']}, {tensor[0]['losses']}")
    return [
        Finding(f"{what}: {theirs * 1000:.0f} ms", "", f"{theirs / ours:,.0f} times as long as on Tensors", None),
    ]


# --- a class ---------------------------------------------------------------------------------------------------------


def two_workers(effort: Effort, _console: Console) -> list[Finding]:
    """Compare two workers on two cores with one on one core.

    The best run of each counts: other programs can only add time, and add more if no core is left for them.
    """
    what = f"two workers on two cores, against one ({effort.pair_copies} submissions)"
    if len(cores()) < 2:
        return [Finding(what, ">= 1.8", "this machine has one core", None)]
    either = itertools.cycle(cores()[:2])  # another program may keep one of them busy
    one, two = in_turn(
        effort.pairs,
        lambda: measured("grade_class.py", effort.pair_copies, on=[next(either)]),
        lambda: measured("grade_class.py", effort.pair_copies, "--workers", 2, on=cores()[:2]),
    )
    ratio = min(each["seconds"] for each in one) / min(each["seconds"] for each in two)
    pairs = median([a["seconds"] / b["seconds"] for a, b in zip(one, two)])
    return [
        Finding(what, ">= 1.8", f"{ratio:.2f} times as fast", ratio >= 1.8),
        Finding("- median of the pairs", "", f"{pairs:.2f}", None),
        Finding("- the cores' own speed-up: two plain loops at once, against one", "", f"{_two_loops():.2f}", None),
    ]


def _two_loops() -> float:
    """Measure how much faster two cores run two loops at once than one core runs them one after the other.

    Cores that share a memory bus, or the hyperthreads of one core, give less than 2.
    """
    loop = [sys.executable, "-S", "-c", "for _ in range(50_000_000): pass"]

    def on(core: int) -> float:
        return timed(loop, on=[core])[0]

    with ThreadPoolExecutor(2) as both:
        one, two = in_turn(3, lambda: on(cores()[0]), lambda: max(both.map(on, cores()[:2])))
    return 2 * min(one) / min(two)


def memory(effort: Effort, _console: Console) -> list[Finding]:
    """Measure the resident memory while a large class is graded."""
    early, middle, late = effort.memory
    results = measured("grade_class.py", late, "--workers", 2, "--memory-at", *effort.memory, on=cores()[:2])
    sizes = [results["memory"][str(count)] for count in effort.memory]
    largest = [results["child"][str(count)] for count in effort.memory]
    flat = sizes[-1] <= 1.02 * sizes[0] and largest[-1] <= 1.02 * largest[0]
    return [
        Finding(
            f"resident memory after {early}, {middle} and {late} submissions",
            "flat",
            f"{', '.join(f'{size:.1f}' for size in sizes)} MB",
            flat,
        ),
        Finding("the largest child process until then", "", f"{', '.join(f'{m:.1f}' for m in largest)} MB", None),
    ]


def everyone_hangs(_effort: Effort, _console: Console) -> list[Finding]:
    """Grade a class that never answers, and compare the time with the bound that the progress bar shows."""
    students, workers = 8, 2
    results = measured("hanging.py", students, workers, on=cores()[:2])
    what = f"all {students} hang in all items (limits: 0.2 s an item, 1 s an assignment)"
    return [
        Finding(
            what,
            f"<= {results['bar']:.0f} s, as the progress bar says",
            f"{results['took']:.1f} s",
            results["took"] <= results["bar"],
        )
    ]


def notebooks(effort: Effort, _console: Console) -> list[Finding]:
    """Compare plain `nbgrader autograde` with gradkit's steps in it, and with `gradkit grade --gradebook`."""
    results = measured("nbgrader_class.py", *effort.notebooks, on=cores()[:2])
    plain = results["plain"]["seconds"]
    return [
        Finding(
            "one more student's notebooks: plain `nbgrader autograde`",
            "",
            f"{plain:.2f} s (and {results['plain']['start']:.1f} s to start)",
            None,
        ),
        _speedup_at_least("`nbgrader autograde` with gradkit's steps", 4, plain, results["ours"]),
        _speedup_at_least("`gradkit grade --gradebook`, two workers", 30, plain, results["alone"]),
    ]


def _speedup_at_least(what: str, min_ratio: float, plain: float, ours: dict[str, float]) -> Finding:
    """Return the row of a way of grading that must be at least `min_ratio` times as fast as plain nbgrader."""
    ratio = plain / ours["seconds"]
    text = f"- {what}: {ours['seconds']:.2f} s (and {ours['start']:.1f} s to start)"
    return Finding(text, f">= {min_ratio:g}", f"{ratio:.1f} times as fast", ratio >= min_ratio)


MEASUREMENTS: tuple[tuple[str, Callable[[Effort, Console], list[Finding]]], ...] = (
    ("one submission on one core", one_submission),
    ("each assignment by itself", each_assignment),
    ("the same training on Values and on Tensors", packing),
    ("two workers on two cores", two_workers),
    ("memory", memory),
    ("a class that hangs", everyone_hangs),
    ("notebooks in nbgrader", notebooks),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
