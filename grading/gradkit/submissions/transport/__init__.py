"""Access to the student's code through `Subject` proxies. No other package touches a student's objects.

protocol      the boundary: what a transport does, in which order, and what each failure means
subject       the proxies that tests hold; replies holds what a replay of graphs returns
local         the transport of self-check, in this process; clock interrupts the student's code there
pipe          the transport of grading, to a sandboxed worker; link is the socket to one worker
time_limit    what counts as the student's time; process_tree finds the worker inside bubblewrap
"""
