"""Whether a title or a description says anything, in any language.

What a text holds is measured in letters of an alphabet: a Chinese character is a word or half of one, an Arabic or
Hebrew letter carries the vowels that are not written. Only different words count, so that saying a thing ten times is
saying it once. Lengths were set by the same sentences in fifteen languages (``tests/quality/test_texts.py``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from specs.vocabularies import read

__all__ = ["information", "is_code", "is_placeholder", "plain_text"]

LOOKED_AT = 3_000
"""Characters of a text that are looked at: what says nothing so far says nothing."""
WITH_MARKUP = 12_000
"""Characters of a text with markup: office programs put long tables of styles in front."""
LONGEST_WORD = 40
"""Letters for which a word can count."""
_MARKUP = re.compile(
    r"<(?:style|script)\b[^<>]{0,2000}>[^<]*|<!--(?:(?!<!--).)*?(?:-->|$)|<[a-z/!?][^<>]{0,2000}(?:>|$)"
    r"|https?://\S+|www\.\S+|[{$]\{[^{}]{0,200}(?:\}|$)",
    re.DOTALL | re.IGNORECASE,
)
"""Tags, addresses, and templates that nobody has filled in; the last of them may be cut off."""
_MARK = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]+")
"""Accents, and vowels of Hebrew and Arabic: written or not, the word is the same."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Scripts without blanks between words: Thai, Lao, Chinese, Japanese."""
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_FILE_NAME = re.compile(r"^[\w .-]+\.(csv|tsv|xlsx?|ods|json|xml|zip|pdf|txt|shp|geojson|kml|docx?)$", re.IGNORECASE)
_UUID = re.compile(r"^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
_CODE = re.compile(r"^(?=.*(?:_|\d.*\d.*\d))[A-Za-z0-9_.:/-]+$")
_WORD_AND_YEAR = re.compile(r"^[A-Za-z]{4,}[-_ ]?(?:19|20)\d\d$")
_WEIGHTS = (
    ("\u0590", "\u05ff", 1.4),  # Hebrew
    ("\u0600", "\u07ff", 1.2),  # Arabic, Syriac
    ("\u0900", "\u0dff", 2.0),  # the scripts of India: their vowels are no letters
    ("\u0e00", "\u109f", 1.6),  # Thai, Lao, Tibetan, Burmese
    ("\u1100", "\u11ff", 1.0),
    ("\u3040", "\u30ff", 1.8),  # kana
    ("\uac00", "\ud7af", 2.4),  # hangul
    ("\u2e80", "\u9fff", 2.6),  # ideographs
    ("\uf900", "\ufaff", 2.6),
)


def plain_text(text: str | None) -> str:
    """A text without markup, addresses, entities and characters that nobody sees; its beginning only."""
    raw = text or ""
    has_markup = len(raw) > LOOKED_AT and ("<" in raw[:LOOKED_AT] or "&lt;" in raw[:LOOKED_AT])
    visible = raw[: WITH_MARKUP if has_markup else LOOKED_AT]
    if not visible.isascii():
        visible = _MARK.sub("", _INVISIBLE.sub("", visible))
    if "&" in visible:
        # First, so that tags that were escaped are tags again.
        visible = html.unescape(visible)
    if "<" in visible or "/" in visible or "{" in visible or "www." in visible:
        visible = _MARKUP.sub(" ", visible)
    return visible[:LOOKED_AT]


@lru_cache(maxsize=4096)
def _weight(character: str) -> float:
    for first, last, weight in _WEIGHTS:
        if first <= character <= last:
            return weight
    return 1.0 if character < "\U00020000" else 2.6


def information(text: str, enough: float = float("inf"), beyond: str = "") -> float:
    """How much different words hold, in letters of an alphabet. Ends where there is ``enough``.

    What stands in the text ``beyond`` counts for nothing.
    """
    seen: set[str] = set()
    if beyond:
        _count(beyond, float("inf"), seen)
    return _count(text, enough, seen)


def _count(text: str, enough: float, seen: set[str]) -> float:
    if text.isascii():
        return _ascii(text, enough, seen)
    total = 0.0
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        if _NO_SPACES.search(word):
            # Without blanks, neighbours stand for words.
            for at in range(len(word)):
                pair = word[at : at + 2]
                if pair not in seen:
                    seen.add(pair)
                    total += _weight(word[at])
        elif word not in seen:
            seen.add(word)
            total += min(sum(map(_weight, word)), LONGEST_WORD)
        if total >= enough:
            break
    return total


def _ascii(text: str, enough: float, seen: set[str]) -> float:
    total = 0
    for word in _WORD.findall(text):
        lower = word.lower()
        if lower not in seen:
            seen.add(lower)
            total += min(len(lower), LONGEST_WORD)
            if total >= enough:
                break
    return float(total)


def _key(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=1)
def _placeholders() -> frozenset[str]:
    texts = (text.strip() for row in read("placeholders") for text in row["texts"].split("|"))
    return frozenset(_key(text) for text in texts)


def is_placeholder(text: str) -> bool:
    """Whether a text only fills a field: "n/a", "test", "description", in the languages of ``placeholders.csv``."""
    if len(text) > 60:
        return "lorem ipsum" in text[:200].lower()
    return (key := _key(text)) in _placeholders() and bool(key)


def is_code(title: str) -> bool:
    """Whether a title is an identifier, a file name or an address, and no words."""
    text = title.strip()
    if "://" in text or _FILE_NAME.match(text) or _UUID.match(text):
        return True
    return " " not in text and bool(_CODE.match(text)) and not _WORD_AND_YEAR.match(text)
