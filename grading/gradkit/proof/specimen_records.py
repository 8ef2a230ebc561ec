"""The records of specimens for docs/proof.md: what catches them, and what students are shown for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .counterexamples import measure_counterexamples, summarize
from .prove import Proof
from .records import Figure, Record, Table, describe_set, today
from .shown_programs import ShownProgram
from .specimens import SPECIMENS, read_misconceptions, read_variants, specimen_contents


def make_specimens_record(proofs: Sequence[Proof]) -> Record:
    """Return the record of a run of all specimens: misconceptions, and right designs with the public seed."""
    misconceptions, variants = read_misconceptions(), read_variants()
    wrong = [proof for proof in proofs if proof.name in misconceptions]
    right = [proof for proof in proofs if proof.name in variants]
    by_kind = Counter(proof.kind for proof in wrong)
    by_module = Counter(misconceptions[proof.name].module for proof in wrong)
    n_exact = sum(not proof.wrong_results for proof in wrong)
    return Record(
        part="misconceptions",
        title="Misconceptions",
        question="Is every named mistake caught by the items about it, and by no others?",
        command="gradkit prove --record",
        date=today(),
        set=describe_set(
            size=len(proofs),
            what=f"specimens: {len(wrong)} misconceptions and {len(right)} right designs",
            made=SPECIMENS,
            contents=specimen_contents({proof.name for proof in proofs}),
        ),
        figures=[
            Figure("misconceptions", "at least 450", str(len(wrong))),
            Figure("caught by exactly the items that must catch them", "all", f"{n_exact} of {len(wrong)}"),
            Figure(
                "right designs that keep all points (public seed)",
                "all, except for what a design gives up",
                f"{sum(not proof.wrong_results for proof in right)} of {len(right)}",
            ),
        ],
        tables=[
            Table("Misconceptions by kind", ["kind", "misconceptions"], _rows(by_kind)),
            Table("Misconceptions by file", ["file", "misconceptions"], _rows(by_module)),
        ],
        misses=[f"{proof.name}: {proof.wrong_results}" for proof in proofs if proof.wrong_results],
    )


def make_counterexamples_record(proofs: Sequence[Proof]) -> Record:
    """Return the record of what students are shown for each misconception, from a run of all specimens."""
    misconceptions = read_misconceptions()
    wrong = [proof for proof in proofs if proof.name in misconceptions]
    results_of = {proof.name: proof.results.values() for proof in wrong}
    summary = summarize(measure_counterexamples(misconceptions, results_of))
    with_programs = [proof for proof in wrong if proof.programs]
    reproducible = [proof for proof in with_programs if not proof.wrong_programs]
    without = [[proof.name, _why_no_program(proof)] for proof in wrong if not proof.programs]
    programs = [program for proof in wrong for program in proof.programs]
    checks = Counter(map(_name_check, programs))
    n_right = summary.n_origins - len(summary.wrong_origins)
    return Record(
        part="counterexamples",
        title="What students are shown",
        question="Are counterexamples small, do they reproduce, and is the first wrong node the right one?",
        command="gradkit prove --record",
        date=today(),
        set=describe_set(
            size=len(programs),
            what="programs that are shown for misconceptions",
            made=SPECIMENS,
            contents=[
                (f"{proof.name} {each.item}", "\n".join(each.code).encode())
                for proof in wrong
                for each in proof.programs
            ],
        ),
        figures=[
            Figure(
                "misconceptions of which every shown program prints the shown numbers when pasted",
                "all",
                f"{len(reproducible)} of {len(with_programs)}",
            ),
            Figure("misconceptions without a program", "", str(len(without))),
            Figure(
                "programs of which no more was checked than that no exception ends them",
                "",
                f"{sum(program.check == 'ends' for program in programs)} of {len(programs)}",
            ),
            Figure("median operations of the first program", "at most 3", f"{summary.median_operations:g}"),
            Figure("first wrong nodes that are right", "at least 99 %", f"{n_right} of {summary.n_origins}"),
            Figure("first wrong nodes that were not judged", "", str(summary.not_judged.total())),
        ],
        tables=[
            Table("The largest programs", ["program", "operations"], [each.rsplit(": ") for each in summary.largest]),
            Table("What of the programs was checked", ["check", "programs"], _rows(checks)),
            Table("First wrong nodes that were not judged", ["reason", "nodes"], _rows(summary.not_judged)),
            Table("Misconceptions without a program", ["misconception", "what it shows"], without),
        ],
        misses=[
            *(f"{proof.name}: {each.item} {each.fault}" for proof in wrong for each in proof.wrong_programs),
            *(f"first wrong node: {each}" for each in summary.wrong_origins),
        ],
    )


def _name_check(program: ShownProgram) -> str:
    """Say what of a program was compared with the report."""
    return {
        "numbers": "it prints the shown numbers, digit for digit",
        "shape": "it prints the shown shape",
        "exception": "it raises the shown exception, with the same message",
        "type": "its last line cannot use an object of the shown type",
        "ends": "no exception ends it",
    }[program.check]


def _why_no_program(proof: Proof) -> str:
    """Say what the items that catch a misconception show in place of a program."""
    results = [proof.results[item] for item in proof.caught_by]
    if all(result.hidden for result in results):
        return "nothing: only hidden items catch it"
    return "; ".join(f"{result.verdict.value}: {result.evidence.message}" for result in results if result.evidence)


def _rows(counts: Counter[str]) -> list[list[str]]:
    return [[name, str(count)] for name, count in counts.most_common()]
