"""All that enters the sandbox: the table of operations, graphs, their replay, and the worker.

Standard library only, because the sandbox has nothing else; it starts fast. Imports nothing of gradkit.
"""
