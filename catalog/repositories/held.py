"""Hold back new causes, so that a government hears of them before the public does.

A cause is one fault that explains many findings. With ``hold_days`` in ``winnow.toml``, a new one and its findings are
in no published file and not in the public copy, until that many days have passed since every address of the government
had a letter about it, and at the latest twice that many days after the first letter about it was sent or refused
for good (:func:`held_causes`). If the cause ends before, and its findings get another cause or none, they stay held
back as long (table ``held_findings``). Figures, scores and counts are not held back: they are of everything that was
measured. What was published stays published.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from catalog.db.schema.found import public_id
from catalog.db.schema.views import NOT_ENDED, STANDING_CAUSES, state_in
from catalog.db.store import Catalog, started
from catalog.repositories.recipients import addresses_in, recipient_hash, stopped
from catalog.repositories.withholding import WITHHELD_KEYS

__all__ = [
    "HELD_FINDING",
    "HELD_KEYS",
    "LATEST",
    "HeldCause",
    "decide",
    "held_apart",
    "held_causes",
    "hold_new_causes",
    "ids_apart",
    "keep_held",
]

LATEST = 2
"""A cause is published at the latest this many times ``hold_days`` after the first letter about it was tried."""

_IN_CAUSES = """from causes held cross join cause_members m on m.cause = held.number
  cross join finding_rows own on own.key = m.finding left join keys first on first.key = own.first_seen_key
  where held.is_held and coalesce(first.id, '9') >= held.first_seen_run"""
HELD_KEYS = f"select m.finding {_IN_CAUSES} union all select finding from held_findings"  # noqa: S608  # our own constants
"""SQL: the integer keys of the findings that belong to a cause that is held back, or to one that was when it ended. A
finding of a run before the first run of its cause was published with that run, and stays public. There are few causes,
so they are read first."""
HELD_FINDING = f"f.key in ({HELD_KEYS})"
"""SQL: whether a finding ``f`` is one of these."""


@dataclass(frozen=True, slots=True)
class HeldCause:
    """A cause that is held back. ``portal_id``: the portal whose datasets it is about.

    ``public_on``: day on which it becomes public, as far as is known now; None if no letter about it was tried yet.
    ``untold``: hashes of the addresses of the government that have had no letter about it, see
    :func:`catalog.repositories.recipients.recipient_hash`; ``public_on`` is the latest day then.
    """

    id: str
    portal_id: str
    government: str
    public_on: date | None
    untold: frozenset[str] = frozenset()
    findings: int = 0
    """Findings that are held back though their cause has ended; 0 for a cause that stands."""


def decide(catalog: Catalog, run_id: str, hold_days: int) -> None:
    """Decide, before the files of the run ``run_id`` are written, which causes are held back.

    ``hold_days``: number of days for which a cause is held back after its government was told of it, where the day of
    the run counts as today; with 0 none is held back, and all are published from now on. A cause about hosts that could
    not be observed accuses nobody and is never held back.
    """
    held = held_causes(catalog, run_id, hold_days) if hold_days else []
    apart = held_apart(catalog, run_id, hold_days) if hold_days else []
    with catalog.writing():
        _hold(catalog, held)
        catalog.db.conn.execute(
            """update causes set is_held = 0 where is_held is not 0 and state != 'unknown'
               and id not in (select value from json_each(?))""",
            [json.dumps([one.id for one in held])],
        )
        # Whether it is held back is decided anew once it can be seen again.
        catalog.db.conn.execute(
            "update causes set is_held = ? where is_held and state = 'unknown'", [None if hold_days else 0]
        )
        kept = json.dumps([[one.portal_id, one.id] for one in apart])
        catalog.db.conn.execute(
            """delete from held_findings where (portal_id, since) not in
                 (select value ->> 0, value ->> 1 from json_each(?))""",
            [kept],
        )


def keep_held(catalog: Catalog, portal_id: str) -> None:
    """Note what is held back in a portal, before its causes are found anew: it must stay so if its cause ends.

    Call :func:`hold_new_causes` afterwards. If the process is killed in between, nothing has become public.
    """
    with catalog.writing():
        catalog.db.conn.execute(
            f"""insert or ignore into held_findings (finding, portal_id, since)
                select m.finding, held.portal_id, held.first_seen_run {_IN_CAUSES} and held.portal_id = ?""",
            [portal_id],
        )


def hold_new_causes(catalog: Catalog, run_id: str, portal_ids: Sequence[str], hold_days: int) -> None:
    """Hold back the causes that no export has seen yet, as :func:`decide` would; publish nothing.

    The public copy may be made before the next export. Causes of all portals are held back, also of those that the run
    left as they are: they may have been found while there was no ``hold_days``. ``portal_ids``: the portals whose
    causes were found anew, after :func:`keep_held`. ``run_id`` and ``hold_days``: as for :func:`decide`; with 0 days no
    new cause is held back.
    """
    held = held_causes(catalog, run_id, hold_days) if hold_days else []
    with catalog.writing():
        _hold(catalog, held)
        portals = "(select value from json_each(:portals))"
        catalog.db.conn.execute(
            f"""delete from held_findings where portal_id in {portals} and (
                  finding in (select m.finding {_IN_CAUSES} and held.portal_id in {portals})
                  or not exists (select 1 from finding_rows f where f.key = finding and {state_in(NOT_ENDED)}))""",  # noqa: S608  # our own constants
            {"portals": json.dumps([*portal_ids])},
        )


def _hold(catalog: Catalog, causes: Iterable[HeldCause]) -> None:
    catalog.db.conn.executemany("update causes set is_held = 1 where id = ?", [(one.id,) for one in causes])


def held_causes(catalog: Catalog, run_id: str, hold_days: int, *, government: str | None = None) -> list[HeldCause]:
    """Return the causes that were never published and must not be published yet, on the day of the run ``run_id``.

    ``hold_days``: number of days for which a cause is held back. They begin on the day on which its government was told
    of it. An address is told by the first mail to it about the run that first found the cause, or about a later run,
    and the government when all of its addresses are told: each may be of another office. Until then the cause stays
    held back, but no longer than LATEST (2) times ``hold_days`` after the first such mail was sent to one of the
    addresses or refused for good because of the address, see :func:`catalog.repositories.sent.note_refused`: an address
    that never takes a letter must not hide a cause for ever. If no
    letter can go to the government, because its portal files have no address or all of its addresses want none, the
    days begin with the run that first found the cause. ``government``: name of the only one whose causes are wanted;
    None means all.
    """
    rows = catalog.rows(
        f"""select c.id, c.portal_id, g.name, c.first_seen_run as since
            from causes c join governments g on g.portal_id = c.portal_id
            where c.is_held is not 0 and c.state != 'unknown' and {state_in(STANDING_CAUSES, "c")}
              and (:name is null or g.name = :name) order by c.id""",  # noqa: S608  # our own constants
        {"name": government},
    )
    return _still_held(catalog, run_id, hold_days, rows)


def held_apart(catalog: Catalog, run_id: str, hold_days: int, *, government: str | None = None) -> list[HeldCause]:
    """Return what is held back though its cause has ended: one entry for all findings of a portal whose former causes
    were first found in the same run, with the id of that run as ``id``.

    The parameters, and the days, are as for :func:`held_causes`.
    """
    rows = catalog.rows(
        """select h.since as id, h.portal_id, g.name, h.since, count(*) as findings
           from held_findings h join governments g on g.portal_id = h.portal_id
           where :name is null or g.name = :name group by h.portal_id, h.since order by 2, 1""",
        {"name": government},
    )
    return _still_held(catalog, run_id, hold_days, rows)


def ids_apart(db: sqlite3.Connection) -> frozenset[str]:
    """Return the ids of the findings that no example of a cause may name: those that are held back though their cause
    has ended, and those about datasets whose content is withheld. ``db``: a catalogue or a copy."""
    keys = f"select finding as key from held_findings union {WITHHELD_KEYS}"  # noqa: S608  # our own constants
    sql = f"select {public_id('f')} from ({keys}) h cross join finding_rows f on f.key = h.key"  # noqa: S608  # see above
    return frozenset(key for (key,) in db.execute(sql))


def _still_held(catalog: Catalog, run_id: str, hold_days: int, rows: Sequence[dict[str, Any]]) -> list[HeldCause]:
    """Return those of ``rows`` (each with id, portal_id, name of the government and run of the first finding, "since")
    that are not public on the day of the run."""
    day, times = started(run_id).date(), _Times(catalog, hold_days)
    found = []
    for row in rows:
        public_on, untold = times.of(row["name"], row["since"])
        if public_on is None or day < public_on:
            size = row.get("findings", 0)
            found.append(HeldCause(row["id"], row["portal_id"], row["name"], public_on, untold, size))
    return found


class _Times:
    """Tells when what a run found becomes public."""

    def __init__(self, catalog: Catalog, hold_days: int) -> None:
        self._hold = timedelta(days=hold_days)
        wanted = stopped(catalog.path.parent)
        self._reachable: dict[str, set[str]] = defaultdict(set)
        for row in catalog.rows(
            "select g.name, p.contact_email as email from portals p join governments g on g.portal_id = p.id"
        ):
            self._reachable[row["name"]] |= {recipient_hash(one) for one in addresses_in(row["email"])[0]} - wanted
        self._tried: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
        for row in catalog.rows(
            """select entity_id, recipient_hash, channel, run_id, sent_at from sent
               where channel in ('mail', 'refused') and entity_level = 'government' order by sent_at"""
        ):
            tried = (row["recipient_hash"], row["channel"], row["run_id"], row["sent_at"])
            self._tried[row["entity_id"]].append(tried)
        self._known: dict[tuple[str, str], tuple[date | None, frozenset[str]]] = {}

    def of(self, government: str, since: str) -> tuple[date | None, frozenset[str]]:
        """Return the day on which what the run ``since`` found becomes public, None if no letter was tried yet; and the
        hashes of the addresses that were not told."""
        if (government, since) not in self._known:
            self._known[government, since] = self._of(government, since)
        return self._known[government, since]

    def _of(self, government: str, since: str) -> tuple[date | None, frozenset[str]]:
        tried = [one for one in self._tried[government] if one[2] >= since and one[0] in self._reachable[government]]
        told: dict[str, date] = {}
        for address, channel, _, sent_at in tried:
            if channel == "mail":
                told.setdefault(address, date.fromisoformat(sent_at[:10]))
        untold = frozenset(self._reachable[government] - told.keys())
        latest = date.fromisoformat(tried[0][3][:10]) + LATEST * self._hold if tried else None
        if untold:
            return latest, untold
        last = max(told.values(), default=started(since).date()) + self._hold
        return min(last, latest or last), untold
