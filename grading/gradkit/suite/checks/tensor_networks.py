"""What the items about networks of tensors call."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

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
    tensor_loss_program,
    tensor_network_program,
    tensor_trajectory_program,
)
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.subject import Subject, arrays, write
from gradkit.suite.evidence import Evidence, NotPassed

from .cases import check_cases, readable, wrong_count, wrong_numbers
from .networks import asked_of_network, fail
from .tensors import wrong_array

STEPS = 100
"""For which a network learns to read: with other weights and digits it reads 92 to 97 of 100 then."""


def check_tensor_network(
    MLP: Subject, Tensor: Subject, array: Subject, corpus: Corpus[Network, NetworkAnswers], gradients: bool = False
) -> None:
    """The outputs of every network on tensors, or all its gradients, are PyTorch's. Raises NotPassed."""
    program = partial(_network_program, gradients)
    check_cases(corpus, (MLP, Tensor, array), partial(_network, gradients), program)


def _network_program(gradients: bool, network: Network, shown: Sequence[str]) -> list[str]:
    return tensor_network_program(network, gradients, shown)


def _network(
    gradients: bool, network: Network, answers: NetworkAnswers, MLP: Subject, Tensor: Subject, array: Subject
) -> Evidence | None:
    program = partial(tensor_network_program, network, gradients)
    model, wrong = _made(MLP, array, network.sizes, network.linear, network.parameters, program(())[:3])
    if wrong:
        return wrong
    x = Tensor([list(network.inputs)])
    y = model(x)
    if not gradients:
        due = Array((1, network.sizes[-1]), answers.outputs)
        return wrong_array("y.data", arrays([y], "data")[0], due, program)
    y.backward(array([list(network.upstream)]))
    found, wrong = _listed(model, "grad", network.sizes, program)
    if wrong:
        return wrong
    names = parameter_names(network.sizes, "grad")
    wrong = wrong_numbers(names, found, answers.gradients[: len(names)], program)
    due = Array((1, network.sizes[0]), answers.gradients[len(names) :])
    return wrong or wrong_array("x.grad", arrays([x], "grad")[0], due, program)


def _made(
    MLP: Subject, array: Subject, sizes: Sequence[int], linear: bool, parameters: Sequence[float], code: Sequence[str]
) -> tuple[Subject, Evidence | None]:
    """A network with these parameters; and the evidence, if its own are fewer, more or of other shapes."""
    nin, *widths = sizes
    model = MLP(nin, widths, linear_last=True) if linear else MLP(nin, widths)
    found = list(model.parameters())
    wrong = _wrong_shapes(arrays(found, "data"), parameter_shapes(sizes), code)
    if not wrong:
        write(found, "data", [array(lists) for lists in parameter_lists(sizes, parameters)])
    return model, wrong


def _wrong_shapes(found: Sequence[Array], due: Sequence[Shape], code: Sequence[str]) -> Evidence | None:
    wrong = wrong_count("len(model.parameters())", len(found), len(due), code)
    for place, (each, shape) in enumerate(zip(found, due)):
        if not wrong and each.shape != shape:
            what = f"model.parameters()[{place}].data.shape"
            message = f"{what} is {each.shape} and should be {shape}"
            wrong = Evidence(Verdict.FAILED, message, readable([*code, f"print({what})"]))
    return wrong


def _listed(
    model: Subject, name: str, sizes: Sequence[int], program: partial[list[str]]
) -> tuple[list[float], Evidence | None]:
    """The data or gradients of a network's parameters, as networks.py lists them; the evidence of a wrong shape."""
    found = arrays(list(model.parameters()), name)
    wrong = wrong_count("len(model.parameters())", len(found), len(parameter_shapes(sizes)), program(()))
    if wrong:
        return [], wrong
    for place, (each, shape) in enumerate(zip(found, parameter_shapes(sizes))):
        if each.shape != shape:
            return [], wrong_array(f"model.parameters()[{place}].{name}", each, Array(shape, ()), program)
    return parameter_numbers(found), None


def check_tensor_loss(
    function: Subject, Tensor: Subject, corpus: Corpus[Loss, LossAnswers], gradients: bool = False
) -> None:
    """A loss of logits in rows, or the gradient of every logit, is PyTorch's. Raises NotPassed."""
    check_cases(corpus, (function, Tensor), partial(_loss, gradients), partial(_loss_program, gradients))


def _loss_program(gradients: bool, loss: Loss, shown: Sequence[str]) -> list[str]:
    return tensor_loss_program(loss, gradients, shown)


def _loss(gradients: bool, loss: Loss, answers: LossAnswers, function: Subject, Tensor: Subject) -> Evidence | None:
    program = partial(tensor_loss_program, loss, gradients)
    logits = Tensor(list(map(list, loss.outputs)))
    result = function(logits, list(loss.targets))
    if not gradients:
        return wrong_array("loss.data", arrays([result], "data")[0], Array((), answers.results), program)
    result.backward(loss.upstream[0])
    due = Array((len(loss.outputs), len(loss.outputs[0])), answers.gradients)
    return wrong_array("logits.grad", arrays([logits], "grad")[0], due, program)


def check_tensor_trajectories(
    MLP: Subject, loss: Subject, optimizer: Subject, array: Subject, corpus: Corpus[Trajectory, TrajectoryAnswers]
) -> None:
    """Training on tensors gives PyTorch's loss before every step, and its parameters after the last.

    Raises NotPassed.
    """
    check_cases(corpus, (MLP, loss, optimizer, array), _trajectory, tensor_trajectory_program)


def _trajectory(
    run: Trajectory, answers: TrajectoryAnswers, MLP: Subject, loss: Subject, optimizer: Subject, array: Subject
) -> Evidence | None:
    program = partial(tensor_trajectory_program, run)
    model, wrong = _made(MLP, array, run.sizes, True, run.parameters, program(())[:3])
    if wrong:
        return wrong
    moves = optimizer(model.parameters(), **dict(run.settings))
    inputs, targets = array(list(map(list, run.inputs))), list(run.targets)
    losses = [_step(model, loss, moves, inputs, targets) for _ in range(run.steps)]
    history = arrays(losses, "data")
    odd = next((place for place, each in enumerate(history) if each.shape), None)
    if odd is not None:
        return wrong_array(f"losses[{odd}]", history[odd], Array((), ()), program)
    found, wrong = _listed(model, "data", run.sizes, program)
    if wrong:
        return wrong
    names = [f"losses[{step}]" for step in range(run.steps)] + parameter_names(run.sizes, "data")
    return wrong_numbers(names, [*(each.numbers[0] for each in history), *found], answers.numbers(), program)


def _step(model: Subject, loss: Subject, moves: Subject, inputs: Subject, targets: object) -> Subject:
    """One step of training; the loss from before it."""
    total = loss(model(inputs), targets)
    model.zero_grad()
    total.backward()
    moves.step()
    return total


def check_same_numbers(
    scalar: Sequence[Subject], tensor: Sequence[Subject], corpus: Corpus[Network, NetworkAnswers]
) -> None:
    """A network of Values and one of Tensors have the same gradients, which are PyTorch's too, and its outputs.

    scalar: MLP and Value.   tensor: MLP, Tensor and numpy's array.   Raises NotPassed.
    """
    check_cases(_every_third(corpus), (*scalar, *tensor), _same, partial(_network_program, True))


def _every_third(corpus: Corpus[Network, NetworkAnswers]) -> Corpus[Network, NetworkAnswers]:
    """Fewer networks, from small to large all the same: they have all been asked for on either engine alone."""
    return Corpus(corpus.cases[2::3], corpus.answers[2::3])


def _same(network: Network, answers: NetworkAnswers, *subjects: Subject) -> Evidence | None:
    on_values = asked_of_network(True, network, answers, *subjects[:2])
    if on_values:
        return replace(on_values, message=f"On Values already: {on_values.message}")
    return _network(True, network, answers, *subjects[2:]) or _network(False, network, answers, *subjects[2:])


# --- how parameters begin, and where training ends -------------------------------------------------------------------


def check_initial_tensors(MLP: Subject, sizes: Sequence[int], code: Sequence[str]) -> None:
    """A network begins with weights and biases in the right shapes, all in [-1, 1], and no two weights alike.

    code: what builds `model`, as a program.   Raises NotPassed.
    """
    nin, *widths = sizes
    found = arrays(list(MLP(nin, widths).parameters()), "data")
    wrong = _wrong_shapes(found, parameter_shapes(sizes), code)
    if wrong:
        raise NotPassed(wrong.verdict, lambda: wrong)
    for place, each in enumerate(found):
        outside = [number for number in each.numbers if not -1 <= number <= 1]
        if outside:
            fail(f"model.parameters()[{place}].data begins with {outside[0]!r} in it: outside of -1 to 1", code)
    weights = [number for each in found[::2] for number in each.numbers]
    if len(set(weights)) < len(weights):
        fail("Some weights begin at the same number: neurons that begin alike learn the same", code)


def check_reads_digits(MLP: Subject, loss: Subject, Adam: Subject, array: Subject, least: float) -> None:
    """A network of tensors learns to read handwritten digits, and reads most of those that it has not seen.

    least: which share of them.   Raises NotPassed.
    """
    rng = random.Random(6)
    images, classes = data.digits(rng, 1200)
    sizes, seen = (64, 32, 10), 1000
    weights = [rng.uniform(-1, 1) / 8 for _ in range(65 * 32 + 33 * 10)]
    model, wrong = _made(MLP, array, sizes, True, weights, ())
    if wrong:
        raise NotPassed(wrong.verdict, lambda: wrong)
    moves, pixels = Adam(model.parameters(), lr=0.02), array([list(image) for image in images])
    for _ in range(STEPS):
        rows = rng.sample(range(seen), 50)
        _step(model, loss, moves, pixels[rows], [classes[row] for row in rows])
    held_out = list(range(seen, len(images)))
    (logits,) = arrays([model(pixels[held_out])], "data")
    if logits.shape != (len(held_out), 10):
        fail(f"The outputs for {len(held_out)} digits have shape {logits.shape}, which should be (200, 10)", ())
    outputs = [logits.numbers[10 * row :][:10] for row in range(len(held_out))]
    right = sum(max(range(10), key=row.__getitem__) == classes[place] for place, row in zip(held_out, outputs))
    if right < least * len(held_out):
        due = math.ceil(least * len(held_out))
        fail(f"After {STEPS} steps of Adam it reads {right} of {len(held_out)} digits, where it should read {due}", ())
