"""Find the words of ``specs/census`` in a text, in one pass for all key datasets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Literal

from catalog.vocabulary.folding import name_key, split_list
from specs.census import key_words, points_table

__all__ = [
    "PhraseMatch", "Role", "fillers", "find", "find_each", "find_in_columns", "find_in_keywords", "folded", "is_page",
]  # fmt: skip

Role = Literal["name", "subject", "fact", "against", "against_all"]
_BREAK = "\u00a6"
"""A sign that no folded text has: it parts texts that are read together."""
_UNPARTED = re.compile("[\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af]")
_STEM = 3
"""Letters by which phrases whose first word has any ending are looked up."""
_KEPT = 1 << 14
"""Words, pairs of words and keywords whose answers are kept."""


@dataclass(frozen=True, slots=True)
class PhraseMatch:
    """A phrase of ``specs/census`` that occurs in a text.

    ``key`` is the id of the key dataset that the phrase belongs to, and ``role`` says which list of that key it is in.
    ``key`` is "" for a phrase that speaks against every key dataset except those in ``but``. ``start`` and ``end`` are
    the place of the phrase in the text (``end`` is the first place after it), in words, or in characters for a phrase
    of a script that does not separate words (``is_unparted``).
    """

    key: str
    role: Role
    phrase: str
    start: int
    end: int
    is_unparted: bool = False
    but: tuple[str, ...] = ()

    def is_inside(self, other: PhraseMatch) -> bool:
        """Return whether this phrase lies within the place of ``other``, as "revenue" does in "revenue and
        expenditure".

        True also if both have the same place. False if the place of one is given in words and that of the other in
        characters.
        """
        return self.is_unparted == other.is_unparted and other.start <= self.start and self.end <= other.end


@dataclass(frozen=True, slots=True)
class _Phrase:
    key: str
    role: Role
    said: str
    words: tuple[tuple[str, bool], ...]
    """Folded words, and whether each may have any ending."""
    text: str
    """The folded words as one text."""
    but: tuple[str, ...] = ()

    def has_word(self, place: int, token: str) -> bool:
        """Return whether ``token``, a word of a text, is the word of the phrase at ``place``.

        Singular and plural count as the same word in all phrases but names and subjects.
        """
        word, is_stem = self.words[place]
        if token == word or (is_stem and token.startswith(word)):
            return True
        return self.role not in ("name", "subject") and _singular(token) == _singular(word)

    def ends_at(self, tokens: Sequence[str], at: int) -> int | None:
        """Return the index after the phrase if it goes on after the first two words at index ``at`` of ``tokens``,
        words of a text; else None. The first two words are not looked at."""
        end = at + len(self.words)
        if end > len(tokens):
            return None
        for place in range(2, len(self.words)):
            if not self.has_word(place, tokens[at + place]):
                return None
        return end


class _Lexicon:
    def __init__(self, phrases: Iterable[_Phrase]) -> None:
        self.by_word: dict[str, list[_Phrase]] = defaultdict(list)
        self.by_stem: dict[str, list[_Phrase]] = defaultdict(list)
        self.unparted: dict[str, list[tuple[int, _Phrase]]] = defaultdict(list)
        """Phrases of scripts that do not separate words, by their first sign, each with its place in their order."""
        for at, one in enumerate(phrases):
            word, is_stem = one.words[0]
            if not _has_blanks(one.said):
                self.unparted[one.text[0]].append((at, one))
            elif is_stem:
                self.by_stem[word[:_STEM]].append(one)
            else:
                self.by_word[_singular(word)].append(one)
        # A few thousand words make up most of all texts, and most of them begin no phrase.
        self.starting = lru_cache(maxsize=_KEPT)(self._starting)
        self.going_on = lru_cache(maxsize=_KEPT)(self._going_on)

    def find(self, text: str) -> Iterator[PhraseMatch]:
        tokens = text.split()
        for at, token in enumerate(tokens):
            if self.starting(token):
                for one in self.going_on(token, tokens[at + 1] if at + 1 < len(tokens) else ""):
                    if (end := one.ends_at(tokens, at)) is not None:
                        yield PhraseMatch(one.key, one.role, one.said, at, end, but=one.but)
        if not text.isascii() and not _has_blanks(text):
            likely = [each for sign in self.unparted.keys() & set(text) for each in self.unparted[sign]]
            for _, one in sorted(likely, key=itemgetter(0)):
                if (start := text.find(one.text)) >= 0:
                    end = start + len(one.text)
                    yield PhraseMatch(one.key, one.role, one.said, start, end, is_unparted=True, but=one.but)

    def _starting(self, token: str) -> tuple[_Phrase, ...]:
        """Return the phrases whose first word is ``token``, except those of scripts that do not separate words."""
        likely = (*self.by_word.get(_singular(token), ()), *self.by_stem.get(token[:_STEM], ()))
        return tuple(one for one in likely if one.has_word(0, token))

    def _going_on(self, token: str, following: str) -> tuple[_Phrase, ...]:
        """Return those of :meth:`_starting` that have no second word, or ``following`` as the second."""
        return tuple(one for one in self.starting(token) if len(one.words) == 1 or one.has_word(1, following))


def folded(text: str) -> str:
    """Return a text in the form in which it is compared with ``specs/census``: lower-case words without accents and
    punctuation.

    >>> folded("Calidad de Aire (2019)")
    'calidad de aire 2019'
    """
    return name_key(text.replace("'", " ").replace("\u2019", " "))


def find(text: str) -> list[PhraseMatch]:
    """Return every phrase of ``specs/census`` that occurs in a text. ``text``: as :func:`folded` returns it.

    A phrase of words is returned for each place where it occurs, a phrase of a script that does not separate words
    once.
    """
    return list(_lexicon().find(text)) if text else []


def find_each(texts: Iterable[str]) -> list[PhraseMatch]:
    """Return every phrase of ``specs/census`` that occurs in one of several texts, given as written.

    A phrase that begins in one text and ends in the next does not count. Places count from the beginning of the first
    text.
    """
    return find(f" {_BREAK} ".join(map(folded, texts)))


def find_in_keywords(keywords: Iterable[str]) -> list[PhraseMatch]:
    """Return what :func:`find_each` returns for keywords, faster: datasets share keywords, and each is folded once.

    The folded form of the last 16,384 different keywords is kept in memory.
    """
    return find(f" {_BREAK} ".join(map(_folded_keyword, keywords)))


def is_page(keywords: Iterable[str]) -> bool:
    """Return whether one of ``keywords``, as written, is one by which a catalogue marks a page that is no data."""
    return not _pages().isdisjoint(map(_folded_keyword, keywords))


def find_in_columns(columns: Iterable[str]) -> list[PhraseMatch]:
    """Return the sets of column names in ``specs/census`` of which every name is found in ``columns``.

    ``columns``: names of columns as written. A name is found if it is the whole name of a column or one of its words; a
    name of several words also if it is part of a column's name. Return at most one set for each key dataset, the one
    whose first name comes first among the columns, in the order of the key datasets, as a match with the role "fact"
    and without a place (``start`` and ``end`` are 0).
    """
    names = [folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one)) for one in columns]
    words = dict.fromkeys(word for name in names for word in (name, *name.split()))
    text = f" {_BREAK} ".join(names)
    found: dict[str, PhraseMatch] = {}
    by_first = _column_sets()
    for key, said, needed in (one for word in words for one in by_first.get(word, ())):
        if key not in found and all(one in words or (" " in one and one in text) for one in needed):
            found[key] = PhraseMatch(key, "fact", said, 0, 0)
    return [found[key] for key in key_words() if key in found]


def fillers() -> frozenset[str]:
    """Return the words, folded, that may be in any title and say nothing about its subject."""
    return _fillers()


def _singular(word: str) -> str:
    """Return a word without the plural ending that English and the Romance languages share."""
    return word[:-1] if len(word) > _STEM and word.endswith("s") else word


def _has_blanks(text: str) -> bool:
    """Return whether a text is in scripts that separate words by blanks, or by particles in the case of Korean."""
    return _UNPARTED.search(text) is None


def _phrase(key: str, role: Role, said: str, but: tuple[str, ...] = ()) -> _Phrase:
    words = []
    for part in said.split():
        tokens = folded(part.removesuffix("*")).split()
        words += [(token, part.endswith("*") and at == len(tokens) - 1) for at, token in enumerate(tokens)]
    return _Phrase(key, role, said, tuple(words), " ".join(word for word, _ in words), but)


def _phrases() -> Iterator[_Phrase]:
    for key, words in key_words().items():
        groups: tuple[tuple[Role, dict[str, str]], ...] = (
            ("name", dict(words.names)),
            ("subject", dict(words.subjects)),
            ("fact", dict(words.facts)),
            ("against", dict(words.against)),
        )
        for role, by_language in groups:
            for said in dict.fromkeys(one for cell in by_language.values() for one in split_list(cell)):
                yield _phrase(key, role, said)
    for rule in points_table().against:
        for said in split_list(rule.words):
            yield _phrase("", "against_all", said, rule.but)


@lru_cache(maxsize=_KEPT)
def _folded_keyword(text: str) -> str:
    return folded(text)


@lru_cache(maxsize=1)
def _pages() -> frozenset[str]:
    return frozenset(folded(one) for one in split_list(points_table().pages.keywords))


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    return _Lexicon(_phrases())


@lru_cache(maxsize=1)
def _column_sets() -> dict[str, list[tuple[str, str, list[str]]]]:
    """Return the sets of column names by the first word of each: the key, the set as written, and its members."""
    found: dict[str, list[tuple[str, str, list[str]]]] = defaultdict(list)
    for key, words in key_words().items():
        for said in words.columns.sets:
            needed = [folded(one) for one in said.split(" + ")]
            found[needed[0].split()[0]].append((key, said, needed))
    return found


@lru_cache(maxsize=1)
def _fillers() -> frozenset[str]:
    return frozenset(folded(points_table().filler.words).split())
