"""Store the first findings of datasets: thousands of rows at once, of which most columns are the same for many.

A file fails the same rules as thousands of others, with the same gains. So the rules that one fails are stored once in
a temporary table, as is each dataset and file, and SQLite multiplies the two. Datasets that already have findings are
compared with them instead, see :mod:`catalog.repositories.findings`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog.db.interned import rule_keys, text_keys
from catalog.db.store import Catalog
from catalog.model.dcat import joined
from catalog.model.public_ids import checked_finding

__all__ = ["Failing", "FailingDataset", "Failure", "with_findings", "write_first"]


class Failure(NamedTuple):
    """A failed rule and what was found: the part of a finding that is the same for many datasets and distributions."""

    rule: tuple[str, ...]
    """Values of the columns ``catalog.db.schema.found.RULE``."""
    gain: float | None
    """Points of the dataset's score that fixing it brings; None if not computed."""
    observed: str | None
    """What was found; None if the words differ from place to place, see :class:`Failing`."""
    is_observed: bool
    """True if a response of the address proves it; False if the record of the dataset does."""


class Failing(NamedTuple):
    """A dataset, or one of its distributions, with the rules that it fails."""

    distribution_id: str | None
    """None stands for the dataset itself."""
    http_status: int | None
    format_declared: str | None
    format_served: str | None
    exchange: str | None
    """WARC-Record-ID of the response of the address, or of the record if the address was not checked."""
    failures: tuple[Failure, ...]
    """Use the same tuple object for all places that fail the same rules: its rows are then stored once."""
    words: Sequence[str] = ()
    """What was found for each of ``failures`` whose ``observed`` is None, in their order."""


@dataclass(frozen=True, slots=True)
class FailingDataset:
    """A dataset that fails rules: ``places`` are the dataset itself and its distributions, as far as they fail any.

    ``exchange``: WARC-Record-ID of the response that held its record; None if exchanges are not archived.
    """

    dataset_id: str
    portal_id: str
    publisher_id: str | None
    exchange: str | None
    places: Sequence[Failing]


_TABLES = """
create temp table if not exists failing_places (number integer primary key, failures int, portal int, publisher int,
  dataset int, distribution int, status int, declared int, served int, response int, record int, subject text);
create temp table if not exists failing_rules (failures int, at int, rule int, gain real, observed int,
  is_observed int, subject text, primary key (failures, at)) without rowid;
create temp table if not exists failing_words (place int, at int, observed int, primary key (place, at)) without rowid;
"""
_NAMES = ("failing_places", "failing_rules", "failing_words")
_INSERT = """
insert or ignore into finding_rows (public_id, portal_key, publisher_key, dataset_key, distribution_key, rule_key,
  state, first_seen_key, last_seen_key, runs_failing, gain_points, observed, format_declared, format_served,
  http_status, checked_at, exchange)
select finding_digest(p.subject || r.subject), p.portal, p.publisher, p.dataset, p.distribution, r.rule, 'new', :run,
  :run, 1, r.gain,
  coalesce(r.observed, (select w.observed from failing_words w where w.place = p.number and w.at = r.at)),
  p.declared, p.served, p.status, :checked_at, iif(r.is_observed, p.response, p.record)
from failing_places p cross join failing_rules r on r.failures = p.failures order by p.number, r.at
"""


def _digest(text: str) -> bytes:
    return checked_finding(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())


def with_findings(catalog: Catalog, dataset_ids: Collection[str]) -> set[str]:
    """Return which of the datasets ``dataset_ids`` have stored findings, of any state."""
    found = catalog.db.conn.execute(
        """select k.id from keys k where k.id in (select value from json_each(?))
           and exists (select 1 from finding_rows f where f.dataset_key = k.key)""",
        [json.dumps(list(dataset_ids))],
    )
    return {dataset_id for (dataset_id,) in found}


def write_first(
    catalog: Catalog,
    run_id: str,
    found: Sequence[FailingDataset],
    checked_at: str,
    keys: Mapping[str | None, int | None],
) -> None:
    """Store the findings of datasets that have none yet; all get the state "new".

    ``checked_at``: UTC instant of this scoring. ``keys``: integers that stand for the ids of the run and of the
    portals, publishers, datasets and distributions in ``found``, see :func:`catalog.db.interned.keys_of`. Call it
    inside a transaction.
    """
    if not found:
        return
    conn = catalog.db.conn
    numbers: dict[int, int] = {}
    groups: dict[tuple[int, ...], tuple[Failure, ...]] = {}
    number_of: dict[tuple[int, ...], int] = {}
    texts: dict[str | None, None] = {checked_at: None}
    for one in found:
        texts[one.exchange] = None
        for place in one.places:
            texts[place.format_declared] = texts[place.format_served] = texts[place.exchange] = None
            if place.words:
                texts |= dict.fromkeys(place.words)
            # All these objects live until the end of this function, so no two have one address.
            if id(place.failures) not in numbers:
                same = tuple(map(id, place.failures))
                groups.setdefault(same, place.failures)
                numbers[id(place.failures)] = number_of.setdefault(same, len(number_of))
    different = {id(failure): failure for group in groups.values() for failure in group}
    rules = rule_keys(conn, dict.fromkeys(failure.rule for failure in different.values()))
    text_of = text_keys(conn, texts | dict.fromkeys(failure.observed for failure in different.values()))
    said = {
        key: (
            rules[failure.rule], failure.gain, text_of[failure.observed], int(failure.is_observed),
            f"\x1f{joined(failure.rule[0], '')}",
        )
        for key, failure in different.items()
    }  # fmt: skip
    places: list[tuple[Any, ...]] = []
    words: list[tuple[int, int, int | None]] = []
    for one in found:
        about = (keys[one.portal_id], keys[one.publisher_id], keys[one.dataset_id])
        record = text_of[one.exchange]
        subject = joined(one.dataset_id, "")
        for place in one.places:
            number = len(places)
            places.append(
                (
                    number, numbers[id(place.failures)], *about, keys[place.distribution_id], place.http_status,
                    text_of[place.format_declared], text_of[place.format_served], text_of[place.exchange], record,
                    subject + place.distribution_id.replace("\x1f", " ") if place.distribution_id else subject,
                )
            )  # fmt: skip
            if place.words:
                differing = (at for at, failure in enumerate(place.failures) if failure.observed is None)
                words += [(number, at, text_of[text]) for at, text in zip(differing, place.words, strict=True)]
    rows = (
        (group, at, *said[id(failure)])
        for group, failures in enumerate(groups.values())
        for at, failure in enumerate(failures)
    )
    conn.create_function("finding_digest", 1, _digest, deterministic=True)
    for sql in filter(str.strip, _TABLES.split(";")):
        conn.execute(sql)
    _fill(catalog, zip(_NAMES, (places, rows, words), (12, 7, 3), strict=True))
    conn.execute(_INSERT, {"run": keys[run_id], "checked_at": text_of[checked_at]})
    for name in _NAMES:
        conn.execute(f"delete from temp.{name}")  # noqa: S608  # names of this module


def _fill(catalog: Catalog, tables: Iterable[tuple[str, Iterable[tuple[Any, ...]], int]]) -> None:
    for name, rows, width in tables:
        marks = ", ".join("?" * width)
        catalog.db.conn.executemany(f"insert into temp.{name} values ({marks})", rows)  # noqa: S608  # names of the schema
