"""The skeleton of an item, an operation or a misconception: one module each, which writes what `gradkit check` then
lists as unfinished.
"""
