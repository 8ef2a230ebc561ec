"""Fixtures of the tests of grading a submission and a class."""

import dataclasses

import msgspec
import pytest


@pytest.fixture
def short_of_time(suite):
    """A suite whose limits are these, in seconds."""

    def of(name, item, submission):
        whole = suite(name)
        assignments = [
            msgspec.structs.replace(a, item_seconds=item, submission_seconds=submission) for a in whole.assignments
        ]
        return dataclasses.replace(whole, assignments=tuple(assignments))

    return of
