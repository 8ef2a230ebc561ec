"""Import a student's files: the same way in self-check and in the worker.

Each file is executed in a module whose `__builtins__` are a copy with another `__import__`, so what follows holds for
the student's code and for nothing else in the process:

- Python's standard library and the packages that the assignment offers are imported as usual. They come first.
- The student's own files come next, by any name that fits: `engine`, `.engine`, `micrograd.engine`, `src.engine`. A
  file is one module, by whatever name it is imported.
- Any other module is a `StandIn`: importing it costs nothing, using it raises NotOfferedError. Where the student guards
  the import with `except ImportError`, it raises ModuleNotFoundError, so that the fallback runs. The same holds for a
  module of the standard library that cannot be imported on this system.

If a file raises an exception while it is imported, it stops there. What it had defined by then remains, also for files
that import it.

Enters the sandbox, so it imports only built-in modules.
"""

from __future__ import annotations

import builtins
import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import FileFinder, PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType, TracebackType
    from typing import Any, NoReturn

COURSE_FILES = ("engine", "nn", "training", "tensor")
"""The files that are due in the course. If one of them is missing, importing it is an error."""

LIBRARIES = ("flax", "haiku", "jax", "keras", "mindspore", "mlx", "mxnet", "paddle", "tensorflow", "tinygrad", "torch")
"""Packages with a module that is called like one of COURSE_FILES, such as torch.nn, which is not the student's nn.py.
"""

ABSENT = (
    *("_tkinter", "ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtle", "turtledemo"),
    *("_winapi", "asyncio.windows_events", "asyncio.windows_utils", "msilib", "msvcrt", "winreg", "winsound"),
)
"""Modules of the standard library that are not offered: a worker does not have them. Those of the second line exist on
Windows only. Editors add `from turtle import ...` and `from asyncio.windows_events import NULL` by themselves.
"""

_ABSENT_BEGINNINGS = tuple(f"{name}." for name in ABSENT)

_CAUGHT = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
"""Names in an `except` that catch a failed import."""

_PARSE_ONLY = 0x400
"""The flag PyCF_ONLY_AST of `compile`."""


class NotOfferedError(ModuleNotFoundError):
    """The student's code uses a module that grading does not offer."""


class Stop:
    """The exception at which the import of a student's file ended.

    Args:
        file: The file, relative to the student's folder.
        line: The number of the line, from 1.
        error: The exception.
        is_compiled: Whether the file could be compiled. Otherwise nothing of it was executed.
    """

    def __init__(self, file: str, line: int, error: Exception, is_compiled: bool) -> None:
        self.file = file
        self.line = line
        self.is_compiled = is_compiled
        self._error = error
        self._traceback = error.__traceback__

    @property
    def error(self) -> Exception:
        """The exception with the traceback that it had, even if it was raised again."""
        return self._error.with_traceback(self._traceback)


class StudentModules:
    """The student's modules: finds, executes and keeps them.

    Args:
        folder: The student's files.
        packages: The packages that the assignment offers.
    """

    def __init__(self, folder: str, packages: Sequence[str] = ()) -> None:
        self.folder = folder
        self.packages = tuple(packages)
        self.stops: dict[str, Stop] = {}
        """By the name of the module."""
        self.reported_stops: list[Stop] = []
        """In the order in which they happened. Left out are stops whose ImportError the student's code catches."""
        self.builtins: dict[str, object] = {**vars(builtins), "__import__": self._import, "input": _input}
        """The `__builtins__` of the student's code."""
        self._modules: dict[str, Any] = {}
        self._own_names: dict[str, str] = {}
        """What `own_name` has found: a function that imports something would search for it at every call."""
        self._folders: dict[str, ModuleType] = {}
        """Empty modules for folders that are imported and were not handed in, as `micrograd` in `import
        micrograd.engine`, by the name of the folder."""
        self._guarded: dict[str, frozenset[int]] = {}
        """The lines on which a failed import is caught, by the path of the file."""

    def is_offered(self, name: str) -> bool:
        """Return whether a module is one of Python's, or of a package that the assignment offers."""
        top = name.partition(".")[0]
        is_absent = f"{name}.".startswith(_ABSENT_BEGINNINGS)
        return (top in sys.stdlib_module_names and not is_absent) or top in self.packages

    def has(self, name: str) -> bool:
        """Return whether a name is that of one of the student's files: a module of Python or a package comes first."""
        return not self.is_offered(name) and (name in self._modules or self._find(name) is not None)

    def load(self, name: str) -> Any:
        """Import one of the student's files and return its module. If it stops, `stops` says where.

        Args:
            name: The file's path from the student's folder, with dots, as in `helpers.shapes`.

        Raises:
            ModuleNotFoundError: If the submission has no file of this name.
            SyntaxError: If it cannot be compiled.
            BaseException: What the file raises, if it is a MemoryError or not an Exception.
        """
        if name not in self._modules:
            parent, _, last = name.rpartition(".")
            if parent:
                self.load(parent)
            if name not in self._modules:  # a package can import its modules itself
                self._execute(name)
            if parent:
                setattr(self._modules[parent], last, self._modules[name])
        stop = self.stops.get(name)
        if stop and not stop.is_compiled:
            raise stop.error
        return self._modules[name]

    def unload(self) -> dict[str, Any]:
        """Take the modules out of sys.modules, and return those that were in it by their names."""
        taken = {name: module for name, module in self._modules.items() if sys.modules.get(name) is module}
        for name in taken:
            del sys.modules[name]
        return taken

    def own_names_in(self, top: str, names: Sequence[str]) -> list[str]:
        """Return those of these names that are files of the student's, as in `from micrograd import engine, nn`.

        Args:
            top: The name of the folder from which they are imported; empty for the student's folder.
            names: The names.
        """
        own = [each for each in names if self.has(each)]
        is_own_folder = not top or self._is_folder(top) or any(each in COURSE_FILES for each in own)
        return own if is_own_folder and top not in LIBRARIES else []

    def own_name(self, name: str) -> str:
        """Return the name of the student's module that a name means, which can begin with folders above it.

        The folders may be left out if they were handed in too, or if the module is a file of the course. So with a
        file `utils.py`, `sklearn.utils` is not that file.

        Returns:
            The name; empty if it is not one of the student's modules.
        """
        if name not in self._own_names:
            parts = name.split(".")
            cuts = list(range(1 if parts[0] in LIBRARIES else len(parts)))
            if parts[-1] not in COURSE_FILES:
                cuts = [i for i in cuts if i == 0 or self._is_folder(".".join(parts[:i]))]
            endings = [".".join(parts[i:]) for i in cuts]
            found = next((ending for ending in endings if self._find(ending)), "")
            if not found:
                return ""
            self._own_names[name] = found
        return self._own_names[name]

    # --- finding and executing a file ------------------------------------------------------------------------------

    def _find(self, name: str) -> ModuleSpec | None:
        """Return the spec of a file or folder of the student's; None if it does not exist, or holds no Python file."""
        folder, spec = self.folder, None
        parts = name.split(".")
        if not all(parts):
            return None
        for i in range(len(parts)):
            # A new finder each time, because it would keep the list of files.
            spec = FileFinder(folder, (SourceFileLoader, [".py"])).find_spec(".".join(parts[: i + 1]))
            if spec is None or (i < len(parts) - 1 and not spec.submodule_search_locations):
                return None
            folder = spec.submodule_search_locations[0] if spec.submodule_search_locations else ""
        return spec if spec is None or spec.loader or _holds_python_files(folder) else None

    def _is_folder(self, name: str) -> bool:
        """Return whether a name is that of a folder with Python files that was handed in."""
        spec = self._find(name)
        return spec is not None and spec.submodule_search_locations is not None

    def _execute(self, name: str) -> None:
        """Execute a file and keep its module, or the object by which the file has replaced it in sys.modules."""
        spec = self._find(name)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = module_from_spec(spec)
        module.__dict__["__builtins__"] = self.builtins
        self._modules[name] = module
        is_registered = self._can_register(name)
        if is_registered:
            sys.modules[name] = module
        if isinstance(spec.loader, SourceFileLoader):
            self._run(name, module, spec)
        if is_registered:
            self._modules[name] = sys.modules.get(name, module)

    def _run(self, name: str, module: ModuleType, spec: ModuleSpec) -> None:
        """Execute a file in its module. If it raises an exception, add a Stop."""
        path = str(spec.origin)
        code = None
        spec._initializing = True  # type: ignore[attr-defined]  # Python then says that an import is circular
        try:
            code = compile(SourceFileLoader(name, path).get_data(path), path, "exec", dont_inherit=True)
            exec(code, module.__dict__)
        except BaseException as error:
            if not isinstance(error, Exception) or isinstance(error, MemoryError):
                del self._modules[name]
                if sys.modules.get(name) is module:
                    del sys.modules[name]
                raise
            self.stops[name] = Stop(name_in(self.folder, path), _line_in(error, path), error, code is not None)
            self.reported_stops.append(self.stops[name])
        finally:
            spec._initializing = False  # type: ignore[attr-defined]

    def _can_register(self, name: str) -> bool:
        """Return whether a module can be in sys.modules: other code in this process may import another of its name."""
        top = name.partition(".")[0]
        if top in sys.modules or top in COURSE_FILES:
            return top not in sys.modules or self._is_own(sys.modules[top])
        spec = PathFinder.find_spec(top)
        return spec is None or spec.origin is None or bool(name_in(self.folder, spec.origin))

    def _is_own(self, module: object) -> bool:
        """Return whether a module comes from a file of the student's."""
        # Without getattr: a module that is loaded lazily would be imported now, or fail.
        file = getattr(module, "__dict__", {}).get("__file__")
        return type(file) is str and bool(name_in(self.folder, file))

    # --- the `__import__` of the student's code --------------------------------------------------------------------

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        """Import a module as `__import__` does, whose arguments these are."""
        names = [each for each in fromlist or () if type(each) is str]
        frame = sys._getframe(1)
        if level > 0:
            return self._import_relative(name, globals or {}, names, level, frame)
        if type(name) is not str or self.is_offered(name):
            try:
                return __import__(name, globals, locals, fromlist or (), level)
            except ImportError as error:
                if not _is_missing_here(name, error) or self._is_guarded(frame):
                    raise
            return _stand_in(name, names, self.not_offered_part(name))

        top = name.partition(".")[0]
        found = self.own_name(name)
        if found:
            return self._with_names(found, names, frame) if names else self._top_of(name, found, frame)
        own = self.own_names_in(top, names)
        if own:
            return self._folder(top, own, frame)
        if self._find(top) or (name.rpartition(".")[2] in COURSE_FILES and top not in LIBRARIES):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if self._is_guarded(frame):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return _stand_in(name, names, self.not_offered_part(name))

    def not_offered_part(self, name: str) -> str:
        """Return the name by which messages call a module: `torch` for `torch.nn`, all of `asyncio.windows_events`."""
        top = name.partition(".")[0]
        return name if self.is_offered(top) else top

    def _import_relative(
        self, name: str, globals: Mapping[str, Any], names: Sequence[str], level: int, frame: FrameType
    ) -> Any:
        """Import a module by a name that begins with dots. Folders above the student's folder are left out."""
        package = globals.get("__package__")
        parts = package.split(".") if type(package) is str and package else []
        base = parts[: max(0, len(parts) - level + 1)]
        if not name and not base:  # `from . import engine`
            return self._folder("", names, frame)
        wanted = ".".join([*base, name] if name else base)
        found = self.own_name(wanted)
        if not found:
            raise ModuleNotFoundError(f"No module named {wanted!r}", name=wanted)
        return self._with_names(found, names, frame)

    def _load_for(self, name: str, frame: FrameType) -> Any:
        """Import a module of the student's for an `import` statement.

        If the statement is guarded and the module stopped at an ImportError, that is raised, so that the fallback runs,
        and not reported. A file of the course is never optional: what it had defined is used.

        Args:
            name: The module.
            frame: The frame that executes the statement.

        Raises:
            ImportError: The one at which the module stopped.
        """
        n_before = len(self.reported_stops)
        module = self.load(name)
        stop = self.stops.get(name)
        if stop and isinstance(stop.error, ImportError) and name not in COURSE_FILES and self._is_guarded(frame):
            new = self.reported_stops[n_before:]
            self.reported_stops[n_before:] = [each for each in new if not isinstance(each.error, ImportError)]
            raise stop.error
        return module

    def _with_names(self, found: str, names: Sequence[str], frame: FrameType) -> Any:
        """Import a module of the student's, and those of these names that are modules in it.

        Raises:
            Exception: The module's own exception, if it stopped before it defined one of the names.
        """
        module = self._load_for(found, frame)
        for name in names:
            if name != "*" and not hasattr(module, name):
                if self._find(f"{found}.{name}"):
                    self._load_for(f"{found}.{name}", frame)
                elif found in self.stops:
                    raise self.stops[found].error
        return module

    def _top_of(self, name: str, found: str, frame: FrameType) -> Any:
        """Import a module of the student's, and return what `import a.b` binds to `a`."""
        self._load_for(found, frame)
        last = found.partition(".")[0]
        this: Any = self.load(last)
        above = name.split(".")[: -len(found.split("."))]
        for i in range(len(above), 0, -1):
            folder = self._folder(".".join(above[:i]), (), frame)
            setattr(folder, last, this)
            last, this = above[i - 1], folder
        return this

    def _folder(self, name: str, names: Sequence[str], frame: FrameType) -> ModuleType:
        """Return the module for a folder that was not handed in, and import these files of the student's into it."""
        folder = self._folders.setdefault(name, type(sys)(name))
        for each in names:
            if self.has(each):
                setattr(folder, each, self._load_for(each, frame))
        return folder

    def _is_guarded(self, frame: FrameType) -> bool:
        """Return whether the line that a frame executes is in a `try` or `with` that catches a failed import."""
        path = frame.f_code.co_filename
        if path not in self._guarded:
            self._guarded[path] = frozenset(self._guarded_lines(path))
        return frame.f_lineno in self._guarded[path]

    def _guarded_lines(self, path: str) -> Iterator[int]:
        if name_in(self.folder, path):
            try:
                tree = compile(SourceFileLoader("", path).get_data(path), path, "exec", _PARSE_ONLY, dont_inherit=True)
            except Exception:  # The file was compiled before: too little stack is left, or the file was deleted.
                return
            yield from _caught_lines(tree, False)


def name_in(folder: str, path: str) -> str:
    """Return the path of a file from the student's folder; empty for a file elsewhere, or in an environment there."""
    start, path = folder.replace("\\", "/").rstrip("/") + "/", path.replace("\\", "/")
    name = path[len(start) :] if path.startswith(start) else ""
    return "" if "/site-packages/" in f"/{name}" else name


def _holds_python_files(folder: str) -> bool:
    """Return whether a folder or one below it holds a Python file. If not, it holds data, and is not a package."""
    from os import walk  # frozen, and rarely needed

    return any(file.endswith(".py") for _, _, files in walk(folder) for file in files)


def _is_missing_here(name: str, error: ImportError) -> bool:
    """Return whether a module of the standard library exists, but not on this system. `math.sqrt` exists nowhere."""
    is_nowhere = "." in name and isinstance(error, ModuleNotFoundError) and error.name == name
    return name.partition(".")[0] in sys.stdlib_module_names and not is_nowhere


def _line_in(error: Exception, path: str) -> int:
    """Return the line of a file at which an exception has ended its execution."""
    trace: TracebackType | None = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == path and trace.tb_frame.f_code.co_name == "<module>":
            return trace.tb_lineno
        trace = trace.tb_next
    line = getattr(error, "lineno", None)
    return line if type(line) is int else 1


def _caught_lines(node: Any, is_caught: bool) -> Iterator[int]:
    """Yield the lines of the statements in a tree of syntax on which a failed import is caught."""
    kind = type(node).__name__
    if is_caught and hasattr(node, "lineno"):
        yield from range(node.lineno, node.lineno + 1 if _parts(node) else node.end_lineno + 1)
    if kind in ("FunctionDef", "AsyncFunctionDef"):
        is_caught = False  # it runs later
    in_body = is_caught or (kind in ("Try", "TryStar") and any(map(_catches_imports, node.handlers)))
    in_body = in_body or (kind == "With" and any(map(_suppresses, node.items)))
    for field, statements in _parts(node):
        for each in statements:
            yield from _caught_lines(each, in_body if field == "body" else is_caught)


def _parts(node: Any) -> list[tuple[str, Any]]:
    """Return the blocks of a statement, by the names of their fields."""
    fields = ("body", "orelse", "handlers", "finalbody", "cases")
    return [(field, value) for field in fields if type(value := getattr(node, field, None)) is list]


def _catches_imports(handler: Any) -> bool:
    kinds = [handler.type] if handler.type is None else getattr(handler.type, "elts", [handler.type])
    return any(kind is None or _last_name(kind) in _CAUGHT for kind in kinds)


def _suppresses(item: Any) -> bool:
    call = item.context_expr
    return _last_name(getattr(call, "func", None)) == "suppress" and any(_last_name(n) in _CAUGHT for n in call.args)


def _last_name(expression: Any) -> str:
    return str(getattr(expression, "id", "") or getattr(expression, "attr", ""))


def _input(_prompt: object = "", /) -> NoReturn:
    """Raise EOFError. It replaces `input`, because nobody can answer while the code is checked."""
    raise EOFError("input() gets no answer while your code is checked. Use a fixed value in its place.")


# --- modules that are not offered ------------------------------------------------------------------------------------


class StandIn:
    """Replaces a module that is not offered, a name imported from it, or an attribute of these.

    What an annotation does with it works: attributes, `|`, comparing with `==` and hashing, as in `np.ndarray`,
    `Tensor | None` and `Optional[Tensor]`. An attribute is another StandIn. Any other use raises NotOfferedError, so
    no number can be computed with it.

    Args:
        module: The name of the module that messages show.
        **names: The attributes that an `import` statement binds next, as in `from torch import nn`.
    """

    __slots__ = ("__dict__", "_not_offered")

    _not_offered: str

    def __init__(self, module: str, /, **names: object) -> None:
        object.__setattr__(self, "_not_offered", module)
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__"):  # Python looks such names up to find out what an object can do
            raise AttributeError(not_offered(self._not_offered))
        return StandIn(self._not_offered)

    def __or__(self, _other: object) -> StandIn:
        return StandIn(self._not_offered)

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<{self._not_offered}, which is not offered>"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """Replace each operation."""
        raise NotOfferedError(not_offered(self._not_offered), name=self._not_offered)


def not_offered(module: str) -> str:
    """Return the message for the use of a module that is not offered."""
    beside = "" if "." in module else f", and there is no {module}.py beside this file"
    return f"{module} is not offered in this assignment{beside}."


_OPERATORS = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor"
_OTHERS = (
    "call getitem setitem delitem setattr delattr len iter contains bool enter exit mro_entries instancecheck "
    "subclasscheck lt le gt ge neg pos abs invert int float complex index round"
)

for _name in _OTHERS.split():
    setattr(StandIn, f"__{_name}__", StandIn._refuse)
for _name in _OPERATORS.split():
    for _prefix in ("", "r", "i"):
        setattr(StandIn, f"__{_prefix}{_name}__", StandIn._refuse)


def _stand_in(name: str, names: Sequence[str], shown: str) -> StandIn:
    """Return the object that `__import__` returns for a module that is not offered.

    Args:
        name: The module.
        names: The names that are imported from it.
        shown: The name of the module that messages show.
    """
    if names:
        children: dict[str, object] = {each: StandIn(shown) for each in names}
        return StandIn(shown, **{**children, "__all__": ()} if "*" in names else children)
    made = StandIn(shown)
    for each in reversed(name.split(".")[1:]):
        made = StandIn(shown, **{each: made})
    return made
