"""What the kit's own tests share: engines to try things on, and a student's folder to put them in."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradkit.submissions.transport import time_limit
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile("kit", deadline=None, max_examples=60, suppress_health_check=UNHURRIED)
settings.load_profile("kit")


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


COURSE = ("README.md", "docs", "grading/gradkit", "assignments", "reference", "student_template")
"""What a copy of the course has, beside suites, corpora and attacks."""


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory):
    """Make a copy of the course whose files can be changed: course_copy() returns its folder.

    Run gradkit on it in a new process with PYTHONPATH set to the folder `grading` in it.
    """

    def make():
        home = tmp_path_factory.mktemp("course")
        suites = [f"tests/{path.name}" for path in (ROOT / "tests").glob("a?_*")]
        for name in (*COURSE, *suites, "tests/corpora", "tests/attacks", "tests/kit/corpus_keys.txt"):
            source, target = ROOT / name, home / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "source"))
            else:
                shutil.copyfile(source, target)
        return home

    return make


@pytest.fixture(scope="session")
def solution():
    """The text of the reference engine, with edits: solution((old, new), ...). Each `old` must stand in it once."""
    source = (ROOT / "reference/solution/engine.py").read_text(encoding="utf-8")

    def edited(*edits):
        text = source
        for old, new in edits:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the solution"
            text = text.replace(old, new)
        return text

    return edited


@pytest.fixture(scope="session")
def engine(solution):
    """A Value class: the reference engine's, with edits, as of `solution`."""

    def made(*edits):
        namespace = {}
        exec(compile(solution(*edits), "engine.py", "exec"), namespace)
        return namespace["Value"]

    return made


@pytest.fixture(scope="session")
def stubbed(root):
    """The template's text for these names, to put back into the solution: stubbed(source, "backward", "exp")."""
    template = (root / "student_template/engine.py").read_text(encoding="utf-8")

    def method(source, name):
        return re.search(rf"    def {name}\(.*?(?=\n    def |\Z)", source, flags=re.S).group()

    def put_back(source, *names):
        for name in names:
            source = source.replace(method(source, name), method(template, name))
        return source

    return put_back


@pytest.fixture
def clock():
    """A clock with time enough for anything that ends by itself."""
    clock = Clock()
    clock.allow(30)
    yield clock
    clock.stop()


@pytest.fixture
def student(tmp_path, clock, monkeypatch):
    """A student's folder: student("class Value: ...") writes engine.py there, and opens the folder in this process."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("engine", None)

    def opened(source=None):
        if source is not None:
            (tmp_path / "engine.py").write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        return LocalTransport(tmp_path, clock)

    yield opened
    sys.modules.pop("engine", None)
    if before:
        sys.modules["engine"] = before


@pytest.fixture
def handle(student):
    """The handle on the Value class of a student's source."""
    return lambda source: student(source).load("engine", "Value")


@pytest.fixture
def far_backstop(monkeypatch):
    """Moves the wall-clock backstop far away, for tests of what else ends code, on however busy a machine."""
    monkeypatch.setattr(time_limit, "BACKSTOP_FACTOR", 100)


@pytest.fixture
def busy_core():
    """Keeps a core busy: within `with busy_core(4):`, four endless processes share one with this process."""

    @contextmanager
    def keep_busy(n_processes):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        busy = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(n_processes)]
        try:
            yield
        finally:
            for process in busy:
                process.kill()
                process.wait()
            os.sched_setaffinity(0, before)

    return keep_busy
