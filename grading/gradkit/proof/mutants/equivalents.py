"""Mutants that are right answers although programs show a difference, listed by hand, each with its reason.

The difference is in something that is never graded. A mutant without a difference need not be listed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from gradkit.catalogue.toml_files import read_toml

from ..specimens import reference_folder
from .generation import Mutant


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mutants of one kind that are right.

    Attributes:
        reason: Why they are right, or why the difference is never graded.
        functions: The functions that they change, with their files, such as "engine.Value.backward".
        before: A part of the changed statement in the solution; an empty text for every statement.
        after: The changed statements, as `gradkit mutants` prints them.
    """

    reason: str
    functions: list[str]
    after: list[str]
    before: str = ""

    def covers(self, mutant: Mutant) -> bool:
        """Return whether a mutant is among them."""
        function = f"{mutant.module}.{mutant.function}"
        return function in self.functions and self.before in mutant.before and mutant.after in self.after


class EquivalentsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of equivalent_mutants.toml."""

    equivalent: list[Equivalent] = []


def equivalents_file() -> Path:
    """Return the file of the list."""
    return reference_folder() / "equivalent_mutants.toml"


def read_equivalents() -> list[Equivalent]:
    """Read the list."""
    return read_toml(equivalents_file(), EquivalentsFile).equivalent


def find_reason(mutant: Mutant, equivalents: list[Equivalent]) -> str:
    """Return why a mutant is listed as right; an empty text if it is not listed."""
    return next((each.reason for each in equivalents if each.covers(mutant)), "")
