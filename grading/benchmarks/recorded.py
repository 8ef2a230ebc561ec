"""Record the requests that grading sends to a worker, so that measurements of bare arithmetic follow the suites."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import common
from gradkit.grader.one_submission.public_phase import run_public_phase
from gradkit.grader.suite import Suite
from gradkit.submissions.intake.take_in import take_in
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.sandbox.sandbox import Sandbox
from gradkit.submissions.transport.link import Link
from gradkit.submissions.transport.pipe import PipeTransport
from gradkit.submissions.transport.time_limit import TimeLimit

Request = tuple[Any, ...]
"""(is_first_of_its_item, name, arguments...), as Worker.execute of inside/worker.py takes it."""


class _RecordingLink:
    """A link that records the requests that it passes on."""

    def __init__(self, link: Link, requests: list[Request]) -> None:
        self._link = link
        self._requests = requests

    def request(self, request: Request, limit: TimeLimit) -> Any:
        self._requests.append(request)
        return self._link.request(request, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)


def requests_of(suite: Suite, submission: Path) -> list[Request]:
    """Return every request that grading sends for a right submission. Raises RuntimeError if it is not right."""
    requests: list[Request] = []
    with tempfile.TemporaryDirectory() as scratch, Sandbox(Path(scratch) / "workers") as sandbox:
        folder = Path(scratch) / "submission"
        intake = take_in(submission, folder, suite.modules, builds_on=suite.builds_on)

        def start(packages: tuple[str, ...]) -> Any:
            return _RecordingLink(sandbox.start(folder, 60, packages), requests)

        transport = PipeTransport(start, folder)
        try:
            results = run_public_phase(suite, intake, transport, run_hidden=True)
        finally:
            transport.close()
    if any(result.verdict is not Verdict.PASSED for result in results.all()):
        raise RuntimeError(f"{submission} is not right")
    return requests


def save(path: Path, assignments: Sequence[str] = common.MEASURED) -> list[Request]:
    """Write the requests of some assignments to a file, for bare.py. Return them."""
    requests = requests_of(common.suite(assignments), common.right_submission())
    path.write_bytes(marshal.dumps(requests))
    return requests
