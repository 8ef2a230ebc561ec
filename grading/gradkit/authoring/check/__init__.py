"""What is missing in the course, or out of step: one module for each subject, with functions that yield
findings.

`run.py` has the list of all of them. The tests call the same functions as `gradkit check`.
"""
