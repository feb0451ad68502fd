"""Compute a digest of the methodology: of the specifications, and of the answers over a fixed corpus.

Everything that decides a figure is hashed: weights, rules and words of ``specs``, and what metrics, look-ups, the
mapping to RDF, standards and scores answer for records that we made. How the code finds an answer is not hashed: code
that is rewritten or made faster keeps its digest as long as no answer changes. The digest consists of parts with their
own hashes, so that a test can tell which parts a change affects.

The digest is not computed at run time. ``specs/methodology.toml`` records it for each version; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quality.digest.canonical import hashed
from quality.digest.figures import figure_parts
from quality.digest.specifications import specification_parts
from quality.digest.statements import graphs, verdicts
from quality.digest.words import answers, vocabularies

__all__ = ["digest", "digests", "parts", "together"]


def parts() -> dict[str, Callable[[], Any]]:
    """Return the parts of the digest: by name, a function that returns the value to hash.

    Names that begin with ``spec:`` are parts of ``specs``. Names that begin with ``metric:``, ``words:``, ``rdf:`` or
    ``score:`` are results that the code computes for a fixed set of made-up records.
    """
    return {
        **specification_parts(),
        **figure_parts(),
        **{f"words:{name}": lambda name=name: answers(name) for name in vocabularies()},  # type: ignore[misc]
        "rdf:statements": lambda: list(graphs()),
        "rdf:standards": verdicts,
    }


def digests() -> dict[str, str]:
    """Return the hash of every part of the digest by the part's name. This takes some seconds."""
    return {name: hashed(make()) for name, make in parts().items()}


def together(hashes: Mapping[str, str]) -> str:
    """Return the digest of the methodology, computed from the digests of its parts.

    ``hashes`` maps the name of each part to its digest, as :func:`digests` returns them.
    """
    return hashed(dict(hashes))


def digest() -> str:
    """Return the digest of the methodology: 64 hexadecimal digits. This takes some seconds."""
    return together(digests())
