"""Outputs: the formats that reports are written in, one file each.

An output is a function of a report, or of a class's reports, that returns text or bytes, or shows them. It takes a
report as grader/report.py defines it, and shows of each item what suite/visibility.py lets its viewer see. Numbers that
several outputs show are in statistics.py. `course`, `proof`, `notebook` and `cli` import this package.
"""
