"""Gradescope's metadata: only what stands in the right place counts, whatever a student printed or is called."""

import pytest
from gradkit.submissions.bounded import READING, run_bounded
from gradkit.submissions.intake.gradescope import MAX_METADATA_BYTES, Submitter, read_metadata
from gradkit.submissions.intake.times import parse_time
from hypothesis import given
from hypothesis import strategies as st


def submission(*lines):
    return "\n".join(["---", "submission_1:", *lines]).encode()


NAMES = {
    "Ada Lovelace": "Ada Lovelace",
    "'O''Neil: the \"great\"'": 'O\'Neil: the "great"',
    '"Zo\\u00eb \\"Z\\" \\x41"': 'Zoë "Z" A',
    "&1 Ada": "Ada",
    "*1": "",
    "null": "",
    "''": "",
    "[Ada]": "",
    "": "",
    "李雷": "李雷",
    '"\\ud800"': "\ufffd",
    "Ada\n      Lovelace": "Ada Lovelace",
    "a" * 5000: "a" * 978,
}


@pytest.mark.parametrize("written", NAMES)
def test_a_name_is_read_as_it_was_written(written):
    raw = submission("  :submitters:", f"  - :name: {written}", "    :sid: 333")
    (submitter,) = read_metadata(raw)["submission_1"].submitters
    assert submitter.name.startswith(NAMES[written][:900])
    assert (len(submitter.name) > 0) == (NAMES[written] != "")
    assert submitter.sid == "333"


def test_what_a_student_printed_adds_no_one():
    output = ["  :results:", "    output: |-", "      :submitters:", "      - :name: Mallory", "  :history:"]
    raw = submission("  :submitters:", "  - :name: Ada", *output, "  - :created_at: 2020-01-01 00:00:00 Z")
    read = read_metadata(raw)["submission_1"]
    assert (read.submitters, read.submitted) == ((Submitter("Ada"),), "")


@pytest.mark.parametrize("raw", [b"", b"---\n", b"hello", b"\xff\xfe\x00", b"submission_1", b"- submission_1:\n"])
def test_what_is_not_metadata_is_refused(raw):
    with pytest.raises(ValueError, match="no submission"):
        read_metadata(raw)


@given(st.binary(max_size=300))
def test_nothing_in_a_submission_raises(content):
    read_metadata(b"submission_1:\n  :submitters:\n  - :name: " + content)


def test_megabytes_of_lines_take_no_memory():
    raw = submission("  :submitters:", "  - :name: Ada", "  :results:") + b"\n" * (MAX_METADATA_BYTES - 1000)
    assert run_bounded(lambda: len(read_metadata(raw)), int, READING) == 1


TIMES = {
    "2026-10-01 21:34:00.861687000 Z": "2026-10-01T21:34:00+00:00",
    "2026-10-01 21:34:00.861687 -07:00": "2026-10-01T21:34:00-07:00",
    "2026-10-01 21:34:00 -0600": "2026-10-01T21:34:00-06:00",
    "2026-10-01T21:34": "2026-10-01T21:34:00+00:00",
    "2026-10-01 21:34:00 Europe/Berlin": "2026-10-01T21:34:00+02:00",
    "2026-10-01 21:34:00 UTC": "2026-10-01T21:34:00+00:00",
    "2026-13-01 21:34:00 UTC": "",
    "2026-10-01 21:34:00 ../etc/passwd": "",
    "2026-10-01 21:34:00 +99:00": "",
    "yesterday": "",
    "": "",
}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_has_one_form_and_what_is_none_is_empty(text):
    assert parse_time(text) == TIMES[text]
