"""Recognise datasets that are parts of one, so that a publisher does not count more by splitting its data.

The mean of a publisher, portal or government counts each family once. A family is the members of a series or of a
parent, or the datasets of one publisher whose titles differ only in numbers, dates or places in a list: the budgets of
2019, of 2020, and of ward 7.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from quality.evidence.subject import DatasetSubject, observed_parts

__all__ = ["content_of", "family_of", "skeleton"]

_MONTHS = (
    r"jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[eé]vrier|mar(?:ch|s|zo)?|m[aä]rz|apr(?:il)?|avril|may|mai|mayo|june?|juni|juin"
    r"|july?|juli|juillet|aug(?:ust)?|ao[uû]t|sep(?:t(?:ember)?)?|septembre|oct(?:ober|obre)?|okt(?:ober)?|nov(?:ember|embre)?"
    r"|dec(?:ember)?|d[eé]cembre|dez(?:ember)?|enero|febrero|abril|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_VARIABLE = re.compile(rf"\b(?:{_MONTHS}|q[1-4]|h[12]|[ivx]+)\b|\d+", re.IGNORECASE)
_WORD, _LETTERS = re.compile(r"\w+"), re.compile(r"[^\W\d_]+")
ENOUGH = 6
"""Least number of letters that must remain before titles count as the same; a Chinese character counts as three."""


def skeleton(title: str) -> str:
    """Return the words of a title in lower case, joined by spaces, without what differs between editions.

    Digits and signs are left out, and so are months (in English, German, French and Spanish), quarters and half-years
    ("Q3", "H1"), and words made of the letters i, v and x only (Roman numerals).

    >>> skeleton("Budget 2019, Q3") == skeleton("Budget 2020, Q1")
    True
    """
    text = unicodedata.normalize("NFKC", title).casefold()
    return " ".join(filter(None, map(_without_variables, _WORD.findall(text))))


@lru_cache(maxsize=16384)
def _without_variables(word: str) -> str:
    """Return the letters of a word, in groups; "" for the name of a month, a quarter or a Roman numeral."""
    return " ".join(_LETTERS.findall(_VARIABLE.sub(" ", word)))


def family_of(s: DatasetSubject) -> str:
    """Return a key that is equal for all datasets of a family, such as the yearly editions of one dataset.

    Datasets with the same series or parent in the same portal are a family. Datasets without either are one if they
    have the same publisher (the same portal if they have none) and titles with the same :func:`skeleton`. If too little
    of the title is left to decide, return the dataset's own id.
    """
    d = s.dataset
    if d.is_part_of:
        key = ("part", s.portal_id, d.is_part_of)
    else:
        bones = skeleton(d.title or "")
        if _letters(bones) < ENOUGH:
            return s.id
        key = ("title", s.publisher_id or s.portal_id, bones)
    return hashlib.blake2b("\x1f".join(key).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def _letters(bones: str) -> int:
    if bones.isascii():
        return len(bones) - bones.count(" ")
    return sum(char.isalpha() * (3 if char >= "\u2e80" else 1) for char in bones)


def content_of(s: DatasetSubject) -> str | None:
    """Return a digest of the contents of all files of a dataset, so that datasets with the same files can be
    recognised.

    None if the dataset has no files, or if not all of them were downloaded completely.
    """
    hashes = set()
    observed = observed_parts(s)
    if len(observed) < len(s.distributions):
        return None
    for part in observed:
        check = part.check
        if check is None or check.outcome != "ok" or check.sha256 is None or check.is_truncated:
            return None
        hashes.add(check.sha256)
    if not hashes:
        return None
    return hashlib.blake2b("".join(sorted(hashes)).encode(), digest_size=10).hexdigest()
