"""Verdicts in words: the Open Definition's verdict on a licence, and on a dataset through its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from quality.evidence.subject import DistributionSubject

__all__ = ["OpenVerdict", "open_definition", "open_definition_of_all"]

OpenVerdict = Literal["not_open", "unknown", "declared_only", "open"]
_ORDER: tuple[OpenVerdict, ...] = ("not_open", "unknown", "declared_only", "open")


def open_definition(s: DistributionSubject) -> OpenVerdict:
    """Return what the list of the Open Definition (okfn/licenses) says about the licence of a distribution.

    - "open": the list approves the licence.
    - "not_open": the list rejects it, or no licence is declared or the record says that none is specified, so that
      nobody may reuse the file.
    - "declared_only": the publisher says "open" without naming a licence.
    - "unknown": the licence is not in the list, was never reviewed, or is not recognised.

    The metric ``licence_open`` also decides about licences that the list does not judge.
    """
    licence = s.licence
    if licence is None:
        declared = (s.distribution, s.dataset)
        return "unknown" if any(one.licence or one.licence_title for one in declared) else "not_open"
    match licence.open_definition:
        case "open":
            return "open"
        case "not_open" | "none":
            return "not_open"
        case "declared":
            return "declared_only"
    return "unknown"


def open_definition_of_all(parts: Sequence[OpenVerdict]) -> OpenVerdict:
    """Return the Open Definition's verdict on a dataset: that of its least open distribution, "not_open" without any.

    ``parts`` are the verdicts on its distributions. From the least open on, they are "not_open", "unknown",
    "declared_only" and "open".

    >>> open_definition_of_all(["open", "unknown"])
    'unknown'
    """
    return min(parts, key=_ORDER.index, default="not_open")
