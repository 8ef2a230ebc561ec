"""The record of a file that was handed in and could not be used: which file, why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gradkit.submissions.exception_text import tidy

MAX_NOT_TAKEN_IN = 20
"""Files that are listed for one submission."""

ASK_AGAIN = "Ask the student to hand it in again."
ASK_WHICH = "Ask the student which one is meant, and remove the others."


class NotTakenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was handed in and could not be used. All texts are safe to print.

    Attributes:
        file: The file's path in the submission; empty if nothing of the submission could be used.
        reason: Why it was not used, as a sentence.
        advice: What to do, as a sentence.
    """

    file: str
    reason: str
    advice: str

    def __str__(self) -> str:
        start = f"{self.file} was not taken in: " if self.file else ""
        return f"{start}{self.reason} {self.advice}".rstrip()


def tidy_not_taken_in(files: Sequence[NotTakenIn]) -> tuple[NotTakenIn, ...]:
    """Make every text safe to print and keep the first MAX_NOT_TAKEN_IN: a submission can hold any number of files."""
    shown = [NotTakenIn(tidy(each.file), tidy(each.reason), tidy(each.advice)) for each in files[:MAX_NOT_TAKEN_IN]]
    n_left_out = len(files) - len(shown)
    if n_left_out:
        shown.append(NotTakenIn("...", f"There are {n_left_out:,} more such files.", "Look at the submission itself."))
    return tuple(shown)
