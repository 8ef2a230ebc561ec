"""Read what students hand in, in a process with limits."""
