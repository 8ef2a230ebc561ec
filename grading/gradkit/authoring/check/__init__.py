"""Find what is missing in the course or out of step: a module for each topic, with functions that yield findings.

`run.py` has the list of all of them. The tests call the same functions as `gradkit check`.
"""
