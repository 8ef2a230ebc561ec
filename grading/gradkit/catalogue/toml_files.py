"""Read a TOML file into a struct that refuses unknown keys, with errors for the person who wrote the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from gradkit.errors import UserError

Settings = TypeVar("Settings")

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING_KEY = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_AT = re.compile(r" - at `\$(?P<path>.*)`$")
"""msgspec's messages, the last one with the path of the value: ` - at `$.tasks[0].minutes``."""


class SettingsError(UserError):
    """A TOML file cannot be used. The message names the file, the key and what is allowed."""


def read_toml(path: Path, kind: type[Settings]) -> Settings:
    """Read a TOML file.

    Args:
        path: The file.
        kind: The type of its content: a msgspec struct with `forbid_unknown_fields`, or a container of these.

    Raises:
        SettingsError: If the file is missing or not TOML, a key is unknown or missing, or a value has the wrong type.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing.") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explanation(str(error), kind)}") from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: tomllib's, or the file is not UTF-8
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _explanation(message: str, kind: Any) -> str:
    """Say which key is wrong and what is allowed, from msgspec's message."""
    at = _AT.search(message)
    path = at["path"] if at else ""
    fault = message[: at.start()] if at else message
    key = path.lstrip(".")
    table = f" in {key}" if key else ""

    if unknown := _UNKNOWN_KEY.match(fault):
        return f"unknown key `{unknown['key']}`{table}. Allowed keys: {_allowed_keys(_type_at(kind, path))}."

    if missing := _MISSING_KEY.match(fault):
        return f"missing key `{missing['key']}`{table}. Add it."

    allowed = _type_at(kind, path)
    if get_origin(allowed) is Literal:
        return f"wrong value of `{key}`. Allowed values: {', '.join(map(repr, get_args(allowed)))}."

    return f"wrong value of `{key}`: {fault}." if key else f"{fault}."


def _allowed_keys(kind: Any) -> str:
    """List the keys of a struct, as a TOML file writes them."""
    return ", ".join(field.encode_name for field in msgspec.structs.fields(kind))


def _type_at(kind: Any, path: str) -> Any:
    """Return the type that a value at this path must have.

    Args:
        kind: The type of the whole file.
        path: The path without `$`: `.tasks[0].minutes`, or `[...]` for any value of a table.
    """
    for key in re.findall(r"\.(\w+)|\[[^]]*\]", path):  # the key is "" for [0] and [...]
        if key:
            kind = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}[key]
        else:
            kind = next(each for each in reversed(get_args(kind)) if each is not Ellipsis)
    return kind
