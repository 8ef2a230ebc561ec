"""Fixtures of the tests of grading a submission and a class."""

import dataclasses

import msgspec
import pytest


@pytest.fixture
def suite_with_limits(suite):
    """Return a function that returns a suite with limits in seconds for each item and each submission."""

    def of(name, item, submission):
        whole = suite(name)
        assignments = [
            msgspec.structs.replace(a, item_seconds=item, submission_seconds=submission) for a in whole.assignments
        ]
        return dataclasses.replace(whole, assignments=tuple(assignments))

    return of
