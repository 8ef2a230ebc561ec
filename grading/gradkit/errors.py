"""Errors whose text is for the user of a command: what happened, to which file, and what to do."""

from __future__ import annotations

import errno


class UserError(Exception):
    """An error that a command shows in a line, without a traceback.

    Args:
        message: What happened, to which file, and what to do.
    """


class ProcessorTimeUp(BaseException):
    """The shell's limit on processor time is used up. Not an Exception, so that no student is blamed for it."""

    def __str__(self) -> str:
        return "The limit on processor time (ulimit -t) is used up. Raise it, then run the same command again."


_ADVICE = {
    errno.ENOSPC: "Free some space there, then run the same command again.",
    errno.EDQUOT: "Free some space there, then run the same command again.",
    errno.EFBIG: "The limit on the size of files (ulimit -f) is too small: raise it, then run the same command again.",
    errno.EMFILE: "The limit on open files (ulimit -n) is too small: raise it, then run the same command again.",
    errno.EACCES: "Make it writable, then run the same command again.",
    errno.EROFS: "Name a folder that can be written to with --out.",
    errno.EISDIR: "There is a folder of this name: move it away, then run the same command again.",
    errno.ENOTDIR: "A file is where a folder is needed: move it away, then run the same command again.",
    errno.ENOENT: "Was it deleted during the run? Run the same command again.",
}
"""What to do about an error of the system, by its errno."""


def describe_os_error(error: OSError) -> str:
    """Say what the system refused, for which file, and what to do about it."""
    reason = error.strerror or type(error).__name__
    name = error.filename2 or error.filename
    file = f"{name}: " if name else ""
    return f"{file}{reason}. {_ADVICE.get(error.errno or 0, 'Correct that, then run the same command again.')}"
