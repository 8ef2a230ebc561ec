"""Read a TOML file into a struct that refuses unknown keys, with errors for the person who wrote the file."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from gradkit.errors import UserError

Settings = TypeVar("Settings")

_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(?P<key>[^`]*)`")
_MISSING_KEY = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_AT = re.compile(r" - at `\$(?P<path>.*)`$")
"""msgspec's messages, the last one with the path of the value: ` - at `$.tasks[0].minutes``."""


class SettingsError(UserError):
    """A TOML file cannot be used. The message names the file, the key and what is allowed."""


def read_toml(path: Path, kind: type[Settings], refused: Mapping[str, str] | None = None) -> Settings:
    """Read a TOML file.

    Args:
        path: The file.
        kind: The type of its content: a msgspec struct with `forbid_unknown_fields`, or a container of these.
        refused: Unknown keys that have an explanation of their own, which is a sentence without its period.

    Raises:
        SettingsError: If the file is missing or not TOML, a key is unknown or missing, or a value has the wrong type.
    """
    try:
        content = path.read_bytes()
        return msgspec.toml.decode(content, type=kind, dec_hook=_decode_path)
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing.") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {_explanation(str(error), kind, content, refused or {})}") from None
    except (msgspec.DecodeError, ValueError) as error:  # ValueError: tomllib's, or the file is not UTF-8
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _decode_path(kind: type, value: Any) -> Any:
    """Decode a value of a type that msgspec does not know: the path of a file."""
    if kind is not Path:
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        raise ValueError(f"Expected the name of a file, got `{type(value).__name__}`")
    return Path(value)


def _explanation(message: str, kind: Any, content: bytes, refused: Mapping[str, str]) -> str:
    """Say which key is wrong and what is allowed, from msgspec's message."""
    at = _AT.search(message)
    path = at["path"] if at else ""
    fault = message[: at.start()] if at else message
    key = _with_names(path, kind, msgspec.toml.decode(content)).lstrip(".")
    table = f" in {key}" if key else ""

    if unknown := _UNKNOWN_KEY.match(fault):
        name = unknown["key"]
        if name in refused:
            return f"unknown key `{name}`{table}: {refused[name]}."
        allowed_keys = _allowed_keys(_bare(_type_at(kind, path)))
        nearest = difflib.get_close_matches(name, allowed_keys, 1)
        hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
        return f"unknown key `{name}`{table}.{hint} Allowed keys: {', '.join(allowed_keys)}."

    if missing := _MISSING_KEY.match(fault):
        return f"missing key `{missing['key']}`{table}. Add it."

    allowed = _bare(_type_at(kind, path))
    if get_origin(allowed) is Literal:
        return f"wrong value of `{key}`. Allowed values: {', '.join(map(repr, get_args(allowed)))}."

    if allowed is datetime.datetime:
        return f"wrong value of `{key}`. Write a date with a time, without quotes: 2026-10-01T23:59:00."

    return f"wrong value of `{key}`: {fault}." if key else f"{fault}."


def _allowed_keys(kind: Any) -> list[str]:
    """Return the keys of a struct, as a TOML file writes them."""
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _with_names(path: str, kind: Any, value: Any) -> str:
    """Replace `[...]`, which is msgspec's way to write any key of a table, by the first key whose value is wrong.

    Args:
        path: The path of a wrong value, without `$`.
        kind: The type of the whole file.
        value: The content of the whole file.
    """
    before, dots, after = path.partition("[...]")
    if not dots:
        return path
    kind = _type_at(kind, f"{before}[...]")
    for key in re.findall(r"\.(\w+)|\[(\d+)\]", before):
        value = value[key[0] or int(key[1])]
    for name, each in value.items():
        try:
            msgspec.convert(each, kind, dec_hook=_decode_path)
        except msgspec.ValidationError:
            return f"{before}.{name}{_with_names(after, kind, each)}"
    return path


def _type_at(kind: Any, path: str) -> Any:
    """Return the type that a value at this path must have.

    Args:
        kind: The type of the whole file.
        path: The path without `$`: `.tasks[0].minutes`, or `[...]` for any value of a table.
    """
    for key in re.findall(r"\.(\w+)|\[[^]]*\]", path):  # the key is "" for [0] and [...]
        kind = _bare(kind)
        if key:
            kind = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}[key]
        else:
            kind = next(each for each in reversed(get_args(kind)) if each is not Ellipsis)
    return kind


def _bare(kind: Any) -> Any:
    """Return a type without its constraints, and without None if a value can be left out."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    return kind
