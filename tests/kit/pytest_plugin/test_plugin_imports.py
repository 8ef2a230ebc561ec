"""Imports of a run of pytest: nothing of gradkit if it is only installed, and a short list in a self-check."""

import subprocess
import sys

PYTEST = "import sys, pytest, _pytest.assertion, _pytest.fixtures, _pytest.python, _pytest.terminal"

THIRD_PARTY = {"gradkit", "msgspec", "typing_extensions"}
"""The packages outside the standard library that a self-check imports before it runs an item, beside pytest's."""


OURS = {
    *("catalogue", "corpora", "errors", "files", "graphs", "inside", "oracle", "pytest_plugin", "submissions", "suite"),
}
"""The packages of gradkit that a self-check imports."""


def imported_by(statement):
    """Return the modules that a statement imports in a new interpreter in which pytest is imported already."""
    code = f"{PYTEST}\nbefore = set(sys.modules)\n{statement}\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_if_gradkit_is_only_installed_a_run_of_pytest_imports_only_the_plugin_s_entry_point():
    door = {"gradkit", "gradkit.pytest_plugin", "gradkit.pytest_plugin.plugin"}
    assert imported_by("import gradkit.pytest_plugin.plugin") == door


def test_a_self_check_imports_few_packages():
    packages = {name.partition(".")[0] for name in imported_by("import gradkit.pytest_plugin.self_check")}
    assert packages - sys.stdlib_module_names <= THIRD_PARTY


def test_a_self_check_imports_neither_grading_nor_outputs():
    ours = {name for name in imported_by("import gradkit.pytest_plugin.self_check") if name.startswith("gradkit.")}
    packages = {name.split(".")[1] for name in ours}
    assert packages <= OURS
