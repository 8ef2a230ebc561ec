"""Select the items that a misconception can change, so that proving need not run the others.

An item that never enters an edited function runs the same code on a misconception as on the solution, and passes as it
does there. Which functions each item enters is traced once, on the solution, in a process of its own. The selection is
the whole suite where this argument does not hold: if code outside functions is edited, if an edited function runs while
its file is imported, or if it changes state that lasts longer than a call. `gradkit prove` runs all items as well, and
compares.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FrameType

from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.catalogue.subjects import SUBJECTS
from gradkit.corpora.library import Library
from gradkit.grader.suite import Suite, load_suite
from gradkit.grader.whole_class.processes import run_in_processes
from gradkit.submissions.intake.roster import Student
from gradkit.submissions.transport.clock import Clock
from gradkit.submissions.transport.local import LocalTransport
from gradkit.suite.collection import run_test
from gradkit.suite.results import Item

from .specimens import Misconception, edited_source, reference_folder

TRACE_SECONDS = 600.0
"""How long tracing may take. It takes about 10 s."""

STATELESS_MODULES = {"math", "np"}
"""Modules, as the solution calls them, whose functions keep no state between calls, except for numpy.random."""

_IS_FUNCTION = 0x1
"""The flag CO_OPTIMIZED of a code object: set for functions and comprehensions, not for modules and classes."""

Functions = frozenset[str]
"""Qualified names of functions with their file, such as "engine.Value.__add__.<locals>._backward"."""


@dataclass(frozen=True)
class Trace:
    """The functions of the solution that were entered.

    Attributes:
        at_import: The functions that were entered while the files were imported.
        by_item: The functions that each item entered, by the item's id.
    """

    at_import: Functions
    by_item: Mapping[str, Functions]


class Selection:
    """Selects the items of misconceptions. Traces the solution at the first call, which takes some seconds."""

    def items(self, misconception: Misconception, items: Sequence[Item]) -> tuple[Item, ...]:
        """Return those of the items that a misconception can change, and what must be run with them, in order.

        A prerequisite between two selected items is selected too: without its result, the second would not be recorded
        as blocked by the first.
        """
        edited = edited_functions(misconception)
        if edited is None or edited & self._trace.at_import:
            return tuple(items)

        entering = {item.id for item in items if edited & self._trace.by_item[item.id]}
        by_id = {item.id: item for item in items}
        selected = entering.union(*(_between(by_id[name], entering, by_id) for name in entering))
        return tuple(item for item in items if item.id in selected)

    @cached_property
    def _trace(self) -> Trace:
        return trace_solution()


def _between(item: Item, entering: set[str], by_id: Mapping[str, Item]) -> set[str]:
    """Return the ids of all prerequisites on the paths from an item to prerequisites that enter an edited function."""
    between: set[str] = set()
    for name in item.needs:
        if name not in by_id:
            continue
        beyond = _between(by_id[name], entering, by_id)
        if beyond or name in entering:
            between |= {name} | beyond
    return between


# --- which functions are edited --------------------------------------------------------------------------------------


def edited_functions(misconception: Misconception) -> Functions | None:
    """Return the functions that a misconception edits; None if its effects may last longer than a call of one.

    Functions are compared as compiled, without line numbers, so that the lines around an edit do not count.
    """
    before = (reference_folder() / "solution" / f"{misconception.module}.py").read_text(encoding="utf-8")
    after = edited_source(misconception)
    old, new = _codes(before), _codes(after)
    edited = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not all(_is_function(code) for name in edited for code in [*old.get(name, []), *new.get(name, [])]):
        return None
    if changes_lasting_state(after, edited):
        return None
    return frozenset(f"{misconception.module}.{name}" for name in edited)


@dataclass(frozen=True)
class _Code:
    """What a function does by itself, without the functions in it. `parts` are the other fields of its code object."""

    flags: int
    parts: tuple[object, ...]


def _is_function(code: _Code) -> bool:
    return bool(code.flags & _IS_FUNCTION)


def _codes(source: str) -> dict[str, list[_Code]]:
    """Return all code of a file by qualified name. Functions of one name, such as lambdas, come in order."""
    codes: dict[str, list[_Code]] = {}
    for code in _nested(compile(source, "specimen.py", "exec", dont_inherit=True)):
        constants = [repr(constant) for constant in code.co_consts if not isinstance(constant, CodeType)]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        parts = (code.co_code, code.co_exceptiontable, tuple(constants), names, arguments)
        codes.setdefault(code.co_qualname, []).append(_Code(code.co_flags, parts))
    return codes


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def changes_lasting_state(source: str, functions: set[str]) -> bool:
    """Return whether any of these functions may change state that later calls of other functions can see.

    That is: it declares a name global, assigns to something inside a name of the file or inside a class, calls a method
    of a module-level value, or calls a module that may have state, such as random.

    Args:
        source: The text of the file.
        functions: Qualified names. An edit in a nested function has that function's name.
    """
    tree = ast.parse(source)
    values = {target.id for node in tree.body for target in _targets(node) if isinstance(target, ast.Name)}
    modules = {alias.asname or alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    lasting = values | modules | classes
    outermost = {name.partition(".<locals>")[0] for name in functions}
    for node in (node for function in _functions(tree, outermost) for node in ast.walk(function)):
        if isinstance(node, ast.Global):
            return True
        if any(not isinstance(target, ast.Name) and _lasts(target, lasting) for target in _targets(node)):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = _root(node.func)
            is_random = "random" in ast.unparse(node.func).split(".")
            if is_random or name in values or name in modules - STATELESS_MODULES:
                return True
    return False


def _functions(tree: ast.AST, names: set[str], prefix: str = "") -> Iterator[ast.AST]:
    """Yield the functions of these qualified names, at the top level or in classes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _functions(node, names, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and f"{prefix}{node.name}" in names:
            yield node


def _targets(node: ast.AST) -> list[ast.expr]:
    """Return what a statement assigns to or deletes, without the tuples around it."""
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    return [part for target in targets for part in ast.walk(target) if isinstance(part, ast.expr) and _is_stored(part)]


def _is_stored(part: ast.expr) -> bool:
    return isinstance(getattr(part, "ctx", None), ast.Store | ast.Del)


def _lasts(target: ast.expr, lasting: set[str]) -> bool:
    """Return whether an assignment's target is inside a lasting name or a class, as in `Value.count = 1`."""
    is_class = "__class__" in ast.unparse(target) or "type(" in ast.unparse(target)
    return is_class or _root(target) in lasting


def _root(node: ast.expr) -> str:
    """Return the name that an expression such as `a.b[0].c` starts from; empty if it starts from something else."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# --- which functions each item enters --------------------------------------------------------------------------------


def trace_solution() -> Trace:
    """Run every item of the course on the solution, and return which functions each one entered.

    Raises:
        RuntimeError: If an item does not pass.
    """
    suite = load_suite(assignments(), Library(corpora_folder()), retries=False)
    student = Student("solution", reference_folder() / "solution")
    for done in run_in_processes([student], lambda student: _traced(suite, student.source), 1, TRACE_SECONDS):
        if done and done.value is None:
            raise RuntimeError(f"The solution cannot be traced: {done.reason}")
        if done and done.value:
            return done.value
    raise RuntimeError("The solution cannot be traced.")


def _traced(suite: Suite, folder: Path) -> Trace:
    """Trace all items in this process, which must not have imported a submission."""
    transport = LocalTransport(folder, Clock())
    inside_folder = f"{transport.folder}/"
    entered: set[tuple[str, str]] = set()

    def enter(frame: FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(inside_folder):
            # Not the code itself: equal functions on the same line of two files are equal as code.
            entered.add((code.co_filename, code.co_qualname))

    by_item: dict[str, Functions] = {}
    # Not sys.setprofile: worker.calls sets its own profiler, and the functions that it counts would be missing.
    sys.settrace(enter)
    try:
        for name in dict.fromkeys(name for test in suite.tests for name in test.subjects):
            transport.load(*SUBJECTS[name])
        at_import = _names(entered)

        for test in suite.tests:
            entered.clear()
            transport.start_item(TRACE_SECONDS)
            run_test(test, {name: transport.load(*SUBJECTS[name]) for name in test.subjects}, suite.library)
            by_item[test.item.id] = _names(entered)
    finally:
        sys.settrace(None)
    return Trace(at_import, by_item)


def _names(entered: set[tuple[str, str]]) -> Functions:
    return frozenset(f"{Path(file).stem}.{name}" for file, name in entered)
