"""Read who handed in what from the submission_metadata.yml of a Gradescope export. Call it in a bounded process.

The file is YAML, but it can hold texts of any student and megabytes of results, so no YAML reader is used: what is
needed stands in lines of a fixed form, which this module finds by their indentation. Everything else is skipped.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import takewhile

import msgspec

from .times import parse_time

METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 64 << 20
MAX_SUBMITTERS = 50
"""People who handed in together."""

MAX_VALUE_LENGTH = 1_000
"""Characters of a name, an id or an e-mail address."""

MAX_LINES = 500
"""Lines about who handed in one submission."""

MAX_SECTION_BYTES = 100_000

_KEY = re.compile(
    rb"^(?:['\"]?(?P<name>submission_[0-9]{1,18})['\"]?:(?: .*)?\r?$|  :(?:submitters|created_at):)", re.M
)
"""A submission, or a key of one that is needed."""

_SECTION_END = re.compile(rb"  :|['\"]?submission_")
_FIELD = re.compile(r"(?P<indent> *)(?P<item>- )?:(?P<key>[a-z_]+):(?: +(?P<value>.*))?")
_ANCHOR = re.compile(r"[&!][^ ]* ?")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")
_ESCAPED = {"n": " ", "t": " ", "r": " ", "e": " ", "0": " ", "_": " ", "N": " ", "L": " ", "P": " "}


class Submitter(msgspec.Struct, frozen=True):
    """A person who handed in. Fields that the file does not have are empty."""

    name: str = ""
    sid: str = ""
    email: str = ""


class GradescopeSubmission(msgspec.Struct, frozen=True):
    """A submission in the export.

    Attributes:
        submitters: The people who handed it in.
        submitted: When it was handed in, in ISO 8601; empty if that is not known.
    """

    submitters: tuple[Submitter, ...]
    submitted: str


def read_metadata(raw: bytes) -> dict[str, GradescopeSubmission]:
    """Read the submissions by the names of their folders.

    Args:
        raw: Content of the file.

    Raises:
        ValueError: If it is too large, or holds no submission.
    """
    if len(raw) > MAX_METADATA_BYTES:
        raise ValueError(f"it is larger than {MAX_METADATA_BYTES >> 20} megabytes")
    lines: dict[str, list[str]] = {}
    name = ""
    for start in _KEY.finditer(raw.removeprefix(codecs.BOM_UTF8)):
        if start["name"]:
            name = start["name"].decode()
            lines[name] = []
        elif name and len(lines[name]) < MAX_LINES:
            lines[name] += _read_section(start.string[start.start() : start.start() + MAX_SECTION_BYTES])
    if not lines:
        raise ValueError("it holds no submission")
    return {name: _read_submission(each) for name, each in lines.items()}


def _read_section(raw: bytes) -> list[str]:
    """Read the lines of a key of a submission, up to its next key or the next submission."""
    first, *others = raw.split(b"\n", MAX_LINES)[:MAX_LINES]
    lines = [first, *takewhile(lambda line: not _SECTION_END.match(line), others)]
    return [line[:MAX_VALUE_LENGTH].decode("utf-8", "replace").rstrip() for line in lines]


def _read_submission(lines: list[str]) -> GradescopeSubmission:
    """Read the lines of one submission. Its keys are indented by two spaces, and what they hold by two or more."""
    submitters: list[dict[str, str]] = []
    submitted = ""
    section = ""
    for indent, is_item, key, value in _list_fields(lines):
        if indent == 2 and not is_item:
            section = key
            if key == "created_at" and not submitted:
                submitted = parse_time(value)
        elif section == "submitters" and key in Submitter.__struct_fields__:
            if is_item and len(submitters) < MAX_SUBMITTERS:
                submitters.append({})
            if submitters and key not in submitters[-1]:
                submitters[-1][key] = value
    return GradescopeSubmission(tuple(Submitter(**fields) for fields in submitters), submitted)


def _list_fields(lines: list[str]) -> Iterator[tuple[int, bool, str, str]]:
    """List the fields with a symbol as a key: indentation, whether an item of a list begins, key, value."""
    for number, line in enumerate(lines):
        match = _FIELD.fullmatch(line)
        if match:
            indent = len(match["indent"])
            value = match["value"] or ""
            # A long value continues in lines that are indented further.
            for more in lines[number + 1 : number + 20]:
                is_deeper = len(more) - len(more.lstrip(" ")) > indent + 2 * bool(match["item"])
                if not value or not is_deeper or _FIELD.fullmatch(more) or len(value) > MAX_VALUE_LENGTH:
                    break
                value = f"{value.removesuffix(chr(92))} {more.strip()}"
            yield indent, match["item"] is not None, match["key"], _read_scalar(value)


def _read_scalar(text: str) -> str:
    """Read a value: plain, in single quotes, or in double quotes. Anything else, such as null or a list, is empty."""
    text = _ANCHOR.sub("", text.strip(), count=1) if text[:1] in "&!" else text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1].replace("''", "'")
    elif len(text) > 1 and text[0] == text[-1] == '"':
        text = _ESCAPE.sub(_unescape, text[1:-1])
    elif text in ("~", "null") or text[:1] in ("*", "[", "{", "|", ">"):
        text = ""
    return text.strip()[:MAX_VALUE_LENGTH]


def _unescape(match: re.Match[str]) -> str:
    """Return the character that an escape sequence stands for."""
    escape = match[1]
    if len(escape) > 1:
        number = int(escape[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _ESCAPED.get(escape, escape)
