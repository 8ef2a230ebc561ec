"""Watch the shell's limit on processor time (`ulimit -t`): raise an error before the kernel kills this process."""

from __future__ import annotations

import resource
import signal
from typing import NoReturn

from gradkit.errors import ProcessorTimeUp


def watch_processor_limit() -> None:
    """Raise ProcessorTimeUp, here and in processes forked from now on, a second before the shell's limit is reached.

    `ulimit -t` sets the soft and the hard limit, and at the hard limit the kernel kills the process without a message.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        signal.signal(signal.SIGXCPU, _raise_processor_time_up)
        # After the handler is set, because a limit that is used up already sends the signal at once.
        resource.setrlimit(resource.RLIMIT_CPU, (max(1, hard - 1), hard))


def _raise_processor_time_up(*_: object) -> NoReturn:
    raise ProcessorTimeUp
