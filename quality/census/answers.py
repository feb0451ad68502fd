"""Match what a person said about datasets with the datasets of today, and see whether it still holds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from catalog.repositories.census import CensusDataset
from quality.census.lexicon import folded
from specs.census.confirmed import Confirmation

__all__ = ["AnswerToday", "answers_today", "said_of"]

OPENING = 300


@dataclass(frozen=True, slots=True)
class AnswerToday:
    """An answer of a person, and whether the dataset still says of itself what it said then."""

    confirmation: Confirmation
    holds: bool
    """True also if the answer does not record what the dataset said of itself."""


def said_of(dataset: CensusDataset) -> str:
    """Return a digest (16 hexadecimal digits) of what a dataset says of itself: title, opening of the description,
    keywords and columns.

    Case, punctuation, accents, order and numbers do not count, so that a new year changes nothing.
    """
    parts = [
        _plain(dataset.title or ""),
        _plain((dataset.description or "")[:OPENING]),
        sorted({_plain(one) for one in dataset.keywords}),
        sorted({_plain(one) for one in dataset.columns}),
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\d+", " ", folded(text)).split())


def answers_today(
    answers: Sequence[Confirmation], datasets: Iterable[CensusDataset], aliases: Mapping[str, str]
) -> dict[tuple[str, str], AnswerToday]:
    """Return the answers about datasets that a portal lists today, by dataset id and id of the key dataset.

    ``answers``: what persons said. ``datasets``: those that are listed today. ``aliases``: former ids of datasets, with
    the present id of each. The dataset of an answer is the listed one with its id (after ``aliases``). If there is
    none, it is the one with the identifier in the answer, and if there is none either, the only one with the title in
    the answer; case, accents, punctuation and numbers in titles do not count. Answers for which no dataset is found are
    left out.
    """
    listed = {one.id: one for one in datasets}
    by_identifier = {one.identifier: one.id for one in listed.values() if one.identifier}
    titles: dict[str, list[str]] = {}
    for one in listed.values():
        titles.setdefault(_plain(one.title or ""), []).append(one.id)
    found = {}
    for answer in answers:
        id = aliases.get(answer.dataset, answer.dataset)
        if id not in listed:
            same = titles.get(_plain(answer.title), []) if answer.title else []
            id = by_identifier.get(answer.identifier) or (same[0] if len(same) == 1 else "")
        if id in listed:
            holds = answer.said in ("", said_of(listed[id]))
            found[id, answer.key] = AnswerToday(answer, holds)
    return found
