"""A corpus: what an item is checked on, with PyTorch's answers; and the systematic part of those of graphs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from gradkit.graphs.learning.losses import Losses
from gradkit.graphs.learning.networks import Networks
from gradkit.graphs.learning.trajectories import Trajectories
from gradkit.graphs.scalar.domain import all_in_domain
from gradkit.graphs.scalar.trace import Tracer, traced
from gradkit.graphs.tensor.graph import Tensors
from gradkit.inside.graph import Answers, Graph
from gradkit.inside.operations import OPERATIONS

SIZE, COUNT = 5, 100
"""How many steps a drawn graph has at most, and how many graphs a corpus has, unless an item says otherwise."""

Reuse = Literal["nothing", "leaves", "nodes"]

PUBLIC_SEED = "public"
"""The seed of the recorded corpora, which every student has."""


@dataclass(frozen=True)
class RandomGraphs:
    """Which random graphs an item wants. Equal wishes share one corpus.

    operations: what the item is about; each graph uses at least one of them.
    constants:  the plain numbers for the forms among them (those of the table, unless said).
    reuse:      what a graph uses more than once: "nothing" (a tree), "leaves" (then any order of backward() that goes
                from the output to the leaves will do), or "nodes" of any kind.
    size:       at most so many steps.
    count:      how many graphs, systematic part and random part together.
    """

    operations: tuple[str, ...]
    constants: tuple[float, ...] = ()
    reuse: Reuse = "nothing"
    size: int = SIZE
    count: int = COUNT

    @property
    def name(self) -> str:
        """What the corpus' file is called."""
        first, *more = self.operations
        parts = [first, f"and_{len(more)}_more"] if len(more) > 3 else list(self.operations)
        parts += [f"{number:g}".replace("-", "minus") for number in self.constants]
        parts += [self.reuse] * (self.reuse != "nothing") + [f"size{self.size}"] * (self.size != SIZE)
        return "_".join(parts)

    @property
    def companions(self) -> tuple[str, ...]:
        """The operations that may stand beside those asked for: the ones that are graded before them, and only the
        two simplest, so that a mistake elsewhere does not show up here."""
        if self.operations == ("add",):
            return ()
        return ("add",) if self.operations == ("mul",) else ("add", "mul")

    def constants_of(self, operation: str) -> tuple[float, ...]:
        """The plain numbers that may be drawn for an operation's {k}; none for one without."""
        table = OPERATIONS[operation].constants
        return self.constants if table and self.constants else table


@dataclass(frozen=True)
class Expressions:
    """Graphs that a story tells, written out by hand and so exempt from the rules for drawn ones."""

    name: str
    graphs: tuple[Graph, ...]


Wish = RandomGraphs | Expressions | Networks | Losses | Trajectories | Tensors
"""What an item asks for; `corpora` turns it into a Corpus."""


Case = TypeVar("Case")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Corpus(Generic[Case, Answer]):
    """What an item is checked on, smallest first, and PyTorch's answers to each."""

    cases: tuple[Case, ...]
    answers: tuple[Answer, ...]


GraphCorpus = Corpus[Graph, Answers]


def random_graphs(
    *operations: str, constants: tuple[float, ...] = (), reuse: Reuse = "nothing", size: int = SIZE, count: int = COUNT
) -> RandomGraphs:
    """Ask for random graphs about these operations; see RandomGraphs. Raises KeyError for one not in the table."""
    for operation in operations:
        OPERATIONS[operation]
    return RandomGraphs(operations, constants, reuse, size, count)


def expressions(name: str, *cases: tuple[Callable[..., Tracer], tuple[float, ...]]) -> Expressions:
    """Ask for hand-written graphs: each an expression and its inputs. `name` names the corpus' file."""
    return Expressions(name, tuple(traced(expression, *numbers) for expression, numbers in cases))


# --- the systematic part ---------------------------------------------------------------------------------------------

Shape = Callable[..., Tracer]

_TREES: dict[int, tuple[Shape, ...]] = {
    1: (
        lambda f, x, y, z: f(x),
        lambda f, x, y, z: f(x) + y,
        lambda f, x, y, z: f(x) * y,
        lambda f, x, y, z: f(x + y) * z,
        lambda f, x, y, z: f(x * y) * z,
        lambda f, x, y, z: f(f(x)) * y,
    ),
    2: (
        lambda f, x, y, z: f(x, y),
        lambda f, x, y, z: f(x, y) + z,
        lambda f, x, y, z: f(x, y) * z,
        lambda f, x, y, z: f(f(x, y), z),
        lambda f, x, y, z: f(x, f(y, z)),
        lambda f, x, y, z: f(x + y, z),
    ),
}
_REUSING: dict[int, tuple[Shape, ...]] = {
    1: (
        lambda f, x, y, z: f(x) + x,
        lambda f, x, y, z: x + f(x),
        lambda f, x, y, z: f(x) * x,
        lambda f, x, y, z: x * f(x),
        lambda f, x, y, z: f(x) + f(x),
        lambda f, x, y, z: f(f(x) + x) * x,
    ),
    2: (
        lambda f, x, y, z: f(x, x),
        lambda f, x, y, z: f(x, y) + x,
        lambda f, x, y, z: y + f(x, y),
        lambda f, x, y, z: f(x, y) * x + y,
        lambda f, x, y, z: f(x, f(x, y)),
        lambda f, x, y, z: f(x + y, x) * y,
    ),
}


def systematic_shapes(wish: RandomGraphs, operation: str, constant: float | None) -> Iterator[Shape]:
    """For one operation f: f(x), f(x)+x, x+f(x), an upstream gradient other than 1, g(f(h(x))) and their like.

    Only shapes made of the operation and its companions come back, each a function of three numbers.
    """
    arity = OPERATIONS[operation].arity

    def apply(*operands: Tracer) -> Tracer:
        return operands[0]._then(operation, *operands[1:], *(() if constant is None else (constant,)))

    allowed = {operation, *wish.companions}
    for shape in (_TREES if wish.reuse == "nothing" else _REUSING)[arity]:

        def instance(x: Tracer, y: Tracer, z: Tracer, shape: Shape = shape) -> Tracer:
            return shape(apply, x, y, z)

        if {step[0] for step in traced(instance, 1.0, 1.0, 1.0).steps} <= allowed:
            yield instance


def systematic(wish: RandomGraphs, seed: str, keep: Callable[[Graph], Answers | None]) -> dict[Graph, Answers]:
    """Every shape at a few numbers that `keep` accepts, within the domains. The seed chooses the numbers."""
    rng = random.Random(f"{seed} {wish}")
    kept: dict[Graph, Answers] = {}
    for operation in wish.operations:
        constants = wish.constants_of(operation)
        for constant in constants or (None,):
            for shape in systematic_shapes(wish, operation, constant):
                for _ in range(2 if len(constants) > 1 else 4):
                    kept.update(_first_kept(shape, rng, keep))
    return kept


def _first_kept(shape: Shape, rng: random.Random, keep: Callable[[Graph], Answers | None]) -> dict[Graph, Answers]:
    for _ in range(60):
        numbers = [rng.choice((1, 1, -1)) * rng.randint(10, 300) / 100 for _ in range(3)]
        graph = Graph(*_unnamed(traced(shape, *numbers)))
        found = keep(graph)
        if found and all_in_domain(graph, found.data):
            return {graph: found}
    return {}


def _unnamed(graph: Graph) -> tuple[Any, ...]:
    return graph.inputs, graph.steps, graph.output


def smallest_first(found: dict[Graph, Answers]) -> GraphCorpus:
    """A corpus in the order in which a student should meet the graphs."""
    graphs = sorted(found, key=lambda graph: len(graph.steps))
    return Corpus(tuple(graphs), tuple(found[graph] for graph in graphs))
