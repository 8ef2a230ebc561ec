"""Static warnings: what a student's file needs and grading does not offer, found by reading the file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradkit.inside.imports import StudentModules


@dataclass(frozen=True)
class _Import:
    """One name that an `import` statement makes.

    Attributes:
        module: The module, with dots; without those that it begins with.
        name: The name that is imported from it; empty if the statement has no `from`.
        bound: The name that code uses afterwards.
        is_relative: Whether the module is named from the file's own folder.
    """

    module: str
    name: str
    bound: str
    is_relative: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def static_warnings(folder: Path, module: str, packages: Sequence[str] = ()) -> list[str]:
    """Return a line for packages that a file uses and grading does not offer, and for each file that it writes.

    The files beside it that a file imports are read too. A file that cannot be read or parsed is left out, because it
    has its own error message.

    Args:
        folder: The student's folder.
        module: The file's name, without `.py`.
        packages: The packages that grading offers for it.
    """
    modules = StudentModules(str(folder), packages)
    lines: list[str] = []
    waiting, seen = [module], {module}
    while waiting:
        name = waiting.pop(0)
        file = f"{name.replace('.', '/')}.py"
        try:
            nodes = list(_nodes_that_run(ast.parse((folder / file).read_bytes())))
            own = {each: _own_files(modules, each) for each in _imported(nodes)}
            lines += [f"{file} {what}" for what in _warnings_of(modules, nodes, own)]
        except Exception:  # parsers fail in many ways, and these are only warnings
            continue
        others = list(dict.fromkeys(other for files in own.values() for other in files))
        waiting += [other for other in others if other not in seen]
        seen.update(others)
    return lines


def _warnings_of(modules: StudentModules, nodes: Sequence[ast.AST], own: Mapping[_Import, list[str]]) -> Iterator[str]:
    """Yield what to say of a file.

    Args:
        modules: The student's modules.
        nodes: What of the file can run.
        own: The student's files that each import means.
    """
    used = _used_names(nodes)
    absolute = [each for each in own if not each.is_relative]
    foreign = [each for each in absolute if not modules.is_offered(each.module) and not own[each]]
    missing = list(dict.fromkeys(modules.not_offered_part(each.module) for each in foreign if each.bound in used))
    hidden = [
        each.top
        for each in absolute
        if modules.is_offered(each.top) and (Path(modules.folder) / f"{each.top}.py").exists()
    ]
    written = [node.lineno for node in nodes if isinstance(node, ast.Call) and _opens_to_write(node)]
    if missing:
        names = ", ".join(missing)
        only = f" and {', '.join(modules.packages)}" if modules.packages else ""
        yield f"uses {names}: grading offers Python's standard library{only} only, and the .py files beside it."
    if hidden:
        yield f"imports {hidden[0]}: Python has a module of that name, which grading finds first; rename yours."
    if written:
        yield f"writes a file (line {written[0]}): grading lets no file be written, so that will fail there."


def _nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what can run when the file is graded.

    Left out are demonstrations under `if __name__ == ...`, and what a `try` guards.
    """
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.Try) or (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test))):
            yield node
            yield from _nodes_that_run(node)


def _imported(nodes: Iterable[ast.AST]) -> Iterator[_Import]:
    """Yield every name that the `import` statements of a file make."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, "", alias.asname or alias.name.partition(".")[0], is_relative=False)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield _Import(node.module or "", alias.name, alias.asname or alias.name, is_relative=node.level > 0)


def _own_files(modules: StudentModules, imported: _Import) -> list[str]:
    """Return the student's files that an import means."""
    if imported.module:
        if not imported.is_relative and modules.is_offered(imported.module):
            return []
        found = modules.own_name(imported.module)
        if found or imported.is_relative:
            return [found] if found else []
    return modules.own_names_in(imported.top, [imported.name])


def _used_names(nodes: Sequence[ast.AST]) -> set[str]:
    """Return the names that code reads. A name that an annotation can mention at no cost is not used."""
    annotations = [getattr(node, field, None) for node in nodes for field in ("annotation", "returns")]
    mentioned = {id(name) for annotation in annotations for name in _mentioned(annotation)}
    return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in mentioned}


def _mentioned(annotation: ast.AST | None) -> Iterator[ast.Name]:
    """Yield the names in an annotation with which it does only what a StandIn allows, as in `np.ndarray | None`."""
    match annotation:
        case ast.Name():
            yield annotation
        case ast.Attribute(value=inner) | ast.Subscript(slice=inner):  # of `Optional[x]`, x
            yield from _mentioned(inner)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _mentioned(left)
            yield from _mentioned(right)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _mentioned(part)


def _opens_to_write(call: ast.Call) -> bool:
    """Return whether a call is an open(...) for writing. The null device can be written to in grading, too."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "open") or "devnull" in ast.unparse(call):
        return False
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)
