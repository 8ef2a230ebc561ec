"""Record corpora, and compare recorded numbers with live PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from gradkit.oracle.tolerance import is_close

from .files import load_corpus, save_corpus
from .spec import PUBLIC_SEED, Corpus, CorpusSpec


def record_corpus(spec: CorpusSpec[Any, Any], path: Path) -> bool:
    """Draw the corpus of the public seed, and write it to its file unless the file agrees with it.

    PyTorch's answers differ in their last digits from machine to machine. A file whose cases are the same, and whose
    numbers differ only by rounding, is not touched.

    Returns:
        Whether the file was written.
    """
    corpus = spec.draw(PUBLIC_SEED)
    if path.exists() and _agrees(spec, corpus, path):
        return False
    save_corpus(spec, corpus, path)
    return True


def _agrees(spec: CorpusSpec[Any, Any], corpus: Corpus[Any, Any], path: Path) -> bool:
    """Return whether a file contains the cases of a corpus, and answers that differ only by rounding."""
    try:
        recorded = load_corpus(spec, path)
    except msgspec.DecodeError:
        return False
    if len(recorded.cases) != len(corpus.cases):
        return False
    for old_case, old, case, new in zip(recorded.cases, recorded.answers, corpus.cases, corpus.answers):
        # Compared as text, because graphs are equal even if the names of their inputs differ.
        if spec.encode(old_case, new) != spec.encode(case, new) or not _numbers_agree(old, new):
            return False
    return True


def _numbers_agree(old: Any, new: Any) -> bool:
    old_numbers, new_numbers = old.numbers(), new.numbers()
    return len(old_numbers) == len(new_numbers) and all(map(is_close, old_numbers, new_numbers))


def find_differences(spec: CorpusSpec[Any, Any], corpus: Corpus[Any, Any]) -> list[str]:
    """Return a message for each recorded number that live PyTorch computes differently, beyond rounding.

    A message contains the case as a program.

    Raises:
        ValueError: If an answer has more or fewer numbers than PyTorch's.
    """
    messages = []
    for case, recorded in zip(corpus.cases, corpus.answers):
        pairs = zip(recorded.numbers(), spec.answer(case).numbers(), strict=True)
        for index, (old, new) in enumerate(pairs):
            if not is_close(old, new):
                program = "\n    ".join(spec.programs(case)[0])
                messages.append(f"number {index} is recorded as {old!r}, PyTorch says {new!r}:\n    {program}")
    return messages
