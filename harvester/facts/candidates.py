"""Where a fact may stand in a record: every place is a candidate, with its scope, its standing and its path."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

__all__ = ["Candidate", "FactScope", "Standing"]


class FactScope(IntEnum):
    """What a statement is about: the smaller, the nearer."""

    FILE = 0
    DATASET = 1
    CATALOGUE = 2


class Standing(IntEnum):
    """On what a statement rests: the smaller, the firmer."""

    STATED = 0
    INHERITED = 1
    """From what the record belongs to."""
    GUESSED = 2
    """From a field that is about something else, or about several things."""


class Candidate(NamedTuple):
    """One place at which a record may state a fact."""

    fact: str
    value: Any
    """A text as it stands, or what the record has in its place: a list, an object."""
    path: str = ""
    """Where it stands in the record: "extras/frequency"."""
    scope: FactScope = FactScope.DATASET
    standing: Standing = Standing.STATED
    rank: int = 0
    """The smaller, the plainer is the name of the field."""
    language: str | None = None
    """Code of the language that the name of the field states."""
