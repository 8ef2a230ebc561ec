"""What the course consists of: where it is, its assignments and their settings, and what tests may ask for.

Imports nothing of gradkit.
"""
