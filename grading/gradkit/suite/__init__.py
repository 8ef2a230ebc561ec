"""The API for authors of suites: everything that a graded test imports.

The rest of the package turns tests into items, runs checks, and makes results and evidence. `pytest_plugin`, `grader`
and the packages above them import its modules. It imports `corpora`, `submissions`, `oracle` and the packages below.
"""

from gradkit.corpora.expressions import expressions
from gradkit.corpora.losses import losses
from gradkit.corpora.networks import networks
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.tensors import tensor_graphs
from gradkit.corpora.trajectories import trajectories
from gradkit.inside.graph import Graph
from gradkit.suite.checks.networks import (
    check_all_different,
    check_initial_weights,
    check_network_gradients,
    check_outputs,
    check_range,
    check_reached,
    check_reproducible,
)
from gradkit.suite.checks.scalar import (
    answers_to,
    check_forward,
    check_gradients,
    check_inner_gradients,
    check_linear_cost,
    expect,
    expect_class,
)
from gradkit.suite.checks.tensor_networks import (
    check_initial_tensors,
    check_reads_digits,
    check_same_numbers,
    check_spread_of_initial_tensors,
    check_tensor_loss,
    check_tensor_network,
    check_tensor_trajectories,
)
from gradkit.suite.checks.tensors import (
    check_inner_tensor_gradients,
    check_tensor_chain,
    check_tensor_gradients,
    check_tensors,
    expect_array,
)
from gradkit.suite.checks.training import check_accuracy, check_loss, check_loss_gradients, check_trajectories

from .graded import graded

__all__ = [
    "Graph",
    "answers_to",
    "check_accuracy",
    "check_all_different",
    "check_forward",
    "check_gradients",
    "check_initial_tensors",
    "check_initial_weights",
    "check_inner_gradients",
    "check_inner_tensor_gradients",
    "check_linear_cost",
    "check_loss",
    "check_loss_gradients",
    "check_network_gradients",
    "check_outputs",
    "check_range",
    "check_reached",
    "check_reads_digits",
    "check_reproducible",
    "check_same_numbers",
    "check_spread_of_initial_tensors",
    "check_tensor_chain",
    "check_tensor_gradients",
    "check_tensor_loss",
    "check_tensor_network",
    "check_tensor_trajectories",
    "check_tensors",
    "check_trajectories",
    "expect",
    "expect_array",
    "expect_class",
    "expressions",
    "graded",
    "losses",
    "networks",
    "random_graphs",
    "tensor_graphs",
    "trajectories",
]
