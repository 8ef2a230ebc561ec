"""The error that ends a run of the proof. The course is not at fault, and the same command resumes the run."""

from __future__ import annotations

from gradkit.errors import UserError


class ProofError(UserError):
    """A part of the proof could not be measured. The message says what to do."""
