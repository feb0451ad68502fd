"""Define a candidate: one place in a record where a fact may stand, with its scope, standing and path."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

__all__ = ["Candidate", "FactScope", "Standing"]


class FactScope(IntEnum):
    """What a statement in a record is about: a file (distribution), the dataset, or the whole catalogue.

    Of several statements, one with a smaller number is preferred: a licence of the file comes before one of the
    catalogue. :func:`~harvester.facts.choice.choose` has the whole rule.
    """

    FILE = 0
    DATASET = 1
    CATALOGUE = 2


class Standing(IntEnum):
    """How reliable a statement is; of several statements of one scope, one with a smaller number is preferred."""

    STATED = 0
    INHERITED = 1
    """Taken from the parent object of the record."""
    GUESSED = 2
    """Taken from a field that is about something else, or about several things."""


class Candidate(NamedTuple):
    """One value in a record for a fact such as "licence" or "frequency".

    A record may have several, in different fields. :func:`~harvester.facts.choice.choose` chooses the best one.
    """

    fact: str
    value: Any
    """The value as it stands in the record: a text, a list or an object."""
    path: str = ""
    """Where the value stands in the record, for example "extras/frequency"."""
    scope: FactScope = FactScope.DATASET
    standing: Standing = Standing.STATED
    rank: int = 0
    """How clearly the name of the field means the fact; a smaller number is clearer."""
    language: str | None = None
    """Language code that the field's name states, for example "de" for ``title_de``."""
