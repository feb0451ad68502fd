"""Tell texts that state a fact from placeholders, which programs and people write when nothing is known."""

from __future__ import annotations

import re
from functools import lru_cache

from catalog.vocabulary import frequency, is_no_value, is_template, licence

__all__ = ["NOTHING_NAMED", "meant"]

_TITLES = ("title",)
"""Any word may be a title: there is a town called Nada."""
_WORDS = ("description", "keywords", "themes", "language", "provenance")
"""For these facts only the placeholders of programs are dropped; people may use the other words in earnest."""
_LONG = 40
"""Length in characters; a longer text is a placeholder only if it contains the marks of a template."""
_NO_NUMBER = re.compile(r"-\d+(?:\.0*)?")
_NO_HASH = re.compile(r"0+|[\W_]+")
_DIGIT = re.compile(r"\d")
_NO_DAY = re.compile(r"(?:0000|0001)-.*|0+")
NOTHING_NAMED = ("/null", "#null", "/undefined", "#undefined", "/NaN", "#NaN")
"""Ends of code-list addresses that a program built from a missing code."""
_CODED = ("frequency", "language", "format", "media_type", "licence", "access_rights", "spatial", "themes", "publisher")
_NO_WORDS = re.compile(r"[-+]?\d[\d\s./:TZ+-]*")
_DATES = ("issued", "modified", "temporal_start", "temporal_end", "record_modified")


def meant(fact: str, said: str) -> bool:
    """Return whether the text ``said`` is a real value of ``fact`` and not a placeholder for a missing value.

    ``fact`` is for example "publisher" or "licence".

    >>> meant("publisher", "N/A"), meant("publisher", "City of Bonn")
    (False, True)
    """
    if fact in _CODED and said.endswith(NOTHING_NAMED) and said[:4].lower() == "http":
        return False
    if len(said) > _LONG and "{" not in said and "%" not in said and said[0] != "<":
        return True
    if fact in _TITLES:
        return not is_template(said)
    return _is_meant(fact, said)


@lru_cache(maxsize=65_536)
def _is_meant(fact: str, said: str) -> bool:
    """Do the same for a short text, cached because formats, licences and names repeat often."""
    if is_no_value(said, by_program=fact in _WORDS):
        # "unknown" is a valid frequency: it has its own code.
        return fact == "frequency" and not is_no_value(said, by_program=True) and frequency(said) is not None
    if fact == "licence":
        # "License not specified" is no licence, even if a portal gives it an identifier.
        known = licence(said) if len(said) <= _LONG else None
        return known is None or known.open_definition != "none"
    if fact == "frequency":
        # A date or a bare number is no frequency, even under a heading such as "Aggiornamento" (Italian for "update").
        return _NO_WORDS.fullmatch(said.strip()) is None or frequency(said) is not None
    if fact == "byte_size":
        return _NO_NUMBER.fullmatch(said.strip()) is None
    if fact == "checksum":
        return _NO_HASH.fullmatch(said.strip()) is None
    if fact in _DATES:
        # "Current" is not the end of a period.
        is_day = not fact.startswith("temporal") or _DIGIT.search(said) is not None
        return is_day and _NO_DAY.fullmatch(said.strip()) is None
    return True
