"""Grade one submission: the public phase, the later phases, all phases in order, and an appeal's single item."""
