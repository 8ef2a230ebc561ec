"""Packages: submissions of an assignment that asks for numpy can import it, and no other package."""

import dataclasses
import json
import shutil
import subprocess
from importlib.metadata import version

import jsonschema
import msgspec
import pytest
from gradkit.catalogue.assignments import assignments, choose_assignments
from gradkit.cli import grading
from gradkit.cli.main import app
from gradkit.grader import doctor
from gradkit.grader.conditions import make_conditions
from gradkit.grader.report import read
from gradkit.grader.whole_class.classroom import Classroom
from gradkit.submissions.outcome import SubmissionError, Verdict
from gradkit.submissions.sandbox import image
from gradkit.submissions.sandbox import packages as installed
from gradkit.submissions.sandbox.packages import MissingPackageError
from gradkit.submissions.sandbox.sandbox import Sandbox, SandboxError
from gradkit.submissions.transport.time_limit import TimeLimit
from typer.testing import CliRunner

NUMPY = ("numpy",)
NOWHERE = "a_package_that_is_nowhere"

PROBE = """
class Value:
    def __init__(self, data=0):
        self.data = data

    def tried(self):
        {body}
        return Value(found)
"""


@pytest.fixture
def run_submission(open_submission):
    """Return a function that runs lines in a submission with numpy and returns the number in `found`."""

    def run(*lines, packages=NUMPY, seconds=10, isolation=(), **files):
        transport = open_submission(PROBE.format(body="\n        ".join(lines)), *isolation, **files)
        transport.start_item(seconds, packages)
        return transport.load("engine", "Value")().tried().data

    return run


@pytest.fixture
def failure_of(run_submission):
    """Return a function that runs lines, which must fail, and returns the SubmissionError."""

    def of(*lines, **how):
        with pytest.raises(SubmissionError) as raised:
            run_submission(*lines, "found = 1", **how)
        return raised.value

    return of


@pytest.fixture(scope="session")
def not_isolated(tmp_path_factory):
    """Return what starts workers without a sandbox."""
    return [Sandbox(tmp_path_factory.mktemp("not_isolated"), isolated=False)]


@pytest.fixture
def suite_with_packages(suite):
    """Return a function that returns a suite whose assignments ask for packages: suite_with_packages("a1", "numpy").

    With `only`, just the assignments whose name contains this text do.
    """

    def of(name, *packages, only=""):
        whole = suite(name)
        asked = [msgspec.structs.replace(a, packages=packages if only in a.name else ()) for a in whole.assignments]
        return dataclasses.replace(whole, assignments=tuple(asked))

    return of


@pytest.fixture
def gradkit(monkeypatch):
    """Return a function that runs a command in a course whose first assignment asks for `packages`."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words, packages):
        asking = tuple(msgspec.structs.replace(a, packages=packages) for a in choose_assignments("a1"))
        monkeypatch.setattr(grading, "choose_assignments", lambda name, course: asking)
        monkeypatch.setattr(doctor, "assignments", lambda: asking)
        return CliRunner().invoke(app, list(map(str, words)))

    return call


def really_import(module):
    """Return a line that imports a module, where `import` would make a stand-in of one that is not offered."""
    return f"import importlib; importlib.import_module({module!r})"


# --- what can be imported and read -----------------------------------------------------------------------------------


def test_numpy_can_be_imported_in_an_assignment_that_asks_for_it(run_submission):
    assert run_submission("import numpy as np; found = float(np.arange(4.0) @ np.ones(4))") == 6
    assert run_submission("import numpy as np; found = float(np.linalg.solve(np.eye(3) * 2, np.ones(3)).sum())") == 1.5
    assert run_submission("import numpy as np; found = float(np.random.default_rng(0).integers(5, 6))") == 5


def test_it_is_the_numpy_that_is_installed_here(run_submission):
    assert run_submission(f"import numpy; found = int(numpy.__version__ == {version('numpy')!r})") == 1


def test_other_assignments_have_only_the_standard_library(failure_of, run_submission):
    assert "No module named 'numpy'" in failure_of(really_import("numpy"), packages=()).message
    look = ("import os, sys", "found = os.path.exists('/packages') + ('/packages' in sys.path)")
    assert run_submission(*look, packages=()) == 0


@pytest.mark.parametrize("package", ["torch", "pytest", "hypothesis", "msgspec", "pip", "gradkit.oracle", "matplotlib"])
def test_no_other_installed_package_can_be_imported(failure_of, package):
    assert f"No module named '{package}'" in failure_of(really_import(package)).message


def test_such_a_worker_can_additionally_read_only_numpy_and_its_libraries(run_submission):
    copied = [*image._shared_files(), *image._package_files((installed.find("numpy"),))]
    allowed = (*(path for _, path in copied), "/kit/", "/submission/", "/dev/null")
    assert not [path for path in allowed if "site-packages" in path or "/tests/" in path]
    looks = "[p + '/' + f for p, _, names in os.walk('/') for f in names]"
    assert run_submission("import os", f"found = sum(not path.startswith({allowed!r}) for path in {looks})") == 0


def test_the_libraries_of_a_module_are_found_also_if_its_path_has_spaces(tmp_path):
    module = next(path for path, _ in image._shared_files() if "_ctypes.cpython" in path)
    copy = tmp_path / "with spaces" / "module.so"
    copy.parent.mkdir()
    shutil.copyfile(module, copy)
    libraries = image._shared_libraries([module])
    assert [path for path in libraries if "libffi" in path]
    assert set(image._shared_libraries([str(copy)])) == set(libraries)


def test_numpy_is_not_loaded_until_the_submission_asks_for_it(run_submission):
    assert run_submission("import sys; found = int('numpy' in sys.modules)") == 0


def test_importing_numpy_prints_nothing_on_stderr(sandbox, tmp_path):
    link = sandbox.start(tmp_path, 10, NUMPY, errors=subprocess.PIPE)
    assert link.request((True, "load", "numpy", "ndarray"), TimeLimit(20)).verdict == ""
    link._end.close()
    assert link._process.communicate(timeout=10)[1] == b""
    link.close()


def test_the_environment_holds_only_the_number_of_threads(run_submission):
    known = {"PYTHONHASHSEED", "PWD", "LC_CTYPE", *installed.environment()}
    assert run_submission(f"import os; found = len(set(os.environ) - {known!r})") == 0


# --- what a submission cannot do with it -----------------------------------------------------------------------------


def test_the_submission_cannot_shadow_numpy(run_submission):
    mine = "__version__ = 'mine'\n"
    look = "import numpy, random; found = int(numpy.__version__ == 'mine') + hasattr(random, '__version__')"
    assert run_submission(look, numpy=mine, random=mine) == 0


def test_neither_numpy_nor_its_folder_can_be_written(failure_of):
    for path in ("/packages/here.py", "/packages/numpy/here.py", "/packages/numpy/__init__.py"):
        assert failure_of(f"open({path!r}, 'w')").verdict is Verdict.ERROR


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.fork()",
        "import threading; threading.Thread(target=print).start()",
        "import subprocess; subprocess.run(['true'])",
    ],
)
def test_a_submission_with_numpy_starts_no_process_and_no_thread(failure_of, line):
    assert failure_of("import numpy", line).verdict is Verdict.ERROR


def test_a_bomb_of_numpys_own_threads_is_stopped_and_the_next_item_starts_afresh(open_submission):
    lines = (
        "import ctypes, glob, numpy",
        "for path in glob.glob('/packages/numpy.libs/*openblas*'):",
        "    library = ctypes.CDLL(path)",
        "    for name in ('scipy_openblas_set_num_threads64_', 'openblas_set_num_threads64_'):",
        "        getattr(library, name, id)(64)",
        "raise ValueError('it went on')",
    )
    transport = open_submission(PROBE.format(body="\n        ".join(lines)))
    transport.start_item(2, NUMPY)
    with pytest.raises(SubmissionError) as raised:
        transport.load("engine", "Value")().tried()
    assert raised.value.verdict in (Verdict.TIMEOUT, Verdict.CRASHED, Verdict.ERROR)
    transport.start_item(5, NUMPY)
    assert transport.load("engine", "Value")(3.0).data == 3.0


def test_an_array_beyond_the_memory_limit_is_reported_as_out_of_memory(failure_of):
    assert failure_of("import numpy; numpy.ones(2**28)").verdict is Verdict.OUT_OF_MEMORY


# --- same seed, same bytes -------------------------------------------------------------------------------------------

WORK = (
    "import hashlib, numpy as np",
    "a = np.random.default_rng(1).normal(size=(257, 263))",
    "parts = (a @ a.T, np.exp(a), np.tanh(a).sum(0), np.log(abs(a)).mean(1), np.einsum('ij,kj->ik', a, a))",
    "raw = b''.join(part.tobytes() for part in parts)",
    "found = int.from_bytes(hashlib.sha256(raw).digest()[:6], 'big')",
)


def test_numpy_gives_the_same_bytes_every_time(run_submission, not_isolated):
    assert len({run_submission(*WORK, isolation=isolation) for isolation in ([], [], [], not_isolated)}) == 1


def test_arrays_have_the_same_addresses_in_every_worker(run_submission):
    look = "import numpy; found = (numpy.ones(3).ctypes.data + id(numpy.ones(1))) % 2**40"
    assert run_submission(look) == run_submission(look)


def test_a_report_of_an_assignment_with_packages_is_the_same_bytes_every_time(school, suite_with_packages, solution):
    roughly = "out = Value(float(__import__('numpy').float32(math.tanh(self.data)))"
    school.hand_in("ada", solution(("out = Value(math.tanh(self.data)", roughly)))
    graded = school.grade(suite=suite_with_packages("a3", "numpy"))["ada"]
    assert any(item.evidence and item.evidence.rows for item in graded.items)
    first = (school.out / "ada.json").read_bytes()
    school.delete_reports()
    school.grade(suite=suite_with_packages("a3", "numpy"))
    assert (school.out / "ada.json").read_bytes() == first


# --- the way to a worker ---------------------------------------------------------------------------------------------


def test_a_worker_is_replaced_only_when_the_packages_change(open_submission):
    transport = open_submission("class Value:\n    def __init__(self, data): self.data = data")
    processes = []
    for packages in (NUMPY, NUMPY, (), (), NUMPY):
        transport.start_item(10, packages)
        assert transport.load("engine", "Value")(2.0).data == 2.0
        processes.append(transport._link._process)
    first, second, third, fourth, fifth = processes
    assert (first is second, second is third, third is fourth, fourth is fifth) == (True, False, True, False)
    assert first.returncode is not None
    assert third.returncode is not None


def test_within_one_submission_each_assignment_has_its_packages(school, suite_with_packages, solution):
    asks_at_once = "try:\n    import numpy\n    there = True\nexcept ImportError:\n    there = False\n"
    fails_without = "assert there\n        out = Value(self.data + other.data"
    school.hand_in("ada", asks_at_once + solution(("out = Value(self.data + other.data", fails_without)))
    earned = school.grade(suite=suite_with_packages("all", "numpy", only="a2"))["ada"].points_by_assignment()
    assert earned["a1_expressions"][0] < earned["a1_expressions"][1]
    assert earned["a2_backprop"][0] == earned["a2_backprop"][1]
    assert earned["a3_activations"][0] < earned["a3_activations"][1]


def test_a_reference_retry_has_the_packages_too(school, suite_with_packages, root):
    solution = root / "reference/solution"
    school.hand_in("ada", "raise ValueError('broken')\n")
    nn = (solution / "nn.py").read_text(encoding="utf-8")
    (school.submissions / "ada" / "nn.py").write_text(f"import numpy\n{nn}", encoding="utf-8")
    found = school.grade(suite=suite_with_packages("a4", "numpy"))["ada"]
    assert found.earned == found.points


# --- without a sandbox -----------------------------------------------------------------------------------------------


def test_without_a_sandbox_numpy_is_also_offered_only_on_request(run_submission, failure_of, not_isolated):
    assert run_submission("import numpy; found = float(numpy.ones(3).sum())", isolation=not_isolated) == 3
    assert "No module named 'numpy'" in failure_of(really_import("numpy"), packages=(), isolation=not_isolated).message
    assert "No module named 'pytest'" in failure_of(really_import("pytest"), isolation=not_isolated).message


def test_without_a_sandbox_the_submission_cannot_shadow_numpy_either(run_submission, not_isolated):
    assert (
        run_submission("import numpy; found = int(hasattr(numpy, 'mine'))", isolation=not_isolated, numpy="mine = 1")
        == 0
    )


# --- packages that are not installed ---------------------------------------------------------------------------------


def test_a_numpy_in_the_working_folder_of_the_grader_is_not_used(monkeypatch, tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy/__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert tmp_path not in installed.find("numpy").folders[0].parents


def test_a_missing_package_is_reported_before_grading(gradkit, school, solution, suite_with_packages):
    school.hand_in("ada", solution())
    shown = gradkit("grade", "a1", school.submissions, "--out", school.out, packages=(NOWHERE,))
    assert shown.exit_code == 1
    assert f"pip install {NOWHERE}" in " ".join(shown.output.split())
    assert "Traceback" not in shown.output
    assert not school.out.exists()
    with pytest.raises(MissingPackageError):
        list(
            Classroom(suite_with_packages("a1", NOWHERE), make_conditions(school.suite, True), school.out).grade([], 1)
        )


def test_a_package_that_does_not_load_in_the_sandbox_is_reported_before_grading(monkeypatch, tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy/__init__.py").write_text("import no_such_part")
    broken = installed.Package("numpy", "1", (tmp_path / "numpy",))
    monkeypatch.setattr(installed, "find", lambda name: broken)
    with pytest.raises(SandboxError, match=r"numpy cannot be imported .* No module named 'no_such_part'"):
        Sandbox(tmp_path / "scratch").check(NUMPY)


def test_the_doctor_says_which_packages_are_installed_and_what_to_install(gradkit):
    shown = gradkit("doctor", packages=("numpy", NOWHERE))
    message = " ".join(shown.output.split())
    assert f"numpy {version('numpy')}, available to a1_expressions" in message
    assert f"a1_expressions cannot be graded without it: pip install {NOWHERE}" in message
    assert shown.exit_code == 0  # other assignments can be graded


def test_the_kits_extra_for_tensors_installs_what_assignments_ask_for(root):
    extras = msgspec.toml.decode((root / "pyproject.toml").read_bytes())["project"]["optional-dependencies"]
    offered = {wish.partition(">")[0] for wish in extras["tensors"]}
    assert {name for assignment in assignments() for name in assignment.packages} <= offered


def test_reports_name_the_packages_and_their_versions(school, suite_with_packages, solution, root):
    schema = json.loads((root / "docs/report.schema.json").read_text())
    school.hand_in("ada", solution())
    for suite, expected in ((suite_with_packages("a1", "numpy"), [f"numpy {version('numpy')}"]), (school.suite, None)):
        school.grade(suite=suite)
        written = json.loads((school.out / "ada.json").read_bytes())
        jsonschema.validate(written, schema)
        assert written["conditions"].get("packages") == expected
        assert read(school.out / "ada.json").conditions == make_conditions(suite, True)
