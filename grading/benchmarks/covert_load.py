"""Measure how fast two sandboxed workers that run at the same time can exchange bits by load alone.

The sandbox cannot close this covert channel: both workers read the same clock and share processor caches, memory
bandwidth and, with more workers than cores, the cores. The sender copies memory in a time slot for a 1 and sleeps for a
0. The receiver counts how often it can copy memory in each slot. The bits per second are the capacity of a binary
symmetric channel with the measured error rate. With N_BITS bits, an error rate above 45 % cannot be distinguished from
chance.

    python grading/benchmarks/covert_load.py
"""

from __future__ import annotations

import math
import os
import random
import tempfile
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.time_limit import TimeLimit

SLOTS_MS = (0.25, 0.5, 1, 2, 5, 20)
N_BITS = 400
PIECE_BYTES = 16 << 10
START_SECONDS = 1.0
"""Time in which both workers start. Then they begin at the same moment of the clock."""

SENDER = """
import time
source, target = memoryview(bytes({size})), memoryview(bytearray({size}))
pieces = [slice(start, start + {piece}) for start in range(0, {size}, {piece})]
for number, bit in enumerate({bits}):
    end = {start} + (number + 1) * {slot}
    if bit:
        while time.monotonic() < end:
            for piece in pieces[:16]:
                target[piece] = source[piece]
            pieces = pieces[16:] + pieces[:16]
    else:
        time.sleep(max(0.0, end - time.monotonic()))
done = 1
"""
RECEIVER = """
import time
source, target = memoryview(bytes({size})), memoryview(bytearray({size}))
pieces = [slice(start, start + {piece}) for start in range(0, {size}, {piece})]
counts = []
time.sleep(max(0.0, {start} - time.monotonic()))
for number in range({n_bits}):
    end, count = {start} + (number + 1) * {slot}, 0
    while time.monotonic() < end:
        piece = pieces[count % len(pieces)]
        target[piece] = source[piece]
        count += 1
    counts.append(count)
usual = sorted(counts)[len(counts) // 2]
raise ValueError("".join("1" if count < usual else "0" for count in counts))
"""


def error_rate(sandbox: Sandbox, folder: Path, slot_seconds: float, copied_bytes: int, cores: Collection[int]) -> float:
    """Send random bits from one worker to another.

    Args:
        sandbox: What starts the workers.
        folder: Where their submissions are written.
        slot_seconds: The time for each bit.
        copied_bytes: The memory that each worker copies.
        cores: The cores that both may use.

    Returns: The share of wrong bits, at most 0.5.
    """
    bits = [random.getrandbits(1) for _ in range(N_BITS)]
    filled = {"bits": bits, "n_bits": N_BITS, "slot": slot_seconds, "size": copied_bytes, "piece": PIECE_BYTES}
    filled["start"] = time.monotonic() + START_SECONDS
    links = []
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    for name, text in (("sender", SENDER), ("receiver", RECEIVER)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "engine.py").write_text(text.format(**filled), encoding="utf-8")
        links.append(sandbox.start(folder / name, 60))
    os.sched_setaffinity(0, before)
    with ThreadPoolExecutor(len(links)) as pool:
        _, received = pool.map(lambda link: link.request((True, "load", "engine", "done"), TimeLimit(60)), links)
    for link in links:
        link.close()
    received_bits = received.message.rpartition(" ")[2]
    wrong = sum(bit != int(letter) for bit, letter in zip(bits, received_bits, strict=True)) / N_BITS
    return min(wrong, 1 - wrong)


def capacity(error: float) -> float:
    """Return the bits that arrive for each bit sent: 1 - H(error), where H is the binary entropy."""
    return 1 + sum(p * math.log2(p) for p in (error, 1 - error) if p)


def main() -> None:
    """Print the error rate and the bits per second for slots of several lengths."""
    cores = sorted(os.sched_getaffinity(0))
    cases = {"a core each, by memory and shared cache": (cores, 32 << 20), "one core for both": (cores[:1], 1 << 20)}
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch, "sandbox")) as sandbox:
        for title, (used, size) in cases.items():
            print(title)
            for slot_ms in SLOTS_MS:
                error = error_rate(sandbox, Path(scratch, "submissions"), slot_ms / 1000, size, used)
                rate = capacity(error) * 1000 / slot_ms
                print(f"  {slot_ms:5g} ms a bit: {error:6.1%} wrong, {rate:6,.0f} bits per second")


if __name__ == "__main__":
    main()
