"""Every corpus that the suites ask for: recorded, checked, or drawn from another seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradkit.catalogue.assignments import Assignment, corpora_folder
from gradkit.corpora.files import load, save
from gradkit.corpora.library import Library, differences, record
from gradkit.corpora.scalar import PUBLIC_SEED, Corpus, Wish
from gradkit.suite.collection import graded_tests
from gradkit.suite.diagnosis import DIAGNOSES


def wishes(course: tuple[Assignment, ...]) -> dict[str, Wish]:
    """Every corpus that the suites ask for, by name. Raises ValueError where two different ones share a name."""
    found: dict[str, Wish] = {}
    for assignment in course:
        for test in graded_tests(assignment):
            wish = test.mark.corpus
            if wish and found.setdefault(wish.name, wish) != wish:
                raise ValueError(f"{test.name} asks for another corpus under the name {wish.name}, which is taken")
    return found


def default_cache() -> Path:
    """Where other seeds' corpora are kept between runs."""
    from platformdirs import user_cache_path

    return user_cache_path("gradkit") / "corpora"


def build(course: tuple[Assignment, ...], seed: str, cache: Path) -> Iterator[tuple[str, Corpus[Any, Any]]]:
    """Make every corpus of a seed, as it comes: recorded anew for the public seed, else drawn into the cache."""
    folder = corpora_folder()
    library = Library(folder, seed, cache)
    for name, wish in wishes(course).items():
        if seed == PUBLIC_SEED:
            save(record(wish, seed), folder / f"{name}.json")
        yield name, library.corpus(wish)


def check(course: tuple[Assignment, ...]) -> Iterator[tuple[str, list[str]]]:
    """Hold every recorded number against live PyTorch: each corpus with what is wrong about it, as it comes."""
    asked = wishes(course)
    for name in sorted(asked.keys() | {path.stem for path in corpora_folder().glob("*.json")} - {Path(DIAGNOSES).stem}):
        path = corpora_folder() / f"{name}.json"
        if name not in asked:
            yield name, ["no item asks for this corpus"]
        elif not path.exists():
            yield name, ["not recorded yet: run `gradkit corpora`"]
        else:
            yield name, differences(load(path, type(asked[name])))
