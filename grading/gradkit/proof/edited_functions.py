"""Find the functions of the solution that a misconception edits, and whether its effects end with their calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from .specimens import Misconception, edited_source, reference_folder

STATELESS_MODULES = {"math", "np"}
"""Modules, as the solution calls them, whose functions keep no state between calls, except for numpy.random."""

_IS_FUNCTION = 0x1
"""The flag CO_OPTIMIZED of a code object: set for functions and comprehensions, not for modules and classes."""

Functions = frozenset[str]
"""Qualified names of functions with their file, such as "engine.Value.__add__.<locals>._backward"."""


def edited_functions(misconception: Misconception) -> Functions | None:
    """Return the functions that a misconception edits; None if its effects may last longer than a call of one.

    Functions are compared as compiled, without line numbers, so that the lines around an edit do not count.
    """
    before, after = _read_solution(misconception), edited_source(misconception)
    old, new = _codes(before), _codes(after)
    edited = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if not all(_is_function(code) for name in edited for code in [*old.get(name, []), *new.get(name, [])]):
        return None
    if changes_lasting_state(after, edited):
        return None
    return frozenset(f"{misconception.module}.{name}" for name in edited)


def edited_definitions(misconception: Misconception) -> Functions | None:
    """Return the functions and methods whose definitions a misconception edits, with their default arguments.

    Returns:
        None if it edits anything else, or adds or removes a definition. An edit in a nested function is one of the
        outer function.
    """
    (old, old_rest), (new, new_rest) = map(_definitions, (_read_solution(misconception), edited_source(misconception)))
    if old.keys() != new.keys() or old_rest != new_rest:
        return None
    return frozenset(f"{misconception.module}.{name}" for name in old if old[name] != new[name])


def _read_solution(misconception: Misconception) -> str:
    return (reference_folder() / "solution" / f"{misconception.module}.py").read_text(encoding="utf-8")


def changed_definitions(before: str, after: str) -> Functions:
    """Return the functions and methods, without their file, whose definitions two texts of a file do not share.

    One that only one of them defines is among these. What differs outside definitions does not count.
    """
    old, new = _definitions(before)[0], _definitions(after)[0]
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _definitions(source: str) -> tuple[dict[str, str], str]:
    """Return the definitions of functions and methods by qualified name, and the rest of the file, as syntax trees."""
    definitions: dict[str, str] = {}

    def take_out(node: ast.Module | ast.ClassDef, prefix: str) -> None:
        for child in list(node.body):
            if isinstance(child, ast.ClassDef):
                take_out(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef):
                definitions[f"{prefix}{child.name}"] = ast.dump(child)
                node.body.remove(child)

    tree = ast.parse(source)
    take_out(tree, "")
    return definitions, ast.dump(tree)


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
