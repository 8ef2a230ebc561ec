"""The files that workers share (interpreter, standard library, libraries, packages, ours), copied to memory.

Two workers that read the same file on a disk can exchange bits through the page cache: one loads or evicts a page,
the other measures how long reading takes. So each Sandbox copies these files to a tmpfs, where every page is in memory
from the start and stays there: no allowed system call evicts one, and reading through a read-only mount leaves no
access time. The copy has inodes of its own, and is deleted with the Sandbox: nothing carries over to the workers of a
later one.

If no tmpfs has room, the copy is on the disk. All of it is then in the page cache, because it was just written, and
only a shortage of memory evicts it; `gradkit doctor` says whether the copy is on the disk.
"""

from __future__ import annotations

import _imp
import fcntl
import functools
import importlib.util
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from gradkit.inside.imports import ABSENT

from .packages import Package
from .policy import KIT, PACKAGES, SUBMISSION

MIN_FREE_BYTES = 256 << 20
"""Free space that a tmpfs must have: twice what the interpreter, its libraries and numpy need."""

_PREFIX = "gradkit-image-"
_OURS = (
    *("__init__.py", "inside/__init__.py", "inside/operations.py", "inside/graph.py", "inside/tensor_replay.py"),
    *("inside/absent.py", "inside/imports.py", "inside/worker.py"),
)

_OMITTED_FOLDERS = {"site-packages", "dist-packages", "__pycache__", "config", "tests", *ABSENT}
_OMITTED_SUFFIXES = {".a", ".c", ".exe", ".h", ".pxd", ".pyi", ".pyx"}
"""Files that only compilers, type checkers and other platforms read."""


class Image:
    """A copy of what workers can read beside the submission. Forked processes can use it; its maker must close it.

    Args:
        scratch: A folder on disk, which is used if no tmpfs has enough free space.

    Raises:
        OSError: If the file system is full.
    """

    def __init__(self, scratch: Path) -> None:
        tmpfs = _tmpfs()
        self.in_memory = bool(tmpfs)
        self.folder, lock = _make_folder(tmpfs or scratch)
        self.close = weakref.finalize(self, _delete, self.folder, lock, os.getpid())
        """Delete the copy. It is also deleted when this process ends; after a kill, by the next Image."""

    def root(self, packages: tuple[Package, ...] = ()) -> Path:
        """Return the folder that is `/` for workers with these packages. The first call for them makes it.

        Raises:
            OSError: If the file system is full.
        """
        root = self.folder / "-".join(["root", *(package.name for package in packages)])
        if not root.is_dir():
            base = self.root() if packages else None
            unfinished = Path(tempfile.mkdtemp(dir=self.folder))
            if base:
                shutil.copytree(base, unfinished, copy_function=os.link, dirs_exist_ok=True)
                _copy(_package_files(packages), unfinished)
            else:
                _copy(_shared_files(), unfinished)
                compile_kit(unfinished / KIT[1:])
                for mount_point in (SUBMISSION, "/dev"):
                    (unfinished / mount_point[1:]).mkdir()
                (unfinished / "dev/null").touch()
            try:
                unfinished.rename(root)
            except OSError:  # another forked process was faster
                shutil.rmtree(unfinished, ignore_errors=True)
        return root


def compile_kit(folder: Path) -> None:
    """Compile the files of gradkit that a worker needs into a folder, so that it starts fast."""
    home = Path(__file__).parents[2]
    for name in _OURS:
        target = folder / "gradkit" / f"{name}c"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_compiled_file(str(home / name), f"{KIT}/{name}"))


@functools.cache
def _compiled_file(source: str, name: str) -> bytes:
    """Return a compiled file of gradkit, called `name` in tracebacks. The source is read once in this process."""
    with tempfile.TemporaryDirectory() as folder:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, f"{folder}/compiled", name, doraise=True, invalidation_mode=mode)
        return Path(folder, "compiled").read_bytes()


def interpreter() -> str:
    """Return the path of this Python itself, not of the virtual environment's link to it."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


# --- the folder of the copy ------------------------------------------------------------------------------------------


def _tmpfs() -> Path | None:
    """Return a folder on a tmpfs with enough free space from which programs can be run; None if there is none.

    Docker mounts /dev/shm so that no program can be run from it.
    """
    with suppress(OSError):
        types = {words[1]: words[2] for words in map(str.split, Path("/proc/self/mounts").read_text().splitlines())}
        for folder in ("/dev/shm", os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir()):
            if types.get(folder) == "tmpfs" and os.access(folder, os.W_OK):
                state = os.statvfs(folder)
                if state.f_bavail * state.f_frsize >= MIN_FREE_BYTES and not state.f_flag & os.ST_NOEXEC:
                    return Path(folder)
    return None


def _make_folder(parent: Path) -> tuple[Path, int]:
    """Make a folder for a copy and lock it. Delete folders of other makers that were killed.

    Returns:
        The folder, and the descriptor that holds the lock.
    """
    for stale in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            lock = _lock(stale, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _delete(stale, lock, os.getpid())
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        with suppress(OSError):  # another process deleted it as stale before it was locked
            lock = _lock(folder, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _lock(folder: Path, operation: int) -> int:
    """Lock a folder and return the descriptor that holds the lock. Raises OSError if that fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _delete(folder: Path, lock: int, maker: int) -> None:
    """Delete a copy, unless this process is a fork of its maker."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


# --- the files that are copied ---------------------------------------------------------------------------------------


def _copy(files: Iterable[tuple[str, str]], root: Path) -> None:
    """Copy files into a folder.

    Args:
        files: Pairs of a path on this machine and a path below `root`.
        root: The folder.
    """
    made = set()
    for source, name in files:
        target = f"{root}/{name.lstrip('/')}"
        folder = os.path.dirname(target)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        _copy_file(source, target)


def _copy_file(source: str, target: str) -> None:
    """Copy one file. shutil.copyfile takes 1.5 times as long."""
    reading = os.open(source, os.O_RDONLY)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)  # the loader must be executable
        try:
            while os.sendfile(writing, reading, None, 1 << 30):
                pass
        finally:
            os.close(writing)
    finally:
        os.close(reading)


@functools.cache
def _shared_files() -> tuple[tuple[str, str], ...]:
    """List the files for every worker: the interpreter, its standard library, and the libraries that they load.

    Returns:
        Pairs of a path on this machine and a path in the copy.
    """
    python = interpreter()
    library = [pair for folder in _standard_library() for pair in _python_files(folder, folder)]
    modules = [source for source, _ in library if ".so" in Path(source).suffixes]
    others = [python, *_shared_libraries(modules)]
    if os.path.exists("/etc/ld.so.cache"):
        others.append("/etc/ld.so.cache")
    return tuple(dict.fromkeys([*library, *((path, path) for path in others)]))


@functools.cache
def _package_files(packages: tuple[Package, ...]) -> tuple[tuple[str, str], ...]:
    """List the files of packages, and the libraries that they load and other workers do not.

    Returns:
        Pairs of a path on this machine and a path in the copy.
    """
    folders = [folder for package in packages for folder in package.folders]
    of_packages = [pair for folder in folders for pair in _python_files(str(folder), f"{PACKAGES}/{folder.name}")]
    loaded = [path for package in packages for path in _shared_libraries(package.binaries)]
    of_system = [(path, path) for path in loaded if not any(package.contains(path) for package in packages)]
    shared = set(_shared_files())
    return tuple(dict.fromkeys(pair for pair in [*of_packages, *of_system] if pair not in shared))


def _python_files(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield a folder's modules (compiled, if Python has compiled them) and other files that code may read.

    Each is a pair of a path on this machine and a path in the copy.

    Args:
        folder: The folder's path on this machine.
        name: The folder's path in the copy.
    """
    for walked, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each.partition("-3")[0] not in _OMITTED_FOLDERS]
        for file in files:
            stem, suffix = os.path.splitext(file)
            source, target = f"{walked}/{file}", f"{name}{walked[len(folder) :]}/{file}"
            if suffix == ".py" and not _imp.is_frozen(stem) and (compiled := _compiled(source)):
                yield compiled, f"{target}c"  # not of a frozen module: its __file__ names the source
            elif suffix not in _OMITTED_SUFFIXES and not stem.startswith("_tkinter") and os.path.isfile(source):
                yield source, target


def _compiled(source: str) -> str:
    """Return the path of a module's compiled file; empty if it is missing or out of date."""
    path = importlib.util.cache_from_source(source, optimization="")
    try:
        state = os.stat(source)
        with open(path, "rb") as file:
            header = file.read(16)
    except OSError:
        return ""
    expected = [0, int(state.st_mtime) & 0xFFFFFFFF, state.st_size & 0xFFFFFFFF]  # PEP 552
    is_up_to_date = header[4:] == b"".join(number.to_bytes(4, "little") for number in expected)
    return path if is_up_to_date and header[:4] == importlib.util.MAGIC_NUMBER else ""


def _standard_library() -> list[str]:
    base = {"platbase": sys.base_exec_prefix, "base": sys.base_prefix}
    return list(dict.fromkeys(sysconfig.get_path(name, vars=base) for name in ("stdlib", "platstdlib")))


def _shared_libraries(modules: Sequence[str]) -> list[str]:
    """Return the libraries that the dynamic loader loads for the interpreter and for these compiled modules.

    In its trace mode the loader lists what it would load, and does not start the program. If the modules are preloaded,
    it lists everything at once, which takes 5 ms; ldd calls it for each file, which takes 3 ms a file.
    """
    preloaded = [module for module in modules if not set(module) & set(": ")]  # these separate the paths of LD_PRELOAD
    tracing = {**os.environ, "LD_TRACE_LOADED_OBJECTS": "1", "LD_PRELOAD": ":".join(preloaded)}
    printed = _printed([interpreter()], tracing)
    others = sorted(set(modules) - set(preloaded))
    if others:
        printed += _printed(["ldd", *others])

    words = [word for line in printed.splitlines() if line.startswith("\t") for word in line.split()]
    return sorted({word for word in words if word.startswith("/") and os.path.exists(word)} - set(modules))


def _printed(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )
    return done.stdout
