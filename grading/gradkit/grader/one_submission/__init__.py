"""Grade one submission: the public phase, the later phases, all phases in order, and the single item of an appeal."""
