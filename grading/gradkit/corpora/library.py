"""Read recorded corpora, and draw those of a private seed."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from gradkit.errors import UserError

from .files import load_corpus, save_corpus
from .spec import PUBLIC_SEED, Corpus, CorpusSpec


class MissingCorpusError(UserError):
    """A corpus was not recorded. The message says what to run."""


class ThinCorpusError(UserError):
    """A private seed does not draw all that a corpus must cover. The message does not contain the seed."""


@cache
def _digest_of_code() -> str:
    """Return a digest of this package, which draws corpora."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Library:
    """Corpora of one seed: read from the recorded files for the public seed, else drawn when first requested.

    Args:
        folder: The folder of the recorded corpora.
        seed: The public seed, or a private one.
        cache: The folder in which drawn corpora are kept; None to draw them in every process.
        count: Number of graphs to draw for each spec, instead of the spec's.
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
        self._corpora: dict[CorpusSpec[Any, Any], Corpus[Any, Any]] = {}

    def is_ready(self, spec: CorpusSpec[Any, Any]) -> bool:
        """Return whether the corpus of a spec can be read without drawing it."""
        return spec in self._corpora or self._path(spec).exists()

    def has_private_corpus(self, spec: CorpusSpec[Any, Any]) -> bool:
        """Return whether the corpus of a spec is drawn from a private seed, so that it is not the recorded one."""
        return self.seed != PUBLIC_SEED and spec.depends_on_seed

    def corpus(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        """Return the corpus of a spec.

        Raises:
            MissingCorpusError: If the corpus should have been recorded and was not.
            ThinCorpusError: If the seed does not draw all that the corpus must cover.
        """
        if spec not in self._corpora:
            self._corpora[spec] = self._load_or_draw(spec)
        return self._corpora[spec]

    def _load_or_draw(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        path = self._path(spec)
        if not self.has_private_corpus(spec):
            if not path.exists():
                raise MissingCorpusError(f"No recorded corpus {path.name}: run `gradkit corpora` to record it.")
            return load_corpus(spec, path)

        if self._cache is None:
            return self._draw(spec)
        if not path.exists():
            save_corpus(spec, self._draw(spec), path)
        return load_corpus(spec, path)

    def _draw(self, spec: CorpusSpec[Any, Any]) -> Corpus[Any, Any]:
        recorded = self.folder / spec.file_name
        public = load_corpus(spec, recorded) if recorded.exists() else None
        if self._count:
            return spec.with_count(self._count).draw(self.seed, public)

        corpus = spec.draw(self.seed, public)
        missing = spec.missing_features(zip(corpus.cases, corpus.answers))
        if missing:
            raise ThinCorpusError(
                f"This seed draws no corpus {spec.name} with all that it must cover (missing: "
                f"{', '.join(sorted(missing))}). Choose another seed."
            )
        return corpus

    def _path(self, spec: CorpusSpec[Any, Any]) -> Path:
        """Return the file of a corpus.

        The name of a drawn corpus's file depends on the recorded corpus and on the code that draws.
        """
        recorded = self.folder / spec.file_name
        if not self.has_private_corpus(spec) or self._cache is None:
            return recorded
        content = recorded.read_bytes() if recorded.exists() else b""
        facts = f"{self.seed} {spec.key} {self._count} {_digest_of_code()} ".encode()
        digest = hashlib.sha256(facts + content).hexdigest()[:16]
        return self._cache / f"{spec.name}-{digest}.json"
