"""Fixtures that tests of several packages share, and the processor time of each test.

Processor time is the cost of a test run whatever else the machine does. It is measured for every test, including the
processes that the test started and awaited. The end of a run lists the slowest tests.
"""

import gc
import importlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from gradkit.catalogue.assignments import choose_assignments, corpora_folder
from gradkit.corpora.library import Library
from gradkit.grader import report
from gradkit.grader.conditions import make_conditions
from gradkit.grader.suite import load_suite
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.proof.specimens import read_misconceptions, write_misconception
from gradkit.submissions.intake.downloads import list_students
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport import time_limit
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.submissions.transport.pipe import PipeTransport
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[2]

UNHURRIED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile("kit", deadline=None, max_examples=60, suppress_health_check=UNHURRIED)
settings.load_profile("kit")


MAX_CPU_SECONDS = 20.0
"""Processor time that a single test may take, without its fixtures."""

N_SLOWEST = 10
"""Number of tests and fixtures that are listed at the end of a run."""

GROUPS = {
    "course/nbgrader/test_the_course_in_nbgrader.py": "nbgrader course",
    "proof/test_specimens.py": "specimens",
    "proof/test_transports.py": "specimens",
    "proof/test_selection.py": "specimens",
    "course/nbgrader/test_the_manual.py": "nbgrader commands",
    "course/nbgrader/test_what_nbgrader_opens.py": "nbgrader commands",
    "course/nbgrader/test_pages.py": "nbgrader commands",
    "course/nbgrader/test_limits.py": "nbgrader commands",
    "proof/test_attacks.py": "attacks",
}
"""Files whose tests share fixtures that take long to make, and so run in one process.

These groups start first and in this order, so that no process is left with a long one after the others have finished.
"""

LONG_FILES = (
    "grader/test_classroom.py",
    "cli/test_grading_commands.py",
    "outputs/gradebook/test_gradebook_failures.py",
    "grader/test_secrets.py",
    "submissions/transport/test_pipe.py",
    "pytest_plugin/test_ways_of_running.py",
    "outputs/gradebook/test_gradebook.py",
    "course/test_release.py",
    "grader/test_report_check.py",
    "grader/test_reference_retry.py",
    "pytest_plugin/test_what_a_student_sees.py",
    "course/test_notebook_texts.py",
    "proof/test_mutants.py",
)
"""Other files that take more than 20 s. They start after the groups, for the same reason."""

LAST_CPU_SECONDS = pytest.StashKey[float]()
"""Value of cpu_seconds() at the end of the previous phase of a test."""


def pytest_configure(config):
    config.stash[LAST_CPU_SECONDS] = cpu_seconds()
    config.pluginmanager.register(SlowestTests())


def pytest_collection_modifyitems(items):
    """Sort the long groups first, and then the long files."""
    order = [*dict.fromkeys(GROUPS.values()), *(f"tests/kit/{name}" for name in LONG_FILES)]
    items.sort(key=lambda item: [*order, group_of(item.nodeid)].index(group_of(item.nodeid)))  # stable for the others


def group_of(nodeid):
    """Return the group that a test belongs to: that of its file, or the file itself."""
    path = nodeid.partition("::")[0]
    return GROUPS.get(path.removeprefix("tests/kit/"), path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run all tests of a group in one process. xdist's own groups have no effect with pytest 9."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return Groups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Record the processor time of each phase, and fail a test that takes more than MAX_CPU_SECONDS."""
    report = yield
    used = cpu_seconds()
    report.cpu_seconds = used - item.config.stash[LAST_CPU_SECONDS]
    item.config.stash[LAST_CPU_SECONDS] = used
    if report.when == "call" and report.passed and report.cpu_seconds > MAX_CPU_SECONDS:
        report.outcome = "failed"
        report.longrepr = f"took {report.cpu_seconds:.1f} s of processor time, more than {MAX_CPU_SECONDS:g}"
    return report


class SlowestTests:
    """Collects the processor times of a run, also from other processes, and lists the largest."""

    def __init__(self):
        self._phases = []

    def pytest_runtest_logreport(self, report):
        seconds = getattr(report, "cpu_seconds", 0.0)  # a process that crashed has reported nothing
        self._phases.append((seconds, report.when, report.nodeid))

    def pytest_terminal_summary(self, terminalreporter):
        total = sum(seconds for seconds, _, _ in self._phases)
        terminalreporter.section(f"{total:.0f} s of processor time; the slowest {N_SLOWEST}")
        for seconds, phase, test in sorted(self._phases, reverse=True)[:N_SLOWEST]:
            terminalreporter.write_line(f"{seconds:6.1f} s  {phase:8}  {test}")


def cpu_seconds():
    """Return the processor time of this process and of the children that it has awaited."""
    usages = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@pytest.fixture(scope="session")
def add_cpu_seconds(request):
    """Return a function that adds processor time to the current test: that of processes which are not awaited here."""

    def add(seconds):
        request.config.stash[LAST_CPU_SECONDS] -= seconds

    return add


@pytest.fixture(scope="module", autouse=True)
def freeze_objects():
    """Freeze the objects that exist: a test that grades a class collects garbage first, and would visit them all.

    pytest has 600,000 after collecting. Tests add those of PyTorch and others when they first import them.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root():
    """Return the folder of the repository."""
    return ROOT


COURSE = ("README.md", "docs", "grading/gradkit", "assignments", "reference", "student_template")
"""Files and folders in a copy of the course, besides suites, corpora and attacks."""


@pytest.fixture(scope="session")
def course_copy(tmp_path_factory):
    """Return a function that copies the course, so that a test can change its files, and returns the folder.

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
    """Return a function that returns the source of the reference engine with edits: solution((old, new), ...).

    Each `old` must occur exactly once.
    """
    source = (ROOT / "reference/solution/engine.py").read_text(encoding="utf-8")

    def edited(*edits):
        text = source
        for old, new in edits:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the solution"
            text = text.replace(old, new)
        return text

    return edited


@pytest.fixture(scope="session")
def engine(solution):
    """Return a function that returns the reference's Value class with edits, like those of `solution`."""

    def made(*edits):
        namespace = {}
        exec(compile(solution(*edits), "engine.py", "exec"), namespace)
        return namespace["Value"]

    return made


@pytest.fixture(scope="session")
def restore_stubs(root):
    """Return a function that replaces methods in a source by their stubs: restore_stubs(source, "backward", "exp")."""
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
    """Return a clock whose limit of 30 seconds is enough for any code that ends by itself."""
    clock = Clock()
    clock.allow(30)
    yield clock
    clock.stop()


@pytest.fixture
def open_folder(tmp_path, clock, monkeypatch):
    """Return a function that opens a student's folder in this process: open_folder("class Value: ...").

    It writes the source to engine.py, unless the source is None, and returns a LocalTransport.
    """
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("engine", None)

    def open_submission(source=None):
        if source is not None:
            (tmp_path / "engine.py").write_text(source, encoding="utf-8")
            # What was loaded from an earlier source, and modules that have imported it.
            for name, module in list(sys.modules.items()):
                if str(getattr(module, "__file__", None)).startswith(f"{tmp_path}{os.sep}"):
                    del sys.modules[name]
            # A text of the same size, written in the same second, would pass for the compiled one.
            shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()
        return LocalTransport(tmp_path, clock)

    yield open_submission
    sys.modules.pop("engine", None)
    if before:
        sys.modules["engine"] = before


@pytest.fixture
def load_value(open_folder):
    """Return a function that returns the subject of the Value class in an engine's source."""
    return lambda source: open_folder(source).load("engine", "Value")


@pytest.fixture
def far_backstop(monkeypatch):
    """Raise the wall-clock backstop, so that on a busy machine only the other limits can end code."""
    monkeypatch.setattr(time_limit, "BACKSTOP_FACTOR", 100)


@pytest.fixture
def busy_core():
    """Return a context manager: within `with busy_core(4):`, this process shares one core with four endless ones."""

    @contextmanager
    def keep_busy(n_processes):
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
        # Each in a session of its own: Linux may share a core out among sessions, and not among processes.
        command = [sys.executable, "-S", "-c", "while True: pass"]
        busy = [subprocess.Popen(command, start_new_session=True) for _ in range(n_processes)]
        try:
            yield
        finally:
            for process in busy:
                process.kill()
                process.wait()
            os.sched_setaffinity(0, before)

    return keep_busy


# --- grading ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory):
    """Return a sandbox for all tests of a process. Making it takes longer than starting a worker in it."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def open_submission(tmp_path, sandbox):
    """Return a function that writes a submission and returns a transport to it: open_submission(source, nn=...).

    The source is engine.py; keywords are other files. The workers end with the test.
    """
    made = []

    def open_transport(source, isolation=sandbox, **others):
        folder = tmp_path / f"submission{len(made)}"
        folder.mkdir()
        for name, text in {"engine": source, **others}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        transport = PipeTransport(partial(isolation.start, folder, 30), folder)
        transport.start_item(10)
        made.append(transport)
        return transport

    yield open_transport
    for transport in made:
        transport.close()


@pytest.fixture
def stops_while_forking():
    """Return a function that returns whether a function is stopped by a Ctrl-C that arrives while it forks."""

    def stops(function):
        child = os.fork()
        if not child:
            status = 1
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                os.register_at_fork(after_in_parent=partial(signal.raise_signal, signal.SIGINT))
                function()
            except KeyboardInterrupt:
                status = 0
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1] == 0

    return stops


@pytest.fixture
def wait_until():
    """Return a function that waits until a condition is true, and fails after a number of seconds."""

    def wait(is_met, seconds):
        deadline = time.monotonic() + seconds
        while not is_met():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def suite():
    """Return a function that returns the items of assignments with recorded corpora: suite("a1"), suite("all")."""
    return lambda name: load_suite(choose_assignments(name), Library(corpora_folder()))


class School:
    """A folder of submissions, and methods to grade it."""

    def __init__(self, home, suite):
        self.submissions, self.out = home / "submissions", home / "reports"
        self.submissions.mkdir()
        self.suite = suite

    def hand_in(self, student, engine, inside=""):
        folder = self.submissions / student / inside
        folder.mkdir(parents=True)
        (folder / "engine.py").write_text(engine, encoding="utf-8")

    def hand_in_zip(self, student, **files):
        with zipfile.ZipFile(self.submissions / f"{student}.zip", "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{name}.py", text)

    def hand_in_misconception(self, student, name):
        write_misconception(read_misconceptions()[name], self.submissions / student)

    def grade(self, workers=2, suite=None, isolated=True, kind=Classroom):
        """Grade the class, and return the reports by student. `ended` has the result for each student."""
        suite = suite or self.suite
        classroom = kind(suite, make_conditions(suite, isolated), self.out, isolated)
        students, _ = list_students(self.submissions, self.out)
        ended = list(classroom.grade(students, workers))
        assert [graded.reason for graded in ended if graded.reason] == []
        self.ended = {graded.student.name: graded for graded in ended}
        return {name: report.read(self.out / f"{name}.json") for name in self.ended}

    def delete_reports(self):
        shutil.rmtree(self.out)

    def run_command(self, assignment, n_kills=0, seconds=(0.0, 0.0)):
        """Run `gradkit grade`, kill it `n_kills` times, and run it once to its end; return the folder of reports.

        Args:
            assignment: Name of the assignment.
            n_kills: Number of runs that are killed.
            seconds: Range of the random time in seconds after which a run is killed.
        """
        gradkit = Path(sys.executable).with_name("gradkit")
        command = [str(gradkit), "grade", assignment, str(self.submissions), "--out", str(self.out)]
        rng = random.Random(7)
        for _ in range(n_kills):
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(*seconds))
            running.send_signal(signal.SIGKILL)
            running.wait()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return self.out / choose_assignments(assignment)[0].name


@pytest.fixture
def school(tmp_path, suite):
    """Return an empty class. It is graded in a1, unless a test says otherwise."""
    return School(tmp_path, suite("a1"))
