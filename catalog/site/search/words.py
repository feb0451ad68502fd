"""Cut texts of any language into words that can be compared: folded, stemmed, and in pairs where no blanks are written.

The index and the visitor's words go through the same functions, so whatever folding loses is lost on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

__all__ = ["STEMMERS", "fold", "is_unspaced", "normal", "pairs", "spans", "stem_tokens", "words"]

STEMMERS = {
    "ar": "arabic",
    "hy": "armenian",
    "eu": "basque",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "nl": "dutch",
    "en": "english",
    "et": "estonian",
    "fi": "finnish",
    "fr": "french",
    "de": "german",
    "el": "greek",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "ga": "irish",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "no": "norwegian",
    "nb": "norwegian",
    "nn": "norwegian",
    "fa": "persian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "es": "spanish",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Stemmers of Snowball (https://snowballstem.org/algorithms/) by ISO 639 code of the language."""

LONGEST = 64
"""Characters of a word that count."""
_SHORTEST = 4
"""Characters that a word must have to be stemmed: shorter ones lose what tells them apart."""

# Letters of scripts that are written without blanks, and Hangul, whose words are often joined.
_UNSPACED = (
    "\u0e01-\u0e5b\u0e81-\u0edf\u0f40-\u0fbc\u1000-\u109f\u1100-\u11ff\u1780-\u17d3\u3005-\u3007\u3031-\u3035\u3041-"
    "\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c"
    "\uaa60-\uaa7f\uac00-\ud7fb\uf900-\ufaff\U00020000-\U000323af"
)
# Marks that belong to the letter before them: accents, and vowels of Semitic and Indian scripts.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0df3\u1ab0-\u1aff"
)
_WORD = re.compile(f"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[^\\W_]|[{_MARKS}])+")
_RUN = re.compile(f"[{_UNSPACED}]")
# Accents of Latin, Greek and Cyrillic letters, and the points of Hebrew and Arabic, are often left out in writing;
# the marks of other scripts are not.
_ACCENTS = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0640]")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"})


def normal(text: str) -> str:
    """Return a text with each character in its common form (NFKC) and without upper case: "Straße" as "strasse"."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=200_000)
def fold(word: str) -> str:
    """Return a word without upper case, accents and vowel points, for comparison.

    >>> fold("Dépenses"), fold("Straße"), fold("Ὀδυσσεύς") == fold("ΟΔΥΣΣΕΥΣ"), fold("ガス")
    ('depenses', 'strasse', True, 'ガス')
    """
    if word.isascii():
        return word.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", normal(word)))
    # Composed again: the letters of Hangul and the sounds of Kana are not accents.
    return unicodedata.normalize("NFC", plain).casefold().translate(_LETTERS)


def is_unspaced(word: str) -> bool:
    """Return whether a word is of a script that is written without blanks, so that it may be a whole sentence."""
    return _RUN.match(word) is not None


def words(text: str) -> list[str]:
    """Return the words of a text in the form of :func:`normal`. What stands between blanks, signs and scripts is a
    word.

    >>> words("L'État, budget 2020年度")
    ['l', 'état', 'budget', '2020', '年度']
    """
    return _WORD.findall(normal(text))


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each word of a text as it is written."""
    for found in _WORD.finditer(text):
        yield found.span()


def pairs(word: str) -> list[str]:
    """Return the tokens of a word of a script without blanks: each pair of neighbours, and the last character alone.

    A part of two or more characters is found as pairs in a row, and a single character as the beginning of a pair.

    >>> pairs("人口統計")
    ['人口', '口統', '統計', '計']
    """
    plain = fold(word)
    return [plain[at : at + 2] for at in range(len(plain))]


def stem_tokens(word: str, codes: Iterable[str]) -> list[str]:
    """Return the stems of a word as tokens such as "es·presupuest", by which only texts of that language are found.

    ``word``: in the form of :func:`normal`. ``codes``: ISO 639 codes of the languages that it may be of; those without
    a stemmer count for nothing. The word is stemmed with its accents and without, because visitors leave them out.
    There are no stems of a word with a digit or of fewer than four characters.
    """
    if len(word) < _SHORTEST or not word.isalpha():
        return []
    plain = fold(word)
    found: dict[str, None] = {}
    for code in codes:
        algorithm = STEMMERS.get(code)
        if algorithm is None:
            continue
        for form in (word, plain):
            found[f"{code}·{_stem(algorithm, form)}"] = None
    return list(found)


@lru_cache(maxsize=200_000)
def _stem(algorithm: str, word: str) -> str:
    return fold(_stemmer(algorithm).stemWord(word))


@cache
def _stemmer(algorithm: str) -> BaseStemmer:
    from snowballstemmer import stemmer

    return stemmer(algorithm)
