"""Pictures of graphs: cards (what is shown of each node), from a graph or from a student's value, and Graphviz."""
