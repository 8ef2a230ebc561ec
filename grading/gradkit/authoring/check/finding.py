"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is missing in the course, or out of step.

    Attributes:
        where: The file, as a path from the course's folder, or the item.
        what: What is wrong, in a sentence.
        to_do: The command to run, or what to write.
    """

    where: str
    what: str
    to_do: str
