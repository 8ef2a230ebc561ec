"""Run functions in forked processes with limits on memory, time and file size.

Whatever reads a zip, a notebook or a folder that a student made runs in a bounded process. Its limits are set before it
opens anything, so a hostile file can use up the limits of that process and nothing else.

    def list_names() -> list[str]: ...
    names = run_bounded(list_names, list[str], READING)

`run_bounded` forks a process for one function call. The fork takes 1 to 2 ms from the grader and 13 ms from nbgrader.
`LastingProcess` keeps a forked process for many calls of one function.

Any package of gradkit above `submissions.bounded` may import this package.
"""

from .forking import defer_interrupt, die_with_parent, prefer_children_for_oom_kill
from .lasting import LastingProcess
from .limits import READING, LimitReachedError, Limits
from .messages import MAX_REPLY_BYTES, WriteFailure
from .run import run_bounded

__all__ = [
    "MAX_REPLY_BYTES",
    "READING",
    "LastingProcess",
    "LimitReachedError",
    "Limits",
    "WriteFailure",
    "defer_interrupt",
    "die_with_parent",
    "prefer_children_for_oom_kill",
    "run_bounded",
]
