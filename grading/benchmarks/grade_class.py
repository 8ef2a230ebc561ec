"""Grades a class of copies of the right submission, in this process, and prints how that went as JSON.

seconds:  wall time for each submission, from the first fork to the last report, divided by their number.
set_up:   seconds before the first fork: imports, corpora, sandbox.
memory:   resident megabytes of this process when so many submissions were graded.
child:    the same of the largest process that it has started, at most so far.
items:    where a submission's time went, in seconds, when asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

BEGAN = time.perf_counter()

import common  # noqa: E402
from gradkit.grader import report  # noqa: E402
from gradkit.grader.one_submission import later_phases, public_phase, run_phases  # noqa: E402
from gradkit.grader.whole_class import student_steps  # noqa: E402
from gradkit.submissions.sandbox.sandbox import Sandbox  # noqa: E402
from gradkit.submissions.transport.link import Link  # noqa: E402
from gradkit.submissions.transport.pipe import PipeTransport  # noqa: E402
from gradkit.submissions.transport.time_limit import TimeLimit  # noqa: E402
from stopwatch import Stopwatch  # noqa: E402

WAITING = "waiting"
"""For answers to an item's questions: the worker's time is in it."""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("copies", type=int)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--assignments", nargs="+", default=common.MEASURED, help="a1 and so on, graded as one")
    options.add_argument("--itemised", type=Path, help="a folder for each child's account")
    options.add_argument("--memory-at", type=int, nargs="*", default=())
    chosen = options.parse_args()
    if chosen.itemised:
        _itemise(chosen.itemised)
    first_fork = _first_fork()
    memory, child = {}, {}
    with common.classroom(chosen.copies, common.suite(chosen.assignments)) as (room, students):
        done, largest = 0, 0.0
        for graded in room.grade(students, chosen.workers):
            if graded is None:
                continue
            if graded.reason:
                raise RuntimeError(graded.reason)
            done += 1
            largest = max([largest, *(_megabytes("VmHWM", pid) for pid in _children())])
            if done in chosen.memory_at:
                memory[done] = _megabytes("VmRSS", "self")
                child[done] = largest
        ended = time.perf_counter()
        for student in students:
            _must_be_right(room.report_path(student))
    found: dict[str, Any] = {"seconds": (ended - first_fork[0]) / chosen.copies, "set_up": first_fork[0] - BEGAN}
    print(json.dumps({**found, "memory": memory, "child": child, "items": _accounts(chosen.itemised)}))


def _first_fork() -> list[float]:
    """A list that will hold the moment of the first fork."""
    moments: list[float] = []
    fork = os.fork

    def noted() -> int:
        moments.append(time.perf_counter())
        return fork()

    os.fork = noted
    return moments


def _must_be_right(path: Path) -> None:
    found = report.read(path)
    if found.earned != found.points:
        raise RuntimeError(f"{found.student} got {found.earned} of {found.points} points")


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()


def _megabytes(what: str, pid: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0  # the process has just ended


# --- where the time goes ---------------------------------------------------------------------------------------------


def _itemise(folder: Path) -> None:
    watch = Stopwatch()
    watch.around(student_steps, "take_in", "intake")
    watch.around(Sandbox, "start", "start of sandbox and interpreter")
    watch.around(Link, "request", _of_question)
    watch.around(PipeTransport, "replay", "taking answers apart")
    watch.around(public_phase._PublicRun, "run_item", "items, apart from their tests")
    watch.around(public_phase, "run_test", "test functions and comparison")
    watch.around(later_phases, "run_test", "test functions and comparison")
    watch.around(run_phases, "run_later_phase", "items, apart from their tests")
    watch.around(report, "make_report", "report")
    watch.around(report, "write", "report")
    watch.around(PipeTransport, "close", "end of the worker")
    watch.around(student_steps.shutil, "rmtree", "tidying up")
    for phase in ("run_public", "run_later"):
        watch.around(student_steps.StudentSteps, phase, "grader process, the rest")
        _account_for(phase, watch, folder)


def _account_for(phase: str, watch: Stopwatch, folder: Path) -> None:
    """Add what a phase took to the student's file: each phase runs in a process of its own."""
    graded = getattr(student_steps.StudentSteps, phase)

    def and_accounted(*arguments: Any) -> Any:
        watch.seconds.clear()
        done = graded(*arguments)
        path = folder / f"{arguments[-1].name}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        labels = {*before, *watch.seconds}
        both = {label: before.get(label, 0.0) + watch.seconds.get(label, 0.0) for label in labels}
        path.write_text(json.dumps(both), encoding="utf-8")
        return done

    setattr(student_steps.StudentSteps, phase, and_accounted)


def _of_question(_link: Link, request: tuple[Any, ...], _limit: TimeLimit) -> str:
    if len(request) == 1:
        return "start of sandbox and interpreter"
    if request[1] == "load":
        return "import of engine.py"
    return "waiting at an item's end" if request[1] == "finish" else WAITING


def _accounts(folder: Path | None) -> dict[str, float]:
    accounts = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")] if folder else []
    labels = {label for account in accounts for label in account}
    return {label: sum(account.get(label, 0.0) for account in accounts) / len(accounts) for label in labels}


if __name__ == "__main__":
    main()
