"""`gradkit compare`: what a regrade changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gradkit.errors import UserError

from .console import console, stop

if TYPE_CHECKING:
    from gradkit.grader.report import Report


def compare(
    old: Annotated[Path, typer.Argument(help="a folder of reports; alone, it is compared with what it replaced last")],
    new: Annotated[Path | None, typer.Argument(help="a later folder of reports")] = None,
    csv: Annotated[Path | None, typer.Option(help="also write the table to this file")] = None,
) -> None:
    """Show what changed between two gradings: who gains, who loses, by which item, and why.

    Examples: gradkit compare reports/a2_backprop
    gradkit compare reports/a2_backprop/earlier/1 reports/a2_backprop --csv changes.csv
    """
    from gradkit.files import write_whole
    from gradkit.outputs import comparison as output

    before, now, faults = _read(old, new)
    comparison = output.compare(before, now)
    output.show_comparison(console, comparison)
    if csv:
        write_whole(csv, output.comparison_csv(comparison))
    if faults:
        stop("\n".join(["Not compared:", *dict.fromkeys(faults)]))


def _read(old: Path, new: Path | None) -> tuple[dict[str, Report], dict[str, Report], list[str]]:
    """Return the earlier and the later reports by student, and why other files cannot be read.

    Raises:
        UserError: If a folder has no reports, or `old` alone has no earlier ones.
    """
    from gradkit.grader.whole_class.reports_folder import (
        EARLIER,
        list_regrades,
        read_reports,
        read_reports_before,
    )

    out, number = new or old, 0
    if new is None:
        number = max(list_regrades(old), default=0)
    elif old.absolute().parent == new.absolute() / EARLIER and old.name.isdecimal():
        number = int(old.name)  # that folder has only the reports that were replaced

    now, faults = read_reports(out)
    _require_reports(out, now, faults)
    if new is None and not number:
        raise UserError(f"{out} has no earlier reports: no run has replaced one. Name two folders to compare.")
    before, others = read_reports_before(out, number) if number else read_reports(old)
    _require_reports(old, before, others)
    return before, now, [*faults, *others]


def _require_reports(folder: Path, reports: dict[str, Report], faults: list[str]) -> None:
    """Raise UserError if a folder has no report that can be read."""
    if reports:
        return
    if faults:
        raise UserError("\n".join(faults))
    inside = sorted(path.parent.name for path in folder.glob("*/grades.csv"))
    hint = f" Name a folder in it: {', '.join(inside)}." if inside else ""
    raise UserError(f"{folder} holds no reports of `gradkit grade`.{hint}")
