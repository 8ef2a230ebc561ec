"""Checks of training with Values: losses, their gradients, whole training runs, and accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from gradkit.corpora.spec import Corpus
from gradkit.graphs.learning.losses import TAKES_ROWS, Loss, LossAnswers, output_names, result_names, write_loss_program
from gradkit.graphs.learning.reduce import loss_cost, smaller_losses, smaller_trajectories, trajectory_cost
from gradkit.graphs.learning.trajectories import Trajectory, TrajectoryAnswers, write_trajectory_program
from gradkit.oracle.complex_learning import answer_loss, answer_trajectory
from gradkit.submissions.transport.subject import Subject, decisions, numbers, write
from gradkit.suite.evidence import Evidence

from .cases import Reduction, check_cases, fail, wrong_count, wrong_numbers
from .networks import weighted_sum

LOSSES = Reduction(smaller_losses, loss_cost, answer_loss)
"""How calls of loss functions are reduced."""

TRAJECTORIES = Reduction(smaller_trajectories, trajectory_cost, answer_trajectory)
"""How training runs are reduced."""


def check_loss(function: Subject, Value: Subject, corpus: Corpus[Loss, LossAnswers]) -> None:
    """Check that the results of a loss function are PyTorch's.

    Args:
        function: The student's function.
        Value: The student's Value.
        corpus: Outputs with targets, and PyTorch's answers.

    Raises:
        NotPassed: If a result is wrong.
    """
    check_cases(corpus, (function, Value), partial(_run_loss, False), partial(_loss_program, False), LOSSES)


def check_loss_gradients(function: Subject, Value: Subject, corpus: Corpus[Loss, LossAnswers]) -> None:
    """Check that the gradient of every output is PyTorch's. Arguments as for `check_loss`."""
    check_cases(corpus, (function, Value), partial(_run_loss, True), partial(_loss_program, True), LOSSES)


def _loss_program(gradients: bool, loss: Loss, shown: Sequence[str]) -> list[str]:
    return write_loss_program(loss, gradients, shown)


def _run_loss(gradients: bool, loss: Loss, answers: LossAnswers, function: Subject, Value: Subject) -> Evidence | None:
    program: Callable[..., list[str]] = partial(write_loss_program, loss)
    rows = [[Value(number) for number in row] for row in loss.outputs]
    flat = [value for row in rows for value in row]
    outputs: Any = rows if loss.function in TAKES_ROWS else flat

    if loss.function == "softmax":
        results = list(function(outputs))
        evidence = wrong_count("len(p)", len(results), len(flat), program(False, ()))
        if evidence:
            return evidence
    else:
        results = [function(outputs, list(loss.targets))]

    if not gradients:
        names = [f"{name}.data" for name in result_names(loss)]
        return wrong_numbers(names, numbers(results, "data"), answers.results, partial(program, False))

    weighted_sum(results, loss.upstream).backward()
    names = [f"{name}.grad" for name in output_names(loss)]
    return wrong_numbers(names, numbers(flat, "grad"), answers.gradients, partial(program, True))


def check_trajectories(
    MLP: Subject, loss: Subject, optimizer: Subject, train: Subject, corpus: Corpus[Trajectory, TrajectoryAnswers]
) -> None:
    """Check that training from the same start gives PyTorch's losses, one before each step, and final parameters.

    Args:
        MLP: The student's class of networks.
        loss: The student's loss function.
        optimizer: The student's optimizer class.
        train: The student's train function.
        corpus: The training runs and PyTorch's answers.

    Raises:
        NotPassed: If a loss or a final parameter is wrong.
    """
    check_cases(corpus, (MLP, loss, optimizer, train), _run_trajectory, write_trajectory_program, TRAJECTORIES)


def _run_trajectory(
    run: Trajectory, answers: TrajectoryAnswers, MLP: Subject, loss: Subject, optimizer: Subject, train: Subject
) -> Evidence | None:
    nin, *widths = run.sizes
    model = MLP(nin, widths, linear_last=True)
    parameters = list(model.parameters())
    program = partial(write_trajectory_program, run)
    evidence = wrong_count("len(model.parameters())", len(parameters), len(run.parameters), program(())[:3])
    if evidence:
        return evidence

    write(parameters, "data", run.parameters)
    optimizer_object = optimizer(parameters, **dict(run.settings))
    inputs = list(map(list, run.inputs))
    history = list(train(model, inputs, list(run.targets), loss, optimizer_object, run.steps))
    evidence = wrong_count("len(history)", len(history), run.steps, program(()))
    if evidence:
        return evidence

    final_parameters = list(model.parameters())
    evidence = wrong_count("len(model.parameters())", len(final_parameters), len(run.parameters), program(()))
    if evidence:
        return evidence

    names = [f"history[{step}]" for step in range(run.steps)]
    names += [f"model.parameters()[{index}].data" for index in range(len(final_parameters))]
    yours = [*numbers(history), *numbers(final_parameters, "data")]
    return wrong_numbers(names, yours, answers.numbers(), program, partial(_describe_number, run))


def _describe_number(run: Trajectory, index: int) -> str:
    """Say in words which number of a training run has this index: losses first, then parameters."""
    n_examples = len(run.inputs)
    if index < run.steps:
        return f"the loss before step {index + 1} of {run.steps}, on {n_examples} examples"
    return f"the parameters after the last of {run.steps} steps, on {n_examples} examples"


def check_accuracy(
    outputs: Sequence[Subject], decision: Subject, targets: Sequence[int], min_share: float, after: str
) -> None:
    """Check how many decisions on a trained network's outputs are right.

    Args:
        outputs: The network's output for each example.
        decision: The student's function that decides on a class.
        targets: The right class of each example.
        min_share: The share that must be right, between 0 and 1.
        after: What the network was trained with, for the message.

    Raises:
        NotPassed: If too few decisions are right.
    """
    decided = decisions([decision(output) for output in outputs])
    n_right = sum(yours == target for yours, target in zip(decided, targets))
    if n_right < min_share * len(targets):
        n_needed = math.ceil(min_share * len(targets))
        fail(f"After {after}, {n_right} of {len(targets)} decisions are right, where at least {n_needed} should be", ())
