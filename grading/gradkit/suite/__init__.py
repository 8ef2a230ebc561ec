"""What a graded test imports."""

from ..graphs.corpus import expressions, random_graphs
from ..graphs.graph import Graph
from ..graphs.losses import losses
from ..graphs.networks import networks
from ..graphs.trajectories import trajectories
from .checks import answers_to, check_forward, check_gradients, check_inner_gradients, check_linear_cost, expect
from .graded import graded
from .learning import (
    check_accuracy,
    check_initial_numbers,
    check_loss,
    check_loss_gradients,
    check_network_gradients,
    check_outputs,
    check_reached,
    check_reproducible,
    check_trajectories,
)

__all__ = [
    "Graph",
    "answers_to",
    "check_accuracy",
    "check_forward",
    "check_gradients",
    "check_initial_numbers",
    "check_inner_gradients",
    "check_linear_cost",
    "check_loss",
    "check_loss_gradients",
    "check_network_gradients",
    "check_outputs",
    "check_reached",
    "check_reproducible",
    "check_trajectories",
    "expect",
    "expressions",
    "graded",
    "losses",
    "networks",
    "random_graphs",
    "trajectories",
]
