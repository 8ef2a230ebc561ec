"""Cases as data: expression graphs, networks, training runs, graphs of tensors; how they print and how they look."""
