"""Checks of networks and training on tensors, against the same recorded answers as networks of Values."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from gradkit.corpora.spec import Corpus
from gradkit.graphs.learning import data
from gradkit.graphs.learning.losses import Loss, LossAnswers
from gradkit.graphs.learning.networks import Network, NetworkAnswers
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers
from gradkit.graphs.tensor.graph import Array, Shape
from gradkit.graphs.tensor.networks import (
    parameter_lists,
    parameter_names,
    parameter_numbers,
    parameter_shapes,
    write_tensor_loss_program,
    write_tensor_network_program,
    write_tensor_trajectory_program,
)
from gradkit.submissions.transport.subject import Subject, arrays, write
from gradkit.suite.evidence import Evidence
from gradkit.suite.failures import not_passed

from .cases import check_cases, fail, readable, wrong_count, wrong_numbers
from .networks import NETWORKS, run_network
from .tensors import wrong_array
from .training import LOSSES, TRAJECTORIES

DIGIT_STEPS = 100
"""Training steps after which a network reads 92 to 97 of 100 digits, with other weights and digits too."""

Program = Callable[[Sequence[str]], list[str]]
"""Writes the program that prints the names it is given."""


# --- networks --------------------------------------------------------------------------------------------------------


def check_tensor_network(
    MLP: Subject, Tensor: Subject, array: Subject, corpus: Corpus[Network, NetworkAnswers], gradients: bool = False
) -> None:
    """Check that the outputs of every network on tensors, or all its gradients, are PyTorch's.

    Args:
        MLP: The student's class of networks.
        Tensor: The student's Tensor.
        array: The function `numpy.array` in the student's process.
        corpus: The networks and PyTorch's answers.
        gradients: Whether the gradients are compared, or else the outputs.

    Raises:
        NotPassed: If an output or a gradient is wrong, or has a wrong shape.
    """
    program = partial(_network_program, gradients)
    check_cases(corpus, (MLP, Tensor, array), partial(_run_network, gradients), program, NETWORKS)


def check_same_numbers(
    scalar: Sequence[Subject], tensor: Sequence[Subject], corpus: Corpus[Network, NetworkAnswers]
) -> None:
    """Check that a network of Values and one of Tensors have the same gradients and outputs, which are PyTorch's.

    Args:
        scalar: The student's MLP and Value.
        tensor: The student's MLP and Tensor, and the function `numpy.array`.
        corpus: The networks and PyTorch's answers. Every third one is run, from small to large, because other items
            run all of them on one engine.

    Raises:
        NotPassed: If an output or a gradient of one of the two networks is wrong.
    """
    every_third = Corpus(corpus.cases[2::3], corpus.answers[2::3])
    check_cases(every_third, (*scalar, *tensor), _run_on_both_engines, partial(_network_program, True), NETWORKS)


def _network_program(gradients: bool, network: Network, shown: Sequence[str]) -> list[str]:
    return write_tensor_network_program(network, gradients, shown)


def _run_network(
    gradients: bool, network: Network, answers: NetworkAnswers, MLP: Subject, Tensor: Subject, array: Subject
) -> Evidence | None:
    program = partial(write_tensor_network_program, network, gradients)
    model = _build_network(MLP, network.sizes, network.linear)
    evidence = _write_parameters(model, array, network.sizes, network.parameters, program(())[:3])
    if evidence:
        return evidence

    x = Tensor([list(network.inputs)])
    y = model(x)
    if not gradients:
        outputs = Array((1, network.sizes[-1]), answers.outputs)
        return wrong_array("y.data", arrays([y], "data")[0], outputs, program)

    y.backward(array([list(network.upstream)]))
    gradient_arrays = _read_parameters(model, "grad")
    evidence = _wrong_parameter_shape(gradient_arrays, "grad", network.sizes, program)
    if evidence:
        return evidence
    names = parameter_names(network.sizes, "grad")
    of_parameters, of_inputs = answers.gradients[: len(names)], answers.gradients[len(names) :]
    evidence = wrong_numbers(names, parameter_numbers(gradient_arrays), of_parameters, program)
    if evidence:
        return evidence
    return wrong_array("x.grad", arrays([x], "grad")[0], Array((1, network.sizes[0]), of_inputs), program)


def _run_on_both_engines(network: Network, answers: NetworkAnswers, *subjects: Subject) -> Evidence | None:
    scalar, tensor = subjects[:2], subjects[2:]
    evidence = run_network(True, network, answers, *scalar)
    if evidence:
        return msgspec.structs.replace(evidence, message=f"On Values already: {evidence.message}")
    for gradients in (True, False):
        evidence = _run_network(gradients, network, answers, *tensor)
        if evidence:
            return evidence
    return None


# --- a network's parameters ------------------------------------------------------------------------------------------


def _build_network(MLP: Subject, sizes: Sequence[int], is_linear: bool) -> Subject:
    """Return a network of the student's class.

    Args:
        MLP: The student's class of networks.
        sizes: The number of inputs, then the width of each layer.
        is_linear: Whether the last layer has no tanh.
    """
    nin, *widths = sizes
    return MLP(nin, widths, linear_last=True) if is_linear else MLP(nin, widths)


def _write_parameters(
    model: Subject, array: Subject, sizes: Sequence[int], numbers: Sequence[float], code: Sequence[str]
) -> Evidence | None:
    """Write a network's parameters, or return the evidence if they are fewer, more or of other shapes.

    Args:
        model: The network.
        array: The function `numpy.array` in the student's process.
        sizes: The number of inputs, then the width of each layer.
        numbers: All parameters, as graphs/learning/networks.py lists them.
        code: A program that builds the network as `model`.
    """
    parameters = list(model.parameters())
    evidence = _wrong_shapes(arrays(parameters, "data"), parameter_shapes(sizes), code)
    if evidence is None:
        write(parameters, "data", [array(lists) for lists in parameter_lists(sizes, numbers)])
    return evidence


def _wrong_shapes(parameters: Sequence[Array], shapes: Sequence[Shape], code: Sequence[str]) -> Evidence | None:
    evidence = wrong_count("len(model.parameters())", len(parameters), len(shapes), code)
    if evidence:
        return evidence
    for index, (parameter, shape) in enumerate(zip(parameters, shapes)):
        if parameter.shape != shape:
            name = f"model.parameters()[{index}].data.shape"
            message = f"{name} is {parameter.shape} and should be {shape}"
            return Evidence(message, readable([*code, f"print({name})"]))
    return None


def _wrong_parameter_shape(
    parameters: Sequence[Array], attribute: str, sizes: Sequence[int], program: Program
) -> Evidence | None:
    """Return the evidence if the data or gradients of a network's parameters have a wrong count or shape, else None.

    Args:
        parameters: The data or gradients, as `_read_parameters` returns them.
        attribute: Which of them: "data" or "grad".
        sizes: The number of inputs, then the width of each layer.
        program: Writes the network as a program.
    """
    shapes = parameter_shapes(sizes)
    evidence = wrong_count("len(model.parameters())", len(parameters), len(shapes), program(()))
    if evidence:
        return evidence
    for index, (parameter, shape) in enumerate(zip(parameters, shapes)):
        if parameter.shape != shape:
            return wrong_array(f"model.parameters()[{index}].{attribute}", parameter, Array(shape, ()), program)
    return None


def _read_parameters(model: Subject, attribute: str) -> list[Array]:
    """Read the data or gradients of a network's parameters, only once: a second reading could have another result."""
    return arrays(list(model.parameters()), attribute)


# --- losses and training ---------------------------------------------------------------------------------------------


def check_tensor_loss(
    function: Subject, Tensor: Subject, corpus: Corpus[Loss, LossAnswers], gradients: bool = False
) -> None:
    """Check that a loss of logits in rows, or the gradient of every logit, is PyTorch's.

    Args:
        function: The student's loss function.
        Tensor: The student's Tensor.
        corpus: Logits with targets, and PyTorch's answers.
        gradients: Whether the gradients are compared, or else the loss.

    Raises:
        NotPassed: If a loss or a gradient is wrong, or has a wrong shape.
    """
    check_cases(corpus, (function, Tensor), partial(_run_loss, gradients), partial(_loss_program, gradients), LOSSES)


def _loss_program(gradients: bool, loss: Loss, shown: Sequence[str]) -> list[str]:
    return write_tensor_loss_program(loss, gradients, shown)


def _run_loss(gradients: bool, loss: Loss, answers: LossAnswers, function: Subject, Tensor: Subject) -> Evidence | None:
    program = partial(write_tensor_loss_program, loss, gradients)
    logits = Tensor(list(map(list, loss.outputs)))
    result = function(logits, list(loss.targets))
    if not gradients:
        return wrong_array("loss.data", arrays([result], "data")[0], Array((), answers.results), program)
    result.backward(loss.upstream[0])
    expected = Array((len(loss.outputs), len(loss.outputs[0])), answers.gradients)
    return wrong_array("logits.grad", arrays([logits], "grad")[0], expected, program)


def check_tensor_trajectories(
    MLP: Subject, loss: Subject, optimizer: Subject, array: Subject, corpus: Corpus[Trajectory, TrajectoryAnswers]
) -> None:
    """Check that training on tensors gives PyTorch's losses, one before each step, and final parameters.

    Args:
        MLP: The student's class of networks.
        loss: The student's loss function.
        optimizer: The student's optimizer class.
        array: The function `numpy.array` in the student's process.
        corpus: The training runs and PyTorch's answers.

    Raises:
        NotPassed: If a loss or a final parameter is wrong, or has a wrong shape.
    """
    check_cases(corpus, (MLP, loss, optimizer, array), _run_trajectory, write_tensor_trajectory_program, TRAJECTORIES)


def _run_trajectory(
    run: Trajectory, answers: TrajectoryAnswers, MLP: Subject, loss: Subject, optimizer: Subject, array: Subject
) -> Evidence | None:
    program = partial(write_tensor_trajectory_program, run)
    model = _build_network(MLP, run.sizes, True)
    evidence = _write_parameters(model, array, run.sizes, run.parameters, program(())[:3])
    if evidence:
        return evidence

    optimizer_object = optimizer(list(model.parameters()), **dict(run.settings))
    inputs, targets = array(list(map(list, run.inputs))), list(run.targets)
    steps = [_train_step(model, loss, optimizer_object, inputs, targets) for _ in range(run.steps)]
    losses = arrays(steps, "data")
    for index, each in enumerate(losses):
        if each.shape:
            return wrong_array(f"losses[{index}]", each, Array((), ()), program)
    parameters = _read_parameters(model, "data")
    evidence = _wrong_parameter_shape(parameters, "data", run.sizes, program)
    if evidence:
        return evidence

    names = [f"losses[{step}]" for step in range(run.steps)] + parameter_names(run.sizes, "data")
    yours = [*(each.numbers[0] for each in losses), *parameter_numbers(parameters)]
    return wrong_numbers(names, yours, answers.numbers(), program)


def _train_step(model: Subject, loss: Subject, optimizer: Subject, inputs: Subject, targets: object) -> Subject:
    """Train a network for one step, and return the loss before it."""
    total = loss(model(inputs), targets)
    model.zero_grad()
    total.backward()
    optimizer.step()
    return total


# --- how parameters start, and where training ends -------------------------------------------------------------------


def check_initial_tensors(MLP: Subject, sizes: Sequence[int], code: Sequence[str]) -> None:
    """Check that a network starts with the right shapes, all numbers in [-1, 1], and no two equal weights.

    Args:
        MLP: The student's class of networks.
        sizes: The number of inputs, then the width of each layer.
        code: A program that builds it as `model`.

    Raises:
        NotPassed: If a shape is wrong, a number is outside of [-1, 1], or two weights are equal.
    """
    parameters = arrays(list(_build_network(MLP, sizes, False).parameters()), "data")
    evidence = _wrong_shapes(parameters, parameter_shapes(sizes), code)
    if evidence:
        raise not_passed(evidence)

    for index, parameter in enumerate(parameters):
        outside = [number for number in parameter.numbers if not -1 <= number <= 1]
        if outside:
            fail(f"model.parameters()[{index}].data begins with {outside[0]!r} in it: outside of -1 to 1", code)

    weights = [number for parameter in parameters[::2] for number in parameter.numbers]
    if len(set(weights)) < len(weights):
        fail("Some weights begin at the same number: neurons that begin alike learn the same", code)


def check_spread_of_initial_tensors(MLP: Subject, sizes: Sequence[int], code: Sequence[str]) -> None:
    """Check that weights begin uniformly within 1 / sqrt(inputs), different ones in every matrix, and biases at 0.

    The check accepts any generator of random numbers. Of `n` uniform weights, divided by their bound, none is above
    0.99 in size with probability 0.99**n, and the share of positive ones or of those above 0.5 is further than 0.1 from
    a half with probability at most 2 * exp(-0.02 * n) each (Hoeffding). A matrix has at least 3,000 weights, so that a
    right network fails with a probability below 1e-12.

    Args:
        MLP: The student's class of networks.
        sizes: The number of inputs, then the width of each layer. Two matrices have the same shape.
        code: A program that builds a network as `model`.

    Raises:
        NotPassed: If the numbers do not begin so.
    """
    parameters = arrays(list(_build_network(MLP, sizes, False).parameters()), "data")
    evidence = _wrong_shapes(parameters, parameter_shapes(sizes), code)
    if evidence:
        raise not_passed(evidence)

    for index, bias in enumerate(parameters[1::2]):
        wrong = [number for number in bias.numbers if number]
        if wrong:
            fail(
                f"model.parameters()[{2 * index + 1}].data, a bias, begins with {wrong[0]!r} in it: it should be 0",
                code,
            )
    for index, (n_inputs, weights) in enumerate(zip(sizes, parameters[::2])):
        fault = _spread_fault(weights.numbers, 1 / math.sqrt(n_inputs))
        if fault:
            fail(f"The weights in model.parameters()[{2 * index}].data, for {n_inputs} inputs, {fault}", code)

    if len({array.numbers for array in parameters[::2]}) < len(sizes) - 1:
        fail("Two layers begin with the same weights: draw new ones for each", code)
    others = arrays(list(_build_network(MLP, sizes, False).parameters()), "data")
    if [array.numbers for array in parameters[::2]] == [array.numbers for array in others[::2]]:
        fail("A second network begins with the same weights as the first: draw new ones for each", code)


def _spread_fault(weights: Sequence[float], bound: float) -> str:
    """Return what shows that weights were not drawn uniformly from -bound to bound; empty if nothing does."""
    sizes = [abs(weight) / bound for weight in weights]
    largest = max(sizes) * bound
    if largest > bound * (1 + 1e-12):
        return f"go up to {largest:.3g} in size, beyond 1 / sqrt(inputs) = {bound:.3g}"
    if largest < 0.99 * bound:
        return f"go up to {largest:.3g} in size, and not to 1 / sqrt(inputs) = {bound:.3g}"
    for name, share in (
        ("are positive", sum(weight > 0 for weight in weights) / len(weights)),
        (f"are above {bound / 2:.3g} in size", sum(size > 0.5 for size in sizes) / len(sizes)),
    ):
        if abs(share - 0.5) > 0.1:
            return f"are not spread evenly: {share:.0%} of them {name}, where about half should be"
    return ""


def check_reads_digits(MLP: Subject, loss: Subject, Adam: Subject, array: Subject, min_share: float) -> None:
    """Check that a network of tensors learns to read handwritten digits that it has not been trained on.

    Args:
        MLP: The student's class of networks.
        loss: The student's loss function.
        Adam: The student's optimizer class.
        array: The function `numpy.array` in the student's process.
        min_share: The share of digits that must be read right, between 0 and 1.

    Raises:
        NotPassed: If a shape is wrong, or the network reads too few digits.
    """
    rng = random.Random(6)
    images, classes = data.digits(rng, 1200)
    sizes, n_training = (64, 32, 10), 1000
    weights = [rng.uniform(-1, 1) / 8 for _ in range(65 * 32 + 33 * 10)]
    model = _build_network(MLP, sizes, True)
    evidence = _write_parameters(model, array, sizes, weights, ())
    if evidence:
        raise not_passed(evidence)

    optimizer, pixels = Adam(list(model.parameters()), lr=0.02), array([list(image) for image in images])
    for _ in range(DIGIT_STEPS):
        rows = rng.sample(range(n_training), 50)
        _train_step(model, loss, optimizer, pixels[rows], [classes[row] for row in rows])

    held_out = list(range(n_training, len(images)))
    (logits,) = arrays([model(pixels[held_out])], "data")
    if logits.shape != (len(held_out), 10):
        fail(f"The outputs for {len(held_out)} digits have shape {logits.shape}, which should be (200, 10)", ())

    n_right = 0
    for row, image in enumerate(held_out):
        outputs = logits.numbers[10 * row : 10 * row + 10]
        n_right += max(range(10), key=outputs.__getitem__) == classes[image]
    if n_right < min_share * len(held_out):
        n_needed = math.ceil(min_share * len(held_out))
        fail(
            f"After {DIGIT_STEPS} steps of Adam it reads {n_right} of {len(held_out)} digits, "
            f"where it should read {n_needed}",
            (),
        )
