"""Store causes, their findings, and their state from run to run: new, open, fixed, reopened or unknown.

A cause is one fault, such as a broken server, that explains many findings of one rule in one portal.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.db.schema.found import public_id
from catalog.db.schema.views import OPEN_CAUSES, STANDING, address, is_open, state_in
from catalog.db.store import Catalog
from catalog.model import stable_id
from catalog.model.public_ids import CAUSE, checked_cause
from catalog.repositories.coded import Numbers

__all__ = [
    "Cause",
    "StoredCause",
    "apply_reply",
    "cause_id",
    "causes_of_portal",
    "dataset_title",
    "examples",
    "keep_causes",
    "publisher_names",
    "singles",
    "stored_causes",
    "write_causes",
]

_ENDED = ("fixed", "merged", "gone")
_PAIR = np.dtype([("finding", np.int64), ("cause", np.int64)])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCause:
    """A cause as an earlier run stored it: what identifies it, and its state.

    It is identified by its rule, its ``level`` (such as "host"), the ``root_value`` at that level (such as the name of
    the host) and ``split``, the property that divides the findings of the rule (such as the kind of error). ``number``:
    integer by which the table ``cause_members`` refers to the cause.
    """

    id: str
    number: int
    rule_id: str
    level: str
    root_value: str
    split: str
    state: str
    last_seen_run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause as one run found it.

    ``columns``: values of the columns of the table ``causes``, without those that come from earlier runs, such as
    first_seen_run.
    """

    columns: Mapping[str, Any]
    members: Numbers
    """Integer keys of its findings; empty for a host that could not be observed."""
    is_unknown: bool = False
    """Whether it is a host that could not be observed: shown, but nobody's fault and without points."""


def cause_id(portal_id: str, rule_id: str, level: str, value: str, split: str, stored: Container[str] = ()) -> str:
    """Return the id that a cause gets when it is first stored. It does not depend on the findings that belong to it.

    It is "cause-" and 20 hexadecimal digits, see :mod:`catalog.model.public_ids`. ``stored``: ids of the causes of the
    portal that are stored; if version 0.1.0 stored this cause, the result is the id that it has from there.

    ``level``: where the cause lies, such as "host". ``value``: which one at that level, such as the name of the host.
    ``split``: the property that divides the findings of the rule, such as the kind of error; "" for none.

    >>> cause_id("trees", "link_ok", "host", "data.example.org", "dns")[:6]
    'cause-'
    """
    said = stable_id(portal_id, rule_id, level, value, split)
    former = f"{CAUSE}{said}"
    return former if former in stored else checked_cause(said)


def stored_causes(catalog: Catalog, portal_id: str) -> list[StoredCause]:
    """Return all stored causes of a portal, including those that have ended."""
    return [
        StoredCause(**row)
        for row in catalog.rows(
            """select id, number, rule_id, level, root_value, split, state, last_seen_run from causes
               where portal_id = ?""",
            [portal_id],
        )
    ]


def examples(catalog: Catalog, findings: Sequence[int]) -> str:
    """Return a JSON list that describes findings: an object with finding_id, title of the dataset and url for each.

    ``findings``: integer keys of the findings in ``finding_rows``. The list has their order; unknown keys are skipped.
    The url is the first of these that is stored: the landing page of the dataset, the address that the finding is
    about, the address of its distribution, the address of the response that held the record. It is null if none is.
    """
    rows = catalog.rows(
        f"""select {public_id("r")} as finding_id, d.title,
              coalesce(nullif(d.landing_page, ''), nullif(r.resource_url, ''), nullif({address("x")}, ''),
                nullif(d.source_url, '')) as url
            from json_each(?) j join finding_rows r on r.key = j.value
            left join keys k on k.key = r.dataset_key left join datasets d on d.id = k.id
            left join distribution_rows x on x.id = r.distribution_key order by j.key""",
        [json.dumps(list(findings))],
    )
    return json.dumps(rows, ensure_ascii=False)


def causes_of_portal(catalog: Catalog, portal_id: str, limit: int) -> list[dict[str, Any]]:
    """Return the causes of a portal that have not ended, as rows of the table ``causes``, ``limit`` at most.

    Those with the highest gain come first. Hosts of which no address could be checked with a result (state "unknown")
    come last.
    """
    return catalog.rows(
        """select * from causes where portal_id = ? and state not in ('fixed', 'merged', 'gone')
           order by state = 'unknown', gain_points desc, findings desc, id limit ?""",
        [portal_id, limit],
    )


def singles(catalog: Catalog, portal_id: str) -> int:
    """Return how many open findings of a portal belong to no open cause."""
    whole = catalog.value("select count(*) from open_findings where portal_id = ?", [portal_id])
    sql = f"select coalesce(sum(findings), 0) from causes where portal_id = ? and {state_in(OPEN_CAUSES, '')}"
    return int(whole) - int(catalog.value(sql, [portal_id]))


def publisher_names(catalog: Catalog, portal_id: str) -> dict[str, str]:
    """Return the names of a portal's publishers by their ids; those without a name are left out."""
    sql = "select id, name from publishers where portal_id = ? and name is not null"
    return dict(catalog.db.conn.execute(sql, [portal_id]).fetchall())


def dataset_title(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the title of a dataset; None if it has none, if it is "", or if the catalogue has no dataset with this
    id."""
    found = catalog.value("select title from datasets where id = ?", [dataset_id])
    return str(found) if found else None


def keep_causes(catalog: Catalog, run_id: str, portal_id: str) -> bool:
    """Update a portal's causes after a run in which none of its datasets was scored, and return whether they are still
    valid.

    Causes in the state new or reopened become open if an earlier run found them last. False if the portal has no stored
    causes, or if this run found that a dataset is no longer listed; causes must then be searched for again.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            """update causes set state = 'open'
               where portal_id = ? and state in ('reopened', 'new') and last_seen_run < ?""",
            [portal_id, run_id],
        )
    sql = """select exists (select 1 from causes where portal_id = :portal)
               and not exists (select 1 from datasets where portal_id = :portal and missing_since = :run)"""
    return bool(catalog.value(sql, {"portal": portal_id, "run": run_id}))


def write_causes(
    catalog: Catalog,
    run_id: str,
    portal_id: str,
    causes: Iterable[Cause],
    unseen: Sequence[Cause] = (),
    *,
    is_held: bool = False,
) -> int:
    """Store the causes that a run found in a portal, and end the stored causes that it did not find.

    Return the number of causes found, including those in ``unseen``. ``causes``: all that the run found, those of one
    rule after another; they are stored rule by rule, so that few are held in memory. ``unseen``: the hosts that could
    not be observed, whose state is unknown. ``is_held``: hold back from the public all causes that no export has
    decided about, except the unknown ones; :func:`catalog.repositories.held.decide` publishes them.

    A cause that was found is new; open, if an earlier run stored it; or reopened, if it was fixed then. If the last
    reply to it disputes it, and was not answered with a correction, it is disputed, and so are the findings that have
    joined it since. A waiver covers only the findings that the cause had when it was given: the cause stays waived
    until another finding joins it. A stored cause that was not found becomes unknown, if its host or most of its
    findings could not be observed; merged, if most of its findings still exist; gone, if nothing of it is listed any
    more; else fixed. It is deleted if it has no findings, as a host has that is observed again.
    """
    writer = _Writer(catalog, run_id, portal_id, frozenset(str(one.columns["root_value"]) for one in unseen))
    with catalog.writing():
        for rule_id, found in groupby(causes, key=_rule_of):
            writer.write(rule_id, [*found, *(one for one in unseen if _rule_of(one) == rule_id)])
        # What has ended of other rules, and hosts whose rule has no causes now.
        for rule_id in sorted({*writer.left, *map(_rule_of, unseen)} - writer.done):
            writer.write(rule_id, [one for one in unseen if _rule_of(one) == rule_id])
        for key, state in writer.replies.items():
            if key in writer.found and state == "disputed":
                apply_reply(catalog, key, state)
            elif key in writer.found:
                _stay_waived(catalog, key)
        if is_held:
            # In the same transaction: a copy made a moment later, or after a crash, must not show them.
            catalog.db.conn.execute(
                "update causes set is_held = 1 where portal_id = ? and is_held is null and state != 'unknown'",
                [portal_id],
            )
    return len(writer.found)


def _rule_of(cause: Cause) -> str:
    return str(cause.columns["rule_id"])


_PART = 10_000
"""Elements of an array that are turned into Python objects at once."""


class _Writer:
    """Stores the causes of a portal rule by rule. ``hosts``: those that could not be observed."""

    def __init__(self, catalog: Catalog, run_id: str, portal_id: str, hosts: frozenset[str]) -> None:
        self.catalog, self.run_id, self.portal_id, self.hosts = catalog, run_id, portal_id, hosts
        self.left: dict[str, list[StoredCause]] = {}
        """Stored causes by rule, of the rules that are not done."""
        for one in stored_causes(catalog, portal_id):
            self.left.setdefault(one.rule_id, []).append(one)
        self.replies = _replies(catalog, portal_id)
        self.free = 1 + int(catalog.value("select coalesce(max(number), 0) from causes"))
        self.done: set[str] = set()
        self.found: set[str] = set()

    def write(self, rule_id: str, causes: Sequence[Cause]) -> None:
        """Store all causes of a rule."""
        self.done.add(rule_id)
        before = {one.id: one for one in self.left.pop(rule_id, ())}
        rows: list[dict[str, Any]] = []
        members: list[tuple[int, Numbers]] = []
        new = []
        for one in causes:
            key = str(one.columns["id"])
            old = before.get(key)
            number = old.number if old else self.free
            if old is None:
                self.free += 1
                new.append(number)
            state = "disputed" if self.replies.get(key) == "disputed" else _state(old, self.run_id)
            state = "unknown" if one.is_unknown else state
            rows.append(
                {**one.columns, "number": number, "portal_id": self.portal_id, "state": state,
                 "last_seen_run": self.run_id, "first_seen_run": self.run_id, "fixed_run": None}
            )  # fmt: skip
            members.append((number, one.members))
        found = {str(row["id"]) for row in rows}
        self.found |= found
        for stored in before.values():
            if stored.id not in found and stored.state not in _ENDED:
                _end(self.catalog, self.run_id, stored, self.hosts)
        self.catalog.upsert("causes", rows, keep=("first_seen_run",))
        _write_members(self.catalog, self.portal_id, rule_id, members)
        _set_first_run(self.catalog, new)


def _replies(catalog: Catalog, portal_id: str) -> dict[str, str]:
    """Return the causes of a portal whose last reply is a dispute or a waiver, with the state that this gives them."""
    return dict(
        catalog.db.conn.execute(
            """select c.id, r.reply from causes c join latest_replies r on r.finding_id = c.id
               where c.portal_id = ? and r.reply in ('disputed', 'waived')
                 and coalesce(r.outcome, '') != 'corrected'""",
            [portal_id],
        ).fetchall()
    )


def _state(old: StoredCause | None, run_id: str) -> str:
    if old is None:
        return "new"
    if old.state in ("new", "reopened") and old.last_seen_run == run_id:
        return old.state
    return "reopened" if old.state == "fixed" else "open"


def _end(catalog: Catalog, run_id: str, one: StoredCause, unknown_hosts: Collection[str]) -> None:
    """End a cause that was not found in this run, by what has become of its findings."""
    states = dict(
        catalog.db.conn.execute(
            """select f.state, count(*) from cause_members m join finding_rows f on f.key = m.finding
               where m.cause = ? group by 1""",
            [one.number],
        ).fetchall()
    )
    standing, unknown = sum(states.get(state, 0) for state in STANDING), states.get("unknown", 0)
    if not states and one.root_value not in unknown_hosts:
        # A host that had never been observed has been now.
        catalog.db.conn.execute("delete from causes where id = ?", [one.id])
        return
    if unknown > standing or (one.level == "host" and one.root_value in unknown_hosts):
        state = "unknown"
    elif standing * 2 > sum(states.values()):
        state = "merged"
    else:
        state = "gone" if set(states) == {"gone"} else "fixed"
    catalog.db.conn.execute(
        """update causes set state = ?, fixed_run = ?, datasets = 0, files = 0, findings = 0, gain_points = null,
             publisher_gain_points = null where id = ?""",
        [state, run_id if state == "fixed" else None, one.id],
    )


def _write_members(catalog: Catalog, portal_id: str, rule_id: str, members: Sequence[tuple[int, Numbers]]) -> None:
    """Write which finding of a rule has which cause; only what has changed is written."""
    old = np.fromiter(
        catalog.db.conn.execute(
            # The findings of a host that cannot be observed now stay its own, until they are seen again.
            """select m.finding, m.cause from causes c cross join cause_members m on m.cause = c.number
               where c.portal_id = ? and c.rule_id = ? and c.state != 'unknown'""",
            [portal_id, rule_id],
        ),
        _PAIR,
    )
    new = np.zeros(sum(len(found) for _, found in members), _PAIR)
    start = 0
    for number, found in members:
        new["finding"][start : start + len(found)] = found
        new["cause"][start : start + len(found)] = number
        start += len(found)
    old, new = old[np.argsort(old["finding"])], new[np.argsort(new["finding"])]
    gone = old["finding"][~np.isin(old["finding"], new["finding"], assume_unique=True)]
    is_same = np.zeros(len(new), dtype=bool)
    if len(old):
        at = np.minimum(np.searchsorted(old["finding"], new["finding"]), len(old) - 1)
        is_same = old[at] == new
    run = catalog.db.conn.executemany
    run("delete from cause_members where finding = ?", ((number,) for number in _in_parts(gone)))
    run("insert or replace into cause_members (finding, cause) values (?, ?)", _in_parts(new[~is_same]))


def _in_parts(values: NDArray[Any]) -> Iterator[Any]:
    """Yield the elements of an array as Python objects: of millions, only some at a time are in memory."""
    for start in range(0, len(values), _PART):
        yield from values[start : start + _PART].tolist()


def _set_first_run(catalog: Catalog, numbers: Sequence[int]) -> None:
    """Set since when new causes have stood: the first run that found one of their findings."""
    chosen = json.dumps(list(numbers))
    catalog.db.conn.execute(
        """update causes set first_seen_run = coalesce((select min(k.id) from cause_members m
             join finding_rows f on f.key = m.finding join keys k on k.key = f.first_seen_key
             where m.cause = causes.number), first_seen_run)
           where number in (select value from json_each(?))""",
        [chosen],
    )


def _stay_waived(catalog: Catalog, cause: str) -> None:
    """Set a cause whose last reply is a waiver to waived, unless a finding that the waiver does not cover is open."""
    catalog.db.conn.execute(
        f"""update causes set state = 'waived' where id = ? and {state_in(OPEN_CAUSES, "")} and not exists (
              select 1 from cause_members m join finding_rows f on f.key = m.finding
              where m.cause = causes.number and {is_open("f")})""",
        [cause],
    )


def apply_reply(catalog: Catalog, cause: str, state: str) -> None:
    """Set the state of a cause and of its findings as the last reply to the cause demands. ``cause``: id of the cause.

    ``state``: disputed, waived or open. Disputed and waived are given to a cause that is new, open or reopened, to its
    findings that are new or open, and to both if they were disputed or waived before. Waived is also given to findings
    in the state unknown, because the waiver does not cover what joins the cause later. Open takes back a dispute or
    waiver. A cause or finding in any other state keeps it, and so does a finding to which somebody has replied
    separately. Call it inside a transaction.
    """
    catalog.db.conn.execute(
        f"""update finding_rows set state = :state where key in (
              select f.key from causes c join cause_members m on m.cause = c.number
              join finding_rows f on f.key = m.finding where c.id = :cause and f.state != :state
                and (f.state in ('disputed', 'waived') or :state != 'open' and {is_open("f")}
                  or :state = 'waived' and f.state = 'unknown'))
            and not exists (select 1 from replies r where r.finding_id = {public_id("finding_rows")})""",
        {"state": state, "cause": cause},
    )
    catalog.db.conn.execute(
        f"""update causes set state = :state where id = :cause and state != :state
             and (state in ('disputed', 'waived') or :state != 'open' and {state_in(OPEN_CAUSES, "")})""",
        {"state": state, "cause": cause},
    )
