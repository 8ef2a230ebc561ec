"""The sandbox in which workers run. `Sandbox` (sandbox.py) starts them.

The packages above `submissions` may import this package. The intake and the transports do not.

policy        what a worker may see and use, as tables
system_calls  what it may call, as tables; filter makes the kernel's program from them
bubblewrap    the command that isolates a worker by these tables; namespaces says what to do if it fails
image         the copy in memory of the files that workers share
packages      installed packages that an assignment offers
addresses     the same memory layout every time
"""
