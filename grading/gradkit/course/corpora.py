"""The corpora that the suites use: record them, compare them with PyTorch, or draw those of a private seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gradkit.catalogue.assignments import Assignment, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.library import Library
from gradkit.corpora.recording import find_differences, record_corpus
from gradkit.corpora.spec import CorpusSpec
from gradkit.files import write_whole
from gradkit.suite.collection import graded_tests
from gradkit.suite.diagnosis.fingerprints import DIAGNOSES


def corpus_specs(course: Sequence[Assignment]) -> dict[str, CorpusSpec[Any, Any]]:
    """Return every corpus spec of the suites of these assignments, by name.

    Raises:
        ValueError: If two different specs have the same name.
    """
    specs: dict[str, CorpusSpec[Any, Any]] = {}
    for assignment in course:
        for test in graded_tests(assignment):
            spec = test.settings.corpus
            if spec and specs.setdefault(spec.name, spec) != spec:
                raise ValueError(f"{test.name} names another corpus {spec.name}, and this name is used already")
    return specs


def default_cache() -> Path:
    """Return the folder in which the corpora of private seeds are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("gradkit") / "corpora"


def record_corpora(course: Sequence[Assignment]) -> Iterator[tuple[str, bool]]:
    """Record the corpora that are missing, or that differ beyond rounding from what is drawn now.

    Yields:
        For each corpus as soon as it is done: the name of its file, and whether the file was written.
    """
    for spec in corpus_specs(course).values():
        yield spec.file_name, record_corpus(spec, corpora_folder() / spec.file_name)


def find_keys_file() -> Path:
    """Return the table of what seeds each corpus, one line a corpus spec.

    It is kept for review: a key that changes unintentionally, and with it recorded numbers, shows in a diff.
    """
    return corpora_folder().parent / "kit" / "corpus_keys.txt"


def write_key_line(spec: CorpusSpec[Any, Any]) -> str:
    """Return the line of a corpus spec in the table of keys."""
    return f"{spec.file_name}: {spec.key}"


def write_keys(course: Sequence[Assignment], whole: bool = True) -> bool:
    """Write the keys of all corpus specs of these assignments into the table of keys.

    Args:
        course: The assignments.
        whole: Whether these are all assignments of the course, so that other lines are removed.

    Returns:
        Whether the file was written. A release does not have it.
    """
    path = find_keys_file()
    if not path.is_file():
        return False

    before = path.read_text(encoding="utf-8")
    by_file_name = {} if whole else {line.partition(":")[0]: line for line in before.splitlines()}
    for spec in corpus_specs(course).values():
        by_file_name[spec.file_name] = write_key_line(spec)
    after = "".join(f"{line}\n" for line in sorted(by_file_name.values()))

    if after == before:
        return False
    write_whole(path, after.encode())
    return True


def draw_corpora(course: Sequence[Assignment], seed: str, cache: Path) -> Iterator[int]:
    """Draw the corpora of a private seed into the cache, unless they are there already.

    Args:
        course: The assignments.
        seed: The private seed.
        cache: The folder in which drawn corpora are kept.

    Yields:
        The number of cases of each corpus, as soon as it is done.
    """
    library = Library(corpora_folder(), seed, cache)
    for spec in corpus_specs(course).values():
        yield len(library.corpus(spec).cases)


def are_corpora_ready(course: Sequence[Assignment], seed: str, cache: Path) -> bool:
    """Return whether all corpora of a seed can be read without drawing them.

    Args:
        course: The assignments.
        seed: The private seed.
        cache: The folder in which drawn corpora are kept.
    """
    library = Library(corpora_folder(), seed, cache)
    return all(library.is_ready(spec) for spec in corpus_specs(course).values())


def check_corpora(course: Sequence[Assignment], whole: bool = True) -> Iterator[tuple[str, list[str]]]:
    """Compare every recorded number with live PyTorch.

    Args:
        course: The assignments.
        whole: Whether these are all assignments of the course, so that no other file should be there.

    Yields:
        For each corpus as soon as it is done: its name, and what is wrong with it.
    """
    specs = corpus_specs(course)
    names = set(specs)
    if whole:
        names |= {path.stem for path in corpora_folder().glob("*.json")} - {Path(DIAGNOSES).stem}
    for name in sorted(names):
        path = corpora_folder() / f"{name}.json"
        if name not in specs:
            yield name, ["no item uses this corpus"]
        elif not path.exists():
            yield name, ["not recorded yet: run `gradkit corpora`"]
        else:
            yield name, find_differences(specs[name], load_corpus(specs[name], path))
