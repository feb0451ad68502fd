"""Recognise the kind of a table from its header, by the rules in ``[match]`` of ``specs/expectations/<kind>.toml``.

A kind is returned only if it is clear. If two kinds fit equally well, it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from quality.tables.read.column_names import fold
from specs import expectations

__all__ = ["TableKindMatch", "table_kind_of", "needed_columns"]

_UNITS = frozenset(
    {"ars", "aud", "brl", "cad", "chf", "clp", "czk", "dkk", "eur", "euro", "euros", "fr", "gbp", "huf", "mxn", "nok"}
    | {"pln", "sek", "sfr", "usd", "thousand", "thousands", "million", "millions", "tausend", "tsd", "mio", "meur"}
    | {"keur", "teur", "in", "en", "em"}
)
"""Words at the end of a name that say in which unit it is counted: "Betrag in CHF", "Amount GBP"."""
_MAX_COLUMNS = 300
"""Most columns that are read: a header of thousands belongs to a matrix, not to a list of payments."""
_OCDS_PREFIX = re.compile(r"^(?:releases?|compiledrelease|records?)(?:[/.]\d+)?[/.]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableKindMatch:
    """The recognised kind of a table (such as payments), and which of its columns has which role in that kind."""

    kind: str
    """Name of the file in ``specs/expectations``, without its ending."""
    roles: Mapping[str, str]
    """By role (such as "amount"), the name of the column in the table."""
    score: float
    """Share of the kind's roles that were found, 0..1."""


def table_kind_of(names: Sequence[str], title: str | None = None) -> TableKindMatch | None:
    """Return the kind of a table by the names of its columns (at most 300); None if no kind fits, or two fit equally
    well.

    Of several kinds that fit, the one with most roles among the columns is returned, then the one that the title names.
    ``title`` contains the titles of dataset and file; None if unknown.
    """
    return _kind_of(tuple(names[:_MAX_COLUMNS]), title or "")


@lru_cache(maxsize=256)
def _kind_of(names: tuple[str, ...], title: str) -> TableKindMatch | None:
    variants = [tuple(_variants(name)) for name in names]
    words = {fold(word) for word in re.findall(r"\w+", title)}
    best: list[tuple[int, bool, TableKindMatch]] = []
    for kind in expectations.kinds():
        rules = expectations.suite(kind).match
        assert rules is not None  # kinds() lists no others
        roles = _roles(names, variants, kind)
        is_named = any(all(fold(word) in words for word in phrase.split()) for phrase in rules.title)
        if _is_plain(roles, rules, variants, is_named):
            best.append((len(roles), is_named, TableKindMatch(kind, roles, round(len(roles) / len(rules.columns), 2))))
    if not best:
        return None
    best.sort(key=lambda found: found[:2], reverse=True)
    if len(best) > 1 and best[0][:2] == best[1][:2]:
        return None
    return best[0][2]


def needed_columns(match: TableKindMatch) -> tuple[expectations.Expectation, ...]:
    """Return one expectation for each column that the kind of a table needs: that the column exists.

    ``match`` is the recognised kind. What the kind needs is a role, such as the amount, or one of several roles. The
    expectation names the column recognised for it; if there is none, it has the words of the roles in place of a name,
    and fails.
    """
    suite = expectations.suite(match.kind)
    assert suite.match is not None
    return tuple(_needed(suite.title, one, match.roles) for one in suite.match.needed)


def _needed(title: str, needed: str, roles: Mapping[str, str]) -> expectations.Expectation:
    choice = needed.split("|")
    words = " or ".join(role.replace("_", " ") for role in choice)
    found = next((roles[role] for role in choice if role in roles), None)
    return expectations.Expectation(
        rule="missing_column",
        type="expect_column_to_exist",
        severity="warning",
        message=f"This looks like a table of the kind '{title}', but no column seems to contain: {words}.",
        fix="Add the column; where it is there under another name, give it a name that people and programs know.",
        kwargs={"column": found or words},
    )


def _is_plain(
    roles: Mapping[str, str], rules: expectations.HeaderRule, variants: Sequence[tuple[str, ...]], is_named: bool
) -> bool:
    if len(roles) < rules.at_least - is_named or len(roles) < rules.share * len(variants):
        return False
    if not any(all(role in roles for role in proof) for proof in rules.proof):
        return False
    whole, beginnings = _split(rules.never)
    return not any(form in whole or form.startswith(beginnings) for column in variants for form in column)


def _split(names: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return complete names, and beginnings of names (those written with ``*``), folded."""
    return (
        frozenset(fold(name) for name in names if not name.endswith("*")),
        tuple(fold(name) for name in names if name.endswith("*")),
    )


@cache
def _alternatives(kind: str) -> tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]:
    """Return for each role of a kind the complete names and the beginnings of names."""
    rules = expectations.suite(kind).match
    assert rules is not None
    return tuple((role, *_split(names)) for role, names in rules.columns.items())


def _roles(names: Sequence[str], variants: Sequence[tuple[str, ...]], kind: str) -> dict[str, str]:
    """Return the column of each role. A complete name takes precedence over a shortened one; a column has one role."""
    found: dict[str, str] = {}
    taken: set[int] = set()
    deepest = max((len(column) for column in variants), default=0)
    for depth in range(deepest):
        for role, whole, beginnings in _alternatives(kind):
            if role in found:
                continue
            for index, column in enumerate(variants):
                if index in taken or depth >= len(column):
                    continue
                if column[depth] in whole or (beginnings and column[depth].startswith(beginnings)):
                    found[role] = names[index]
                    taken.add(index)
                    break
    return found


def _variants(name: str) -> Iterator[str]:
    """Yield folded forms of a name: as written, without brackets, without units, and each part of "Month/Mois"."""
    seen: set[str] = set()
    plain = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name)
    words = re.findall(r"\w+", plain.replace("_", " "))
    while len(words) > 1 and fold(words[-1]) in _UNITS:
        words.pop()
    forms = [name, plain, " ".join(words)]
    if "/" in name or "." in name:
        path = re.sub(r"[/.]\d+(?=[/.])", "", _OCDS_PREFIX.sub("", name))
        forms += [path, *plain.split("/")]
        forms.append(re.sub(r"^[A-Z]{2,5}\.", "", name))  # "FIN.Transaction Amount" of card programmes
    for form in forms:
        folded = fold(form)
        if folded and folded not in seen:
            seen.add(folded)
            yield folded
