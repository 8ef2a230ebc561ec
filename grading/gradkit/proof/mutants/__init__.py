"""Mutants: the solution with one small change each, made by operators. The suites must catch every one that is wrong.

`operators` has the kinds of changes, and `generation` applies them. `running` runs the items of `suite` on all mutants,
and `differences` runs `programs` on those that no item catches, to decide which ones compute the same as the solution.
"""
