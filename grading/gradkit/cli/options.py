"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CourseFile = Annotated[
    Path | None,
    typer.Option(
        "--course", help="the course's settings (default: course.toml in the current folder, if there is one)"
    ),
]
