"""Keys of corpus specs: a written-down key seeds the drawing, so a renamed class or new parameter changes no number."""

import dataclasses
import importlib
import inspect
import itertools
import pkgutil
from typing import get_args

import gradkit.corpora
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.corpora.expressions import Expressions, expressions
from gradkit.corpora.losses import Losses, losses
from gradkit.corpora.networks import Networks, NetworkShape, networks
from gradkit.corpora.scalar import RandomGraphs, Reuse, random_graphs
from gradkit.corpora.spec import CorpusSpec, format_number_in_key
from gradkit.corpora.tensor_forms import FORMS
from gradkit.corpora.tensors import Tensors, tensor_graphs
from gradkit.corpora.trajectories import DataName, Trajectories, trajectories
from gradkit.course.corpora import corpus_specs
from gradkit.graphs.learning.losses import LossFunction
from gradkit.graphs.learning.networks import NetworkClass
from gradkit.graphs.learning.trajectories import LossName, OptimizerName
from gradkit.inside.graph import Graph
from gradkit.inside.operations import OPERATIONS
from hypothesis import example, given, settings
from hypothesis import strategies as st

SPECS = [
    random_graphs("mul", reuse="leaves", count=20),
    random_graphs("pow_const", constants=(0.5, -1.0), count=10),
    expressions("story", (lambda a, b: a * b + a, (2.0, 3.0))),
    networks("MLP", linear=True, shape="narrow"),
    losses("cross_entropy", single=True),
    trajectories("moons", "hinge", "SGD", lr=0.1, momentum=0.9),
    tensor_graphs("add_ones", "sum_one", steps=2, twice=True, count=4),
]
OF_EACH_KIND = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{type(spec).__name__}-{spec.name}")


def test_every_spec_of_the_course_has_its_recorded_key_and_file(root):
    """If a corpus is meant to be drawn anew, `gradkit corpora` writes the new table."""
    table = (root / "tests/kit/corpus_keys.txt").read_text(encoding="utf-8").splitlines()
    specs = corpus_specs(assignments()).values()
    assert sorted(f"{spec.file_name}: {spec.key}" for spec in specs) == table


def renamed_copy(spec):
    """Return the same spec as a class of another name and module, with its fields reversed after a new one."""
    kind = type(spec)
    fields = dataclasses.fields(kind)
    members = {
        name: member
        for name, member in vars(kind).items()
        if not name.startswith(("__", "_abc")) and name not in {field.name for field in fields}
    }
    another = dataclasses.make_dataclass(
        "Elsewhere",
        [(name, object, dataclasses.field(default=None)) for name in ("note", *(f.name for f in reversed(fields)))],
        bases=kind.__bases__,
        namespace=members,
        frozen=True,
    )
    another.__module__ = "somewhere.else"
    return another(**{field.name: getattr(spec, field.name) for field in fields})


def subclassed_copy(spec):
    """Return the same spec as a subclass that has one more field."""
    another = dataclasses.make_dataclass(
        "Heir", [("note", str, dataclasses.field(default=""))], bases=(type(spec),), frozen=True
    )
    return another(**{field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)})


@pytest.mark.parametrize("renamed", [renamed_copy, subclassed_copy])
@OF_EACH_KIND
def test_a_renamed_or_extended_class_of_a_spec_draws_the_same_numbers(spec, renamed):
    again = renamed(spec)
    assert repr(again) != repr(spec)
    assert (again.key, again.file_name, again.count) == (spec.key, spec.file_name, spec.count)
    one, other = spec.draw("autumn"), again.draw("autumn")
    assert len(one.cases) > 0
    assert list(map(spec.encode, one.cases, one.answers)) == list(map(again.encode, other.cases, other.answers))


@OF_EACH_KIND
def test_the_number_of_cases_is_part_of_the_key_wherever_it_can_be_chosen(spec):
    other = spec.with_count(3)
    assert (other.key == spec.key) == (other == spec)
    assert other.name == spec.name


# --- what keys say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        (random_graphs("mul"), "scalar mul"),
        (
            random_graphs("pow_const", constants=(2.0, 0.5, -1), reuse="leaves", size=9, count=60),
            "scalar pow_const constants=2,0.5,-1 reuse=leaves size=9 count=60",
        ),
        (random_graphs("add", "mul", reuse="nodes", size=5, count=100), "scalar add mul reuse=nodes"),
        (expressions("story", (lambda a, b: a * b + a, (2.0, 3.0))), "expressions story"),
        (Networks("MLP", linear=True, shape="narrow", count=8), "network MLP linear shape=narrow count=8"),
        (losses("hinge"), "loss hinge"),
        (Losses("hinge", single=True, extreme=True, count=8), "loss hinge single extreme count=8"),
        (
            trajectories("moons", "hinge", "SGD", momentum=0.9, lr=0.1),
            "trajectory moons hinge SGD(lr=0.1,momentum=0.9)",
        ),
        (
            trajectories("digits", "cross_entropy", "Adam", hidden=0, examples=4, steps=5, lr=1),
            "trajectory digits cross_entropy Adam(lr=1) hidden=0 examples=4 steps=5",
        ),
        (
            tensor_graphs("add_ones", "sum_one", steps=6, layout=True, ties=True, twice=True, count=8),
            "tensor add_ones sum_one steps=6 layout ties twice count=8",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_has_the_kind_and_what_differs_from_the_defaults(spec, key):
    assert spec.key == key


# --- equal keys are equal specs --------------------------------------------------------------------------------------

NUMBERS = st.sampled_from([-1, -1.0, 0, 0.5, 1e-7, 2, 2.0]) | st.floats(allow_nan=False)
COUNTS = st.sampled_from([1, 4, 5, 8, 12, 16, 20, 24, 100])
SETTINGS = st.dictionaries(st.sampled_from(["lr", "momentum"]), NUMBERS).map(lambda pairs: tuple(sorted(pairs.items())))


def names_from(names):
    """Return a strategy for one to three of the names, in any order."""
    return st.lists(st.sampled_from(list(names)), min_size=1, max_size=3).map(tuple)


PARAMETERS = {
    Expressions: {
        "title": st.sampled_from(["story", "mul", "story count=4"]),
        "graphs": st.sampled_from([(), (Graph([1.0], []),), (Graph([2.0], []),)]),
    },
    Losses: {
        "function": st.sampled_from(get_args(LossFunction)),
        "single": st.booleans(),
        "extreme": st.booleans(),
        "count": COUNTS,
    },
    Networks: {
        "part": st.sampled_from(get_args(NetworkClass)),
        "linear": st.booleans(),
        "shape": st.sampled_from(get_args(NetworkShape)),
        "count": COUNTS,
    },
    RandomGraphs: {
        "operations": names_from(OPERATIONS),
        "constants": st.lists(NUMBERS, max_size=3).map(tuple),
        "reuse": st.sampled_from(get_args(Reuse)),
        "size": COUNTS,
        "count": COUNTS,
    },
    Tensors: {
        "forms": names_from(FORMS),
        "steps": COUNTS,
        "layout": st.booleans(),
        "ties": st.booleans(),
        "twice": st.booleans(),
        "count": COUNTS,
    },
    Trajectories: {
        "data": st.sampled_from(get_args(DataName)),
        "loss": st.sampled_from(get_args(LossName)),
        "optimizer": st.sampled_from(get_args(OptimizerName)),
        "settings": SETTINGS,
        "hidden": COUNTS | st.just(0),
        "examples": COUNTS,
        "steps": COUNTS,
    },
}
"""A strategy for every parameter of every kind of corpus."""

ANY_SPEC = st.sampled_from(list(PARAMETERS)).flatmap(lambda kind: st.builds(kind, **PARAMETERS[kind]))


def kinds_of_corpora(kind=CorpusSpec):
    """Return every class of gradkit that derives from this one and can be instantiated."""
    kinds = set() if inspect.isabstract(kind) else {kind}
    for derived in kind.__subclasses__():
        kinds |= kinds_of_corpora(derived)
    return {each for each in kinds if each.__module__.startswith("gradkit.")}


def what_is_drawn(spec):
    """Return what a key must tell apart. Nothing is drawn for hand-written graphs, so that their title suffices."""
    return spec if spec.depends_on_seed else (type(spec), spec.title)


def test_the_strategies_cover_every_kind_of_corpus_and_every_parameter():
    for module in pkgutil.iter_modules(gradkit.corpora.__path__, "gradkit.corpora."):
        importlib.import_module(module.name)
    assert kinds_of_corpora() == PARAMETERS.keys()
    for kind, parameters in PARAMETERS.items():
        assert {field.name for field in dataclasses.fields(kind)} == parameters.keys()


@pytest.mark.parametrize("kind", PARAMETERS, ids=lambda kind: kind.__name__)
def test_specs_of_a_kind_have_equal_keys_exactly_if_the_same_is_drawn_for_them(kind):
    @settings(max_examples=60)
    @given(st.fixed_dictionaries({name: st.tuples(values, values) for name, values in PARAMETERS[kind].items()}))
    def holds(two_values):
        combinations = itertools.product(*two_values.values())
        specs = [kind(**dict(zip(two_values, combination))) for combination in combinations]
        keys = {spec.key for spec in specs}
        drawn = {what_is_drawn(spec) for spec in specs}
        assert len({(spec.key, what_is_drawn(spec)) for spec in specs}) == len(keys) == len(drawn)

    holds()


@settings(max_examples=200)
@given(ANY_SPEC, ANY_SPEC)
def test_specs_of_any_kinds_have_equal_keys_exactly_if_the_same_is_drawn_for_them(one, other):
    assert (one.key == other.key) == (what_is_drawn(one) == what_is_drawn(other))


@example(2, 2.0)
@example(0.0, -0.0)
@example(1, True)
@example(10**16, 1e16)
@given(NUMBERS, NUMBERS)
def test_numbers_have_equal_texts_exactly_if_they_are_equal(one, other):
    assert (format_number_in_key(one) == format_number_in_key(other)) == (one == other)


def test_no_operation_and_no_form_is_written_like_a_parameter():
    names = {*OPERATIONS, *FORMS}
    assert not names & {"layout", "ties", "twice"}
    assert all(name.isidentifier() for name in names)
