"""Draw cases: with Hypothesis, or from an endless series of candidates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .spec import Answer, Case, Corpus, CorpusSpec, NumericAnswer

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

MAX_ROUNDS = 20
"""Rounds in which examples are drawn, unless a caller says otherwise."""


def first_answered(
    candidates: Iterable[Case], answer: Callable[[Case], Answer | None], count: int
) -> Corpus[Case, Answer]:
    """Return the first `count` candidates that have an answer.

    Args:
        candidates: The cases to choose from, possibly without end.
        answer: Returns the answer to a case, or None if the case must not be used.
        count: Number of cases to return.
    """
    cases, answers = [], []
    for case in candidates:
        case_answer = answer(case)
        if case_answer is None:
            continue
        cases.append(case)
        answers.append(case_answer)
        if len(cases) == count:
            break
    return Corpus(tuple(cases), tuple(answers))


def draw_until_covered(
    spec: CorpusSpec[Case, NumericAnswer],
    seed: str,
    candidates: Callable[[str], Iterable[Case]],
    answer: Callable[[Case], NumericAnswer | None],
) -> Corpus[Case, NumericAnswer]:
    """Draw a corpus anew, at most MAX_ROUNDS times, until it has every feature that its spec requires.

    Args:
        spec: The spec. Its corpus has the first `count` candidates that have an answer.
        seed: The seed.
        candidates: Returns the cases of a seed to choose from, possibly without end.
        answer: Returns the answer to a case, or None if the case must not be used.
    """
    for round_number in range(MAX_ROUNDS):
        round_seed = f"{seed} round {round_number}" if round_number else seed
        corpus = first_answered(candidates(round_seed), answer, spec.count)
        if not spec.missing_features(zip(corpus.cases, corpus.answers)):
            break
    return corpus


def draw_with_hypothesis(
    strategy: SearchStrategy[Case],
    seed: str,
    collect: Callable[[Case], None],
    n_missing: Callable[[], int],
    max_rounds: int = MAX_ROUNDS,
) -> None:
    """Draw examples of a strategy until nothing is missing, for at most `max_rounds` rounds.

    The first example of each round is left out: it is the simplest one that Hypothesis knows, whatever the seed.

    Args:
        strategy: The strategy that draws an example.
        seed: The seed. The same seed draws the same examples.
        collect: Called with every example.
        n_missing: Returns the number of examples that are still needed.
        max_rounds: Maximum number of rounds.
    """
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings

    for round_number in range(max_rounds):
        if n_missing() <= 0:
            break
        round_settings = settings(
            max_examples=2 * n_missing() + 20,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
        )
        is_first = True

        def collect_others(example: Case) -> None:
            nonlocal is_first
            if n_missing() <= 0:
                raise _NothingIsMissing
            if not is_first:
                collect(example)
            is_first = False

        run_round = round_settings(given(strategy)(collect_others))
        with _no_constants_of_modules(), suppress(_NothingIsMissing):
            hypothesis.seed(_number_of(f"{seed} {round_number}"))(run_round)()


class _NothingIsMissing(Exception):
    """Ends a round of Hypothesis, which goes on until a test fails."""


@contextmanager
def _no_constants_of_modules() -> Iterator[None]:
    """Keep Hypothesis from using constants that it finds in the source code of loaded modules.

    A student's engine.py can be one of these modules, and a seed must draw the same examples everywhere. Older versions
    of Hypothesis do not read source code.
    """
    from hypothesis.internal.conjecture import providers

    if not hasattr(providers, "_get_local_constants"):
        yield
        return

    original, original_cache = providers._get_local_constants, providers.CONSTANTS_CACHE
    no_constants = type(providers._local_constants)()
    providers._get_local_constants = lambda: no_constants
    # What other tests drew in this process left constants of modules here, and Hypothesis looks here first.
    providers.CONSTANTS_CACHE = type(original_cache)(original_cache.max_size)
    try:
        yield
    finally:
        providers._get_local_constants, providers.CONSTANTS_CACHE = original, original_cache


def _number_of(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
