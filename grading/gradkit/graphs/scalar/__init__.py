"""Expression graphs of scalars: tracing, domains, reduction, and programs. The graph itself is in `inside/graph.py`."""
