"""Verdicts in words: the Open Definition's on a licence, and on a dataset through its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from quality.evidence.subject import DistributionSubject

__all__ = ["OpenVerdict", "open_definition", "open_definition_of_all"]

OpenVerdict = Literal["not_open", "unknown", "declared_only", "open"]
_ORDER: tuple[OpenVerdict, ...] = ("not_open", "unknown", "declared_only", "open")


def open_definition(s: DistributionSubject) -> OpenVerdict:
    """By the list of the Open Definition (okfn/licenses), and no reading of ours.

    "open": approved. "not_open": rejected, or no licence at all: nobody may reuse the file. "declared_only": a
    placeholder by which the publisher says "open", without a licence that could be read. "unknown": a licence that the
    list does not name or never reviewed, or that cannot be told. ``licence_open`` goes on where the list ends.
    """
    licence = s.licence
    if licence is None:
        return "unknown" if s.distribution.licence or s.dataset.licence else "not_open"
    match licence.open_definition:
        case "open":
            return "open"
        case "not_open" | "none":
            return "not_open"
        case "declared":
            return "declared_only"
    return "unknown"


def open_definition_of_all(parts: Sequence[OpenVerdict]) -> OpenVerdict:
    """A dataset is as open as the least open of its files."""
    return min(parts, key=_ORDER.index, default="not_open")
