"""Self-check: the pytest plugin that runs the graded suites on a student's folder, in the process of pytest.

plugin.py is imported in every pytest run of a machine, so it imports nothing of gradkit until a run is a self-check.
The hooks are grouped by topic: collection.py (which tests are items), self_check.py (running them), screen.py (what
is shown). budget.py counts time. No other package imports this one; pytest loads it.
"""
