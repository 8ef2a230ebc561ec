"""Programs of cases: run beside the reference, they print PyTorch's numbers."""

import io
import sys
from contextlib import redirect_stdout

import pytest
from gradkit.catalogue.assignments import assignments, corpora_folder
from gradkit.corpora.files import load_corpus
from gradkit.corpora.losses import Losses
from gradkit.corpora.networks import Networks
from gradkit.corpora.trajectories import Trajectories
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.learning import losses, networks
from gradkit.graphs.learning.losses import result_names, write_loss_program
from gradkit.graphs.learning.networks import leaf_names, leaf_role, write_network_program
from gradkit.graphs.learning.trajectories import write_trajectory_program
from gradkit.oracle.tolerance import is_close
from gradkit.proof.specimens import reference_folder

SPECS = corpus_specs(assignments())


def of_kind(kind):
    return pytest.mark.parametrize(
        "spec", [spec for spec in SPECS.values() if isinstance(spec, kind)], ids=lambda spec: spec.name
    )


def three_of(spec):
    """Return a small, a medium and a large case of a recorded corpus, with PyTorch's answers."""
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    chosen = sorted({0, len(corpus.cases) // 2, len(corpus.cases) - 1})
    return [(corpus.cases[index], corpus.answers[index]) for index in chosen]


@pytest.fixture
def run_program(monkeypatch):
    """Return a function that runs a program beside the reference's files, and returns the numbers that it prints."""
    monkeypatch.syspath_prepend(str(reference_folder() / "solution"))
    for name in ("engine", "nn", "training", "tensor"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def run(lines):
        screen = io.StringIO()
        with redirect_stdout(screen):
            exec("\n".join(lines), {})
        return [float(line) for line in screen.getvalue().split()]

    yield run
    for name in ("engine", "nn", "training", "tensor"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("spec", SPECS.values(), ids=lambda spec: spec.name)
def test_the_programs_of_a_spec_print_all_numbers_of_the_record_in_order(spec, run_program):
    corpus = load_corpus(spec, corpora_folder() / spec.file_name)
    numbers = [number for program in spec.programs(corpus.cases[0]) for number in run_program(program)]
    assert len(numbers) == len(corpus.answers[0].numbers())
    assert all(map(is_close, numbers, corpus.answers[0].numbers()))


@of_kind(Networks)
def test_a_pasted_network_prints_the_recorded_outputs_and_gradients(spec, run_program):
    for network, answers in three_of(spec):
        outputs = run_program(
            write_network_program(network, False, [f"{name}.data" for name in networks.output_names(network)])
        )
        gradients = run_program(write_network_program(network, True, [f"{name}.grad" for name in leaf_names(network)]))
        assert all(map(is_close, outputs, answers.outputs))
        assert all(map(is_close, gradients, answers.gradients))
        assert len(outputs) + len(gradients) == len(answers.numbers())


@of_kind(Losses)
def test_a_pasted_loss_prints_the_recorded_results_and_gradients(spec, run_program):
    for loss, answers in three_of(spec):
        results = run_program(write_loss_program(loss, False, [f"{name}.data" for name in result_names(loss)]))
        gradients = run_program(write_loss_program(loss, True, [f"{name}.grad" for name in losses.output_names(loss)]))
        assert all(map(is_close, results, answers.results))
        assert all(map(is_close, gradients, answers.gradients))
        assert len(results) + len(gradients) == len(answers.numbers())


@of_kind(Trajectories)
def test_a_pasted_training_run_prints_the_recorded_losses_and_parameters(spec, run_program):
    run, answers = three_of(spec)[0]
    shown = [f"history[{step}]" for step in range(run.steps)]
    shown += [f"model.parameters()[{index}].data" for index in range(len(run.parameters))]
    assert all(map(is_close, run_program(write_trajectory_program(run, shown)), answers.numbers()))


@pytest.mark.parametrize("kind", [Networks, Losses, Trajectories])
def test_another_seed_draws_other_cases_and_the_same_seed_the_same(kind):
    spec = next(spec for spec in SPECS.values() if isinstance(spec, kind))
    autumn, again, spring = (spec.draw(seed) for seed in ("autumn", "autumn", "spring"))
    assert autumn == again
    assert not set(map(repr, autumn.cases)) & set(map(repr, spring.cases))


@of_kind(Networks)
def test_networks_grow_from_the_first_to_the_last(spec):
    drawn = spec.candidates("autumn")
    found = [next(drawn) for _ in range(spec.count)]
    assert sum(map(len, (each.parameters for each in found[:6]))) < sum(len(each.parameters) for each in found[-6:])
    for each in found:
        assert len(each.parameters) == sum((a + 1) * b for a, b in zip(each.sizes, each.sizes[1:]))
        assert set(each.upstream).isdisjoint({0.0, 1.0})


def test_a_networks_parameters_are_named_by_their_role():
    network = networks.Network("MLP", (2, 2, 1), False, (0.5,) * 9, (1.0, 2.0), (2.0,))
    assert [leaf_role(network, index) for index in (0, 2, 4, 6, 8, 9)] == [
        "weight 1 of neuron 1 in layer 1",
        "the bias of neuron 1 in layer 1",
        "weight 2 of neuron 2 in layer 1",
        "weight 1 of neuron 1 in layer 2",
        "the bias of neuron 1 in layer 2",
        "input 1",
    ]


def test_digits_are_drawn_from_the_courses_file():
    spec = next(spec for spec in SPECS.values() if isinstance(spec, Trajectories) and spec.data == "digits")
    run = next(spec.candidates("autumn"))
    assert {len(row) for row in run.inputs} == {64}
    assert all(0 <= pixel <= 1 for row in run.inputs for pixel in row)
    assert all(target in range(10) for target in run.targets)
