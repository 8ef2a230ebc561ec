"""What a report was made with: the kit, the suite, the seed and the place, as far as they can change a verdict."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable
from pathlib import Path

from gradkit.catalogue.assignments import corpora_folder
from gradkit.catalogue.home import course_home
from gradkit.corpora.scalar import PUBLIC_SEED
from gradkit.submissions.sandbox import packages
from gradkit.submissions.sandbox.addresses import can_fix_addresses

from .grader import Suite
from .reference_retry import reference_files
from .report import Conditions


def conditions_of(suite: Suite, sandboxed: bool) -> Conditions:
    """The conditions of grading with this suite, here and now.

    Raises MissingPackageError where an assignment asks for a package that is not installed.
    """
    kit = Path(__file__).parents[1]
    ours = [path for path in kit.rglob("*.py") if "_course" not in path.parts]
    version = importlib.metadata.version("gradkit")
    return Conditions(
        f"{version} {_digest(kit, ours)}",
        platform.python_version(),
        _digest(course_home(), _course_files(suite)),
        seed_label(suite.seed),
        sandboxed,
        can_fix_addresses(),
        tuple(str(packages.find(name)) for name in suite.packages),
    )


def seed_label(seed: str) -> str:
    """What reports call a seed: they may reach students, who could draw the same graphs if they knew a private one."""
    return seed if seed == PUBLIC_SEED else f"private-{hashlib.sha256(seed.encode()).hexdigest()[:8]}"


def _course_files(suite: Suite) -> Iterable[Path]:
    for assignment in suite.assignments:
        yield course_home() / "assignments" / assignment.name / "assignment.toml"
        yield from assignment.suite.glob("*.py")
        yield from reference_files(assignment, suite.reference)
    yield from corpora_folder().glob("*.json")


def _digest(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(set(paths)):
        digest.update(f"{path.relative_to(root)} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
