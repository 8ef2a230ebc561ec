"""Keys of corpus specs: the recorded key seeds the drawing, so a renamed class or new parameter changes no number."""

import dataclasses

import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.corpora.expressions import expressions
from gradkit.corpora.losses import losses
from gradkit.corpora.networks import networks
from gradkit.corpora.scalar import random_graphs
from gradkit.corpora.tensors import tensor_graphs
from gradkit.corpora.trajectories import trajectories
from gradkit.course.corpora import corpus_specs

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
def test_every_parameter_that_changes_what_is_drawn_is_in_the_key(spec):
    for field in dataclasses.fields(spec):
        assert repr(getattr(spec, field.name)) in spec.key


@OF_EACH_KIND
def test_the_number_of_cases_is_part_of_the_key_wherever_it_can_be_chosen(spec):
    other = spec.with_count(3)
    assert (other.key == spec.key) == (other == spec)
    assert other.name == spec.name
