"""Grade a class of copies of the right submission in this process, and print as JSON how that went.

seconds:  wall-clock time from the first fork to the last report, divided by the number of submissions.
set_up:   seconds before the first fork: imports, corpora, sandbox.
memory:   resident megabytes of this process, by the number of submissions that were graded.
child:    the largest resident megabytes of any process that it had started by then.
items:    where the time of a submission goes, in seconds, if --itemised is given.
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
"""The label of waiting for the replies to an item's requests. It includes the worker's time."""


def main() -> None:
    """Grade the class and print the results."""
    options = argparse.ArgumentParser()
    options.add_argument("copies", type=int)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--assignments", nargs="+", default=common.MEASURED, help="a1 and so on, graded as one")
    options.add_argument("--itemised", type=Path, help="a folder for the times of each submission")
    options.add_argument("--memory-at", type=int, nargs="*", default=())
    chosen = options.parse_args()
    if chosen.itemised:
        _itemise(chosen.itemised)
    fork_times = _note_forks()
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
            _check_all_points(room.report_path(student))

    results = {
        "seconds": (ended - fork_times[0]) / chosen.copies,
        "set_up": fork_times[0] - BEGAN,
        "memory": memory,
        "child": child,
        "items": _mean_times(chosen.itemised),
    }
    print(json.dumps(results))


def _note_forks() -> list[float]:
    """Replace os.fork, and return a list to which each fork from now on adds its time."""
    times: list[float] = []
    fork = os.fork

    def note_and_fork() -> int:
        times.append(time.perf_counter())
        return fork()

    os.fork = note_and_fork
    return times


def _check_all_points(path: Path) -> None:
    graded = report.read(path)
    if graded.earned != graded.points:
        raise RuntimeError(f"{graded.student} got {graded.earned} of {graded.points} points")


def _children() -> list[str]:
    """Return the ids of the processes that this one has started and not yet awaited."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()


def _megabytes(what: str, pid: str) -> float:
    """Return a figure of /proc/PID/status: VmRSS, the resident memory, or VmHWM, its peak."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0  # the process has just ended


# --- where the time goes ---------------------------------------------------------------------------------------------


def _itemise(folder: Path) -> None:
    """Measure the steps of grading, and write the times of each submission to a file in the folder."""
    watch = Stopwatch()
    watch.around(student_steps, "take_in", "intake")
    watch.around(Sandbox, "start", "start of sandbox and interpreter")
    watch.around(Link, "request", _label_of_request)
    watch.around(PipeTransport, "replay", "decoding replies")
    watch.around(public_phase._PublicRun, "run_item", "items, apart from their tests")
    watch.around(public_phase, "run_test", "test functions and comparison")
    watch.around(later_phases, "run_test", "test functions and comparison")
    watch.around(run_phases, "run_later_phase", "items, apart from their tests")
    watch.around(report, "make_report", "report")
    watch.around(report, "write", "report")
    watch.around(PipeTransport, "close", "end of the worker")
    watch.around(student_steps.shutil, "rmtree", "deleting the copy of the submission")
    for phase in ("run_public", "run_later"):
        watch.around(student_steps.StudentSteps, phase, "grader process, other steps")
        _write_times(phase, watch, folder)


def _write_times(phase: str, watch: Stopwatch, folder: Path) -> None:
    """Make a phase add its times to the student's file. Each phase runs in its own process."""
    run_phase = getattr(student_steps.StudentSteps, phase)

    def run_and_write(*arguments: Any) -> Any:
        watch.seconds.clear()
        result = run_phase(*arguments)

        path = folder / f"{arguments[-1].name}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        labels = {*before, *watch.seconds}
        both = {label: before.get(label, 0.0) + watch.seconds.get(label, 0.0) for label in labels}
        path.write_text(json.dumps(both), encoding="utf-8")
        return result

    setattr(student_steps.StudentSteps, phase, run_and_write)


def _label_of_request(_link: Link, request: tuple[Any, ...], _limit: TimeLimit) -> str:
    if len(request) == 1:
        return "start of sandbox and interpreter"
    if request[1] == "load":
        return "import of engine.py"
    return "waiting at an item's end" if request[1] == "finish" else WAITING


def _mean_times(folder: Path | None) -> dict[str, float]:
    """Return the mean seconds of a submission, by label."""
    by_student = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")] if folder else []
    labels = {label for times in by_student for label in times}
    return {label: sum(times.get(label, 0.0) for times in by_student) / len(by_student) for label in labels}


if __name__ == "__main__":
    main()
