"""The checks that graded tests call, by topic. Each raises NotPassed if something is wrong.

Tests import them from `gradkit.suite`.
"""
