"""Choose between several statements of one fact.

The nearest scope that states anything wins. Within it, stated values go before inherited and guessed ones, then values
that resolve (a known licence, a readable date, a specific format), then the clearest field name. An open licence does
not overrule a restriction that is nearer or under a clearer name. A value that resolves to something other than the
chosen one is kept as a contradiction. If no value resolves, the best text wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from catalog import vocabulary
from harvester.facts.candidates import Candidate
from quality.evidence.dates import last_day

__all__ = ["Choice", "choose", "grade"]

_LONG = 400
"""Length at which the text of a contradiction is cut, in characters."""
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>.]+")
_CODE = re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?|[0-9]+|https?://\S+", re.IGNORECASE)


class Choice(NamedTuple):
    """The value chosen for a fact (``text``), the candidate that states it, and the values not chosen."""

    text: str
    candidate: Candidate
    others: tuple[str, ...] = ()
    """Other texts of the same scope, the best first."""
    contradictions: tuple[str, ...] = ()
    """Statements that resolve to something else than the chosen one, as "licence at extras/license: ODbL"."""


def choose(fact: str, candidates: Iterable[Candidate]) -> Choice | None:
    """Return the best of ``candidates`` for ``fact``; None if none has a text.

    ``fact`` is for example "licence". Placeholders ("N/A") must have been removed; candidates whose value is not a text
    are ignored. The candidates are compared by these criteria, one after the other: scope (a statement about the file
    comes before one about the dataset), whether the text says anything (:func:`grade` is not 0), standing (a stated
    value comes before a guessed one), the grade (a known licence or a readable date comes before any other text), and
    the rank of the field's name. A scope in which no text says anything counts only if there is no other. If the best
    licence is not restrictive, a restrictive one of the same scope under a clearer name of the field replaces it.
    """
    found = [one for one in candidates if isinstance(one.value, str) and one.value.strip()]
    if not found:
        return None
    if len(found) == 1:
        return Choice(found[0].value, found[0])
    graded = [(grade(fact, one.value), one) for one in found]
    said = [one for level, one in graded if level] or found
    nearest = min(one.scope for one in said)
    ordered = sorted(
        ((level, one) for level, one in graded if one.scope == nearest),
        key=lambda pair: (pair[0] == 0, pair[1].standing, -pair[0], pair[1].rank),
    )
    best = ordered[0][1]
    if fact == "licence":
        best = _not_overruled(best, [one for _, one in ordered])
    others = dict.fromkeys(one.value for _, one in ordered if one.value != best.value)
    return Choice(best.value, best, tuple(others), _contradictions(fact, best, found))


def _not_overruled(best: Candidate, same_scope: Sequence[Candidate]) -> Candidate:
    """Return a restriction that stands under a clearer name than ``best``, if there is one; else ``best``."""
    if vocabulary.is_restrictive(best.value):
        return best
    nearer = [one for one in same_scope if one.standing <= best.standing and one.rank < best.rank]
    return next((one for one in nearer if vocabulary.is_restrictive(one.value)), best)


def _contradictions(fact: str, best: Candidate, found: Sequence[Candidate]) -> tuple[str, ...]:
    meaning = _MEANING.get(fact)
    if meaning is None or (chosen := meaning(best.value)) is None:
        return ()
    said: dict[str, None] = {}
    for one in found:
        other = meaning(one.value) if one is not best else None
        # A licence without its version does not contradict the same licence with its version.
        if other is not None and not (other.startswith(chosen) or chosen.startswith(other)):
            said[f"{fact} at {one.path}: {one.value[:_LONG]}"] = None
    return tuple(said)


def _licence_meant(text: str) -> str | None:
    found = vocabulary.licence(text)
    return found.id if found and found.open_definition not in ("declared", "none") else None


def _frequency_meant(text: str) -> str | None:
    found = vocabulary.frequency(text)
    return found.id if found and not found.is_unbounded and found.id != "OTHER" else None


def _access_meant(text: str) -> str | None:
    found = vocabulary.access_right(text)
    return found.id if found else None


_MEANING: dict[str, Callable[[str], str | None]] = {
    "licence": _licence_meant,
    "frequency": _frequency_meant,
    "access_rights": _access_meant,
}


@lru_cache(maxsize=16384)
def grade(fact: str, text: str) -> int:
    """Return how informative ``text`` is as a value of ``fact`` ("licence", "issued"), as a number from 0.

    0: it says nothing. 1: it is some text. 2 and more: it is a known value, such as a known licence or a readable date;
    a higher number means a more specific value.
    """
    judge = _GRADES.get(fact)
    return judge(text) if judge else 1


def _licence(text: str) -> int:
    found = vocabulary.licence(text)
    if found is None or found.open_definition == "declared":
        return 1
    if found.open_definition == "none":
        return 0
    return 3 if any(letter.isdigit() for letter in found.id) or not found.id.startswith("CC-") else 2


def _frequency(text: str) -> int:
    found = vocabulary.frequency(text)
    if found is None:
        return 1
    return 1 if found.id == "UNKNOWN" or (found.id == "OTHER" and found.period_days is None) else 2


def _date(text: str) -> int:
    if last_day(text) is not None:
        return 2
    return 1 if any(letter.isdigit() for letter in text) else 0


def _format(text: str) -> int:
    found = vocabulary.file_format(text)
    return 1 if found is None else 2 if found.is_generic or found.id == "HTML" else 3


def _media_type(text: str) -> int:
    return _format(text) if vocabulary.known_media_type(text) or vocabulary.file_format(text) else 1


def _name(text: str) -> int:
    return 0 if _CODE.fullmatch(text.strip()) else 1


_GRADES: dict[str, Callable[[str], int]] = {
    "licence": _licence,
    "frequency": _frequency,
    "access_rights": lambda text: 2 if vocabulary.access_right(text) else 1,
    "language": lambda text: 2 if vocabulary.language(text) else 1,
    "format": _format,
    "media_type": _media_type,
    "publisher": _name,
    "responsible": _name,
    "contact_email": lambda text: 2 if _EMAIL.search(text) else 0,
    **dict.fromkeys(("issued", "modified", "temporal_start", "temporal_end"), _date),
}
