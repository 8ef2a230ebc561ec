"""The command `gradkit`: a module for each group of commands. No other package imports this one.

Each command is a few lines over a function of another package, which it imports when it runs.
"""
