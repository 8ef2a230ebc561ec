"""The right answers (PyTorch's, and complex-step derivatives while a graph is reduced) and comparison with them.

`corpora`, `suite` and the packages above them import this package. It imports the cases (`graphs`) and the table of
operations (`inside`).
"""
