"""From reports to grades: who is in the class, what was handed in late, and how many points that leaves.

Nothing here changes a report: a new roster or due date needs no regrading.
"""
