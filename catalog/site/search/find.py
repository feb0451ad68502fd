"""Find datasets by words and by what they are: hits in order, folded copies, and the numbers beside each choice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catalog.site.search.index import FACETS
from catalog.site.search.words import LONGEST, fold, is_unspaced, pairs, stem_tokens, words

__all__ = ["HITS_MAX", "Found", "Query", "Word", "find", "query_of"]

HITS_MAX = 3_000
"""Datasets that are ranked for one question. Of more hits these are the ones with the best scores, and those with all
words in their titles."""
WORDS_MAX = 16
"""Words of a question that count."""
_PREFIX_MIN = 3
"""Characters that a word must have for longer words to be found that begin with it."""
# Weights of title, names (publisher, identifiers, keywords) and text.
_RANK = "bm25(search_text, 10.0, 4.0, 1.0)"
_LISTED = """
select d.number, d.work, d.state from json_each(:numbers) n cross join search_documents d on d.number = n.value"""
_COUNTS = """
select v.facet, v.name, v.label, c.datasets from (
  select h.value, count(distinct d.work) as datasets
  from json_each(:numbers) n cross join search_documents d on d.number = n.value
  cross join search_has h on h.document = n.value group by h.value) c
join search_values v on v.value = c.value order by c.datasets desc, v.name"""
_STATES = {"present": 0, "missing": 1, "retired": 2}


@dataclass(frozen=True)
class Word:
    """A word that a visitor wrote, and the tokens by which it is found."""

    text: str
    """The word in the form of :func:`catalog.site.search.words.normal`."""
    stems: frozenset[str] = frozenset()
    """Its stems by language, such as "es·presupuest"."""

    @property
    def whole(self) -> str:
        """Full-text expression for the word itself and other forms of it."""
        if not is_unspaced(self.text):
            return "(" + " OR ".join(_quoted(one) for one in (fold(self.text)[:LONGEST], *sorted(self.stems))) + ")"
        tokens = pairs(self.text[:LONGEST])
        # The last character alone stands only at the end of a text.
        return f"{_quoted(tokens[0])} *" if len(tokens) == 1 else "(" + " + ".join(map(_quoted, tokens[:-1])) + ")"

    @property
    def beginning(self) -> str:
        """Full-text expression for the same and for longer words that begin with it."""
        plain = fold(self.text)[:LONGEST]
        is_short = is_unspaced(self.text) or len(plain) < _PREFIX_MIN
        return self.whole if is_short else f"({self.whole} OR {_quoted(plain)} *)"


@dataclass(frozen=True)
class Query:
    """A visitor's question. ``choices``: chosen value by facet, see :data:`catalog.site.search.index.FACETS`."""

    words: tuple[Word, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """What a question found."""

    works: tuple[tuple[int, tuple[int, ...]], ...]
    """Documents of the index in order, each with its copies, which are shown in one place."""
    counts: dict[str, list[tuple[str, str | None, int]]]
    """By facet: values, their names for readers (None where they have none), and how many of the datasets that were
    found have them, most first."""
    is_cut: bool
    """Whether there are more hits than are ranked."""


def query_of(conn: sqlite3.Connection, text: str, choices: Mapping[str, str]) -> Query:
    """Return the question of a visitor.

    ``text``: the words as written, of which the first 16 count. ``choices``: values by facet; unknown facets and empty
    values are ignored.
    """
    codes = [code for (code,) in conn.execute("select code from search_languages")]
    asked = list(dict.fromkeys(words(text[:2_000])))[:WORDS_MAX]
    return Query(
        tuple(Word(one, frozenset(stem_tokens(one[:LONGEST], codes))) for one in asked),
        {facet: choices[facet] for facet in FACETS if choices.get(facet)},
    )


def find(conn: sqlite3.Connection, query: Query, most: int = HITS_MAX) -> Found:
    """Return the datasets that have all words of a question and all chosen values.

    Datasets that their portal lists come before those it no longer lists. Among these come first those with each word,
    whole or in another form, in the title, then those with each word anywhere, then those with longer words that begin
    like it; and within these by how often and where the words stand. Without words all datasets with the chosen values
    are found, the best scores first. ``most``: datasets that are ranked; of more hits the ones with the best scores,
    and as many with all words in their titles.
    """
    values = [_value(conn, facet, name) for facet, name in query.choices.items()]
    if None in values:
        return Found((), {}, is_cut=False)
    ranks, is_cut = _hits(conn, query, [value for value in values if value is not None], most)
    numbers = json.dumps(sorted(ranks))
    works: dict[int, list[int]] = {}
    rows = conn.execute(_LISTED, {"numbers": numbers}).fetchall()
    for _, number, work in sorted(((_STATES.get(s, 1), *ranks[n]), n, w) for n, w, s in rows):
        works.setdefault(work, []).append(number)
    counts: dict[str, list[tuple[str, str | None, int]]] = {}
    for facet, name, label, count in conn.execute(_COUNTS, {"numbers": numbers}):
        counts.setdefault(facet, []).append((name, label, count))
    return Found(tuple((first, tuple(rest)) for first, *rest in map(_best_first, works.values())), counts, is_cut)


def _best_first(copies: list[int]) -> list[int]:
    """Return the documents of one work, the original first: it has the least number, as the index counts them."""
    return [min(copies), *(one for one in copies if one != min(copies))]


def _value(conn: sqlite3.Connection, facet: str, name: str) -> int | None:
    row = conn.execute("select value from search_values where facet = ? and name = ?", (facet, name)).fetchone()
    return int(row[0]) if row else None


def _chosen(document: str, values: Sequence[int]) -> tuple[str, dict[str, int]]:
    """Return an SQL condition that a document has all values, and its parameters. ``document``: SQL for its number."""
    names = {f"value{number}": value for number, value in enumerate(values)}
    has = "exists (select 1 from search_has h where h.document = {} and h.value = :{})"
    return " and ".join(["true", *(has.format(document, name) for name in names)]), names


def _hits(
    conn: sqlite3.Connection, query: Query, values: Sequence[int], most: int
) -> tuple[dict[int, tuple[int, float]], bool]:
    """Return the documents with all words and values, each with its tier and rank, and whether some were left out."""
    if query.words:
        return _with_words(conn, query, values, most)
    if values:
        where, names = _chosen("c.document", values[1:])
        sql = f"select c.document from search_has c where c.value = :first and {where} order by c.document limit :limit"  # noqa: S608  # SQL of ours
        found = conn.execute(sql, names | {"first": values[0], "limit": most + 1}).fetchall()
    else:
        sql = "select number from search_documents order by number limit :limit"
        found = conn.execute(sql, {"limit": most + 1}).fetchall()
    return {number: (0, float(number)) for (number,) in found[:most]}, len(found) > most


def _with_words(
    conn: sqlite3.Connection, query: Query, values: Sequence[int], most: int
) -> tuple[dict[int, tuple[int, float]], bool]:
    """Return the documents with all words in three tiers: in the title, anywhere, and as beginnings of longer words."""
    where, names = _chosen("search_text.rowid", values)

    def matching(words: str, rank: str = _RANK) -> list[tuple[int, float]]:
        sql = f"select rowid, {rank} from search_text where search_text match :words and {where} limit :limit"  # noqa: S608  # SQL of ours
        return [tuple(row) for row in conn.execute(sql, names | {"words": words, "limit": most})]

    whole = " AND ".join(word.whole for word in query.words)
    titles = {number for number, _ in matching(f"title : ({whole})", "0.0")}
    ranks: dict[int, tuple[int, float]] = dict.fromkeys(titles, (0, 0.0))
    found = matching(whole)
    for number, rank in found:
        ranks[number] = (0 if number in titles else 1, rank)
    beginning = " AND ".join(word.beginning for word in query.words)
    if len(found) < most and beginning != whole:
        found = matching(beginning)
        for number, rank in found:
            ranks.setdefault(number, (2, rank))
    return ranks, len(found) == most


def _quoted(token: str) -> str:
    return f'"{token}"'
