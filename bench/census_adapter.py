"""Offer the recogniser of key datasets to a program that measures recognisers: ``keys(dataset)``.

A dataset is a mapping with ``title``, ``description`` and ``words``: keywords and themes, then "/", then the names of
columns or files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quality.census.recognise import Portrait, recognise


def keys(dataset: Mapping[str, Any]) -> Iterable[str]:
    """Return the ids of the key datasets that the recogniser takes a dataset for, without asking a person."""
    return [claim.key for claim in recognise(portrait(dataset)) if claim.is_taken]


def portrait(dataset: Mapping[str, Any]) -> Portrait:
    """Return what the recogniser reads of a dataset.

    Names after the "/" stand for columns and for files, because the measurement does not tell which they are.
    """
    words = list(dataset.get("words") or ())
    at = words.index("/") if "/" in words else len(words)
    return Portrait(
        title=dataset["title"],
        description=dataset.get("description") or "",
        keywords=words[:at],
        themes=words[:at],
        columns=words[at + 1 :],
        files=words[at + 1 :],
    )
