"""Ground floor: expression graphs as data. See operations.py for the table, graph.py for what a graph is."""
