"""What a graded test imports."""

from ..graphs.corpus import expressions, random_graphs
from ..graphs.graph import Graph
from .checks import answers_to, check_forward, check_gradients, check_inner_gradients, check_linear_cost, expect
from .graded import graded

__all__ = [
    "Graph",
    "answers_to",
    "check_forward",
    "check_gradients",
    "check_inner_gradients",
    "check_linear_cost",
    "expect",
    "expressions",
    "graded",
    "random_graphs",
]
