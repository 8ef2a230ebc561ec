"""Measure how fast grading is, as ratios within one run: `make bench`; with --quick in about three minutes.

Each measurement runs in new processes on one core, unless its text says otherwise, in turn with what it is compared to.
The exit status is 1 if a required ratio is missed.
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
BUSY = 0.5
"""The load average from which on a warning is shown: two workers do not have two cores to themselves then."""
BARE_FLAGS = ("-s", "-S")


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
    """A row of the table. `fine` is None if nothing is required of the figure."""

    what: str
    asked: str
    found: str
    fine: bool | None


def main(words: list[str]) -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer copies and repetitions: rough figures")
    effort = QUICK if options.parse_args(words).quick else FULL
    console = Console(highlight=False, width=WIDTH)
    began = time.monotonic()
    load = os.getloadavg()[0]
    if load > BUSY:
        console.print(f"Other programs are at work here (load {load:.1f}): the ratios will be rough.", style="yellow")
    findings: list[Finding] = []
    for title, measure in MEASUREMENTS:
        console.print(f"{time.monotonic() - began:4.0f} s  measuring {title} ...", style="dim")
        for finding in measure(effort, console):
            findings.append(finding)
    console.print()
    console.print(table(findings))
    return any(finding.fine is False for finding in findings)


def table(findings: list[Finding]) -> Table:
    """Return a table of all ratios: what was measured, what is required, and the result."""
    shown = Table("measured", "asked", "found", "", box=None, pad_edge=False)
    for finding in findings:
        mark = {True: "[green]ok[/]", False: "[red]MISSED[/]", None: ""}[finding.fine]
        shown.add_row(finding.what, finding.asked, finding.found, mark)
    return shown


# --- one submission, one core ----------------------------------------------------------------------------------------


def one_submission(effort: Effort, console: Console) -> list[Finding]:
    """Compare grading with pytest that asks live PyTorch, and with the submission's bare arithmetic."""
    core = cores()[:1]
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests"
        recorded.save(requests)
        graded, drawn, live, bare = in_turn(
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
    own = {name: median([each[name] for each in bare]) for name in bare[0]}
    show_items(console, itemised, own)
    return [
        Finding("a submission, graded (one core)", "", f"{wall * 1000:.0f} ms", None),
        Finding("setting up a class, once", "", f"{median([each['set_up'] for each in graded]) * 1000:.0f} ms", None),
        _times("one cold pytest that draws the graphs and asks PyTorch", 20, median(drawn), wall),
        _times("one cold pytest that asks PyTorch of the recorded graphs", 10, median(live), wall),
        _over("wall time over bare arithmetic", 2.5, wall, own["arithmetic"]),
        _over("- over the same graphs as straight-line Python", None, wall, own["straight"]),
        _over("- over bare arithmetic without Python's collector", None, wall, own["uncollected"]),
        _over("- over straight-line Python without it", None, wall, own["straight_uncollected"]),
    ]


def pytest_seconds(live: str, core: list[int]) -> float:
    """Return the wall-clock time of a new pytest process on the solution. Raises RuntimeError if it does not pass."""
    seconds, asked = one_pytest(live, core)
    graphs = sum(len(corpus.cases) for corpus in common.corpora())
    if not graphs <= asked <= 1.2 * graphs:
        raise RuntimeError(f"PyTorch answered {asked} graphs, where {graphs} were due")
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


def _times(what: str, asked: float, theirs: float, ours: float) -> Finding:
    ratio = theirs / ours
    return Finding(f"{what}: {theirs:.2f} s", f">= {asked:g}", f"{ratio:.1f} times as long", ratio >= asked)


def _over(what: str, asked: float | None, wall: float, bare: float) -> Finding:
    ratio = wall / bare
    fine = None if asked is None else ratio <= asked
    return Finding(f"{what}: {bare * 1000:.0f} ms", f"<= {asked:g}" if asked else "", f"{ratio:.2f}", fine)


def show_items(console: Console, itemised: dict[str, Any], own: dict[str, float]) -> None:
    """Print where the wall-clock time of a submission goes. What the worker does is taken from the bare process."""
    items = dict(itemised["items"])
    inside = {
        "the submission's bare arithmetic, without Python's collector": own["uncollected"],
        "worker: reading the nodes": own["reading"],
        "worker: counting calls": own["counting"],
        "worker: making graphs of questions": own["unpacking"],
        "worker: packing replies": own["packing"],
    }
    waiting = items.pop("waiting")
    inside["worker: messages, switching processes, cold caches, collector"] = waiting - sum(inside.values())
    outside = {f"grader: {label}": seconds for label, seconds in items.items()}
    outside["between students"] = itemised["seconds"] - waiting - sum(items.values())
    account = Table("where the time of a submission goes", "ms", "%", box=None, pad_edge=False)
    account.columns[1].justify = account.columns[2].justify = "right"
    for label, seconds in sorted({**inside, **outside}.items(), key=lambda row: -row[1]):
        account.add_row(label, f"{seconds * 1000:.1f}", f"{seconds / itemised['seconds']:.0%}")
    account.add_row("altogether", f"{itemised['seconds'] * 1000:.1f}", "100%")
    console.print()
    console.print(account)
    console.print(f"({own['graphs']:,} graphs of {own['nodes']:,} nodes)\n")


# --- each assignment by itself ---------------------------------------------------------------------------------------


def each_assignment(effort: Effort, console: Console) -> list[Finding]:
    """Compare grading in one assignment with the bare arithmetic of its requests.

    Python's garbage collector is off in the bare process. Where networks are trained it takes several times as long as
    the arithmetic, and the worker delays it, so that the ratio would show little of what grading costs.
    """
    found = []
    for assignment in assignments():
        console.print(f"       {assignment.name}", style="dim")
        found += [one_assignment(effort, assignment)]
    return found


def one_assignment(effort: Effort, assignment: Assignment) -> Finding:
    """Return the row of an assignment. Nothing is required of it: a worker's start weighs more in a shorter run."""
    core = cores()[:1]
    flags = BARE_FLAGS[:1] if assignment.packages else BARE_FLAGS
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests"
        recorded.save(requests, [assignment.short])
        bare = (requests, common.right_submission(), 3, "uncollected")
        graded, own = in_turn(
            effort.times,
            lambda: measured("grade_class.py", effort.few, "--assignments", assignment.short, on=core)["seconds"],
            lambda: measured("bare.py", *bare, on=core, flags=flags)["uncollected"],
        )
    wall = median(graded)
    return _over(
        f"{assignment.name} alone: {wall * 1000:.0f} ms, over bare arithmetic without collector",
        None,
        wall,
        median(own),
    )


# --- what the packing buys -------------------------------------------------------------------------------------------


def packing(effort: Effort, _console: Console) -> list[Finding]:
    """Compare a training step on Values with one on Tensors. Raises RuntimeError if their losses differ."""
    what = "a training step of 20 digits on Values (64 inputs, 32 neurons, 10 classes)"
    if not (common.right_submission() / "tensor.py").exists():
        return [Finding(what, "", "skipped: there is no tensor.py to hold it against", None)]
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

    The best run of each counts: what else the machine does can only add time, and adds more if no core is left for it.
    """
    what = f"two workers on two cores, against one ({effort.pair_copies} submissions)"
    if len(cores()) < 2:
        return [Finding(what, ">= 1.8", "this machine has one core", None)]
    either = itertools.cycle(cores()[:2])  # what else runs here may be busy on one of them
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
        Finding("- what the cores give: two plain loops at once, against one", "", f"{_two_loops():.2f}", None),
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
    found = measured("grade_class.py", late, "--workers", 2, "--memory-at", *effort.memory, on=cores()[:2])
    sizes = [found["memory"][str(count)] for count in effort.memory]
    largest = [found["child"][str(count)] for count in effort.memory]
    flat = sizes[-1] <= 1.02 * sizes[0] and largest[-1] <= 1.02 * largest[0]
    return [
        Finding(
            f"resident memory after {early}, {middle} and {late} submissions",
            "flat",
            f"{', '.join(f'{size:.1f}' for size in sizes)} MB",
            flat,
        ),
        Finding("the largest process under it by then", "", f"{', '.join(f'{m:.1f}' for m in largest)} MB", None),
    ]


def everyone_hangs(_effort: Effort, _console: Console) -> list[Finding]:
    """Grade a class that never answers, and compare the time with the bound that the progress bar shows."""
    students, workers = 8, 2
    found = measured("hanging.py", students, workers, on=cores()[:2])
    what = f"all {students} hang in all items (limits: 0.2 s an item, 1 s an assignment)"
    return [
        Finding(
            what,
            f"<= {found['bar']:.0f} s, as the bar says",
            f"{found['took']:.1f} s",
            found["took"] <= found["bar"],
        )
    ]


def notebooks(effort: Effort, _console: Console) -> list[Finding]:
    """Compare plain `nbgrader autograde` with gradkit's steps in it, and with `gradkit grade --gradebook`."""
    found = measured("nbgrader_class.py", *effort.notebooks, on=cores()[:2])
    plain = found["plain"]["seconds"]
    return [
        Finding(
            "one more student's notebooks: plain `nbgrader autograde`",
            "",
            f"{plain:.2f} s (and {found['plain']['start']:.1f} s to start)",
            None,
        ),
        _times_as_fast("`nbgrader autograde` with gradkit's steps", 4, plain, found["ours"]),
        _times_as_fast("`gradkit grade --gradebook`, two workers", 30, plain, found["alone"]),
    ]


def _times_as_fast(what: str, asked: float, plain: float, ours: dict[str, float]) -> Finding:
    ratio = plain / ours["seconds"]
    said = f"- {what}: {ours['seconds']:.2f} s (and {ours['start']:.1f} s to start)"
    return Finding(said, f">= {asked:g}", f"{ratio:.1f} times as fast", ratio >= asked)


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
