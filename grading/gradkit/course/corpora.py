"""Every corpus that the suites ask for: recorded, checked, or drawn from another seed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ..graphs.corpus import PUBLIC_SEED, Corpus, Expressions, Wish, load, save
from ..oracle.recording import Library, differences, record
from ..suite.assignments import Assignment, corpora_folder
from ..suite.diagnosis import DIAGNOSES
from ..suite.graded import ATTRIBUTE, Mark


def graded_tests(assignment: Assignment) -> Iterator[tuple[str, Mark]]:
    """The name and mark of every graded test of an assignment, in the order of its files."""
    for path in sorted(assignment.suite.glob("test_*.py")):
        for name, found in vars(_imported(path)).items():
            mark = getattr(found, ATTRIBUTE, None)
            if isinstance(mark, Mark):
                yield name, mark


def wishes(course: tuple[Assignment, ...]) -> dict[str, Wish]:
    """Every corpus that the suites ask for, by name. Raises ValueError where two different ones share a name."""
    found: dict[str, Wish] = {}
    for assignment in course:
        for test, mark in graded_tests(assignment):
            if mark.graphs and found.setdefault(mark.graphs.name, mark.graphs) != mark.graphs:
                kind = "expressions" if isinstance(mark.graphs, Expressions) else "random graphs"
                raise ValueError(f"{test} asks for other {kind} under the name {mark.graphs.name}, which is taken")
    return found


def default_cache() -> Path:
    """Where other seeds' corpora are kept between runs."""
    from platformdirs import user_cache_path

    return user_cache_path("gradkit") / "corpora"


def build(course: tuple[Assignment, ...], seed: str, cache: Path) -> Iterator[tuple[str, Corpus]]:
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
            yield name, differences(load(path))


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"gradkit_suite_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
