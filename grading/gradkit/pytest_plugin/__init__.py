"""Self-check: pytest runs the graded suites on a student's folder."""
