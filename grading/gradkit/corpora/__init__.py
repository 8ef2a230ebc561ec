"""Corpus specs of every kind, and how corpora are drawn, answered, recorded and read.

`suite` and the packages above it import this package. It imports the cases (`graphs`) and the right answers (`oracle`).
A kind of corpus is a class that derives from `CorpusSpec` (spec.py).
"""
