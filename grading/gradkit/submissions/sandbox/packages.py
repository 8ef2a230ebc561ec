"""Packages that an assignment may ask for beside Python's standard library: where they lie here, and their version.

They are looked for where packages are installed and nowhere else: no numpy.py of the folder where one grades is taken.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import distributions
from pathlib import Path

from gradkit.errors import UserError

FOLDER = "/packages"
"""Where a sandboxed worker finds them."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""What keeps libraries for arithmetic from starting a thread for each core as soon as they are loaded: a worker may
start none, and sums that are shared out differently round differently."""

_SETTINGS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Environment variables that override how OpenBLAS identifies the processor. Workers need them as well: if OpenBLAS
identifies a processor wrongly, it computes wrong results."""


def environment() -> dict[str, str]:
    """Return the environment variables of workers that are offered packages."""
    return {**ONE_THREAD, **{name: os.environ[name] for name in _SETTINGS if name in os.environ}}


class MissingPackageError(UserError):
    """A package is not installed here; the message says what to install."""


@dataclass(frozen=True)
class Package:
    """An installed package. folders: all that it needs in its folder of packages, as in numpy and numpy.libs."""

    name: str
    version: str
    folders: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def binaries(self) -> list[str]:
        """Its compiled modules and the libraries that it brings along."""
        files = (path for folder in self.folders for path in sorted(folder.rglob("*.so*")))
        return [str(path) for path in files if ".so" in path.suffixes]

    def holds(self, path: str) -> bool:
        """Whether a file lies in its folders, by whatever way the path leads there."""
        whole = Path(path).resolve()
        return any(whole.is_relative_to(folder) for folder in self.folders)


def find(name: str) -> Package:
    """An installed package. Raises MissingPackageError."""
    places = [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]
    spec = PathFinder.find_spec(name, places)
    installed = next(iter(distributions(name=name, path=places)), None)
    if not spec or not spec.submodule_search_locations or not installed:
        raise MissingPackageError(f"This needs {name}, which is not installed here: pip install {name}")
    folder = Path(spec.submodule_search_locations[0]).resolve()
    libraries = folder.with_name(f"{name}.libs")
    return Package(name, installed.version, (folder, libraries) if libraries.is_dir() else (folder,))


def link(packages: Iterable[Package], folder: Path) -> None:
    """Make a folder from which these can be imported, and nothing else that is installed beside them."""
    folder.mkdir(parents=True)
    for package in packages:
        for each in package.folders:
            (folder / each.name).symlink_to(each, target_is_directory=True)
