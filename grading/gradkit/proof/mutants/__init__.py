"""Mutants: the solution with one small change each, made by operators. The suites must catch every one that is wrong.

`operators` has the kinds of changes, `generation` applies them, `differences` decides which mutants compute the same as
the solution, and `running` runs the items on the others.
"""
