"""The page docs/proof.md and its picture, made from the records alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from gradkit.catalogue.home import course_home
from gradkit.files import write_whole

from .records import COMMIT_BEFORE, PARTS, Figure, Record, read_records

PAGE = "proof.md"
PICTURE = "proof.svg"
PICTURE_TEXT = "Share of what was caught, kept or right, by part"

INTRODUCTION = f"""# The proof

This page says, in measured figures, how well gradkit tells right answers from wrong ones. Each part names the command
that makes its figures, what was measured (how many, who wrote it and when, and its digest), the value before (at commit
`{COMMIT_BEFORE}`), the value now, and its misses: everything that did not go as it should, by name. `make prove`
measures misconceptions, mutants, hints and what students are shown, in about an hour on two cores, and writes this
page. Designs, seeds and attacks are measured by commands of their own, which can be stopped and resumed. The
page is made from the records in [docs/proof/](proof/) alone, and a test compares them.
"""


def write_page() -> list[Path]:
    """Write the page and its picture from the records, and return their files."""
    records = read_records()
    docs = course_home() / "docs"
    write_whole(docs / PAGE, make_page(records).encode())
    write_whole(docs / PICTURE, make_picture(records).encode())
    return [docs / PAGE, docs / PICTURE]


def make_page(records: Sequence[Record]) -> str:
    """Return the page's text.

    Args:
        records: The records of the parts, in order.
    """
    missing = [part for part in PARTS if part not in {record.part for record in records}]
    lines = [INTRODUCTION, f"![{PICTURE_TEXT}]({PICTURE})", "", *_overview(records)]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    for record in records:
        lines += ["", *_part(record)]
    return "\n".join(lines) + "\n"


def _overview(records: Sequence[Record]) -> list[str]:
    rows = [
        [
            f"[{record.title}](#{_anchor(record.title)})",
            figure.name,
            figure.goal,
            figure.before,
            figure.now,
            record.date,
        ]
        for record in records
        for figure in record.figures
    ]
    return list(_table(["part", "figure", "goal", "before", "now", "measured"], rows))


def _part(record: Record) -> Iterator[str]:
    made = record.set
    yield f"## {record.title}"
    yield ""
    yield f"{record.question} Command: `{record.command}` ({record.date})."
    yield ""
    yield f"Set: {made.size:,} {made.what}. Made by: {made.author}, {made.written}. Digest: `{made.digest}`."
    yield ""
    yield from _table(["figure", "goal", "before", "now"], [[f.name, f.goal, f.before, f.now] for f in record.figures])
    for table in record.tables:
        yield ""
        yield f"### {table.title}"
        yield ""
        yield from _table(table.columns, table.rows)
    yield ""
    yield f"Misses: {len(record.misses)}." if record.misses else "Misses: none."
    if record.misses:
        yield ""
        yield from (f"- {miss}" for miss in record.misses)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"


def _anchor(title: str) -> str:
    """Return the anchor that a heading gets."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


# --- the picture -----------------------------------------------------------------------------------------------------

WIDTH, ROW, LEFT, BAR = 900, 22, 10, 640
"""Sizes of the picture in pixels: its width, the height of a row, where texts and bars begin, and the widest bar."""

_COUNT = re.compile(r"([\d,]+) of ([\d,]+)")
_PERCENTAGE = re.compile(r"([\d.]+) ?%")


def make_picture(records: Sequence[Record]) -> str:
    """Return an SVG with a bar for each figure that is a share and should be high, by part."""
    body: list[str] = []
    y = 0
    for record in records:
        bars = [(figure, share) for figure in record.figures if (share := find_share(figure)) is not None]
        if not bars:
            continue
        y += 2 * ROW
        body.append(f'<text x="{LEFT}" y="{y}" font-weight="bold">{escape(record.title)}</text>')
        for figure, share in bars:
            y += 2 * ROW
            body += [
                f'<text x="{LEFT}" y="{y - ROW}">{escape(figure.name)}; goal: {escape(figure.goal)}</text>',
                f'<rect x="{LEFT}" y="{y - 15}" width="{BAR}" height="14" fill="#e4e4e4"/>',
                f'<rect x="{LEFT}" y="{y - 15}" width="{BAR * share:.1f}" height="14" fill="#2f6f4f"/>',
                f'<text x="{LEFT + BAR + 10}" y="{y - 3}">{escape(figure.now)}</text>',
            ]
    height = y + ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13" role="img" '
            f'aria-label="{PICTURE_TEXT}">',
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def find_share(figure: Figure) -> float | None:
    """Return a figure's value as a share between 0 and 1; None if it is not one, or does not have to be high."""
    count, percentage = _COUNT.search(figure.now), _PERCENTAGE.search(figure.now)
    if not figure.goal or figure.goal.startswith("at most"):
        return None
    if count and count[2] != "0":
        return int(count[1].replace(",", "")) / int(count[2].replace(",", ""))
    return float(percentage[1]) / 100 if percentage else None
