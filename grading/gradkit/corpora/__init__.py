"""Corpus specs of every kind, and how corpora are drawn, answered, recorded and read.

`suite` and the packages above it import this package. It imports the cases (`graphs`) and the right answers (`oracle`).
A new kind of corpus is one module with a subclass of `CorpusSpec` (spec.py).
"""
