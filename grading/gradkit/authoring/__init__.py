"""For those who write the course: `check` finds what is missing or out of step, `skeletons` writes what is new.

Only the commands import this package. It imports no PyTorch.
"""
