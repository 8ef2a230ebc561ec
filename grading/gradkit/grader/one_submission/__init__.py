"""Grade one submission, phase by phase."""
