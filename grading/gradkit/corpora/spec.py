"""The base class of corpus specs: everything that a kind of corpus has to define, in one place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from gradkit.oracle.well_posed import HasNumbers

PUBLIC_SEED = "public"
"""The seed of the recorded corpora, which every student has."""

Case = TypeVar("Case")
Answer = TypeVar("Answer")
NumericAnswer = TypeVar("NumericAnswer", bound=HasNumbers)


@dataclass(frozen=True)
class Corpus(Generic[Case, Answer]):
    """The cases that an item is checked on, smallest first, and PyTorch's answer to each of them."""

    cases: tuple[Case, ...]
    answers: tuple[Answer, ...]


class CorpusSpec(ABC, Generic[Case, NumericAnswer]):
    """Defines the cases that an item is checked on.

    An item names its spec, `@graded(..., corpus=random_graphs("mul"))`, and its test receives the corpus of the spec.
    `Library` (library.py) reads the corpus from its file, or draws it if the seed is private; `gradkit corpora` records
    it. They call the methods below and depend on nothing else of the kind of corpus.

    A kind of corpus is a frozen dataclass that derives from this class, because specs are compared and hashed: equal
    specs of several items share one corpus. A case is data that can be hashed, and an answer has `numbers()`.

    The order of calls::

        corpus = spec.draw("autumn", public)
        lines = [spec.encode(case, answer) for case, answer in zip(corpus.cases, corpus.answers)]
        pairs = spec.decode(b"[" + b",".join(lines) + b"]")  # the same cases and answers
        spec.answer(pairs[0][0])                             # PyTorch's answer today
        spec.programs(pairs[0][0])                           # code that shows the same numbers on a student's engine
    """

    @property
    @abstractmethod
    def key(self) -> str:
        """The text that seeds the drawing, together with the seed: `scalar mul reuse=leaves count=60`.

        It is written out by hand: the kind, what the cases are about, and then, in a fixed order, the parameters that
        differ from their defaults. If the key of a spec changes, its corpus is drawn anew, so a renamed class or a new
        parameter must not change the keys of existing specs. Every parameter that changes what is drawn is in the key:
        specs whose cases are drawn have equal keys exactly if they are equal.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the corpus. Specs that differ must have different names."""

    @property
    def file_name(self) -> str:
        """The name of the file in which the corpus is recorded."""
        return f"{self.name}.json"

    @property
    @abstractmethod
    def count(self) -> int:
        """Number of cases to draw. A corpus can have fewer if there are not as many that are well-posed."""

    def with_count(self, count: int) -> CorpusSpec[Case, NumericAnswer]:
        """Return this spec with another number of cases; unchanged if the number is fixed for its kind."""
        return self

    @property
    def depends_on_seed(self) -> bool:
        """Whether the cases depend on the seed."""
        return True

    @abstractmethod
    def draw(self, seed: str, public: Corpus[Case, NumericAnswer] | None = None) -> Corpus[Case, NumericAnswer]:
        """Draw the cases, and let PyTorch answer them. Needs PyTorch, and Hypothesis for graphs.

        Args:
            seed: The seed. The same seed and key draw the same corpus on every machine with the same versions.
            public: For a private seed, the recorded corpus. Students know its cases, so they are not drawn again. Kinds
                whose cases hardly ever repeat can ignore it.
        """

    def features(self, case: Case, answer: NumericAnswer) -> set[str]:
        """Return what a case covers, as texts such as "mul with 0"."""
        return set()

    def required_features(self) -> set[str]:
        """Return what a corpus must cover, whatever the seed."""
        return set()

    def missing_features(self, pairs: Iterable[tuple[Case, NumericAnswer]]) -> set[str]:
        """Return the required features that none of these cases has.

        Args:
            pairs: Cases with their answers.
        """
        covered: set[str] = set()
        return self.required_features() - covered.union(*(self.features(case, answer) for case, answer in pairs))

    @abstractmethod
    def answer(self, case: Case) -> NumericAnswer:
        """Let PyTorch answer a case. Needs PyTorch."""

    def encode(self, case: Case, answer: NumericAnswer) -> bytes:
        """Return a case and its answer as JSON: one element of the list in the corpus's file, on one line."""
        return msgspec.json.encode((case, answer))

    @abstractmethod
    def decode(self, content: bytes) -> list[tuple[Case, NumericAnswer]]:
        """Return the cases and answers of a corpus's file.

        Raises:
            msgspec.DecodeError: If the file does not contain a corpus of this kind.
        """

    @abstractmethod
    def programs(self, case: Case) -> list[list[str]]:
        """Return programs, each a list of lines, to be run in a folder with a right submission.

        Together they print all numbers of the answer, in the order of `numbers()`.
        """


def format_number_in_key(number: float) -> str:
    """Return a number as keys contain it. Equal numbers have the same text, whatever their type: 2 and 2.0 are `2`."""
    return str(int(number)) if number % 1 == 0 else repr(float(number))
