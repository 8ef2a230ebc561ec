"""The solution is traced in a process of its own, which can be lost."""

import pytest
from gradkit.grader.whole_class.processes import JobResult
from gradkit.proof import tracing
from gradkit.proof.errors import ProofError


def test_a_trace_that_is_lost_says_why_and_what_to_do(monkeypatch):
    lost = JobResult(None, None, "The grader process was lost: out of memory.")
    monkeypatch.setattr(tracing, "load_suite", lambda *_, **__: None)
    monkeypatch.setattr(tracing, "run_in_processes", lambda *_: [None, lost])
    with pytest.raises(ProofError, match=r"lost: out of memory\. Run the same command again"):
        tracing.trace_solution()
