"""Imports: which package imports which, where PyTorch is imported, and what enters the sandbox."""

import ast
import subprocess
import sys

import pytest
from gradkit.catalogue.home import course_home

KIT = course_home() / "grading" / "gradkit"
FILES = sorted(KIT.rglob("*.py"))
ENTER_THE_SANDBOX = [
    KIT / "inside/absent.py",
    KIT / "inside/operations.py",
    KIT / "inside/graph.py",
    KIT / "inside/imports.py",
    KIT / "inside/tensor_replay.py",
    KIT / "inside/worker.py",
]


def fresh(code, *options, cwd=None):
    """Run code in a new interpreter, and return the words that it prints."""
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True, cwd=cwd)
    return done.stdout.split()


def imported(statements):
    """Yield the packages that these statements import."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def test_a_package_imports_only_the_packages_below_it(root):
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(KIT)))
def test_pytorch_is_imported_in_one_package_and_only_inside_its_functions(path):
    tree = ast.parse(path.read_bytes())
    at_once = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    whole = set(imported(ast.walk(tree)))
    assert "torch" not in whole or path.parent == KIT / "oracle" / "pytorch"
    assert "torch" not in set(imported(at_once))


def test_what_a_student_runs_does_not_import_pytorch():
    code = """
import sys
import gradkit.pytest_plugin.self_check, gradkit.pytest_plugin.plugin, gradkit.graphs.scalar.reduce
import gradkit.corpora.scalar_strategies, gradkit.corpora.tensor_strategies, gradkit.corpora.recording
import gradkit.oracle.pytorch.tensor, gradkit.oracle.pytorch.learning, gradkit.corpora.library
import gradkit.submissions.transport.local
print("torch" in sys.modules, "pygraphviz" in sys.modules, "numpy" in sys.modules)
"""
    assert fresh(code) == ["False", "False", "False"]


def test_what_a_student_runs_imports_no_test_framework_beside_pytest_and_no_event_loop():
    """unittest.mock alone took 92 ms, because it imports asyncio."""
    code = """
import sys
import gradkit.pytest_plugin.self_check, gradkit.pytest_plugin.plugin, gradkit.suite
import gradkit.corpora.library, gradkit.corpora.recording, gradkit.corpora.drawing
print(*(name for name in ("unittest", "asyncio", "hypothesis", "rich", "typer") if name in sys.modules))
"""
    assert fresh(code) == []


SLOW = ("dataclasses", "typing", "json", "re", "inspect", "enum", "collections", "functools", "contextlib", "random")


def test_what_enters_the_sandbox_starts_fast():
    code = f"""
import sys
sys.path.insert(0, {str(KIT.parent)!r})
before = set(sys.modules)
import gradkit.inside.worker
print(*sorted(set(sys.modules) - before))
"""
    loaded = fresh(code, "-S", "-P") if sys.version_info >= (3, 11) else fresh(code, "-S")
    assert not set(loaded) & set(SLOW)
    ours = {"gradkit", "gradkit.inside", *(f"gradkit.inside.{path.stem}" for path in ENTER_THE_SANDBOX)}
    assert set(loaded) - {"__future__", "_operator"} == ours


@pytest.mark.parametrize("path", ENTER_THE_SANDBOX, ids=lambda path: path.name)
def test_what_enters_the_sandbox_starts_with_only_the_standard_library(path):
    tree = ast.parse(path.read_bytes())
    at_once = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    offered = {"numpy"} if path.name == "tensor_replay.py" else set()
    assert set(imported(at_once)) <= sys.stdlib_module_names
    assert set(imported(ast.walk(tree))) <= sys.stdlib_module_names | offered


def test_the_sandbox_files_work_without_the_rest_of_the_kit(tmp_path):
    doors = [KIT / "__init__.py", KIT / "inside/__init__.py"]
    for path in [*doors, *ENTER_THE_SANDBOX]:
        (tmp_path / path.relative_to(KIT.parent)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(KIT.parent)).write_bytes(path.read_bytes())
    code = """
import sys
sys.path.insert(0, ".")
from gradkit.inside.graph import Graph
from gradkit.inside.worker import replay
class Value:
    def __init__(self, data): self.data = data
    def __mul__(self, other): return Value(self.data * other.data)
print(*replay(Value, Graph((2.0, 3.0), [("mul", 0, 1)]), False).data)
"""
    assert fresh(code, "-S", cwd=tmp_path) == ["2.0", "3.0", "6.0"]


@pytest.mark.parametrize("name", ["__init__.py", "inside/__init__.py"])
def test_the_packages_around_the_sandbox_files_import_nothing(name):
    assert not list(imported(ast.walk(ast.parse((KIT / name).read_bytes()))))
    assert "import" not in (KIT / name).read_text().partition('"""')[2].partition('"""')[2]
