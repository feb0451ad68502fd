"""Recognise key datasets by what a catalogue says of them, and say which evidence decided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from catalog.vocabulary.folding import pieces
from catalog.vocabulary.terms import theme
from quality.census.lexicon import (
    PhraseMatch,
    fillers,
    find,
    find_each,
    find_in_columns,
    find_in_keywords,
    folded,
    is_page,
)
from specs.census import key_words, points_table

__all__ = ["KeyClaim", "KeyEvidence", "Portrait", "evidence_of", "recognise"]

OPENING = 300
"""Characters of a description that are read: what follows is about use, licence and method."""

MOST = 60
"""Keywords, columns and files that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What a catalogue says of a dataset, as far as it helps to recognise a key dataset."""

    title: str
    description: str = ""
    keywords: Sequence[str] = ()
    themes: Sequence[str] = ()
    """Themes as declared: codes or addresses of the EU data themes, or any words."""
    columns: Sequence[str] = ()
    """Names of the columns of its tables."""
    files: Sequence[str] = ()
    """Titles of its distributions."""
    table_kinds: Sequence[str] = ()
    """Kinds of the tables, where files were looked into: "budget", "elections" and so on."""
    place: frozenset[str] = frozenset()
    """Words of the names of the portal and its government, folded: they name no subject."""


@dataclass(frozen=True, slots=True)
class KeyEvidence:
    """One piece of evidence for or against a key dataset: its id in ``points.toml``, its points, and the words."""

    id: str
    points: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """A dataset that may be a key dataset: the key, the points, and the evidence, the strongest first."""

    key: str
    points: float
    evidence: tuple[KeyEvidence, ...] = field(default=())

    @property
    def is_taken(self) -> bool:
        """Return whether there are enough points to take the dataset for the key dataset without asking a person."""
        return self.points >= points_table().decision.claim


def recognise(portrait: Portrait) -> list[KeyClaim]:
    """Return the key datasets that a dataset may be, those with most points first.

    ``portrait``: what the catalogue says of the dataset. Key datasets with too few points to ask a person about are
    left out.
    """
    least = points_table().decision.ask
    claims = (one for one in evidence_of(portrait) if one.points >= least)
    return sorted(claims, key=lambda one: (-one.points, one.key))


def evidence_of(portrait: Portrait) -> list[KeyClaim]:
    """Return what speaks for and against every key dataset that a dataset may be, in the order of the key datasets.

    ``portrait``: the dataset. A key dataset is included, with however few points, if one of its names or subjects
    occurs in the title, a keyword, the description or the title of a file, or if a table is of a kind by which that key
    dataset is recognised. Of the description the first 300 characters are read, and of keywords, titles of files and
    names of columns the first 60 each.
    """
    texts = _Texts(portrait)
    return [_claim(key, texts) for key in texts.spoken_for()]


class _Texts:
    """The phrases of the vocabulary in each place of a portrait.

    Columns, themes and pages are read when they are needed: two of three datasets have no name or subject that asks
    for them.
    """

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        self.words = folded(portrait.title)
        self.place = portrait.place
        self.title = find(self.words)
        self.keywords = find_in_keywords(portrait.keywords[:MOST])
        self.description = find(folded(_opening(portrait.description)))
        self.files = find_each(portrait.files[:MOST])
        self.kinds = frozenset(portrait.table_kinds)

    @cached_property
    def columns(self) -> list[PhraseMatch]:
        return find_in_columns(self._portrait.columns[:MOST])

    @cached_property
    def is_page(self) -> bool:
        return is_page(self._portrait.keywords[:MOST])

    @cached_property
    def themes(self) -> frozenset[str]:
        known = (theme(one) for one in self._portrait.themes)
        return frozenset(one.id for one in known if one)

    def spoken_for(self) -> list[str]:
        """Return the key datasets of which a name, a subject or a kind of table was found, in their order."""
        places = (self.title, self.keywords, self.description, self.files)
        named = {one.key for place in places for one in place if one.role in ("name", "subject")}
        if self.kinds:
            named |= {key for key, words in key_words().items() if self.kinds.intersection(words.columns.kinds)}
        return [key for key in key_words() if key in named] if named else []


def _opening(description: str) -> str:
    text = " ".join(pieces(description[: 4 * OPENING]))
    return text[:OPENING]


def _claim(key: str, texts: _Texts) -> KeyClaim:
    evidence = [
        *_title(key, texts),
        *_beside(key, texts),
        *_theme(key, texts),
        *_against(key, texts),
        *([_counts("page")] if texts.is_page else []),
    ]
    return KeyClaim(
        key, sum(one.points for one in evidence), tuple(sorted(evidence, key=lambda one: (-abs(one.points), one.id)))
    )


def _of(key: str, role: str, found: Iterable[PhraseMatch]) -> list[PhraseMatch]:
    return [one for one in found if one.key == key and one.role == role]


def _counts(id: str, said: str = "") -> KeyEvidence:
    return KeyEvidence(id, points_table().points[id], said)


def _title(key: str, texts: _Texts) -> list[KeyEvidence]:
    if names := _of(key, "name", texts.title):
        return [_counts("name_in_title", max((one.phrase for one in names), key=len))]
    subjects, facts = _of(key, "subject", texts.title), _of(key, "fact", texts.title)
    if not subjects:
        return []
    subject = max(subjects, key=lambda one: one.end - one.start)
    fact = next((one for one in facts if not one.is_inside(subject) and not subject.is_inside(one)), None)
    if fact:
        return [_counts("pair_in_title", f"{subject.phrase} + {fact.phrase}")]
    further = _further(texts, subjects)
    if further <= 1 and key_words()[key].alone:
        return [_counts("subject_nearly_alone" if further else "subject_alone", subject.phrase)]
    return [_counts("subject_in_title", subject.phrase)]


def _further(texts: _Texts, subjects: Sequence[PhraseMatch]) -> int:
    """Return how many words a title has besides its subjects, words that name none, names of the place, and numbers."""
    skip = fillers() | texts.place
    if any(one.is_unparted for one in subjects):
        rest = texts.words
        for said in sorted((*(one.phrase for one in subjects), *skip), key=len, reverse=True):
            rest = rest.replace(folded(said), "")
        return len(re.sub(r"[\W\d]", "", rest))
    covered = {at for one in subjects if not one.is_unparted for at in range(one.start, one.end)}
    return sum(
        at not in covered and word not in skip and not any(sign.isdigit() for sign in word)
        for at, word in enumerate(texts.words.split())
    )


def _beside(key: str, texts: _Texts) -> list[KeyEvidence]:
    found = []
    for id, place in (
        ("name_in_keywords", texts.keywords),
        ("name_in_description", texts.description),
        ("name_in_files", texts.files),
    ):
        if names := _of(key, "name", place):
            found.append(_counts(id, names[0].phrase))
    if _of(key, "subject", texts.title) and not _of(key, "fact", texts.title):
        facts = _of(key, "fact", (*texts.keywords, *texts.description))
        found += [_counts("fact_elsewhere", one.phrase) for one in facts[:1]]
    found += [_counts("columns", one.phrase) for one in texts.columns if one.key == key]
    kinds = sorted(texts.kinds.intersection(key_words()[key].columns.kinds))
    return found + [_counts("table_kind", kinds[0])] if kinds else found


def _theme(key: str, texts: _Texts) -> list[KeyEvidence]:
    if not texts.themes:
        return []
    is_there = bool(texts.themes.intersection(key_words()[key].themes))
    return [_counts("theme" if is_there else "other_theme", " ".join(sorted(texts.themes)))]


def _against(key: str, texts: _Texts) -> list[KeyEvidence]:
    found = []
    # Where the title is the subject and nothing else, what stands beside it tells what the dataset is about.
    is_bare = any(one.id == "subject_alone" for one in _title(key, texts))
    beside = "against_beside_subject_alone" if is_bare else "against_elsewhere"
    for id, place in (("against_in_title", texts.title), (beside, (*texts.keywords, *texts.description))):
        names = _of(key, "name", place)
        said = [
            one
            for one in place
            if (one.role == "against" and one.key == key) or (one.role == "against_all" and key not in one.but)
        ]
        said = [one for one in said if not any(one.is_inside(name) for name in names)]
        found += [_counts(id, one.phrase) for one in said[:1]]
    return found
