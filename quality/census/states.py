"""What the census says of one key dataset at one portal, from the evidence for its datasets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from catalog.vocabulary.folding import split_list
from quality.census.recognise import KeyClaim
from specs.census import key_words
from specs.census.confirmed import Confirmation

__all__ = [
    "ClaimState", "JudgedClaim", "KeyState", "Searched", "evidence_in_words", "is_readable", "key_state",
    "usable_state",
]  # fmt: skip

KeyState = Literal["not_observed", "not_found", "closed", "unknown", "open"]
ClaimState = Literal["not_asked", "closed", "unknown", "open"]
_ORDER = ("open", "unknown", "not_asked", "closed")
_WORDS_SHOWN = 4
_SCRIPTS = re.compile(
    "[a-z\u00c0-\u024f\u1e00-\u1eff\u0370-\u03ff\u1f00-\u1fff\u0400-\u04ff\u0600-\u06ff\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af]",
    re.IGNORECASE,
)
"""Letters of the scripts in which the vocabulary has words: Latin, Greek, Cyrillic, Arabic, Japanese, Chinese and
Korean."""
LICENSED = "openly licensed"
"""The verdict on the licence, in words."""
READABLE = 0.8
"""Share of the titles in these scripts below which the catalogue was not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a census looked through: the portal's title (``portal``), the number of its datasets, and whether that is
    the whole catalogue."""

    portal: str
    datasets: int
    is_complete: bool
    """Whether a harvest read the whole catalogue."""
    is_readable: bool
    """Whether the titles are in scripts of the vocabulary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedClaim:
    """A dataset that may be the key dataset: the evidence, what a person said, and whether it can be used."""

    dataset_id: str
    title: str
    claim: KeyClaim
    verdict: Literal["taken", "confirmed", "denied", "asked", "lapsed"]
    """Without an answer of a person, "taken" if the evidence is enough, else "asked". With one, "confirmed" or
    "denied", or "lapsed" if the dataset no longer says of itself what it said when the person answered."""
    state: ClaimState
    """Whether the dataset can be used, see :func:`usable_state`."""
    failing: tuple[str, ...] = ()
    """What is false or not known of it, in words."""
    is_without_licence: bool = False
    """Whether the reason why it is not openly licensed is that no file of it has a licence."""
    answer: Confirmation | None = None

    @property
    def is_taken(self) -> bool:
        """Return whether the dataset counts as the key dataset: the verdict is "taken" or "confirmed".

        If an answer has lapsed, the dataset counts only if the answer was "yes" and the evidence alone is enough.
        """
        if self.verdict == "lapsed":
            return self.claim.is_taken and self.answer is not None and self.answer.answer == "yes"
        return self.verdict in ("taken", "confirmed")


def is_readable(titles: Sequence[str]) -> bool:
    """Return whether at least 80 % of the titles that have letters have a letter of a script in which the vocabulary
    has words. True also if no title has letters.

    >>> is_readable(["Schools", "งบประมาณ"]), is_readable(["Schools", "2019"])
    (False, True)
    """
    lettered = [one for one in titles if any(sign.isalpha() for sign in one)]
    known = sum(bool(_SCRIPTS.search(one)) for one in lettered)
    return known >= READABLE * len(lettered)


def usable_state(verdicts: Mapping[str, bool | None], *, was_asked: bool) -> tuple[ClaimState, tuple[str, ...]]:
    """Return whether a dataset can be used, and the names of the verdicts that stand against it.

    ``verdicts``: by name ("accessible", ...), whether it is so; None if that is not known. ``was_asked``: whether any
    address of the dataset was requested. If a verdict is false, the state is "closed", with the names of the false
    ones. Otherwise, if one is not known, it is "unknown", or "not_asked" if no address was requested, with the names
    of those not known. Otherwise it is "open", without names.
    """
    false = tuple(name for name, value in verdicts.items() if value is False)
    if false:
        return "closed", false
    open_questions = tuple(name for name, value in verdicts.items() if value is None)
    if open_questions:
        return ("unknown" if was_asked else "not_asked"), open_questions
    return "open", ()


def key_state(key: str, claims: Sequence[JudgedClaim], searched: Searched) -> dict[str, Any]:
    """Return the row of ``census`` for a key: state, reason, the dataset taken, and the evidence for it.

    ``key``: id of the key dataset. ``claims``: all datasets that may be it, with the verdict on each. ``searched``:
    what was looked through, for the reason if no dataset is taken.
    """
    taken = sorted((one for one in claims if one.is_taken), key=_rank)
    waiting = [one for one in claims if one.verdict in ("asked", "lapsed")]
    row: dict[str, Any] = {
        "key": key, "dataset_id": None, "points": None, "evidence": None, "candidates": len(taken),
        "waiting": len(waiting), "searched": searched.datasets, "confirmed_by": None, "confirmed_on": None,
    }  # fmt: skip
    if taken:
        return row | _found(taken[0], len(taken))
    state, reason = _missing(key, waiting, searched)
    denied = next((one.answer for one in claims if one.verdict == "denied" and one.answer), None)
    if denied:
        row |= {"confirmed_by": denied.who, "confirmed_on": denied.when.isoformat()}
        reason += f" {denied.who} said on {denied.when} that it is not: {denied.why}"
    return row | {"state": state, "reason": reason}


def _rank(one: JudgedClaim) -> tuple[Any, ...]:
    # What a person confirmed comes first; then what can be used, because one open dataset is what the indices ask for.
    return one.verdict != "confirmed", _ORDER.index(one.state), -one.claim.points, one.title, one.dataset_id


def _found(one: JudgedClaim, count: int) -> dict[str, Any]:
    state: KeyState = "not_observed" if one.state == "not_asked" else one.state
    # Nobody has refused what nobody has said.
    false = [name for name in one.failing if not (name == LICENSED and one.is_without_licence)]
    closed = [f"It is not {_either(false)}."] if false else []
    closed += ["No licence is stated."] if one.is_without_licence else []
    words = {
        "open": "It can be fetched, has an open licence and is machine-readable.",
        "closed": " ".join(closed),
        "unknown": f"Whether it is {_either(one.failing)} is not known.",
        "not_asked": f"It is listed, and none of its addresses was asked yet: whether it is {_either(one.failing)} is "
        "not known.",
    }
    reason = words[one.state]
    if count > 1:
        reason += f" {count - 1} other datasets were taken for it, too." if count > 2 else " Another dataset was, too."
    row: dict[str, Any] = {
        "state": state, "dataset_id": one.dataset_id, "points": one.claim.points,
        "evidence": evidence_in_words(one.claim),
    }  # fmt: skip
    if one.answer and one.verdict == "confirmed":
        row |= {"confirmed_by": one.answer.who, "confirmed_on": one.answer.when.isoformat()}
        reason += f" Confirmed by {one.answer.who} on {one.answer.when}: {one.answer.why}"
    elif one.answer and one.verdict == "lapsed":
        reason += f" {one.answer.who} confirmed it on {one.answer.when}; it has changed since: is it still the same?"
    return row | {"reason": reason}


def _missing(key: str, waiting: Sequence[JudgedClaim], searched: Searched) -> tuple[KeyState, str]:
    if not searched.is_complete:
        return "not_observed", "No harvest has read the whole catalogue yet."
    if not searched.is_readable:
        return "not_observed", "The titles are in a script in which the vocabulary has no words."
    if waiting:
        most = max(waiting, key=lambda one: one.claim.points)
        return "not_observed", f'A person must say whether "{most.title}" is it: winnow census review.'
    words = [one for cell in key_words()[key].names.values() for one in islice(split_list(cell), _WORDS_SHOWN)]
    shown = ", ".join(words[: 3 * _WORDS_SHOWN])
    return (
        "not_found",
        f"Not found in this catalogue ({searched.portal}), among {searched.datasets:,} datasets. Titles, descriptions, "
        f"keywords, files and columns were searched for words such as: {shown}. It may be published elsewhere.",
    )


def _either(names: Sequence[str]) -> str:
    return " and ".join(names)


def evidence_in_words(claim: KeyClaim) -> str:
    """Return the evidence in ``claim`` as one line: "name_in_title: air quality (+3); columns: pm10 (+1)"."""
    return "; ".join(f"{one.id}: {one.said} ({one.points:+g})" for one in claim.evidence)
