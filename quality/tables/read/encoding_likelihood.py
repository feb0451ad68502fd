"""Rate which of several encodings gives the most likely text: by the letters of its languages, their case and
frequency.

A decoding is unlikely if it puts a capital inside a word in small letters, a typographic sign inside a word, or rare
characters everywhere. If no decoding is clearly better, the confidence says so.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

__all__ = ["best_of", "likelihood"]

_LATIN_1 = "àâçèéêëîïôùûüÿœæ äöüß áéíóúñü áâãàçéêíóôõú àèéìíòóù åäöé åæøé áðéíóúýþæö éëïöü àçèéíïòóúü õäöüšž"
_LATIN_2 = "áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž ąćęłńóśźż áéíóöőúüű ăâîşţ čćđšž äöüß"
_LANGUAGES = {
    "cp1252": _LATIN_1,
    "cp1250": _LATIN_2,
    "cp1254": "çğıöşüâîû",
    "cp1257": "ąčęėįšųūž āčēģīķļņšūž õäöüšž",
    "iso8859_2": _LATIN_2,
    "mac_roman": _LATIN_1,
    "cp850": _LATIN_1,
    "cp437": _LATIN_1,
    "cp852": _LATIN_2,
}
"""Letters beyond ASCII by encoding, in lower case; each word has those of one language that uses the encoding."""
_LETTERS = {codec: frozenset(words) - {" "} for codec, words in _LANGUAGES.items()}
_FOREIGN = 0.6
"""Value of a letter that belongs to the code page, but not to the language of most other letters."""
_RARITY = {
    "cp1252": 0.0,
    "mac_roman": 0.2,
    "cp850": 0.1,
    "cp437": 0.12,
    "cp852": 0.14,
    "iso8859_2": 0.08,
    "cp1250": 0.03,
}
_MARKS = frozenset("’‘“”–—…€\u00a0°§«»©®²³±·•†‡™½¼¾ªº¿¡£µ×¶")
"""Typographic signs that may stand between letters and digits."""
_SCRIPTS: dict[str, str] = {
    "cyrillic": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфёъіїєґў",
    "greek": "αοιετσνηυρπκμλωςδγχθφβξζψάέήίόύώϊϋ",
    "hebrew": "יוהלארתבמשנדכפקםעגחטסןזצךץף",
    "arabic": "ايلنمومرتبهعدفسكقحةجطصشضخىذأزغثظءئؤآإ",
}
"""Letters of each script, the most frequent first."""
_SINGLE = (
    *(("cp1251", "cyrillic"), ("koi8_r", "cyrillic"), ("cp866", "cyrillic"), ("iso8859_5", "cyrillic")),
    *(("mac_cyrillic", "cyrillic"), ("cp1253", "greek"), ("iso8859_7", "greek"), ("cp737", "greek")),
    *(("cp1255", "hebrew"), ("cp862", "hebrew"), ("cp1256", "arabic"), ("cp720", "arabic")),
)
_DOUBLE = ("cp932", "big5", "gb18030", "euc_kr", "euc_jp", "cp950", "big5hkscs")
_MIN_PAIRS = 2


@cache
def _weights(script: str) -> dict[str, float]:
    letters = _SCRIPTS[script]
    return {char: 1.0 - 0.8 * place / len(letters) for place, char in enumerate(letters)}


def likelihood(text: str, codec: str) -> float:
    """Return how likely it is that ``text`` was decoded with the right codec, by its characters beyond ASCII.

    ``codec`` is the codec that was used, one of those for languages in Latin letters, such as "cp1252". The result is
    at most about 1; it may be negative.
    """
    known = _LETTERS[codec]
    counts = Counter(char for char in text.lower() if char in known)
    own = max(_LANGUAGES[codec].split(), key=lambda letters: sum(counts[char] for char in letters))
    total = good = 0.0
    for match in re.finditer(r"[A-Za-z]*[^\x00-\x7f]+(?:[A-Za-z]*[^\x00-\x7f]+)*[A-Za-z]*", text):
        word = match.group()
        signs = [place for place, char in enumerate(word) if not char.isascii()]
        total += len(signs)
        in_word = any(char.isascii() for char in word)
        for place in signs:
            char = word[place]
            lower = char.lower()
            before, after = word[place - 1 : place] if place else "", word[place + 1 : place + 2]
            if char in _MARKS:
                good += 0.9 if not (before.isalpha() and after.isalpha()) or char in "’·" else 0.3
            elif lower in known:
                # A capital after a small letter is unlikely, and so is a letter on its own.
                is_odd = char != lower and before.islower()
                good += 0.0 if is_odd else (1.0 if lower in own else _FOREIGN) if in_word else 0.5
            elif char.isalpha():
                good += -0.3 if char != lower and before.islower() else 0.4
            else:
                good += -1.0 if in_word else 0.3
    return good / max(total, 1.0) - _RARITY.get(codec, 0.03)


def _script_likelihood(text: str, script: str) -> float:
    """Return the likelihood for a non-Latin script: letters count by their frequency."""
    weights = _weights(script)
    high = [char for char in text if not char.isascii() and not char.isspace()]
    good = 0.0
    before = ""
    for char in text:
        if not char.isascii() and not char.isspace():
            lower = char.lower()
            weight = weights.get(lower, 0.1 if char.isalpha() else -0.2 if char not in _MARKS else 0.3)
            good += weight - (1.0 if char != lower and before.islower() else 0.0)
        before = char
    words = re.findall(r"[^\W\d_a-zA-Z]{2,}", text)
    good += sum(_spelling(word.lower(), script) for word in words)
    if sum(word.isupper() and word != word.lower() for word in words) > 0.8 * len(words):
        good -= 0.15 * len(high)  # only capital letters
    return good / max(1, len(high))


_VOWELS = {"cyrillic": frozenset("аеёиоуыэюяіїє"), "greek": frozenset("αεηιουωάέήίόύώϊϋΐΰ")}
_ENDS = {"hebrew": ("םןץףך", "מנצפכ"), "greek": ("ς", "σ")}
"""Forms of letters that occur only at the end of a word, and those that never do."""


def _spelling(word: str, script: str) -> float:
    """Return points for a word by the spelling rules of its script: a share of vowels, final letters
    only at the end.
    """
    points = 0.0
    if script in _VOWELS:
        vowels = sum(char in _VOWELS[script] for char in word)
        points += 0.2 if 0.25 <= vowels / len(word) <= 0.65 else -0.6 * len(word) / 3
    if script in _ENDS:
        finals, others = _ENDS[script]
        points += 1.0 if word[-1] in finals else -1.0 if word[-1] in others else 0.0
        points -= 1.5 * sum(char in finals for char in word[:-1])
    if script == "greek":
        points -= max(0, sum(char in "άέήίόύώΐΰ" for char in word) - 1)
    return points


def _double_likelihood(text: str, codec: str) -> float:
    """Return the likelihood for encodings with two bytes a character: kana, hangul, and ideographs of
    the first level.
    """
    high = [char for char in text if not char.isascii()]
    if len(high) < _MIN_PAIRS:
        return -1.0
    good = 0.0
    for char in high:
        code = ord(char)
        if 0x3040 <= code <= 0x30FF or 0xAC00 <= code <= 0xD7A3 or 0x3000 <= code <= 0x3020 or 0xFF00 <= code <= 0xFF5E:
            good += 1.0 if codec in ("cp932", "euc_jp") or code < 0x3040 or code >= 0xFF00 or codec == "euc_kr" else 0.2
        elif 0xFF61 <= code <= 0xFF9F:
            good -= 0.2  # half-width katakana: other encodings look like this when read as Shift_JIS
        elif 0x4E00 <= code <= 0x9FFF:
            good += 1.0 if _is_common(char, codec) else 0.1
        else:
            good -= 0.5
    hangul = sum(0xAC00 <= ord(char) <= 0xD7A3 for char in high)
    # Hangul syllables are in the first third of the plane; that ideographs all are would be chance.
    return good / len(high) + 0.08 * (codec == "euc_kr" and hangul > 0.95 * len(high))


def _is_common(char: str, codec: str) -> bool:
    """Return whether an ideograph is in the first level of its standard (JIS X 0208, Big5, GB 2312)."""
    try:
        lead = char.encode(codec)[0]
    except UnicodeEncodeError:
        return False
    first = {"cp932": (0x88, 0x97), "big5": (0xA4, 0xC6), "cp950": (0xA4, 0xC6), "big5hkscs": (0xA4, 0xC6)}
    first |= {"gb18030": (0xB0, 0xD7), "euc_jp": (0xB0, 0xCF), "euc_kr": (0xCA, 0xFD)}
    low, high = first[codec]
    return low <= lead <= high


def best_of(raw: bytes) -> list[tuple[float, str]]:
    """Return those of the codecs tried here that can decode ``raw``, as pairs of likelihood and name, the most likely
    first.
    """
    scored: list[tuple[float, str]] = []
    for codec in _LETTERS:
        if (text := _decoded(raw, codec)) is not None:
            scored.append((likelihood(text, codec), codec))
    for codec, script in _SINGLE:
        if (text := _decoded(raw, codec)) is not None:
            scored.append((_script_likelihood(text, script) + _of_words(raw), codec))
    for codec in _DOUBLE:
        if (text := _decoded(raw, codec)) is not None:
            scored.append((_double_likelihood(text, codec) * 1.1 - 0.02 * _DOUBLE.index(codec), codec))
    # Of equals the first is used: code pages of Windows are more frequent than those of ISO.
    return sorted(scored, key=lambda one: -round(one[0], 4))


def _of_words(raw: bytes) -> float:
    """Return points for runs of letters: other scripts form whole words, accents stand alone between plain letters."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    mean = sum(map(len, runs)) / max(1, len(runs))
    return 0.25 if mean >= 3 else 0.0 if mean >= 2 else -0.4


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None
