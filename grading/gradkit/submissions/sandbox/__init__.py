"""Where workers run: namespaces, the system-call filter, the copy of what they read, packages."""
