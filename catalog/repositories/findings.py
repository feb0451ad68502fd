"""Store findings and their state from run to run: new, open, fixed, gone, or impossible to check."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from catalog.db.interned import ids_of_keys, keys_of, rule_keys, stored_id, text_keys, texts_of_keys
from catalog.db.rows import plain
from catalog.db.schema.found import RULE, TEXTS
from catalog.db.schema.views import STANDING, address
from catalog.db.store import Catalog
from catalog.model import stable_id
from catalog.model.public_ids import checked_finding
from catalog.repositories.finding_life import CLOSED, End, Life, ended, stands
from catalog.repositories.withdrawn import Basis, LastScore, Withdrawal, keep_replies, write_withdrawals

__all__ = [
    "Finding",
    "FoundInDataset",
    "begin_portal",
    "carry_findings",
    "finding_id",
    "tls_fault",
    "write_portal_findings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a dataset, distribution or portal fails, and what was observed.

    Its id, its state (new, open, fixed, ...) and its history are added when it is stored. ``rule_title``: the question
    that was answered no. ``severity``: error, warning or info. ``distribution_id``: None if the finding is not about a
    distribution. ``field``: the field of the record, or the column of the table, that it is about. ``fault_party``:
    whose fault it is. ``observed`` and ``expected``: what was found, and what would pass. ``first_row``: first line of
    the file that is concerned, from 1. ``error_count``: number of errors.
    """

    rule_id: str
    rule_title: str
    dimension: str
    severity: str
    how_to_fix: str
    distribution_id: str | None = None
    field: str | None = None
    fault_party: Literal["publisher", "portal", "harvester", "unknown"] = "publisher"
    resource_url: str | None = None
    observed: str | None = None
    expected: str | None = None
    http_status: int | None = None
    format_declared: str | None = None
    format_served: str | None = None
    first_row: int | None = None
    error_count: int | None = None
    rate_per_1000: float | None = None
    """Errors per 1,000 rows of the table."""
    rows: str | None = None
    """The first ten line numbers, separated by blanks, if lines are concerned."""
    gain_points: float | None = None
    """Points, of 100, by which the dataset's score would rise if it were fixed; None if not computed."""
    exchange: str | None = None
    """WARC-Record-ID of the response it is based on, if exchanges are archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundInDataset:
    """The result of scoring one dataset: its findings, and which rules could not be checked."""

    dataset_id: str | None
    """Id of the dataset; None for findings about the portal itself."""
    portal_id: str
    publisher_id: str | None
    findings: Sequence[Finding]
    distribution_ids: frozenset[str] = frozenset()
    """Ids of the distributions that the dataset has now. A finding about any other distribution is gone, not fixed."""
    is_unobserved: Callable[[str | None, str], bool] = lambda distribution_id, rule_id: False
    """Function of (distribution id or None, rule id): whether this rule could not be checked in this run. None stands
    for the dataset itself. An earlier finding of such a rule becomes unknown instead of fixed, unless it is disputed or
    waived, which it then stays."""
    basis: Callable[[str, str | None], Basis | None] = lambda rule_id, version: None
    """Function of a rule id and the methodology version that made a finding of the rule (None if not known): the only
    source that the finding depends on, or None if there are several. While that source is unchanged, only a change of
    the rule itself can have closed the finding."""


_rule = attrgetter(*RULE)
_TEXTS = tuple(name for name in TEXTS if name != "checked_at")
_texts = attrgetter(*_TEXTS)
_NUMBERS = ("http_status", "first_row", "error_count", "rate_per_1000", "gain_points")
_numbers = attrgetter(*_NUMBERS)
_SAID = ("distribution_key", "publisher_key", "rule_key", "resource_url", *_NUMBERS, *_TEXTS)
"""Columns that hold what a finding says. ``exchange`` is the last of them: a newer exchange with the same result is no
change, and the finding keeps its first one."""
_LIFE = ("state", "first_seen_key", "last_seen_key", "fixed_key", "withdrawn_key", "runs_failing", "checked_at")
_COLUMNS = ("key", "public_id", "portal_key", "dataset_key", *_SAID, *_LIFE)
Row = tuple[Any, ...]
_Identity = tuple[str | None, str, int | None]
"""Distribution id, rule id, and key of the field: what tells the findings of one dataset apart."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A finding as an earlier run stored it. ``said`` has the columns ``_SAID``, ``life`` the columns ``_LIFE``."""

    key: int
    distribution_id: str | None
    rule_id: str
    said: Row
    life: Row


def finding_id(subject_id: str, finding: Finding) -> str:
    """Return the id that a finding gets when it is first stored: 20 hexadecimal digits, see
    :mod:`catalog.model.public_ids`.

    It is derived from ``subject_id`` (id of the dataset, or of the portal for a finding about the portal itself) and
    from the finding's distribution, rule and field. A finding that version 0.1.0 stored keeps the id of that version.
    """
    said = stable_id(subject_id, finding.distribution_id or "", finding.rule_id, finding.field or "")
    return checked_finding(bytes.fromhex(said)).hex()


def begin_portal(catalog: Catalog, run_id: str, portal_id: str) -> None:
    """Note that the run ``run_id`` looks for findings in a portal's datasets: findings that an earlier run found first
    are then open, no longer new.

    That includes findings of datasets that are not scored in this run. Findings about the portal itself are left
    unchanged. If a run with the same or a later id is noted for the portal already, nothing changes.
    """
    with catalog.writing():
        keys = keys_of(catalog.db.conn, [portal_id, run_id])
        catalog.db.conn.execute(
            """insert into finding_runs (portal_key, run_key) values (?, ?)
               on conflict (portal_key) do update set run_key = excluded.run_key
                 where (select id from keys where key = finding_runs.run_key) < ?""",
            [keys[portal_id], keys[run_id], run_id],
        )


def runs_between(catalog: Catalog, portal_id: str | None) -> dict[str, int]:
    """Return the runs that harvested a portal, each run id with its number in order of time, from 0.

    The difference of two numbers is the number of harvests from one run to the other. The result is empty if
    ``portal_id`` is None or the portal was never harvested.
    """
    rows = catalog.db.conn.execute("select run_id from harvests where portal_id = ? order by run_id", [portal_id])
    return {run_id: number for number, (run_id,) in enumerate(rows)}


def carry_findings(
    catalog: Catalog,
    run_id: str,
    found: Sequence[FoundInDataset],
    checked_at: str,
    known: Mapping[str, LastScore] | None = None,
) -> None:
    """Store the findings of datasets of one portal, and set the state of each new and earlier finding.

    The states are new, open, fixed, withdrawn, gone or unknown; a finding that is disputed or waived stays so while it
    exists or cannot be checked. ``found``: the results of scoring, all of the same portal. ``checked_at``: UTC instant
    of this scoring. ``known``: how the datasets were scored before, by dataset id; a finding of a dataset that is not
    in it is never withdrawn. Call it inside a transaction.
    """
    subjects = keys_of(catalog.db.conn, (one.dataset_id for one in found))
    where = "f.dataset_key in (select value from json_each(?))"
    before = _stored(catalog, where, json.dumps(list(subjects.values())))
    runs = runs_between(catalog, found[0].portal_id if found else None)
    both = [(one, before.get(subjects[one.dataset_id], {})) for one in found]
    _write(catalog, run_id, both, checked_at, runs, known or {})


def _stored(catalog: Catalog, where: str, value: str) -> dict[int | None, dict[_Identity, _Stored]]:
    """Return the stored findings that meet an SQL condition with one parameter, by key of their dataset."""
    said, life = (", ".join(f"f.{name}" for name in names) for names in (_SAID, _LIFE))
    found: dict[int | None, dict[_Identity, _Stored]] = {}
    field, end = 4 + _SAID.index("field"), 4 + len(_SAID)
    # Only names and conditions of this module are inserted into the text.
    sql = f"""select f.key, f.dataset_key, x.id, r.rule_id, {said}, {life} from finding_rows f
              join rules r on r.key = f.rule_key left join keys x on x.key = f.distribution_key where {where}"""  # noqa: S608  # SQL of ours
    for row in catalog.db.conn.execute(sql, [value]):
        one = _Stored(row[0], row[2], row[3], row[4:end], row[end:])
        found.setdefault(row[1], {})[row[2], row[3], row[field]] = one
    return found


class _Batch:
    """The findings of some datasets with the integers that stand for their ids, rules and texts."""

    def __init__(
        self,
        catalog: Catalog,
        run_id: str,
        found: Sequence[tuple[FoundInDataset, Mapping[_Identity, _Stored]]],
        checked_at: str,
        runs: Mapping[str, int],
    ) -> None:
        # Dicts, not sets: they keep the order, so the same findings get the same keys.
        rules: dict[Row, None] = {}
        texts: dict[str | None, None] = {checked_at: None}
        ids: dict[str | None, None] = dict.fromkeys([run_id, *runs])
        for one, _ in found:
            ids |= dict.fromkeys((one.portal_id, one.publisher_id, one.dataset_id))
            for finding in one.findings:
                rules[_rule(finding)] = None
                texts |= dict.fromkeys(_texts(finding))
                ids[finding.distribution_id] = None
        lives = [stored.life for _, old in found for stored in old.values()]
        self._run_of = ids_of_keys(catalog.db.conn, {key for life in lives for key in life[1:5]})
        self._instant_of = texts_of_keys(catalog.db.conn, {life[6] for life in lives})
        self.rules = rule_keys(catalog.db.conn, rules)
        self.texts = text_keys(catalog.db.conn, texts | dict.fromkeys(self._instant_of.values()))
        self.keys = keys_of(catalog.db.conn, ids | dict.fromkeys(self._run_of.values()))
        datasets = json.dumps([one.dataset_id for one, _ in found])
        addresses = f"select id, {address('')} from distributions where dataset_id in (select value from json_each(?))"  # noqa: S608  # SQL of ours
        self._addresses: dict[str | None, str | None] = dict(catalog.db.conn.execute(addresses, [datasets]))

    def said(self, one: FoundInDataset, finding: Finding) -> Row:
        """Return the columns ``_SAID`` of a finding."""
        url = plain(finding.resource_url)
        own = None if url == self._addresses.get(finding.distribution_id) else url or ""
        ids = (self.keys[finding.distribution_id], self.keys[one.publisher_id], self.rules[_rule(finding)])
        return (*ids, own, *_numbers(finding), *(self.texts[text] for text in _texts(finding)))

    def read(self, life: Row) -> Life:
        """Return a stored life, the columns ``_LIFE``, in words."""
        state, *keys, failing, instant = life
        first, last, fixed, withdrawn = (self._run_of[key] for key in keys)
        return Life(state, first, last, fixed, withdrawn, failing, self._instant_of[instant])

    def written(self, life: Life) -> Row:
        """Return the columns ``_LIFE`` of a life."""
        seen = (life.first_seen_run, life.last_seen_run, life.fixed_run, life.withdrawn_run)
        return (life.state, *(self.keys[run] for run in seen), life.runs_failing, self.texts[life.checked_at])


def _write(
    catalog: Catalog,
    run_id: str,
    found: Sequence[tuple[FoundInDataset, Mapping[_Identity, _Stored]]],
    checked_at: str,
    runs: Mapping[str, int],
    known: Mapping[str, LastScore],
) -> None:
    batch = _Batch(catalog, run_id, found, checked_at, runs)
    free = int(catalog.value("select coalesce(max(key), 0) + 1 from finding_rows"))
    rows: list[Row] = []
    lives: list[Row] = []
    withdrawn: list[Withdrawal] = []
    moved: dict[int, int] = {}
    # All new findings have one life.
    fresh = batch.written(stands(None, run_id, checked_at, runs))
    for one, old in found:
        new = {
            (finding.distribution_id or None, finding.rule_id, batch.texts[finding.field or None]): finding
            for finding in one.findings
        }
        about = (batch.keys[one.portal_id], batch.keys[one.dataset_id])
        last = known.get(one.dataset_id or "")
        follows = _followed(catalog, batch, new, old, last) if last and last.tables else {}
        for identity, finding in new.items():
            said = batch.said(one, finding)
            row = old.get(identity)
            before = old[follows[identity]] if identity in follows else row
            if before is not None and before is row and before.said[:-1] == said[:-1]:
                # The finding is unchanged, so nothing is written. See finding_states.runs_failing.
                if before.life[0] not in STANDING:
                    life = stands(batch.read(before.life), run_id, checked_at, runs)
                    lives.append((*batch.written(life), before.key))
                continue
            if row is None:
                key, free = free, free + 1
                name = stored_id(finding_id(one.dataset_id or one.portal_id, finding))
            else:
                key, name = row.key, None
            if before is not row and before is not None:
                moved[before.key] = key
            told = batch.written(stands(batch.read(before.life), run_id, checked_at, runs)) if before else fresh
            rows.append((key, name, *about, *said, *told))
        for identity, before in old.items():
            if identity in new or before.life[0] in CLOSED:
                continue
            part_id, rule_id = before.distribution_id, before.rule_id
            is_unobserved = one.is_unobserved(part_id, rule_id)
            is_withdrawn = last is not None and last.is_withdrawn(
                run_id, part_id, one.basis(rule_id, last.methodology), is_unobserved=is_unobserved
            )
            kind: End = "gone" if before.key in moved else "withdrawn" if is_withdrawn else "fixed"
            life_now = ended(
                batch.read(before.life),
                kind,
                run_id,
                checked_at,
                runs,
                # What our new rules no longer charge is taken back, also where they cannot tell.
                is_unobserved=not is_withdrawn and is_unobserved,
                is_listed=part_id is None or part_id in one.distribution_ids,
            )
            if life_now is not None:
                lives.append((*batch.written(life_now), before.key))
                if life_now.state == "withdrawn":
                    withdrawn.append(Withdrawal(before.key, one.dataset_id, last.score if last else None))
    columns, marks = ", ".join(f"[{name}]" for name in _COLUMNS), ", ".join("?" * len(_COLUMNS))
    updates = ", ".join(f"[{name}] = excluded.[{name}]" for name in _COLUMNS[2:])
    catalog.db.conn.executemany(
        # Two fields of one name but for a separator have one id: the first of them is stored.
        f"insert into finding_rows ({columns}) values ({marks}) on conflict (key) do update set {updates}"  # noqa: S608  # names of the schema
        " on conflict do nothing",
        rows,
    )
    sets = ", ".join(f"[{name}] = ?" for name in _LIFE)
    catalog.db.conn.executemany(f"update finding_rows set {sets} where key = ?", lives)  # noqa: S608  # names of the schema
    keep_replies(catalog, moved)
    write_withdrawals(catalog, run_id, withdrawn, checked_at)


def _followed(
    catalog: Catalog,
    batch: _Batch,
    new: Mapping[_Identity, Finding],
    old: Mapping[_Identity, _Stored],
    last: LastScore,
) -> dict[_Identity, _Identity]:
    """Return, for new findings whose column was renamed, the earlier finding that each continues."""
    found = {}
    fields = texts_of_keys(catalog.db.conn, {field for _, _, field in old})
    for identity, row in old.items():
        part_id, rule_id, field = identity
        if identity in new or row.life[0] not in (*STANDING, "unknown"):
            continue
        name = last.renamed(part_id, fields[field])
        follower = (part_id, rule_id, batch.texts.get(name))
        if name and follower in new and (follower not in old or old[follower].life[0] not in STANDING):
            found[follower] = identity
    return found


def tls_fault(catalog: Catalog, run_id: str, portal_id: str) -> str | None:
    """Return in words why the TLS certificate of a portal's server could not be verified in a run.

    None if no fault is stored for the harvest: the certificate was verified, or the portal does not use TLS, or its
    harvest has not ended. None also if the run did not harvest the portal.
    """
    found = catalog.value("select tls_fault from harvests where run_id = ? and portal_id = ?", [run_id, portal_id])
    return str(found) if found else None


def write_portal_findings(
    catalog: Catalog, run_id: str, portal_id: str, found: Sequence[Finding], checked_at: str
) -> None:
    """Store the findings about a portal itself, and end the stored ones that are not in ``found``.

    The state of those in ``found`` follows from their history: new or open, or disputed or waived as before. The others
    become fixed or, if the run did not harvest the portal, or its harvest failed or has no verdict, unknown (unless
    they are disputed or waived); see :func:`catalog.repositories.finding_life.ended`. ``checked_at``: UTC instant of
    this check.
    """
    reached = catalog.value(
        "select verdict != 'failed' from harvests where run_id = ? and portal_id = ?", [run_id, portal_id]
    )
    # The plus keeps SQLite from the index by portal, which would read all findings of the portal.
    where = "+f.portal_key = (select key from keys where id = ?) and f.dataset_key is null"
    old = _stored(catalog, where, portal_id).get(None, {})
    about = FoundInDataset(
        dataset_id=None,
        portal_id=portal_id,
        publisher_id=None,
        findings=found,
        is_unobserved=lambda distribution_id, rule_id: not reached,
    )
    with catalog.writing():
        _write(catalog, run_id, [(about, old)], checked_at, runs_between(catalog, portal_id), {})
