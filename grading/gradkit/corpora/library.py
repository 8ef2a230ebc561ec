"""Corpora: drawn with Hypothesis and answered by PyTorch once, then read from files."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from gradkit.errors import UserError
from gradkit.graphs.learning.losses import Loss, Losses, drawn_losses, keeps_off_the_kink
from gradkit.graphs.learning.networks import Network, Networks, drawn_networks
from gradkit.graphs.learning.trajectories import Trajectories, Trajectory, drawn_trajectories
from gradkit.graphs.tensor.graph import TensorAnswers, TensorGraph, Tensors, keeps_off_the_kinks
from gradkit.inside.graph import Answers, Graph
from gradkit.oracle import complex_step, pytorch
from gradkit.oracle.comparison import close

from .files import load, save
from .scalar import PUBLIC_SEED, Corpus, Expressions, RandomGraphs, Wish, smallest_first, systematic

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def record(wish: Wish, seed: str, without: Collection[Graph] = ()) -> Corpus[Any, Any]:
    """Draw a corpus from a seed and have PyTorch answer it. Needs PyTorch and Hypothesis; takes about half a second.

    without: graphs that it shall not hold, for they are known already.
    """
    if isinstance(wish, Expressions):
        return Corpus(wish.graphs, tuple(map(pytorch.answers, wish.graphs)))
    if not isinstance(wish, RandomGraphs):
        pairs = _of_tensors(wish, seed) if isinstance(wish, Tensors) else list(_answered(wish, seed))
        return Corpus(tuple(case for case, _ in pairs), tuple(answers for _, answers in pairs))

    def keep(graph: Graph) -> Answers | None:
        return None if graph in without else pytorch.well_posed_answers(graph)

    few = len(wish.operations) <= 2  # a mixture of many operations has met each one's systematic part elsewhere
    found = systematic(wish, seed, keep) if few else {}
    found.update(_random_part(wish, seed, max(wish.count - len(found), wish.count // 4), keep))
    return smallest_first(found)


def _answered(wish: Networks | Losses | Trajectories, seed: str) -> Iterator[tuple[object, object]]:
    """As many cases as a wish asks for, each with its answers, in the order in which they are drawn."""
    found: Iterator[tuple[object, object]]
    if isinstance(wish, Networks):
        found = ((each, pytorch.agreed(pytorch.network_answers, each)) for each in drawn_networks(wish, seed))
    elif isinstance(wish, Losses):
        ask: Callable[[Loss], object] = partial(pytorch.agreed, pytorch.loss_answers)
        ask = pytorch.loss_answers if wish.extreme else ask
        found = ((each, ask(each)) for each in drawn_losses(wish, seed) if keeps_off_the_kink(each))
    else:
        found = ((each, pytorch.agreed(pytorch.trajectory_answers, each)) for each in drawn_trajectories(wish, seed))
    return islice((pair for pair in found if pair[1]), wish.count)


def _random_part(
    wish: RandomGraphs, seed: str, count: int, keep: Callable[[Graph], Answers | None]
) -> dict[Graph, Answers]:
    """`count` random graphs (fewer where the rules leave no more) that use one of the operations asked for."""
    from .scalar_strategies import expression_graphs

    found: dict[Graph, Answers] = {}

    def collect(graph: Graph) -> None:
        if len(found) >= count or graph in found or len(graph.steps) < 2:
            return
        if any(step[0] in wish.operations for step in graph.steps):
            answers = keep(graph)
            if answers:
                found[graph] = answers

    _draw(expression_graphs(wish, complex_step.FUNCTIONS), f"{seed} {wish}", collect, lambda: count - len(found))
    return found


def _of_tensors(wish: Tensors, seed: str) -> list[tuple[TensorGraph, TensorAnswers]]:
    """As many graphs as a wish asks for, each with its answers, smallest first. Every form has its share of them, and
    no two differ in numbers alone: Hypothesis likes to draw the same few again, with one number changed."""
    from .tensor_strategies import kinds_of, random_tensor_graphs

    found: dict[object, tuple[TensorGraph, TensorAnswers]] = {}
    kinds = kinds_of(wish)
    for kind in kinds:
        due = len(found) + math.ceil(wish.count / len(kinds))
        _collect_tensors(random_tensor_graphs(wish, *kind), f"{seed} {wish} {kind}", found, due)
    return sorted(found.values(), key=lambda pair: (len(pair[0].steps), len(pair[1].data)))


def _collect_tensors(
    strategy: SearchStrategy[TensorGraph | None],
    seed: str,
    found: dict[object, tuple[TensorGraph, TensorAnswers]],
    due: int,
) -> None:
    """Add graphs with their answers until there are so many."""

    def collect(graph: TensorGraph | None) -> None:
        if graph is None or len(found) >= due or graph.structure in found:
            return
        answers = pytorch.agreed(pytorch.tensor_answers, graph)
        if answers and keeps_off_the_kinks(graph, answers):
            found[graph.structure] = graph, answers

    _draw(strategy, seed, collect, lambda: due - len(found))


def _draw(strategy: SearchStrategy[Any], seed: str, collect: Callable[[Any], None], missing: Callable[[], int]) -> None:
    """Hand what a strategy draws from a seed to `collect`, until nothing is missing or there seems to be no more."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, given, settings

    for attempt in range(10):
        # A round draws about what is missing: Hypothesis cannot be told to stop when there is enough.
        if missing() > 0:
            drawn = settings(
                max_examples=2 * missing() + 20,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(given(strategy)(collect))
            with _nothing_but_the_seed():
                hypothesis.seed(_number(f"{seed} {attempt}"))(drawn)()


def _nothing_but_the_seed() -> AbstractContextManager[object]:
    """Keep Hypothesis from mixing in numbers that stand in the source of loaded modules (a student's engine.py is one):
    a seed must draw the same wherever it is drawn. Older versions have no such habit, and nothing to be kept from."""
    from hypothesis.internal.conjecture import providers

    if not hasattr(providers, "_get_local_constants"):
        return nullcontext()
    none = type(providers._local_constants)()
    return mock.patch.object(providers, "_get_local_constants", return_value=none)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class MissingCorpusError(UserError):
    """A corpus was not recorded; the message says what to run."""


class Library:
    """Where corpora come from: the recorded ones of the public seed, or another seed's, drawn when first asked for.

    folder: the recorded corpora.
    seed:   the public seed, or another.
    cache:  where another seed's corpora are kept, if they are.
    count:  how many graphs another seed draws for each wish (as many as it asks for, unless said).
    """

    def __init__(
        self,
        folder: Path,
        seed: str = PUBLIC_SEED,
        cache: Path | None = None,
        count: int | None = None,
    ) -> None:
        self.folder = folder
        self.seed = seed
        self._cache = cache
        self._count = count
        self._known: dict[Wish, Corpus[Any, Any]] = {}

    def is_ready(self, wish: Wish) -> bool:
        """Whether a corpus can be had without drawing it now."""
        return wish in self._known or self._path(wish).exists()

    def corpus(self, wish: Wish) -> Corpus[Any, Any]:
        """The corpus for a wish. Raises MissingCorpusError, saying what to run, where none was recorded."""
        if wish not in self._known:
            self._known[wish] = self._find(wish)
        return self._known[wish]

    def _find(self, wish: Wish) -> Corpus[Any, Any]:
        path, kind = self._path(wish), type(wish)
        if not self.is_drawn(wish):
            if not path.exists():
                raise MissingCorpusError(f"No recorded corpus {path.name}: run `gradkit corpora` to record it.")
            return load(path, kind)
        recorded = self.folder / f"{wish.name}.json"
        public = set(load(recorded, kind).cases) if recorded.exists() else set()
        asked = replace(wish, count=self._count) if self._count and isinstance(wish, RandomGraphs) else wish
        if self._cache is None:
            return record(asked, self.seed, public)
        if not path.exists():
            save(record(asked, self.seed, public), path)
        return load(path, kind)

    def is_drawn(self, wish: Wish) -> bool:
        """Return whether the corpus for a wish depends on the seed, so that it is not the recorded one."""
        return self.seed != PUBLIC_SEED and not isinstance(wish, Expressions)

    def _path(self, wish: Wish) -> Path:
        """Where a corpus is kept. The name changes whenever the recorded corpora do, and so the way of drawing."""
        known = self.folder / f"{wish.name}.json"
        if not self.is_drawn(wish) or self._cache is None:
            return known
        recorded = known.read_bytes() if known.exists() else b""
        digest = hashlib.sha256(f"{self.seed} {wish} {self._count} ".encode() + recorded).hexdigest()[:16]
        return self._cache / f"{wish.name}-{digest}.json"


_ANSWERS: dict[type, Callable[[Any], Any]] = {
    Graph: pytorch.answers,
    Network: pytorch.network_answers,
    Loss: pytorch.loss_answers,
    Trajectory: pytorch.trajectory_answers,
    TensorGraph: pytorch.tensor_answers,
}


def differences(corpus: Corpus[Any, Any]) -> list[str]:
    """What live PyTorch answers otherwise than the record; empty when every number agrees."""
    found = []
    for case, recorded in zip(corpus.cases, corpus.answers):
        pairs = zip(recorded.numbers(), _ANSWERS[type(case)](case).numbers(), strict=True)
        for place, (old, new) in enumerate(pairs):
            if not close(old, new):
                found.append(f"{case!r}: number {place} is recorded as {old!r}, PyTorch says {new!r}")
    return found
