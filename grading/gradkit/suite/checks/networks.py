"""Checks of networks of Values: outputs, gradients, and the numbers that parameters start with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import msgspec

from gradkit.corpora.spec import Corpus
from gradkit.graphs.learning.networks import (
    Network,
    NetworkAnswers,
    leaf_names,
    leaf_role,
    output_names,
    write_network_program,
)
from gradkit.graphs.learning.reduce import network_cost, smaller_networks
from gradkit.oracle.complex_learning import answer_network
from gradkit.submissions.transport.subject import Subject, numbers, write
from gradkit.suite.evidence import Evidence
from gradkit.suite.failures import not_passed
from gradkit.suite.pictures import nodes_of_network

from .cases import Reduction, check_cases, fail, wrong_count, wrong_numbers

NETWORKS = Reduction(smaller_networks, network_cost, answer_network)
"""How networks are reduced."""


def check_outputs(part: Subject, Value: Subject, corpus: Corpus[Network, NetworkAnswers]) -> None:
    """Check that the outputs of every network are PyTorch's.

    Args:
        part: The student's class that builds the networks.
        Value: The student's Value.
        corpus: The networks and PyTorch's answers.

    Raises:
        NotPassed: If an output is wrong.
    """
    check_cases(corpus, (part, Value), partial(run_network, False), partial(_program, False), NETWORKS)


def check_network_gradients(part: Subject, Value: Subject, corpus: Corpus[Network, NetworkAnswers]) -> None:
    """Check that the gradient of every parameter and every input is PyTorch's. Arguments as for `check_outputs`."""
    check_cases(corpus, (part, Value), partial(run_network, True), partial(_program, True), NETWORKS)


def _program(gradients: bool, network: Network, shown: Sequence[str]) -> list[str]:
    return write_network_program(network, gradients, shown)


def run_network(
    gradients: bool, network: Network, answers: NetworkAnswers, part: Subject, Value: Subject
) -> Evidence | None:
    """Build a network, run it, and return the evidence if its numbers are not PyTorch's.

    Args:
        gradients: Whether the gradients are compared, or else the outputs.
        network: The network.
        answers: PyTorch's answers.
        part: The student's class that builds it.
        Value: The student's Value.
    """
    model = part(*network.arguments, **network.keywords)
    parameters = list(model.parameters())
    program = partial(write_network_program, network)
    evidence = wrong_count("len(model.parameters())", len(parameters), len(network.parameters), program(False, ())[1:3])
    if evidence:
        return evidence

    write(parameters, "data", network.parameters)
    x = [Value(number) for number in network.inputs]
    y = model(x)
    outputs = list(y) if network.gives_a_list else [y]
    evidence = wrong_count("len(y)", len(outputs), network.sizes[-1], program(False, ()))
    if evidence:
        return evidence

    if not gradients:
        names = [f"{name}.data" for name in output_names(network)]
        evidence = wrong_numbers(names, numbers(outputs, "data"), answers.outputs, partial(program, False))
        return _with_picture(network, evidence)

    weighted_sum(outputs, network.upstream).backward()
    names = [f"{name}.grad" for name in leaf_names(network)]
    yours = numbers([*parameters, *x], "grad")
    evidence = wrong_numbers(names, yours, answers.gradients, partial(program, True), partial(leaf_role, network))
    return _with_picture(network, evidence)


def _with_picture(network: Network, evidence: Evidence | None) -> Evidence | None:
    return evidence and msgspec.structs.replace(evidence, nodes=nodes_of_network(network, evidence))


def weighted_sum(results: Sequence[Subject], upstream: Sequence[float]) -> Subject:
    """Return the sum of upstream * result, so that each result receives its upstream gradient from backward().

    Args:
        results: n_results Values.
        upstream: n_results numbers.
    """
    total = results[0] * upstream[0]
    for result, k in zip(results[1:], upstream[1:]):
        total = total + result * k
    return total


# --- how parameters start --------------------------------------------------------------------------------------------

MIN_SPREAD = 0.1
"""The largest weight of a new neuron with 40 inputs lies at least so much above the smallest.

Weights that are uniform in [-b, b] come closer than that with a probability of about 40 * (0.1 / 2b)**39: 7e-17 for
b = 1 / 40**0.5, a usual choice, and 7e-11 even for b = 0.1.
"""


def check_initial_weights(part: Subject, arguments: Sequence[int], code: Sequence[str]) -> None:
    """Check that a neuron or layer starts with all weights in [-1, 1], and with no two equal ones.

    The weights must have both signs and differ by MIN_SPREAD. A right neuron with 40 inputs fails with a probability
    of less than 1e-9: 40 fair signs are all alike with 2**-39 = 2e-12.

    Args:
        part: The student's class.
        arguments: The arguments that it is built with, the number of inputs first.
        code: A program that builds it as `model`.

    Raises:
        NotPassed: If a weight is outside of [-1, 1], two weights are equal, all weights have one sign or are close to
            each other, or parameters are missing or too many.
    """
    n_inputs = arguments[0]
    start = _read_start(part(*arguments), arguments, "model", code)
    first_index: dict[float, int] = {}
    for index, number in enumerate(start):
        if _is_bias(index, n_inputs):
            continue
        _check_bounds(f"model.parameters()[{index}]", number, code)
        first = first_index.setdefault(number, index)
        if first != index:
            fail(f"model.parameters()[{first}] and [{index}] are weights, and both begin at {number!r}", code)

    smallest, largest = min(first_index), max(first_index)
    if smallest >= 0 or largest <= 0:
        sign = "negative" if largest <= 0 else "positive"
        fail(f"All {len(first_index)} weights begin {sign}, from {smallest!r} to {largest!r}", code)
    if largest - smallest < MIN_SPREAD:
        fail(f"All {len(first_index)} weights begin close together, from {smallest!r} to {largest!r}", code)


MAX_SHARE_FROM_HALF = 0.1
"""How far the share of the negative ones among 2,000 fair signs may be from one half.

It is further with a probability below 2 * exp(-2 * 2000 * 0.1**2) = 9e-18 (Hoeffding).
"""


def check_range(models: Sequence[Subject], arguments: Sequence[int], biases: bool, code: Sequence[str]) -> None:
    """Check that many weights, or many biases, start in [-1, 1], about as many below 0 as above. Biases may all be 0.

    Args:
        models: New neurons or layers. Together they have at least 2,000 parameters of the kind that is checked.
        arguments: The arguments that each is built with, the number of inputs first.
        biases: Whether the biases are checked, or else the weights.
        code: A program that builds them as the list `models`.

    Raises:
        NotPassed: If a number is outside of [-1, 1], too many are on one side of 0, or parameters are missing or too
            many.
    """
    n_inputs = arguments[0]
    chosen: list[float] = []
    for position, model in enumerate(models):
        name = f"models[{position}]"
        for index, number in enumerate(_read_start(model, arguments, name, code)):
            if _is_bias(index, n_inputs) == biases:
                _check_bounds(f"{name}.parameters()[{index}]", number, code)
                chosen.append(number)

    what = "biases" if biases else "weights"
    n_negative = sum(number < 0 for number in chosen)
    n_positive = sum(number > 0 for number in chosen)
    if biases and not n_negative and not n_positive:
        return
    if abs(n_negative / len(chosen) - 0.5) > MAX_SHARE_FROM_HALF:
        fail(f"Of {len(chosen)} {what}, {n_negative} begin below 0, and {n_positive} above: about half is due", code)


def _read_start(model: Subject, arguments: Sequence[int], name: str, code: Sequence[str]) -> list[float]:
    """Return the number that each parameter of a new neuron or layer starts with.

    Raises:
        NotPassed: If parameters are missing or too many.
    """
    n_parameters = (arguments[0] + 1) * math.prod(arguments[1:])
    start = numbers(list(model.parameters()), "data")
    evidence = wrong_count(f"len({name}.parameters())", len(start), n_parameters, code)
    if evidence:
        raise not_passed(evidence)
    return start


def _is_bias(index: int, n_inputs: int) -> bool:
    """Return whether a parameter of a neuron or layer is a bias: the last one of each neuron."""
    return (index + 1) % (n_inputs + 1) == 0


def _check_bounds(name: str, number: float, code: Sequence[str]) -> None:
    """Check that a parameter begins in [-1, 1].

    Raises:
        NotPassed: If it does not.
    """
    if not -1 <= number <= 1:
        fail(f"{name}.data begins at {number!r}: outside of -1 to 1", code)


def check_all_different(models: Sequence[Subject], sizes: Sequence[int], code: Sequence[str]) -> None:
    """Check that no two weights of new networks start at the same number.

    Args:
        models: The networks.
        sizes: The number of inputs of each network, then the width of each layer.
        code: A program that builds them as the list `models`.

    Raises:
        NotPassed: If two weights start at the same number, or parameters are missing or too many.
    """
    is_weight = []
    for n_inputs, width in pairwise(sizes):
        is_weight += [*[True] * n_inputs, False] * width
    first_name: dict[float, str] = {}
    for position, model in enumerate(models):
        start = numbers(list(model.parameters()), "data")
        evidence = wrong_count(f"len(models[{position}].parameters())", len(start), len(is_weight), code)
        if evidence:
            raise not_passed(evidence)
        for index, number in enumerate(start):
            name = f"models[{position}].parameters()[{index}].data"
            if not math.isfinite(number):
                fail(f"{name} begins at {number!r}", code)
            if is_weight[index] and first_name.setdefault(number, name) != name:
                fail(f"{first_name[number]} and {name} both begin at {number!r}", code)


def check_reproducible(part: Subject, arguments: Sequence[int], seed: Subject, code: Sequence[str]) -> None:
    """Check that the same seed makes the same numbers, and another seed makes others.

    Args:
        part: The student's class.
        arguments: The arguments that it is built with.
        seed: The function random.seed in the student's process.
        code: A program that builds it as `model`.

    Raises:
        NotPassed: If the same seed makes other numbers, or another seed makes the same.
    """
    starts = []
    for number in (1, 1, 2):
        seed(number)
        starts.append(numbers(list(part(*arguments).parameters()), "data"))
    if starts[0] != starts[1]:
        fail("After seed(1) the numbers begin otherwise than after seed(1) before: draw them from `random`", code)
    if starts[0] == starts[2]:
        fail("After seed(2) the numbers begin as after seed(1): draw them from `random`", code)


def check_reached(model: Subject, code: Sequence[str]) -> None:
    """Check that after backward() every parameter has a finite gradient that is not 0.

    Args:
        model: The network.
        code: A program that builds it as `model` and calls backward().

    Raises:
        NotPassed: If a parameter has the gradient 0, or one that is not finite; or the network has no parameters.
    """
    gradients = numbers(list(model.parameters()), "grad")
    unreached = [index for index, number in enumerate(gradients) if number == 0 or not math.isfinite(number)]
    if unreached or not gradients:
        fail(f"model.parameters()[{unreached[0] if gradients else 0}] gets no gradient", code)
