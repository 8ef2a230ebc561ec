"""Cases as data: expression graphs, networks, training runs and graphs of tensors; their programs and pictures.

`oracle`, `corpora` and the packages above them import this package. It imports `inside` (graphs and the tables of
operations), `catalogue` (where the course's files are) and `errors`.
"""
