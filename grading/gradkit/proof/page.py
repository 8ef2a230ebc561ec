"""The page docs/proof.md and its picture, made from the records alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from gradkit.catalogue.home import course_home
from gradkit.files import write_whole

from .records import COMMIT_BEFORE, PARTS, Record, Table, read_records

PAGE = "proof.md"
PICTURE = "proof.svg"

INTRODUCTION = f"""# The proof

This page says, in measured figures, how well gradkit tells right answers from wrong ones. Each part names the command
that makes its figures, what was measured (how many, who wrote it and when, and its digest), the value before (at commit
`{COMMIT_BEFORE}`), the value now, and its misses: everything that did not go as it should, by name. `make prove`
measures misconceptions, mutants, hints and what students are shown, in about an hour on two cores, and writes this
page. Designs, seeds and attacks are measured by commands of their own, which can be stopped and run again to go on. The
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
    lines = [INTRODUCTION, f"![Share of what was caught or kept, by part]({PICTURE})", "", *_overview(records)]
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

WIDTH, ROW, LABEL, BAR = 900, 22, 260, 520
"""Sizes of the picture in pixels: its width, the height of a row, and the widths of labels and bars."""

SHARE = "caught of the others"
"""The column of a table whose percentages the picture shows."""


def make_picture(records: Sequence[Record]) -> str:
    """Return an SVG with a bar for each row of the tables that have a column SHARE: mutants by file and by operator."""
    tables = [table for record in records for table in record.tables if SHARE in table.columns]
    body: list[str] = []
    y = 30
    for table in tables:
        body.append(f'<text x="10" y="{y}" font-weight="bold">{escape(table.title)}</text>')
        for label, text, share in _shares(table):
            y += ROW
            body += [
                f'<text x="{LABEL - 10}" y="{y}" text-anchor="end">{escape(label)}</text>',
                f'<rect x="{LABEL}" y="{y - 12}" width="{BAR}" height="14" fill="#e4e4e4"/>',
                f'<rect x="{LABEL}" y="{y - 12}" width="{BAR * share:.1f}" height="14" fill="#2f6f4f"/>',
                f'<text x="{LABEL + BAR + 10}" y="{y}">{escape(text)}</text>',
            ]
        y += 2 * ROW
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
            'font-family="sans-serif" font-size="13" role="img" aria-label="Share of wrong mutants that are caught">',
            f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _shares(table: Table) -> Iterator[tuple[str, str, float]]:
    """Yield the label, the text and the share of each row of a table."""
    column = table.columns.index(SHARE)
    for row in table.rows:
        share = float(row[column].removesuffix("%")) / 100
        yield row[0], f"{row[column]} of {row[1]}", share
