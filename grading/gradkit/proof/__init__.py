"""The kit proves itself: misconceptions must be caught, variants and honest submissions must not be.

`attacks` grades hostile submissions. Only `authoring` and `cli` import this package, and the tests of the kit.
"""
