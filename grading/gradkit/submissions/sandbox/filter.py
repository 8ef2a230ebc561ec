"""The kernel's filter (seccomp, classic BPF) for the tables of system_calls.py.

Program format: linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator, Sequence

from .system_calls import CONDITIONS, FIRST_NEW_CALL, Values, Without, allowed

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data. Of an argument, the low half comes first on a little-endian processor."""

_NEXT, _PASS, _REFUSE = "next", "pass", "refuse"

_Step = tuple[int, int, str, str]
"""(operation, operand, where to go if it holds, where to go if not): one of the above, or a number of steps to skip."""


def program(machine: str = "", fatal: range = range(0)) -> bytes:
    """Return the filter as an array of struct sock_filter.

    A refused call fails with EPERM or ENOSYS (see FIRST_NEW_CALL). A call of another processor ends the process.

    Args:
        machine: One of MACHINES; this machine's processor if empty.
        fatal: Numbers of calls that end the process by SIGSYS if they are refused, to find out which calls were made.

    Raises:
        KeyError: If the processor is not one of MACHINES.
    """
    machine = machine or platform.machine()
    steps = [step for name, number in allowed(machine).items() for step in _steps(number, CONDITIONS.get(name))]
    head = [_packed(_LOAD, _ARCH), _packed(_EQUAL, _AUDIT_ARCH[machine], 1), _packed(_RETURN, _KILL)]
    endings = _endings(fatal)

    body = []
    for index, (code, value, _, _) in enumerate(steps):
        if_true, if_false = _jumps(steps, index, n_before_pass=len(endings) - 1)
        body.append(_packed(code, value, if_true, if_false))
    return b"".join([*head, _packed(_LOAD, _NUMBER), *body, *endings])


def _steps(number: int, condition: Values | Without | None) -> Iterator[_Step]:
    """Yield the comparisons for one allowed call. If the call is another one, its number is still loaded after them."""
    if condition is None:
        yield _EQUAL, number, _PASS, _NEXT
        return
    n_checks = len(condition.values) if isinstance(condition, Values) else 1
    yield _EQUAL, number, _NEXT, str(n_checks + 1)
    yield _LOAD, _ARGUMENTS + 8 * condition.argument, _NEXT, _NEXT
    if isinstance(condition, Without):
        yield _ANY_BIT, condition.bits, _REFUSE, _PASS
        return
    for value in condition.values[:-1]:
        yield _EQUAL, value, _PASS, _NEXT
    yield _EQUAL, condition.values[-1], _PASS, _REFUSE


def _endings(fatal: range) -> list[bytes]:
    """Return the instructions after the comparisons: the ways to refuse a call and, last, to allow it."""
    kills = [_packed(_AT_LEAST, fatal.start, 0, 2), _packed(_AT_LEAST, fatal.stop, 1, 0), _packed(_RETURN, _KILL)]
    return [
        _packed(_LOAD, _NUMBER),  # an argument may have been loaded
        *(kills if fatal else []),
        _packed(_AT_LEAST, FIRST_NEW_CALL, 0, 1),
        _packed(_RETURN, _ERRNO | errno.ENOSYS),
        _packed(_RETURN, _ERRNO | errno.EPERM),
        _packed(_RETURN, _ALLOW),
    ]


def _jumps(steps: Sequence[_Step], index: int, n_before_pass: int) -> tuple[int, int]:
    """Return how many instructions to skip if a comparison is true, and if it is false.

    Args:
        steps: All comparisons.
        index: Which one.
        n_before_pass: How many instructions after the comparisons precede the one that allows the call.
    """
    n_left = len(steps) - index - 1
    lengths = {_NEXT: 0, _REFUSE: n_left, _PASS: n_left + n_before_pass}
    if_true, if_false = (lengths[where] if where in lengths else int(where) for where in steps[index][2:])
    return if_true, if_false


def _packed(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return one struct sock_filter."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
