"""Write the skeleton of an item, an operation or a misconception: one module each.

`gradkit check` then lists what is left to do.
"""
