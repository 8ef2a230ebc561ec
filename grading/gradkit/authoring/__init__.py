"""For those who write the course: `check` finds what is missing or out of step, `skeletons` writes what is new.

Only `cli` imports this package. It does not import PyTorch.
"""
