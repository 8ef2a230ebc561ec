"""Grading: one submission becomes a report, a class of them a folder of reports."""
