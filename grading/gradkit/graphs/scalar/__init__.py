"""Graphs of numbers: where operations are used, reducing a graph, tracing one, printing one as a program."""
