"""A new kind of corpus changes no module that handles all kinds: what they need of it is in its spec and its check.

Here both are in one test file, because tests may import PyTorch. docs/architecture.md lists the modules of a kind.
"""

import dataclasses
import io
import random
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace

import msgspec
import pytest
from gradkit.catalogue.assignments import assignments
from gradkit.corpora.drawing import first_answered
from gradkit.corpora.library import Library
from gradkit.corpora.recording import find_differences
from gradkit.corpora.spec import Corpus, CorpusSpec
from gradkit.course.corpora import check_corpora, corpus_specs, record_corpora
from gradkit.oracle.well_posed import answer_if_well_posed
from gradkit.submissions.transport.subject import numbers
from gradkit.suite.checks.cases import check_cases, wrong_numbers
from gradkit.suite.collection import graded_tests
from gradkit.suite.failures import NotPassed


class Polynomial(msgspec.Struct, frozen=True, array_like=True):
    """A polynomial and a point x. `coefficients` are those of x**0, x**1 and so on."""

    coefficients: tuple[float, ...]
    x: float


class PolynomialAnswers(msgspec.Struct, frozen=True, array_like=True):
    """Its value, and its derivative by x."""

    value: float
    slope: float

    def numbers(self):
        return self.value, self.slope


@dataclasses.dataclass(frozen=True)
class Polynomials(CorpusSpec):
    """Random polynomials of this degree."""

    degree: int
    count: int = 6

    @property
    def key(self):
        return f"polynomials degree={self.degree} count={self.count}"

    @property
    def name(self):
        return f"polynomials_{self.degree}"

    def draw(self, seed, public=None):
        rng = random.Random(f"{seed} {self.key}")

        def candidates():
            while True:
                coefficients = [rng.randint(-30, 30) / 10 for _ in range(self.degree + 1)]
                yield Polynomial(tuple(coefficients), rng.randint(11, 20) / 10)

        return first_answered(candidates(), lambda case: answer_if_well_posed(answer_polynomial, case), self.count)

    def answer(self, case):
        return answer_polynomial(case)

    def decode(self, content):
        return msgspec.json.decode(content, type=list[tuple[Polynomial, PolynomialAnswers]])

    def programs(self, case):
        return [polynomial_program(case, ["y.data", "x.grad"])]


def answer_polynomial(case, dtype="float64"):
    import torch

    x = torch.tensor(case.x, dtype=getattr(torch, dtype), requires_grad=True)
    y = sum(coefficient * x**power for power, coefficient in enumerate(case.coefficients))
    y.backward()
    return PolynomialAnswers(y.item(), x.grad.item())


def polynomial_program(case, shown):
    lines = [
        "from engine import Value",
        f"x, y = Value({case.x}), 0",
        f"for coefficient in {list(reversed(case.coefficients))}: y = y * x + coefficient",
        "y.backward()",
    ]
    return lines + [f"print({name})" for name in shown]


def check_polynomials(Value, corpus):
    check_cases(corpus, (Value,), compare_polynomial, polynomial_program)


def compare_polynomial(case, answers, Value):
    x = Value(case.x)
    y = 0
    for coefficient in reversed(case.coefficients):
        y = y * x + coefficient
    y.backward()
    yours = [*numbers([y], "data"), *numbers([x], "grad")]
    return wrong_numbers(["y.data", "x.grad"], yours, answers.numbers(), lambda shown: polynomial_program(case, shown))


SUITE = """
from gradkit.suite import graded
from polynomials import Polynomials, check_polynomials

@graded(1, "Polynomials", corpus=Polynomials(3))
def test_polynomials(Value, corpus):
    check_polynomials(Value, corpus)
"""


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """Return an assignment with one item, which uses the new kind of corpus, and an empty folder of corpora."""
    monkeypatch.setitem(sys.modules, "polynomials", sys.modules[__name__])
    monkeypatch.setattr("gradkit.catalogue.assignments.course_home", lambda: tmp_path)
    assignment = msgspec.structs.replace(assignments()[0], name="a9_trial")
    assignment.suite.mkdir(parents=True)
    (assignment.suite / "test_trial.py").write_text(SUITE)
    return assignment


def test_the_new_kind_is_recorded_read_back_and_checked(trial, tmp_path):
    assert list(record_corpora([trial])) == [("polynomials_3.json", True)]
    assert list(record_corpora([trial])) == [("polynomials_3.json", False)]
    assert list(check_corpora([trial])) == [("polynomials_3", [])]
    (spec,) = corpus_specs([trial]).values()
    recorded = Library(tmp_path / "tests/corpora").corpus(spec)
    drawn = spec.draw("public")
    assert isinstance(recorded, Corpus)
    assert recorded == drawn
    assert len(recorded.cases) == 6
    assert find_differences(spec, Corpus(recorded.cases, recorded.answers[::-1])) != []


def test_a_private_seed_draws_other_cases_and_keeps_them(trial, tmp_path):
    list(record_corpora([trial]))
    (spec,) = corpus_specs([trial]).values()
    public = Library(tmp_path / "tests/corpora").corpus(spec)
    private = Library(tmp_path / "tests/corpora", "autumn", tmp_path / "cache")
    assert not set(private.corpus(spec).cases) & set(public.cases)
    assert Library(tmp_path / "tests/corpora", "autumn", tmp_path / "cache").is_ready(spec)


@pytest.fixture
def grade(trial, tmp_path, load_value):
    """Return a function that runs the item on a student's engine."""
    list(record_corpora([trial]))
    (test,) = graded_tests(trial)
    corpus = Library(tmp_path / "tests/corpora").corpus(test.settings.corpus)
    return lambda source: test.function(Value=load_value(source), corpus=corpus)


def test_a_right_submission_passes(grade, solution):
    grade(solution())


def test_a_wrong_submission_is_shown_the_case_as_a_program(grade, solution, engine, monkeypatch):
    wrong = ("self.grad += other.data * out.grad", "self.grad += out.grad")
    with pytest.raises(NotPassed) as raised:
        grade(solution(wrong))
    evidence = raised.value.failure.explain()
    assert [row.name for row in evidence.rows] == ["x.grad"]

    monkeypatch.setitem(sys.modules, "engine", SimpleNamespace(Value=engine(wrong)))
    screen = io.StringIO()
    with redirect_stdout(screen):
        exec("\n".join(evidence.code), {})
    assert float(screen.getvalue()) == evidence.rows[0].yours
