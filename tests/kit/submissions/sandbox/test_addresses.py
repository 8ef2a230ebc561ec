"""Memory layout: the query changes nothing, and programs started after fixing it have the same addresses."""

import ctypes
import subprocess
import sys

import pytest
from gradkit.submissions.sandbox import addresses

ADDR_NO_RANDOMIZE = 0x0040000
QUERY = 0xFFFFFFFF


@pytest.fixture
def flags():
    """Return a function that reads this process's flags. The test begins with random addresses; flags are restored."""
    personality = ctypes.CDLL(None).personality
    before = personality(ctypes.c_ulong(QUERY))
    personality(ctypes.c_ulong(before & ~ADDR_NO_RANDOMIZE))
    yield lambda: personality(ctypes.c_ulong(QUERY))
    personality(ctypes.c_ulong(before))


def address_in_a_new_process():
    code = "import ctypes; print(ctypes.addressof(ctypes.c_int.in_dll(ctypes.pythonapi, 'Py_OptimizeFlag')))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout


def test_asking_whether_addresses_are_fixed_changes_nothing(flags):
    before = flags()
    assert addresses.can_fix_addresses()
    assert flags() == before
    assert addresses.fix_addresses()
    assert addresses.can_fix_addresses()
    assert flags() == before | ADDR_NO_RANDOMIZE


def test_programs_started_afterwards_have_the_same_addresses(flags):
    addresses.fix_addresses()
    assert address_in_a_new_process() == address_in_a_new_process()


@pytest.mark.parametrize("answer", [lambda flags: -1, lambda flags: 0 if flags == QUERY else -1], ids=["none", "query"])
def test_if_the_system_refuses_it_both_functions_return_false(monkeypatch, answer):
    monkeypatch.setattr(addresses, "_personality", answer)
    assert not addresses.can_fix_addresses()
    assert not addresses.fix_addresses()
