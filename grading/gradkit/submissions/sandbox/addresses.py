"""Memory layout: whether the kernel places a program at the same addresses every time.

A set of nodes is ordered by address. So with random addresses the gradients, and the bytes of a report, would differ in
their last digits from run to run.
"""

from __future__ import annotations

import ctypes

_ADDR_NO_RANDOMIZE, _QUERY = 0x0040000, 0xFFFFFFFF
"""linux/personality.h"""


def fix_addresses() -> bool:
    """Make the kernel place all programs that this process starts from now on at the same addresses every time.

    Returns:
        Whether the system allows it. Docker's default profile does not.
    """
    flags = _personality(_QUERY)
    if flags < 0:
        return False
    _personality(flags | _ADDR_NO_RANDOMIZE)
    return bool(_personality(_QUERY) & _ADDR_NO_RANDOMIZE)


def can_fix_addresses() -> bool:
    """Return whether `fix_addresses` works here. Nothing is changed: what was tried is undone at once."""
    flags = _personality(_QUERY)
    if flags < 0:
        return False
    is_possible = fix_addresses()
    _personality(flags)
    return is_possible


def _personality(flags: int) -> int:
    """Set the execution domain of this process, or with _QUERY return it. Negative if that is impossible."""
    try:
        personality = ctypes.CDLL(None).personality
    except (OSError, AttributeError):  # not Linux
        return -1
    result: int = personality(ctypes.c_ulong(flags))
    return result
