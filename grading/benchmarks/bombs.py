"""Grade and collect a class of 200, of whom 60 hand in bombs, within 1.5 GB of memory. Print what that took.

Each bomb must get its verdict, everyone else all points and a notebook, and every process that runs no student's code
must stay below 300 MB. If a control group can be made (as root), the commands run in one, and processes that the kernel
has to kill there are counted. The exit status is 1 if anything differs from that.

    .venv/bin/python grading/benchmarks/bombs.py
    .venv/bin/python grading/benchmarks/bombs.py --class-size 20 --only bzip2_zip braces_notebook
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from gradkit.grader import report
from gradkit.proof.specimens import reference_folder

CLASS_SIZE = 200
CONTROL_GROUP_BYTES = 1536 << 20
MAX_PROCESS_BYTES = 300 << 20
"""Resident memory of a process that runs no student's code."""

SAMPLE_SECONDS = 0.02
ASSIGNMENT, SHORT = "a1_expressions", "a1"

ENGINE = (reference_folder() / "solution" / "engine.py").read_text(encoding="utf-8")
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Bomb:
    """One hostile submission.

    Attributes:
        make: Writes the submission to a path that does not exist, as a folder, or as a zip with .zip added to the path.
        verdicts: The verdicts that items can end with, apart from passed and blocked; at least one item does. Empty if
            the submission earns all points.
        some_pass: Whether items that do not run the bomb pass.
        is_refused: Whether `course collect` makes no notebook of it.
    """

    make: Callable[[Path], None]
    verdicts: tuple[str, ...]
    some_pass: bool = False
    is_refused: bool = False


# --- packed ----------------------------------------------------------------------------------------------------------


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, repeat: int = 1) -> Callable[[Path], None]:
    """Return a function that writes a zip of entries (name, content), with each content `repeat` times."""

    def make(target: Path) -> None:
        with zipfile.ZipFile(f"{target}.zip", "w", method, compresslevel=1) as archive:
            for name, content in entries:
                with archive.open(name, "w", force_zip64=True) as opened:
                    for _ in range(repeat):
                        opened.write(content)

    return make


def in_folder(make: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return a function that writes the same zip in a folder."""

    def make_in_folder(target: Path) -> None:
        target.mkdir()
        make(target / "homework")

    return make_in_folder


def nested_zip(target: Path) -> None:
    """Write a zip that contains a zip, and so on, 50 levels deep."""
    content = ENGINE.encode()
    for level in range(50):
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("engine.py" if level == 0 else "homework.zip", content)
        content = packed.getvalue()
    Path(f"{target}.zip").write_bytes(content)


def wide_dictionary(target: Path) -> None:
    """Write an LZMA zip whose header requires a dictionary of 4 GB."""
    zipped(("engine.py", ENGINE.encode()), method=zipfile.ZIP_LZMA)(target)
    path = Path(f"{target}.zip")
    raw = bytearray(path.read_bytes())
    start = 30 + int.from_bytes(raw[26:28], "little") + int.from_bytes(raw[28:30], "little")
    raw[start + 5 : start + 9] = b"\xff" * 4
    path.write_bytes(raw)


def with_claim(target: Path) -> None:
    """Write a zip whose entry has 100 MB and a header that says 10 bytes."""
    zipped(("engine.py", bytes(MEGABYTE)), repeat=100)(target)
    path = Path(f"{target}.zip")
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    path.write_bytes(raw)


def folder(**files: str | bytes) -> Callable[[Path], None]:
    """Return a function that writes a folder of files. In a keyword `__` means a dot: `engine__py` is engine.py."""

    def make(target: Path) -> None:
        target.mkdir()
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (target / name.replace("__", ".")).write_bytes(raw)

    return make


def many_files(target: Path) -> None:
    folder(engine__py=ENGINE)(target)
    for number in range(12_000):
        (target / f"{number}.txt").touch()


def deep_folder(target: Path) -> None:
    path = target
    for _ in range(500):
        path = path / "d"
    path.mkdir(parents=True)


def sparse_file(target: Path) -> None:
    target.mkdir()
    with (target / "engine.py").open("wb") as opened:
        opened.truncate(1 << 40)


def a_pipe(target: Path) -> None:
    target.mkdir()
    os.mkfifo(target / "engine.py")


# --- notebooks -------------------------------------------------------------------------------------------------------


def page(text: str) -> Callable[[Path], None]:
    return folder(**{f"{ASSIGNMENT}__ipynb": text})


def cells_of(text: str, count: int) -> Callable[[Path], None]:
    """Return a function that writes a notebook whose cells are a JSON value, repeated `count` times."""

    def make(target: Path) -> None:
        page('{"cells":[' + ",".join([text] * count) + "]}")(target)

    return make


def cell(source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": "c",
        "source": source,
        "outputs": [],
        "metadata": {"nbgrader": {"grade_id": "engine"}},
    }


def notebook(*sources: str) -> Callable[[Path], None]:
    return page(json.dumps({"cells": [cell(source) for source in sources], "nbformat": 4, "nbformat_minor": 5}))


# --- code ------------------------------------------------------------------------------------------------------------


def at_import(text: str) -> Callable[[Path], None]:
    """Return a function that writes an engine that runs this code when it is imported."""
    return folder(engine__py=f"{text}\n{ENGINE}")


def in_operation(text: str) -> Callable[[Path], None]:
    """Return a function that writes an engine that runs this code in every subtraction."""
    line = "    def __sub__(self, other):\n"
    return folder(engine__py=ENGINE.replace(line, line + f"        {text}\n", 1))


LIST = "kept = []\n        while True: kept.append([0] * 100000)"
SPIN = "while True: pass"
MAPS = "import mmap\nkept = []\nwhile True: kept.append(mmap.mmap(-1, 1 << 24)); kept[-1].write(bytes(1 << 24))"
RECURSES = "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f()\nf()"
THREADS = "import threading\nwhile True: threading.Thread(target=input).start()"
BZIP2, LZMA = zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA
PACKAGING: dict[str, Bomb] = {
    "deflate_zip": Bomb(zipped(("engine.py", bytes(MEGABYTE)), repeat=1024), ("error",), is_refused=True),
    "bzip2_zip": Bomb(zipped(("engine.py", bytes(MEGABYTE)), repeat=1024, method=BZIP2), ("error",), is_refused=True),
    "lzma_zip": Bomb(zipped(("engine.py", bytes(MEGABYTE)), repeat=512, method=LZMA), ("error",), is_refused=True),
    "bzip2_zip_in_a_folder": Bomb(
        in_folder(zipped(("engine.py", bytes(MEGABYTE)), repeat=512, method=BZIP2)), ("error",), is_refused=True
    ),
    "bzip2_notebook": Bomb(
        zipped((f"{ASSIGNMENT}.ipynb", bytes(MEGABYTE)), repeat=512, method=BZIP2), ("error",), is_refused=True
    ),
    "lzma_helpers": Bomb(
        zipped(
            ("engine.py", ENGINE.encode()), *((f"h{number}.py", b"#" * 1_000_000) for number in range(200)), method=LZMA
        ),
        (),
    ),
    "nested_zip": Bomb(nested_zip, ("not_implemented",), is_refused=True),
    "wide_dictionary": Bomb(wide_dictionary, ()),
    "with_claim": Bomb(with_claim, ("error",), is_refused=True),
    "many_entries": Bomb(zipped(*((f"{number}.txt", b"") for number in range(100_000))), ("error",), is_refused=True),
    "deep_entries": Bomb(
        zipped(*(("d/" * 30_000 + f"{number}.py", b"") for number in range(100))), ("not_implemented",), is_refused=True
    ),
    "huge_names": Bomb(
        zipped(*((str(number) + "engine.py" * 7_000, b"") for number in range(500))),
        ("not_implemented",),
        is_refused=True,
    ),
    "many_files": Bomb(many_files, ("error",), is_refused=True),
    "deep_folder": Bomb(deep_folder, ("not_implemented",), is_refused=True),
    "sparse_file": Bomb(sparse_file, ("error",), is_refused=True),
    "a_pipe": Bomb(a_pipe, ("not_implemented",), is_refused=True),
    "many_copies": Bomb(
        zipped(("engine.py", ENGINE.encode()), *((f"engine ({number}).py", b"") for number in range(5_000))), ()
    ),
}
NOTEBOOKS: dict[str, Bomb] = {
    "braces_notebook": Bomb(cells_of("{}", 6_900_000), ("error",)),
    "brackets_notebook": Bomb(cells_of("[]", 6_900_000), ("out_of_memory",)),
    "nested_brackets": Bomb(cells_of("[[]]", 4_000_000), ("out_of_memory",)),
    "floats_notebook": Bomb(cells_of("0.1", 5_000_000), ("out_of_memory",)),
    "texts_notebook": Bomb(cells_of('"ab"', 4_000_000), ("out_of_memory",)),
    "keys_notebook": Bomb(
        lambda target: page('{"cells":[{' + ",".join(f'"{n:x}":0' for n in range(1_500_000)) + "}]}")(target),
        ("out_of_memory",),
    ),
    "deep_notebook": Bomb(page('{"cells":' + "[" * 10_000_000), ("error",)),
    "huge_int_notebook": Bomb(page('{"cells":[' + "9" * 19_000_000 + "]}"), ("error",)),
    "one_huge_cell": Bomb(notebook("x = 1 + (2 * 3)\n" * 90_000), ("error",)),
    "cells_of_one_id": Bomb(notebook(*["#"] * 20_000, ENGINE), ()),
    "more_cells_of_one_id": Bomb(notebook(*[""] * 150_000), ("error",)),
}
SOURCES: dict[str, Bomb] = {
    "parentheses": Bomb(
        folder(engine__py="x = " + "(" * 500_000 + ")" * 500_000),
        ("error", "out_of_memory", "crashed"),
        is_refused=True,
    ),
    "short_parentheses": Bomb(
        folder(engine__py="x = " + "(" * 20_000 + ")" * 20_000), ("error", "out_of_memory", "crashed")
    ),
    "minus_signs": Bomb(folder(engine__py="x = " + "-" * 60_000 + "1"), ("error", "out_of_memory", "crashed")),
    "attributes": Bomb(folder(engine__py="x = a" + ".a" * 30_000), ("error", "out_of_memory", "crashed")),
    "constant_folding": Bomb(
        folder(engine__py="x = " + "+".join(["'a' * 4000"] * 4_000)), ("error", "out_of_memory", "crashed")
    ),
    "a_power_to_fold": Bomb(folder(engine__py="x = 9 ** 9 ** 9"), ("timeout", "out_of_memory")),
    "a_long_literal": Bomb(
        folder(engine__py="x = [" + "0," * 500_000 + "]\n" + "while True: x = x + x"),
        ("out_of_memory",),
        is_refused=True,
    ),
    "two_megabytes": Bomb(folder(engine__py=ENGINE + "#" * (2 * MEGABYTE)), ("error",), is_refused=True),
}
AT_IMPORT: dict[str, Bomb] = {
    "imports_a_list": Bomb(at_import("kept = []\nwhile True: kept.append([0] * 100000)"), ("out_of_memory",)),
    "imports_a_bytearray": Bomb(at_import("x = bytearray(1 << 40)"), ("out_of_memory",)),
    "imports_many_bytearrays": Bomb(
        at_import("kept = []\nwhile True: kept.append(bytearray(1 << 20))"), ("out_of_memory",)
    ),
    "imports_a_text": Bomb(at_import("x = 'a'\nwhile True: x += x"), ("out_of_memory",)),
    "imports_a_map": Bomb(at_import(MAPS), ("error", "out_of_memory")),
    "imports_a_recursion": Bomb(at_import(RECURSES), ("error", "crashed", "out_of_memory", "timeout")),
    "imports_a_power": Bomb(at_import("n = 9\nx = n ** n ** n"), ("timeout", "out_of_memory")),
    "imports_a_shift": Bomb(at_import("n = 1 << 40\nx = 1 << n"), ("out_of_memory",)),
    "imports_a_loop": Bomb(at_import(SPIN), ("timeout",)),
    "imports_a_loop_in_c": Bomb(at_import("sum(iter(int, 1))"), ("timeout",)),
    "imports_a_generator": Bomb(at_import("list(i for i in iter(int, 1))"), ("out_of_memory", "timeout")),
    "imports_a_fork": Bomb(at_import("import os\nwhile True: os.fork()"), ("error",)),
    "imports_a_thread": Bomb(at_import(THREADS), ("error",)),
    "imports_an_exit": Bomb(at_import("import os\nos._exit(0)"), ("crashed",)),
    "imports_a_flood": Bomb(at_import("while True: print('x' * 1000000)"), ("timeout",)),
    "imports_a_message": Bomb(at_import("raise ValueError('x' * 100000000)"), ("error",)),
}
IN_OPERATION: dict[str, Bomb] = {
    "subtracts_a_list": Bomb(in_operation(LIST), ("out_of_memory",), some_pass=True),
    "subtracts_a_bytearray": Bomb(in_operation("x = bytearray(1 << 40)"), ("out_of_memory",), some_pass=True),
    "subtracts_a_text": Bomb(in_operation("x = 'a' * (1 << 40)"), ("out_of_memory",), some_pass=True),
    "subtracts_a_loop": Bomb(in_operation(SPIN), ("timeout",), some_pass=True),
    "subtracts_a_message": Bomb(in_operation("raise ValueError('x' * 100000000)"), ("error",), some_pass=True),
    "subtracts_an_exit": Bomb(in_operation("raise SystemExit"), ("crashed",), some_pass=True),
    "subtracts_a_recursion": Bomb(in_operation("return self - other"), ("error",), some_pass=True),
    "subtracts_a_flood": Bomb(in_operation("print('x' * 1000000)"), (), some_pass=True),
}
BOMBS = {**PACKAGING, **NOTEBOOKS, **SOURCES, **AT_IMPORT, **IN_OPERATION}


# --- the class -------------------------------------------------------------------------------------------------------


def make_class(home: Path, bombs: Sequence[str], size: int) -> set[str]:
    """Make a class of these bombs and of right engines, which are folders, zips and notebooks in turn.

    Args:
        home: The folder of submissions, which does not exist yet.
        bombs: Keys of BOMBS.
        size: Number of students.

    Returns: The names of the students who hand in a right engine.
    """
    home.mkdir()
    for name in bombs:
        BOMBS[name].make(home / name)
    honest = (folder(engine__py=ENGINE), zipped(("engine.py", ENGINE.encode())), notebook(ENGINE))
    names = {f"honest{number:03}": honest[number % 3] for number in range(size - len(bombs))}
    for name, make in names.items():
        make(home / name)
    return set(names)


# --- running a command -----------------------------------------------------------------------------------------------


@dataclass
class Run:
    """What a command needed.

    Attributes:
        status: Its exit status.
        output: What it printed.
        seconds: Wall-clock time.
        peaks: Largest resident memory in bytes, by kind of process.
        group_peak: Largest memory of the control group in bytes; 0 without one.
        kills: How many processes the kernel killed in the control group.
    """

    status: int
    output: str
    seconds: float
    peaks: dict[str, int] = field(default_factory=dict)
    group_peak: int = 0
    kills: int = 0


@contextmanager
def control_group(limit: int) -> Iterator[Path | None]:
    """Make a control group (version 1 or 2) with a limit of memory in bytes. Yield None if that is not permitted."""
    root = Path("/sys/fs/cgroup")
    version1 = (root / "memory").is_dir()
    group = (root / "memory" if version1 else root) / f"gradkit-bombs-{os.getpid()}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if version1 else "memory.max")).write_text(str(limit), encoding="ascii")
    except OSError:
        if group.is_dir():
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    for _ in range(100):
        try:
            return group.rmdir()
        except OSError:  # the last process in it is about to end
            time.sleep(0.05)


def run(command: Sequence[str], group: Path | None, cwd: Path) -> Run:
    """Run a command in a folder, in a control group if there is one, and measure its processes meanwhile."""

    def enter() -> None:
        if group:
            (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    began = time.monotonic()
    with (cwd / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=enter, cwd=cwd)
        peaks: dict[str, int] = {}
        while process.poll() is None:
            for kind, peak in _sample(process.pid, 0):
                peaks[kind] = max(peaks.get(kind, 0), peak)
            time.sleep(SAMPLE_SECONDS)
        output.seek(0)
        done = Run(process.returncode, output.read(), time.monotonic() - began, peaks)
    if group:
        done.group_peak = _number(group, "memory.max_usage_in_bytes", "memory.peak")
        done.kills = _kills(group)
    return done


_DEPTHS = ("main process", "grader or bounded process", "bounded process")


def _sample(pid: int, depth: int) -> Iterator[tuple[str, int]]:
    """Yield the kind of this process and of each below it, and the most resident memory in bytes that each has had."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    lines = dict(line.split(":", 1) for line in status.splitlines())
    if lines["Name"].strip() == "bwrap":
        yield from (("worker", peak) for child in children for _, peak in _sample(int(child), 9))
        return
    kind = "worker" if depth >= 9 else _DEPTHS[min(depth, 2)]
    if "VmHWM" in lines:
        yield kind, int(lines["VmHWM"].split()[0]) << 10
    for child in children:
        yield from _sample(int(child), depth + 1)


def _number(group: Path, *names: str) -> int:
    """Return the number in the first of these files that exists; 0 if none does."""
    return next((int((group / name).read_text()) for name in names if (group / name).is_file()), 0)


def _kills(group: Path) -> int:
    """Return how many processes of a control group the kernel has killed for lack of memory."""
    for name in ("memory.oom_control", "memory.events"):
        if (group / name).is_file():
            events = dict(line.split() for line in (group / name).read_text(encoding="ascii").splitlines())
            return int(events.get("oom_kill", 0))
    return 0


# --- what must hold --------------------------------------------------------------------------------------------------


def reasons_in(home: Path, honest: set[str], bombs: Sequence[str], graded: Run, collected: Run) -> Iterator[str]:
    """Yield a line about everything that differs from what is expected.

    Args:
        home: The folder with `reports` and `submitted`.
        honest: Names of the students who handed in a right engine.
        bombs: Names of the others, keys of BOMBS.
        graded: The run of `gradkit grade`.
        collected: The run of `gradkit course collect`.
    """
    for name in sorted({*honest, *bombs}):
        try:
            student_report = report.read(home / "reports" / ASSIGNMENT / f"{name}.json")
        except report.UnreadableError as error:
            yield f"{name}: {error}"
            continue

        verdicts = {item.verdict.value for item in student_report.items}
        expected = set(BOMBS[name].verdicts) if name in bombs else set()
        if name in honest or not expected:
            if student_report.earned != student_report.points:
                yield f"{name}: {student_report.earned:g} of {student_report.points:g} points, {verdicts}"
        elif not verdicts & expected or verdicts - expected - _also_allowed(BOMBS[name]):
            yield f"{name}: {verdicts}, expected {expected}"

        has_notebook = (home / "submitted" / name / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").is_file()
        if has_notebook == (name in bombs and BOMBS[name].is_refused):
            yield f"{name}: collected {has_notebook}"
        if f"{name}: " not in collected.output:
            yield f"{name}: not named by collect"

    for what, done in (("grade", graded), ("collect", collected)):
        if "Traceback" in done.output:
            yield f"{what}: a traceback"
        if done.kills:
            yield f"{what}: the kernel killed {done.kills} processes"
        for kind, peak in done.peaks.items():
            if kind != "worker" and peak > MAX_PROCESS_BYTES:
                yield f"{what}: {kind} took {peak >> 20} MB"
    if graded.status:
        yield f"grade: status {graded.status}"


def _also_allowed(bomb: Bomb) -> set[str]:
    """Return the verdicts that items may have beside those of the bomb."""
    return {"blocked", "passed"} if bomb.some_pass else {"blocked"}


def try_class(home: Path, bombs: Sequence[str], size: int, *options: str) -> tuple[Run, Run, list[str], bool]:
    """Make a class in a folder, grade and collect it.

    Args:
        home: An empty folder.
        bombs: Keys of BOMBS.
        size: Number of students.
        options: More options of `gradkit grade`.

    Returns: The runs of both commands, what differs from what is expected, and whether they ran in a control group.
    """
    honest = make_class(home / "class", bombs, size)
    gradkit = [sys.executable, "-c", "from gradkit.cli.main import main; main()"]
    runs = []
    for words in (["grade", SHORT, "class", "--out", "reports", *options], ["course", "collect", SHORT, "class"]):
        with control_group(CONTROL_GROUP_BYTES) as group:
            runs.append(run([*gradkit, *words], group, home))
    graded, collected = runs
    return graded, collected, list(reasons_in(home, honest, bombs, graded, collected)), group is not None


def main() -> None:
    """Make, grade and collect the class, and print what that took. Exit with status 1 if anything is wrong."""
    options = argparse.ArgumentParser()
    options.add_argument("--class-size", type=int, default=CLASS_SIZE)
    options.add_argument("--only", nargs="*", default=list(BOMBS), choices=list(BOMBS))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        graded, collected, reasons, in_group = try_class(Path(scratch), chosen.only, chosen.class_size)
        where = (
            f"in a control group of {CONTROL_GROUP_BYTES / (1 << 30):g} GB" if in_group else "without a control group"
        )
        print(f"{chosen.class_size} students, {len(chosen.only)} of them bombs, {where}")
        for what, done in (("grade", graded), ("course collect", collected)):
            print(f"gradkit {what}: {done.seconds:.0f} s, killed by the kernel: {done.kills}", end="")
            print(f", largest memory of all processes together: {done.group_peak >> 20} MB" if in_group else "")
            for kind, peak in sorted(done.peaks.items()):
                print(f"    {kind:<26} {peak >> 20:5} MB")
        print("\n".join(line for line in graded.output.splitlines() if "at a time" in line))
        print("\n".join(reasons) or "Each bomb has its verdict, and everyone else is graded and collected.")
        for name in chosen.only:
            print(f"  {name:<26} {_outcome(Path(scratch) / 'reports' / ASSIGNMENT / f'{name}.json')}")
    sys.exit(bool(reasons))


def _outcome(path: Path) -> str:
    """Return the number of items with each verdict in a report, and the first message of its evidence."""
    try:
        bomb_report = report.read(path)
    except report.UnreadableError as error:
        return str(error)
    message = next((item.evidence.message for item in bomb_report.items if item.evidence), "")
    verdicts = Counter(item.verdict for item in bomb_report.items)
    return ", ".join(f"{count} {verdict.value}" for verdict, count in verdicts.items()) + f"  {message[:70]}"


if __name__ == "__main__":
    main()
