"""A digest of how everything is measured and weighed: of the specifications, and of the answers over a fixed corpus.

What is hashed is what a figure rests on: weights, rules and words as they stand in ``specs``, and what metrics,
look-ups, the mapping to RDF, the standards and the scores say to records of our own. How they come to say it is not
hashed: code that is rewritten, or made faster, keeps its digest as long as no answer changes. The digest is made of
parts with hashes of their own, so that a test can tell which of them a change concerns.

Nothing computes it at run time. ``specs/methodology.toml`` records it for every version; tests compare the two.
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
    """What the digest is made of: by name, a function that gives a value to be hashed. Names begin with a kind:
    ``spec:`` is what stands in specs, ``metric:``, ``words:``, ``rdf:`` and ``score:`` are answers over the corpus."""
    return {
        **specification_parts(),
        **figure_parts(),
        **{f"words:{name}": lambda name=name: answers(name) for name in vocabularies()},  # type: ignore[misc]
        "rdf:statements": lambda: list(graphs()),
        "rdf:standards": verdicts,
    }


def digests() -> dict[str, str]:
    """The hash of every part. Takes some seconds."""
    return {name: hashed(make()) for name, make in parts().items()}


def together(hashes: Mapping[str, str]) -> str:
    """The digest that the hashes of all parts make."""
    return hashed(dict(hashes))


def digest() -> str:
    """The digest of the methodology: 64 hexadecimal digits. Takes some seconds."""
    return together(digests())
