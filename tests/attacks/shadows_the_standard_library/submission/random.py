raise SystemExit("the submission's module was imported in place of Python's")
