"""The files of corpora: one case and its answer a line, so that a change shows in a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradkit.files import write_whole

from .spec import Corpus, CorpusSpec


def save_corpus(spec: CorpusSpec[Any, Any], corpus: Corpus[Any, Any], path: Path) -> None:
    """Write the corpus of a spec to a file. The folder is created if it is missing.

    Args:
        spec: The spec.
        corpus: Its corpus.
        path: The file to write.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, encode_corpus(spec, corpus))


def encode_corpus(spec: CorpusSpec[Any, Any], corpus: Corpus[Any, Any]) -> bytes:
    """Return the content of the file of a corpus."""
    lines = [spec.encode(case, answer) for case, answer in zip(corpus.cases, corpus.answers)]
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


def load_corpus(spec: CorpusSpec[Any, Any], path: Path) -> Corpus[Any, Any]:
    """Read the corpus of a spec from a file.

    Raises:
        FileNotFoundError: If the file does not exist.
        msgspec.DecodeError: If the file does not contain a corpus of this kind.
    """
    pairs = spec.decode(path.read_bytes())
    return Corpus(tuple(case for case, _ in pairs), tuple(answer for _, answer in pairs))
