"""Make what students receive (template, notebooks, release), and collect what they hand in for nbgrader.

The packages above may import this package: `proof`, `authoring`, `cli`, and the module `gradkit.notebook`.
"""
