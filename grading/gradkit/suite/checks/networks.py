"""What the items about networks and training call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from gradkit.corpora.spec import Corpus
from gradkit.graphs.learning.losses import TAKES_ROWS, Loss, LossAnswers, loss_program, result_names
from gradkit.graphs.learning.losses import output_names as loss_output_names
from gradkit.graphs.learning.networks import (
    Network,
    NetworkAnswers,
    leaf_names,
    leaf_role,
    network_program,
    output_names,
)
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers, trajectory_program
from gradkit.submissions.outcome import Verdict
from gradkit.submissions.transport.subject import Subject, numbers, write
from gradkit.suite.evidence import Evidence, NotPassed

from .cases import check_cases, wrong_count, wrong_numbers


def check_outputs(part: Subject, Value: Subject, corpus: Corpus[Network, NetworkAnswers]) -> None:
    """The outputs of every network are PyTorch's. part: the class that builds them. Raises NotPassed."""
    check_cases(corpus, (part, Value), partial(asked_of_network, False), partial(_program, False))


def check_network_gradients(part: Subject, Value: Subject, corpus: Corpus[Network, NetworkAnswers]) -> None:
    """The gradient of every parameter and every input is PyTorch's. Raises NotPassed."""
    check_cases(corpus, (part, Value), partial(asked_of_network, True), partial(_program, True))


def _program(gradients: bool, network: Network, shown: Sequence[str]) -> list[str]:
    return network_program(network, gradients, shown)


def asked_of_network(
    gradients: bool, network: Network, answers: NetworkAnswers, part: Subject, Value: Subject
) -> Evidence | None:
    """The evidence where a network's outputs, or its gradients, are not PyTorch's. part: the class that builds it."""
    model = part(*network.arguments, **network.keywords)
    parameters = list(model.parameters())
    program = partial(network_program, network)
    wrong = wrong_count("len(model.parameters())", len(parameters), len(network.parameters), program(False, ())[1:3])
    if wrong:
        return wrong
    write(parameters, "data", network.parameters)
    x = [Value(number) for number in network.inputs]
    y = model(x)
    outputs = list(y) if network.gives_a_list else [y]
    wrong = wrong_count("len(y)", len(outputs), network.sizes[-1], program(False, ()))
    if wrong:
        return wrong
    if not gradients:
        names = [f"{name}.data" for name in output_names(network)]
        return wrong_numbers(names, numbers(outputs, "data"), answers.outputs, partial(program, False))
    _weighted(outputs, network.upstream).backward()
    names = [f"{name}.grad" for name in leaf_names(network)]
    found = numbers([*parameters, *x], "grad")
    return wrong_numbers(names, found, answers.gradients, partial(program, True), partial(leaf_role, network))


def _weighted(results: Sequence[Subject], upstream: Sequence[float]) -> Subject:
    """The sum of upstream * result, whose gradients are asked for."""
    total = results[0] * upstream[0]
    for result, k in zip(results[1:], upstream[1:]):
        total = total + result * k
    return total


def check_loss(function: Subject, Value: Subject, corpus: Corpus[Loss, LossAnswers]) -> None:
    """The results of a loss function are PyTorch's. Raises NotPassed."""
    check_cases(corpus, (function, Value), partial(_loss, False), lambda loss, shown: loss_program(loss, False, shown))


def check_loss_gradients(function: Subject, Value: Subject, corpus: Corpus[Loss, LossAnswers]) -> None:
    """The gradient of every output is PyTorch's. Raises NotPassed."""
    check_cases(corpus, (function, Value), partial(_loss, True), lambda loss, shown: loss_program(loss, True, shown))


def _loss(gradients: bool, loss: Loss, answers: LossAnswers, function: Subject, Value: Subject) -> Evidence | None:
    program: Callable[..., list[str]] = partial(loss_program, loss)
    rows = [[Value(number) for number in row] for row in loss.outputs]
    flat = [value for row in rows for value in row]
    outputs: Any = rows if loss.function in TAKES_ROWS else flat
    if loss.function == "softmax":
        results = list(function(outputs))
        wrong = wrong_count("len(p)", len(results), len(flat), program(False, ()))
        if wrong:
            return wrong
    else:
        results = [function(outputs, list(loss.targets))]
    if not gradients:
        names = [f"{name}.data" for name in result_names(loss)]
        return wrong_numbers(names, numbers(results, "data"), answers.results, partial(program, False))
    _weighted(results, loss.upstream).backward()
    names = [f"{name}.grad" for name in loss_output_names(loss)]
    return wrong_numbers(names, numbers(flat, "grad"), answers.gradients, partial(program, True))


def check_trajectories(
    MLP: Subject, loss: Subject, optimizer: Subject, train: Subject, corpus: Corpus[Trajectory, TrajectoryAnswers]
) -> None:
    """Training from the same start gives PyTorch's loss before every step, and its parameters after the last.

    Raises NotPassed.
    """
    check_cases(corpus, (MLP, loss, optimizer, train), _trajectory, trajectory_program)


def _trajectory(
    run: Trajectory, answers: TrajectoryAnswers, MLP: Subject, loss: Subject, optimizer: Subject, train: Subject
) -> Evidence | None:
    nin, *widths = run.sizes
    model = MLP(nin, widths, linear_last=True)
    parameters = list(model.parameters())
    program = partial(trajectory_program, run)
    wrong = wrong_count("len(model.parameters())", len(parameters), len(run.parameters), program(())[:3])
    if wrong:
        return wrong
    write(parameters, "data", run.parameters)
    moves = optimizer(model.parameters(), **dict(run.settings))
    history = list(train(model, list(map(list, run.inputs)), list(run.targets), loss, moves, run.steps))
    wrong = wrong_count("len(history)", len(history), run.steps, program(()))
    if wrong:
        return wrong
    after = list(model.parameters())
    wrong = wrong_count("len(model.parameters())", len(after), len(run.parameters), program(()))
    if wrong:
        return wrong
    names = [f"history[{step}]" for step in range(run.steps)]
    names += [f"model.parameters()[{place}].data" for place in range(len(after))]
    found = [*numbers(history), *numbers(after, "data")]
    return wrong_numbers(names, found, answers.numbers(), program, partial(_said, run))


def _said(run: Trajectory, place: int) -> str:
    """Which number of a training run stands at a place, in words."""
    when = f"before step {place + 1} of {run.steps}" if place < run.steps else f"after the last of {run.steps} steps"
    return f"the {'loss' if place < run.steps else 'parameters'} {when}, on {len(run.inputs)} examples"


def check_accuracy(
    outputs: Sequence[Subject], decision: Subject, targets: Sequence[int], least: float, after: str
) -> None:
    """So many of the decisions on a trained network's outputs are right, as a share. Raises NotPassed."""
    found = numbers([decision(output) for output in outputs])
    right = sum(number == target for number, target in zip(found, targets))
    if right < least * len(targets):
        due = math.ceil(least * len(targets))
        fail(f"After {after}, {right} of {len(targets)} decisions are right, where at least {due} should be", ())


# --- how parameters begin --------------------------------------------------------------------------------------------


def check_initial_numbers(part: Subject, arguments: Sequence[int], code: Sequence[str]) -> None:
    """A neuron or layer begins with all its numbers in [-1, 1], and no two weights alike. Raises NotPassed.

    arguments: what builds it, the number of inputs first.   code: the same as a program, in which it is `model`.
    """
    found = numbers(list(part(*arguments).parameters()), "data")
    wrong = wrong_count("len(model.parameters())", len(found), (arguments[0] + 1) * math.prod(arguments[1:]), code)
    if wrong:
        raise NotPassed(wrong.verdict, lambda: wrong)
    weights = {place: number for place, number in enumerate(found) if (place + 1) % (arguments[0] + 1)}
    outside = [place for place, number in enumerate(found) if not -1 <= number <= 1]
    if outside:
        place = outside[0]
        fail(f"model.parameters()[{place}].data begins at {found[place]!r}: outside of -1 to 1", code)
    first: dict[float, int] = {}
    for place, number in weights.items():
        if first.setdefault(number, place) != place:
            fail(f"model.parameters()[{first[number]}] and [{place}] are weights, and both begin at {number!r}", code)


def check_reproducible(part: Subject, arguments: Sequence[int], seed: Subject, code: Sequence[str]) -> None:
    """The same seed makes the same numbers, and another seed others. Raises NotPassed."""
    found = []
    for number in (1, 1, 2):
        seed(number)
        found.append(numbers(list(part(*arguments).parameters()), "data"))
    if found[0] != found[1]:
        fail("After seed(1) the numbers begin otherwise than after seed(1) before: draw them from `random`", code)
    if found[0] == found[2]:
        fail("After seed(2) the numbers begin as after seed(1): draw them from `random`", code)


def check_reached(model: Subject, code: Sequence[str]) -> None:
    """After backward() every parameter has a gradient, and none is 0. Raises NotPassed with the first that has none."""
    found = numbers(list(model.parameters()), "grad")
    unreached = [place for place, number in enumerate(found) if number == 0 or not math.isfinite(number)]
    if unreached or not found:
        fail(f"model.parameters()[{unreached[0] if found else 0}] gets no gradient", code)


def fail(message: str, code: Sequence[str]) -> NoReturn:
    """End an item with a message. code: a program that shows it. Raises NotPassed."""
    raise NotPassed(Verdict.FAILED, partial(Evidence, Verdict.FAILED, message, tuple(code)))
