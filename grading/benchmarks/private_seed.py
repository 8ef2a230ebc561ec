"""Measure what a private seed costs, and which misconceptions only it finds. Print both as JSON.

Run as `python private_seed.py SEED`; with --ratio it prints the first figure only, after less than a minute of
processor time. The seed's corpora are drawn first, in another process, which is not counted.

ratio:          processor time of a class of right submissions with the seed, divided by that without: a1 to a3, and all
                six. Without a sandbox, because the time of workers in it is not known to the process that started it.
variants:       right designs that lose items only on the private corpora, with those items. There must be none.
misconceptions: wrong designs that lose items only on the private corpora, with those items.
seen_by_no_other: those misconceptions that lose nothing on the public corpora.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import common
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.course.corpora import default_cache
from gradkit.grader import report
from gradkit.grader.conditions import make_conditions
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.prove import specimen_folders
from gradkit.proof.runs import batches, grade_folders
from gradkit.proof.specimens import read_misconceptions, read_variants
from gradkit.submissions.outcome import Verdict
from gradkit.suite.visibility import PRIVATE_ONLY

COPIES = {"a1 to a3": 8, "all": 2}
"""Submissions of a class, by what is graded."""

TIMES = 3
"""How often each class is graded."""


def main(words: list[str]) -> None:
    """Measure with a seed and print the results."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("seed", help="the name of a private seed")
    options.add_argument("--ratio", action="store_true", help="measure only what the seed costs")
    chosen = options.parse_args(words)
    seed: str = chosen.seed
    subprocess.run([str(Path(sys.executable).with_name("gradkit")), "corpora", "--seed", seed], check=True)
    private = Library(corpora_folder(), seed, default_cache())
    ratios = {name: _ratio(_suites(name, private), copies) for name, copies in COPIES.items()}
    if chosen.ratio:
        print(json.dumps({"ratio": ratios}))
        return
    lost, failing = _lost_on_private_corpora(private)
    print(
        json.dumps(
            {
                "ratio": ratios,
                "variants": {name: items for name, items in lost.items() if name in read_variants()},
                "misconceptions": {name: items for name, items in lost.items() if name in read_misconceptions()},
                "seen_by_no_other": [name for name, items in lost.items() if name not in failing],
            },
            indent=1,
        )
    )


def _suites(name: str, private: Library) -> tuple[Suite, Suite]:
    """Return the suites of a measurement, without and with the seed."""
    course = tuple(each for each in assignments() if name == "all" or each.short in common.MEASURED)
    public = Library(corpora_folder())
    return load_suite(course, public), load_suite(course, public, private)


def _ratio(suites: tuple[Suite, Suite], copies: int) -> float:
    """Return how many times as much processor time the second suite takes as the first."""
    without, with_seed = (
        common.median(times)
        for times in common.in_turn(TIMES, *(lambda suite=suite: _cpu_seconds(suite, copies) for suite in suites))
    )
    return round(with_seed / without, 2)


def _cpu_seconds(suite: Suite, copies: int) -> float:
    """Return the processor time of a class of right submissions. Raises RuntimeError if one has no report."""
    began = _used_cpu_seconds()
    with common.classroom(copies, suite, isolated=False) as (room, students):
        for graded in room.grade(students, 1):
            if graded.reason:
                raise RuntimeError(graded.reason)
    return _used_cpu_seconds() - began


def _used_cpu_seconds() -> float:
    """Return the processor time of this process and of those that it has awaited."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _lost_on_private_corpora(private: Library) -> tuple[dict[str, list[str]], set[str]]:
    """Return the items that specimens lose only on the private corpora, by specimen; and who fails a public corpus."""
    lost: dict[str, list[str]] = {}
    failing: set[str] = set()
    with specimen_folders() as folders:
        for batch in batches(folders):
            suite = load_suite(batch.suite.assignments, Library(corpora_folder()), private, retries=False)
            for name, graded in _reports(suite, {name: folders[name] for name in batch.selected}):
                wrong = [item for item in graded.items if item.verdict is not Verdict.PASSED]
                private_only = [item.id for item in wrong if item.evidence and item.evidence.message == PRIVATE_ONLY]
                if private_only:
                    lost[name] = private_only
                if len(wrong) > len(private_only):
                    failing.add(name)
    return dict(sorted(lost.items())), failing


def _reports(suite: Suite, folders: Mapping[str, Path]) -> Iterator[tuple[str, report.Report]]:
    """Grade specimens without a sandbox; yield the name and the report of each."""
    with tempfile.TemporaryDirectory() as out:
        conditions = make_conditions(suite, sandboxed=False)
        yield from grade_folders(Classroom(suite, conditions, Path(out), isolated=False), folders)


if __name__ == "__main__":
    main(sys.argv[1:])
