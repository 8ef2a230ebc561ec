"""What ends a run of the proof: not a fault of the course, and the same command goes on."""

from __future__ import annotations

from gradkit.errors import UserError


class ProofError(UserError):
    """A part of the proof could not be measured. The message says what to do."""
