"""Generate the mutants of the solution: every operator at every node of every function, distinct by bytecode."""

from __future__ import annotations

import ast
import hashlib
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from ..specimens import reference_folder
from .operators import OPERATORS, Replacement, Scope

MODULES = ("engine", "nn", "training", "tensor")
"""The files of the solution, in the order of the course."""

Block = list[ast.stmt]


@dataclass(frozen=True)
class Mutant:
    """The solution with one change.

    Attributes:
        digest: Its name: a digest of the file and of what the changed code compiles to.
        module: The changed file, without `.py`.
        function: The changed function, such as `Value.__add__`. A function inside it has the same name here.
        code: The qualified name of the changed code, such as `Value.__add__.<locals>._backward`.
        line: The line of the change in the solution.
        operator: The name of the operator.
        before: The changed statement in the solution, without the block of a compound statement.
        after: What it became.
        source: The text of the changed file.
    """

    digest: str
    module: str
    function: str
    code: str
    line: int
    operator: str
    before: str
    after: str
    source: str


def generate_mutants(modules: tuple[str, ...] = MODULES) -> list[Mutant]:
    """Return the mutants of some files of the solution, in the order of their lines. All of them take about 4 s."""
    mutants: dict[str, Mutant] = {}
    for module in modules:
        source = (reference_folder() / "solution" / f"{module}.py").read_text(encoding="utf-8")
        for mutant in _Generator(module, source).mutants():
            mutants.setdefault(mutant.digest, mutant)
    return list(mutants.values())


@dataclass(frozen=True)
class _Slot:
    """A position in a syntax tree: the field of a node, or an element of it, and the node that it holds.

    Attributes:
        node: The node that it holds.
        parent: The parent of that node.
        field: The name of the parent's field.
        index: Its index in the field, if that is a list; else -1.
        scope: What operators may know of the node's surroundings.
        functions: The names of the functions around the node, the outermost first.
    """

    node: ast.AST
    parent: ast.AST
    field: str
    index: int
    scope: Scope
    functions: tuple[str, ...]


class _Generator:
    """Generates the mutants of one file. Changes its syntax tree and restores it, for each mutant.

    Args:
        module: The file's name, without `.py`.
        source: The file's text.
    """

    def __init__(self, module: str, source: str) -> None:
        self._module = module
        self._tree = ast.parse(source)
        _drop_docstrings(self._tree)
        self._around: dict[str, tuple[str, str]] = {}
        """The text before and after each function."""

    def mutants(self) -> Iterator[Mutant]:
        """Yield the mutants of every function at the top level and in classes."""
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef):
                yield from self._of_function(node, "")
            elif isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        yield from self._of_function(method, f"{node.name}.")

    def _of_function(self, function: ast.FunctionDef, prefix: str) -> Iterator[Mutant]:
        original = _bytecode(function)
        before, text, after = ast.unparse(self._tree).partition(_indented(function, prefix))
        if not text or text in after:
            raise ValueError(f"{self._module}: {prefix}{function.name} is there twice")
        self._around[prefix + function.name] = (before, after + "\n")
        for slot in _slots(function, (), (), (function.name,)):
            if _is_never_graded(slot):
                continue
            for name, operator in OPERATORS.items():
                for replacement in operator(slot.node, slot.scope):
                    mutant = self._mutant(function, prefix, slot, name, replacement, original)
                    if mutant:
                        yield mutant

    def _mutant(
        self, function: ast.FunctionDef, prefix: str, slot: _Slot, name: str, replacement: Replacement, original: str
    ) -> Mutant | None:
        """Return the mutant of one replacement; None if it does not compile, or compiles to the same."""
        statement = next((node for node in (slot.node, *slot.scope.parents) if isinstance(node, ast.stmt)), function)
        before = _header(statement)
        with _Replaced(slot, replacement, swaps=name == "swap statements"):
            try:
                bytecode = _bytecode(function)
            except (SyntaxError, ValueError, TypeError):
                return None
            if bytecode == original:
                return None
            after = "; ".join(map(_header, replacement)) if isinstance(replacement, list) else _header(statement)
            text = _indented(function, prefix)
        if name == "swap statements" and slot.scope.next:
            before = f"{before}; {_header(slot.scope.next)}"

        digest = hashlib.sha256(f"{self._module} {prefix}{function.name} {bytecode}".encode()).hexdigest()[:16]
        code = prefix + ".<locals>.".join(slot.functions)
        line = getattr(slot.node, "lineno", statement.lineno)
        around = self._around[prefix + function.name]
        return Mutant(digest, self._module, prefix + function.name, code, line, name, before, after, text.join(around))


class _Replaced:
    """A block in which one node is replaced by another one, or a statement by statements."""

    def __init__(self, slot: _Slot, replacement: Replacement, swaps: bool) -> None:
        self._slot, self._replacement, self._swaps = slot, replacement, swaps
        self._before = getattr(slot.parent, slot.field)

    def __enter__(self) -> None:
        slot, new = self._slot, self._replacement
        if slot.index < 0:
            setattr(slot.parent, slot.field, new)
            return
        after = slot.index + (2 if self._swaps else 1)
        changed = [*self._before[: slot.index], *(new if isinstance(new, list) else [new]), *self._before[after:]]
        setattr(slot.parent, slot.field, changed)

    def __exit__(self, *_: object) -> None:
        setattr(self._slot.parent, self._slot.field, self._before)


def _slots(
    node: ast.AST, parents: tuple[ast.AST, ...], names: tuple[str, ...], functions: tuple[str, ...]
) -> Iterator[_Slot]:
    """Yield the slot of every node inside a function that operators may change, in order."""
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        arguments = [*node.args.args, *filter(None, [node.args.vararg])]
        names = tuple(dict.fromkeys((*names, *(argument.arg for argument in arguments))))
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        targets = [name.id for each in node.generators for name in ast.walk(each.target) if isinstance(name, ast.Name)]
        names = tuple(dict.fromkeys((*names, *targets)))

    for field, value in ast.iter_fields(node):
        if field in ("ctx", "op", "ops", "decorator_list", "targets", "target", "annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST):
                continue
            following = children[index + 1] if isinstance(child, ast.stmt) and index + 1 < len(children) else None
            scope = Scope(names, (node, *parents), following)
            if isinstance(child, ast.expr | ast.stmt):
                yield _Slot(child, node, field, index if isinstance(value, list) else -1, scope, functions)
            inside = (*functions, child.name) if isinstance(child, ast.FunctionDef) else functions
            yield from _slots(child, (node, *parents), names, inside)
            if isinstance(child, ast.Assign | ast.For):
                assigned = child.targets if isinstance(child, ast.Assign) else [child.target]
                stored = [part.id for each in assigned for part in ast.walk(each) if isinstance(part, ast.Name)]
                names = tuple(dict.fromkeys((*names, *stored)))
            if isinstance(child, ast.FunctionDef):
                names = tuple(dict.fromkeys((*names, child.name)))


def _is_never_graded(slot: _Slot) -> bool:
    """Return whether a node is part of the text of `_op`, which is free: `self._op = _op`, or a string."""
    for node in (slot.node, *slot.scope.parents):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "self._op":
            return True
    return isinstance(slot.node, ast.Constant) and isinstance(slot.node.value, str)


def _drop_docstrings(tree: ast.AST) -> None:
    """Remove the docstrings of functions, so that operators do not delete them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None and len(node.body) > 1:
            del node.body[0]


def _header(statement: ast.stmt) -> str:
    """Return a statement's text on one line, without the block of a compound statement."""
    return ast.unparse(ast.fix_missing_locations(statement)).partition("\n")[0]


def _indented(function: ast.FunctionDef, prefix: str) -> str:
    """Return a function's text as `ast.unparse` writes it in its file: in a class if there is a prefix."""
    return textwrap.indent(ast.unparse(ast.fix_missing_locations(function)), "    " if prefix else "")


def _bytecode(function: ast.FunctionDef) -> str:
    """Return what a function compiles to, without line numbers.

    Raises:
        SyntaxError, ValueError, TypeError: If the syntax tree is not that of a function.
    """
    tree = ast.fix_missing_locations(ast.Module([function], []))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # such as `is` with a number
        code = compile(tree, "mutant.py", "exec", dont_inherit=True)
    return repr(_parts(code))


def _parts(code: CodeType) -> tuple[object, ...]:
    constants = tuple(
        _parts(each) if isinstance(each, CodeType) else (type(each).__name__, each) for each in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return (code.co_name, code.co_code, constants, names, code.co_flags, code.co_argcount, code.co_exceptiontable)
