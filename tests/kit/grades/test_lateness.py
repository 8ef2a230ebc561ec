"""Lateness: the worked examples of docs/roster.md, and dates as platforms write them."""

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from gradkit.catalogue.course_settings import LateRule
from gradkit.grades.lateness import Lateness, find_lateness
from gradkit.grades.times import read_time
from hypothesis import given
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")
DUE = datetime(2026, 10, 1, 23, 59, tzinfo=BERLIN)
RULE = LateRule(grace_minutes=15, percent_per_day=10.0, max_days=5)

EXAMPLE = re.compile(r"\| (2026-\S+ \S+|not known) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|")


def test_the_ten_examples_of_the_manual_are_true(root):
    examples = EXAMPLE.findall((root / "docs/roster.md").read_text(encoding="utf-8"))
    assert len(examples) == 10
    for submitted, free_days_left, days, free_days, points in examples:
        lateness = find_lateness(DUE, read_time(submitted, BERLIN), False, RULE, int(free_days_left))
        found = (lateness.days, lateness.free_days, lateness.reduce(20.0))
        assert found == (int(days), int(free_days), float(points)), submitted


def test_a_mark_without_a_time_costs_nothing_and_is_not_hidden():
    lateness = find_lateness(DUE, None, True, RULE, 4)
    assert lateness.is_unknown
    assert str(lateness) == "late by an unknown time"
    assert lateness.reduce(20.0) == 20.0


def test_the_course_s_date_decides_and_not_the_platform_s_mark():
    assert find_lateness(DUE, read_time("2026-10-01 12:00", BERLIN), True, RULE, 0).days == 0


def test_without_an_end_a_penalty_takes_at_most_all_points():
    lateness = find_lateness(DUE, DUE + timedelta(days=99), False, LateRule(percent_per_day=10.0), 0)
    assert (lateness.days, lateness.reduce(20.0)) == (99, 0.0)


@pytest.mark.parametrize(
    ("points", "percent", "left"), [(0.5, 5.0, 0.48), (31.5, 10.0, 28.35), (19.5, 33.0, 13.07), (0.5, 1.0, 0.5)]
)
def test_points_are_rounded_to_hundredths_and_halves_upwards(points, percent, left):
    assert Lateness(DUE, DUE, percent=percent).reduce(points) == left


def test_a_day_ends_at_the_same_time_of_day_also_when_summer_time_ends():
    due = datetime(2026, 10, 24, 12, tzinfo=BERLIN)
    assert find_lateness(due, read_time("2026-10-25T11:00:00Z", BERLIN), False, LateRule(), 0).days == 1
    assert find_lateness(due, read_time("2026-10-25T11:01:00Z", BERLIN), False, LateRule(), 0).days == 2


@given(st.integers(0, 10**7), st.integers(0, 10), st.integers(0, 10), st.integers(0, 100))
def test_a_later_hand_in_never_earns_more(minutes, more, free_days_left, percent):
    rule = LateRule(percent_per_day=float(percent), max_days=7)
    earlier, later = (
        find_lateness(DUE, DUE + timedelta(minutes=each), False, rule, free_days_left).reduce(20.0)
        for each in (minutes, minutes + more * 1000)
    )
    assert 0 <= later <= earlier <= 20


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-01T21:58:03Z", "21:58:03"),
        ("2026-10-01 21:58:03.123456 UTC", "21:58:03"),
        ("2026-10-01 21:58:03.123456789 Z", "21:58:03"),
        ("2026-10-01 13:58:03 -0800", "21:58:03"),
        ("2026-10-01T23:58:03+02:00", "21:58:03"),
        ("2026-10-01 23:58", "21:58:00"),
        ("Thursday, 1 October 2026, 11:58 PM", "21:58:00"),
        ("Thursday, 1 October 2026, 11:58\u202fPM", "21:58:00"),
        ("Thursday, 01 Oct 2026, 11:58 PM", "21:58:00"),
        ("Thursday, October 1, 2026, 11:58 PM", "21:58:00"),
        ("1 October 2026, 23:58", "21:58:00"),
    ],
)
def test_times_are_read_as_platforms_write_them(text, utc):
    time = read_time(text, BERLIN)
    assert time is not None
    assert time.astimezone(timezone.utc).isoformat(" ") == f"2026-10-01 {utc}+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "yesterday",
        "Donnerstag, 1. Oktober 2026, 23:58",
        "2026-13-01 10:00",
        "1/10/2026",
        "9999-12-31 23:59 -0959",
    ],
)
def test_what_is_not_a_time_is_not_guessed(text):
    assert read_time(text, BERLIN) is None


@given(st.text(st.sampled_from("0123456789-:.TZ +UTC,OctoberPM ")) | st.text())
def test_no_text_raises(text):
    read_time(text, BERLIN)
