"""All that enters the sandbox: the tables of operations, graphs, their replay, and the worker.

Every package above `catalogue` may import this package. It imports nothing of gradkit and only the standard library,
because the sandbox offers nothing else (numpy only where an assignment uses it), and so that a worker starts fast.
"""
