"""The record of the proofs that held: the digest of what each depended on, and the fingerprints of wrong numbers.

`gradkit prove --record` writes it to reference/misconceptions/recorded.json, so that `gradkit check` sees which
specimens must be proven again without running any. Changes of gradkit itself are not in the digests: `make test` proves
a share of the specimens again, and `make prove` all of them.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from gradkit.catalogue.assignments import corpora_folder
from gradkit.files import write_whole
from gradkit.suite.collection import GradedTest

from .runs import find_assignments
from .specimens import read_misconceptions, read_variants, reference_folder

CI_SHARE = 4
"""Of specimens whose records are up to date, one in this many is proven again by the tests of the kit."""


class ProofRecord(msgspec.Struct, frozen=True):
    """A proof that held.

    Attributes:
        digest: The digest of what it depended on: see `compute_digests`.
        fingerprints: The fingerprints of a misconception's wrong numbers, in order; none for a variant.
    """

    digest: str
    fingerprints: list[str]


def read_proofs() -> dict[str, ProofRecord]:
    """Return the record of each specimen, by name; empty if nothing is recorded."""
    path = find_record_file()
    return msgspec.json.decode(path.read_bytes(), type=dict[str, ProofRecord]) if path.is_file() else {}


def write_proofs(records: Mapping[str, ProofRecord]) -> None:
    """Write the records of all specimens, one line each."""
    lines = [
        f"{msgspec.json.encode(name).decode()}: {msgspec.json.encode(record).decode()}"
        for name, record in sorted(records.items())
    ]
    write_whole(find_record_file(), ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def find_record_file() -> Path:
    """Return the file of the record."""
    return reference_folder() / "misconceptions" / "recorded.json"


def specimens_in_ci(tests: Iterable[GradedTest]) -> list[str]:
    """Return the specimens that every change of the repository proves: `make prove` proves all of them.

    That is each specimen whose record is missing or out of date, and of the others one in CI_SHARE. Which ones depends
    on their names alone, so that everybody proves the same.

    Args:
        tests: All graded tests of the course.
    """
    records = read_proofs()
    return [
        name
        for name, digest in compute_digests(tests).items()
        if name not in records or records[name].digest != digest or is_in_share(name, CI_SHARE)
    ]


def is_in_share(name: str, share: int) -> bool:
    """Return whether a name is among the one in `share` that the digest of names selects."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % share == 0


def compute_digests(tests: Iterable[GradedTest]) -> dict[str, str]:
    """Return for each specimen the digest of what its proof depends on.

    That is the specimen and what it must show, the solution, and the items that are run on it with their corpora.
    Titles, points, comments and layout do not count.

    Args:
        tests: All graded tests of the course.
    """
    by_assignment: dict[str, list[GradedTest]] = {}
    for test in tests:
        by_assignment.setdefault(test.item.assignment, []).append(test)
    items = {name: _digest(_facts(each)) for name, each in by_assignment.items()}
    solution = _digest([_code(path) for path in sorted((reference_folder() / "solution").glob("*.py"))])

    specimens: dict[str, object] = {
        name: (misconception.module, misconception.edits, misconception.hint, misconception.caught_by)
        for name, misconception in read_misconceptions().items()
    }
    for name, variant in read_variants().items():
        files = sorted((reference_folder() / "variants" / name).glob("*.py"))
        specimens[name] = (variant.gives_up, [(path.name, _code(path)) for path in files])

    return {
        name: _digest((facts, solution, [items.get(each.name) for each in find_assignments(name)]))
        for name, facts in specimens.items()
    }


def _facts(tests: list[GradedTest]) -> object:
    """Return what the results of an assignment's items depend on, except for the submission and the kit."""
    facts = []
    for test in tests:
        spec = test.settings.corpus
        path = corpora_folder() / spec.file_name if spec else None
        corpus = hashlib.sha256(path.read_bytes()).hexdigest() if path and path.is_file() else ""
        facts.append((test.item.id, test.item.needs, test.item.hidden, spec.file_name if spec else "", corpus))
    return facts, [_code(path) for path in dict.fromkeys(test.path for test in tests)]


def _code(path: Path) -> str:
    """Return what a file does as a text that is the same for every version of Python."""
    return " ".join(_words(ast.parse(path.read_bytes())))


def _words(node: object) -> Iterator[str]:
    """Yield the words of a syntax tree, without docstrings and the arguments of @graded."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "graded":
        return

    if isinstance(node, list):
        yield "["
        for element in node:
            yield from _words(element)
        yield "]"
    elif isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            if value is not None and value != []:  # versions differ in fields that are mostly empty
                yield name
                yield from _words(value)
    else:
        yield repr(node)


def _digest(facts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]
