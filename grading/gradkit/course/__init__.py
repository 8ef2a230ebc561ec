"""Make what students receive (template, notebooks, release), and collect what they hand in for nbgrader.

Only the packages `cli` and `proof` and the module `gradkit.notebook` may import this package.
"""
