"""Hostile notebooks in nbgrader's commands: each is graded like any other, with bounded memory and output."""

import re
import sys

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=True)
print("peak:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


def test_a_notebook_that_would_take_gigabytes_takes_little_memory_and_output(course):
    assignment = "a1_expressions"
    course.hand_in("right", assignment, course.solution(assignment) + "\n" + "# a line\n" * 5_000)
    cell = '{"cell_type": "code", "id": "x", "metadata": {}, "source": "", "outputs": []},'
    hostile = {"braces": "{}," * 6_900_000, "cells": cell * 40_000, "brackets": "[" * 1_000_000}
    for student, cells in hostile.items():
        page = course.path("submitted", assignment, student)
        page.parent.mkdir(parents=True)
        page.write_text(f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{}}, "cells": [{cells}0]}}')
    for command in ("autograde", "generate_feedback"):
        output = course.run(sys.executable, "-c", MEASURED, "nbgrader", command, assignment)
        assert len(output) < 20_000
        assert int(re.search(r"peak: (\d+)", output)[1]) < 300, command
    rows = course.export_grades()
    assert float(rows["right", assignment]["score"]) > 0
    assert {float(rows[student, assignment]["score"]) for student in hostile} == {0.0}
