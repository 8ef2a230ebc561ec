"""PyTorch's answers to the cases of every kind of corpus.

Only the modules of this package import PyTorch, and only inside the functions that need it, because a run in which
nothing fails must not pay for that import. Each `answer_...` function takes a case and the name of a PyTorch dtype.
"""
