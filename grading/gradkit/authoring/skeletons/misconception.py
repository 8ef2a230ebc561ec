"""Write the skeleton of a misconception: a TOML file under reference/misconceptions."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import tomlkit

from gradkit.errors import UserError
from gradkit.files import write_whole
from gradkit.proof.specimens import Kind, read_misconceptions, read_variants, reference_folder

from .names import NameRefusedError, check_identifier

_TEXT = """\
title = {title}
kind = "{kind}"
module = "{module}"
explanation = ""  # for instructors: what a student with this misconception has not yet understood
hint = ""  # for the student: one kind, concrete line
caught_by = []  # the items that fail while all that they need passes; `gradkit prove` shows them

[[edits]]
old = ""  # lines of reference/solution/{module}.py that are in it exactly once
new = ""
"""


def write_misconception_file(name: str, module: str, kind: str, title: str) -> Path:
    """Write the TOML file of a new misconception, with empty texts to fill in.

    Args:
        name: The name of the file, without `.toml`.
        module: The file of the solution that it edits, without `.py`.
        kind: What it breaks: see gradkit.proof.specimens.Kind.
        title: What is wrong, in a few words.

    Raises:
        NameRefusedError: If the name is taken, or cannot be a name.
        UserError: If the solution has no module of this name, or `kind` is not a kind of misconception.
    """
    check_identifier(name)
    if name in read_misconceptions() or name in read_variants():
        raise NameRefusedError(f"There is a specimen {name} already: choose another name.")

    modules = sorted(path.stem for path in (reference_folder() / "solution").glob("*.py"))
    if module not in modules:
        raise UserError(f"The solution has no module {module!r}: choose {', '.join(modules)}.")

    if kind not in get_args(Kind):
        raise UserError(f"There is no kind {kind!r} of misconceptions: choose {', '.join(get_args(Kind))}.")

    text = _TEXT.format(title=tomlkit.string(title).as_string(), kind=kind, module=module)
    path = reference_folder() / "misconceptions" / f"{name}.toml"
    write_whole(path, text.encode())
    return path
