"""Installed packages that an assignment can offer to its submissions beside Python's standard library.

They are searched in the folders of installed packages only, so a file numpy.py in the working folder is not mistaken
for numpy.
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

from . import policy


def environment() -> dict[str, str]:
    """Return the environment variables that workers with packages have in addition to those of every worker."""
    copied = {name: os.environ[name] for name in policy.COPIED_ENVIRONMENT if name in os.environ}
    return {**policy.PACKAGE_ENVIRONMENT, **copied}


class MissingPackageError(UserError):
    """A package is not installed here. The message says what to install."""


@dataclass(frozen=True)
class Package:
    """An installed package.

    Attributes:
        name: The name by which it is imported.
        version: The installed version.
        folders: The folders that it consists of, such as numpy and numpy.libs.
    """

    name: str
    version: str
    folders: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def binaries(self) -> list[str]:
        """The paths of its compiled modules and of the libraries that it contains."""
        files = (path for folder in self.folders for path in sorted(folder.rglob("*.so*")))
        return [str(path) for path in files if ".so" in path.suffixes]

    def contains(self, path: str) -> bool:
        """Return whether a file is in its folders, even if the path leads there through links."""
        resolved = Path(path).resolve()
        return any(resolved.is_relative_to(folder) for folder in self.folders)


def find(name: str) -> Package:
    """Return an installed package. Raises MissingPackageError if it is not installed."""
    folders = [folder for folder in sys.path if Path(folder).name in ("site-packages", "dist-packages")]
    spec = PathFinder.find_spec(name, folders)
    distribution = next(iter(distributions(name=name, path=folders)), None)
    if not spec or not spec.submodule_search_locations or not distribution:
        raise MissingPackageError(f"This needs {name}, which is not installed here: pip install {name}")
    folder = Path(spec.submodule_search_locations[0]).resolve()
    libraries = folder.with_name(f"{name}.libs")
    return Package(name, distribution.version, (folder, libraries) if libraries.is_dir() else (folder,))


def link(packages: Iterable[Package], folder: Path) -> None:
    """Make a folder with links to these packages, so that they can be imported and other installed packages cannot."""
    folder.mkdir(parents=True)
    for package in packages:
        for each in package.folders:
            (folder / each.name).symlink_to(each, target_is_directory=True)
