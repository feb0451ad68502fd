"""Key datasets: what open-data indices ask of every government, and the words by which a catalogue shows it.

There is one TOML file for each key dataset, and ``points.toml`` with what each piece of evidence counts. The census,
which searches a portal for key datasets, reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from specs.errors import SpecError, Strict, parse, read_toml
from specs.vocabularies import read

__all__ = ["AgainstAll", "ClaimThresholds", "KeyWords", "PointsTable", "key_words", "points_table"]

Words = Mapping[str, str]
"""Phrases by language (BCP 47) or group of languages, separated by " | ". A star at the end of a word stands for any
ending."""


class KeyColumns(Strict):
    """How the columns of a table show that it belongs to a key dataset.

    ``sets``: one or more column names each, joined by " + ", such as "pollutant + average"; a set matches if all its
    names are found among the columns, and one set is enough.
    """

    sets: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Kinds of tables (``specs/expectations``) by which the header of a file shows it."""


class KeyWords(Strict):
    """What a key dataset is, and the words that speak for and against it (``specs/census/<key>.toml``)."""

    asks: str
    """Definition, in own words, of what counts as this key dataset."""
    source: str
    """Indices, laws and classifications that the definition and the words follow."""
    themes: tuple[str, ...]
    """Codes of the EU data themes under which it is filed."""
    alone: bool = True
    """Whether a title that is the subject alone, with one further word at most, counts more than one that contains the
    subject."""
    names: Words
    """Phrases that name the thing itself."""
    subjects: Words = {}
    """What it is about; not enough alone, because much else is about it too."""
    facts: Words = {}
    """What is said about the subject in a key dataset."""
    against: Words = {}
    """Phrases that name a neighbour which the indices do not mean."""
    columns: KeyColumns = KeyColumns()


class AgainstAll(Strict):
    """Phrases that speak against every key dataset except those whose ids are in ``but``.

    ``words``: the phrases, separated by " | ". ``why``: the reason.
    """

    why: str
    words: str
    but: tuple[str, ...] = ()


class ClaimThresholds(Strict):
    """How many points decide whether a dataset is taken for a key dataset.

    With ``claim`` points or more it is taken for one; with ``ask`` points or more, but fewer than ``claim``, a person
    is asked.
    """

    claim: float
    ask: float


class Filler(Strict):
    """Words of a title that name no subject, separated by blanks."""

    words: str


class Pages(Strict):
    """Keywords by which catalogues mark pages that are no data, separated by " | "."""

    keywords: str


class PointsTable(Strict):
    """The content of ``points.toml``: what each piece of evidence counts, and how many points are enough.

    ``points``: points by id of the kind of evidence, negative for evidence against. ``filler``: words of a title that
    name no subject. ``pages``: keywords that mark a page without data. ``against``: phrases that speak against nearly
    all key datasets.
    """

    points: dict[str, float]
    decision: ClaimThresholds
    filler: Filler
    pages: Pages
    against: tuple[AgainstAll, ...] = ()


@lru_cache(maxsize=1)
def points_table() -> PointsTable:
    """Return what each piece of evidence counts, how many points are enough, and the words that count for or against
    all keys.

    Raise SpecError, with file, key and remedy, if ``points.toml`` is invalid.
    """
    path = Path(__file__).parent / "points.toml"
    return parse(PointsTable, read_toml(path), str(path))


@lru_cache(maxsize=1)
def key_words() -> dict[str, KeyWords]:
    """Return the words of every key dataset by its id, in the order of ``key_datasets.csv``.

    Raise SpecError if a file is missing or invalid; the message names the file, the key and what to do.
    """
    folder, found = Path(__file__).parent, {}
    for row in read("key_datasets"):
        path = folder / f"{row['id']}.toml"
        if not path.exists():
            raise SpecError(f"{path}: missing; write it, or remove {row['id']} from key_datasets.csv")
        found[row["id"]] = parse(KeyWords, read_toml(path), str(path))
    return found
