"""Measure whether a title or description says anything, in any language.

Information is counted in letters of an alphabet: a Chinese character is a word or half of one, and an Arabic or Hebrew
letter also stands for unwritten vowels. Only different words count, so repeating a sentence adds nothing. The
thresholds were set with the same sentences in fifteen languages (``tests/quality/test_texts.py``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from specs.vocabularies import read

__all__ = ["information", "is_code", "is_placeholder", "plain_text"]

LOOKED_AT = 3_000
"""Characters of a text that are read: a text that says nothing so far says nothing."""
WITH_MARKUP = 12_000
"""Characters that are read of a text with markup: office programs put long style tables first."""
LONGEST_WORD = 40
"""Most letters that a single word can count."""
_MARKUP = re.compile(
    r"<(?:style|script)\b[^<>]{0,2000}>[^<]*|<!--(?:(?!<!--).)*?(?:-->|$)|<[a-z/!?][^<>]{0,2000}(?:>|$)"
    r"|https?://\S+|www\.\S+|[{$]\{[^{}]{0,200}(?:\}|$)",
    re.DOTALL | re.IGNORECASE,
)
"""Tags, URLs, and template placeholders that nobody filled in; the last one may be cut off."""
_MARK = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]+")
"""Accents, and Hebrew and Arabic vowel signs: with or without them the word is the same."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Scripts without spaces between words: Thai, Lao, Chinese, Japanese."""
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_FILE_NAME = re.compile(r"^[\w .-]+\.(csv|tsv|xlsx?|ods|json|xml|zip|pdf|txt|shp|geojson|kml|docx?)$", re.IGNORECASE)
_UUID = re.compile(r"^\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$", re.IGNORECASE)
_UUID_LENGTHS = range(32, 39)
_CODE = re.compile(r"^(?=.*(?:_|\d.*\d.*\d))[A-Za-z0-9_.:/-]+$")
_WORD_AND_YEAR = re.compile(r"^[A-Za-z]{4,}[-_ ]?(?:19|20)\d\d$")
_WEIGHTS = (
    ("\u0590", "\u05ff", 1.4),  # Hebrew
    ("\u0600", "\u07ff", 1.2),  # Arabic, Syriac
    ("\u0900", "\u0dff", 2.0),  # scripts of India: their vowels are not letters
    ("\u0e00", "\u109f", 1.6),  # Thai, Lao, Tibetan, Burmese
    ("\u1100", "\u11ff", 1.0),
    ("\u3040", "\u30ff", 1.8),  # kana
    ("\uac00", "\ud7af", 2.4),  # hangul
    ("\u2e80", "\u9fff", 2.6),  # ideographs
    ("\uf900", "\ufaff", 2.6),
)


def plain_text(text: str | None) -> str:
    """Return at most 3,000 characters from the beginning of a text, as plain text; "" for None.

    Markup, URLs and placeholders of templates ("{{title}}") become spaces, and entities the characters that they stand
    for. Invisible characters, and accents and vowel signs that are characters of their own, are left out.

    >>> plain_text("<b>Rivers</b> &amp; lakes").split()
    ['Rivers', '&', 'lakes']
    """
    raw = text or ""
    has_markup = len(raw) > LOOKED_AT and ("<" in raw[:LOOKED_AT] or "&lt;" in raw[:LOOKED_AT])
    visible = raw[: WITH_MARKUP if has_markup else LOOKED_AT]
    if not visible.isascii():
        visible = _MARK.sub("", _INVISIBLE.sub("", visible))
    if "&" in visible:
        # Unescape first, so that escaped tags become tags again.
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


@lru_cache(maxsize=65536)
def _weight_of_word(word: str) -> float | None:
    """Return how much a word in lower case says; None if it is of a script without spaces between words."""
    return None if _NO_SPACES.search(word) else min(sum(map(_weight, word)), LONGEST_WORD)


def information(text: str, enough: float = float("inf"), beyond: str = "") -> float:
    """Return how much a text says: the number of letters in its different words, each word counted once.

    A letter counts as 1 in an alphabet, and as more in scripts that say more with one character. A word counts at most
    40. In scripts without spaces, each pair of neighbouring characters counts as a word. Counting stops at ``enough``.
    Words that are also in the text ``beyond`` do not count.

    >>> information("Rivers and rivers"), information("Rivers and lakes", beyond="Lakes")
    (9.0, 9.0)
    """
    seen = set(_weights(beyond)) if beyond else set()
    total = 0.0
    if text.isascii():
        # Few words are enough in most cases, so that the others need not be looked for.
        for found in _WORD.finditer(text.lower()):
            word = found[0]
            if word not in seen:
                seen.add(word)
                total += min(len(word), LONGEST_WORD)
                if total >= enough:
                    break
        return total
    for piece, weight in _weights(text).items():
        if piece not in seen:
            total += weight
            if total >= enough:
                break
    return total


@lru_cache(maxsize=1024)
def _weights(text: str) -> dict[str, float]:
    """Return how much each word of a text says, in the order of the first places of the words.

    Portals repeat descriptions, so those that were asked for last are remembered.
    """
    if text.isascii():
        return {word: float(min(len(word), LONGEST_WORD)) for word in _WORD.findall(text.lower())}
    found: dict[str, float] = {}
    for word in map(str.casefold, _WORD.findall(text)):
        weight = _weight_of_word(word) if len(word) <= LONGEST_WORD else _weight_of_word.__wrapped__(word)
        if weight is not None:
            found.setdefault(word, weight)
            continue
        # Without spaces between words, each pair of neighbouring characters counts as a word.
        for at in range(len(word)):
            found.setdefault(word[at : at + 2], _weight(word[at]))
    return found


def _key(text: str) -> str:
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=1)
def _placeholders() -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts of ``placeholders.csv`` in the form of :func:`_key`, and the first word of each."""
    texts = (text.strip() for row in read("placeholders") for text in row["texts"].split("|"))
    keys = frozenset(_key(text) for text in texts)
    return keys, frozenset(key.partition(" ")[0] for key in keys)


def is_placeholder(text: str) -> bool:
    """Return whether a text says nothing and only fills a field: "n/a", "test", "description".

    Such texts are listed in ``placeholders.csv``, in many languages. Of a text with more than 60 characters, only
    "lorem ipsum" near its beginning counts.
    """
    if len(text) > 60:
        return "lorem ipsum" in text[:200].lower()
    keys, first_words = _placeholders()
    if text.isascii():
        first = _WORD.search(text)
        if first is None or first[0].lower() not in first_words:
            return False
    return (key := _key(text)) in keys and bool(key)


def is_code(title: str) -> bool:
    """Return whether a title is an identifier, a file name or a URL instead of words.

    A title that consists only of ASCII letters, digits and the signs ``_.:/-`` is one if it has an underscore or three
    digits, unless it is a word with a year.

    >>> is_code("export_2024_v2.csv"), is_code("Rivers 2024")
    (True, False)
    """
    text = title.strip()
    if "://" in text or ("." in text and _FILE_NAME.match(text)) or (len(text) in _UUID_LENGTHS and _UUID.match(text)):
        return True
    return " " not in text and bool(_CODE.match(text)) and not _WORD_AND_YEAR.match(text)
