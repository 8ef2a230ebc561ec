"""Names that authors give to what is new."""

from __future__ import annotations

import keyword

from gradkit.errors import UserError


class NameRefusedError(UserError):
    """A name is taken, or cannot be used."""


def check_identifier(name: str) -> None:
    """Raise NameRefusedError if a name is not one that Python code and files can have: small letters, digits and _."""
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii() or name != name.lower():
        raise NameRefusedError(f"{name!r} is not a name: use small letters, digits and _, and begin with a letter.")
