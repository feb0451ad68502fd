"""Hold back new causes, so that a government hears of them before the public does.

A cause is one fault that explains many findings. With ``hold_days`` in ``winnow.toml``, a new one and its findings are
in no published file and not in the public copy, until that many days have passed since every address of the government
had a letter about it (:func:`held_causes`). Figures, scores and counts are not held back: they are of everything that
was measured. A cause that was published stays published.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from catalog.db.schema.views import STANDING_CAUSES, state_in
from catalog.db.store import Catalog, started
from catalog.repositories.recipients import addresses_in, recipient_hash, stopped

__all__ = ["HELD_FINDING", "HELD_KEYS", "HeldCause", "decide", "held_causes", "hold_new_causes"]

HELD_KEYS = """select m.finding from causes held cross join cause_members m on m.cause = held.number
  cross join finding_rows own on own.key = m.finding left join keys first on first.key = own.first_seen_key
  where held.is_held and coalesce(first.id, '9') >= held.first_seen_run"""
"""SQL: the integer keys of the findings that belong to a cause that is held back. A finding of a run before the first
run of its cause was published with that run, and stays public. There are few causes, so they are read first."""
HELD_FINDING = f"f.key in ({HELD_KEYS})"
"""SQL: whether a finding ``f`` is one of these."""


@dataclass(frozen=True, slots=True)
class HeldCause:
    """A cause that is held back. ``portal_id``: the portal whose datasets it is about.

    ``public_on``: day on which it becomes public, as far as is known now; None if an address of the government has not
    had a letter about it. ``untold``: hashes of these addresses, see
    :func:`catalog.repositories.recipients.recipient_hash`.
    """

    id: str
    portal_id: str
    government: str
    public_on: date | None
    untold: frozenset[str] = frozenset()


def decide(catalog: Catalog, run_id: str, hold_days: int) -> None:
    """Decide, before the files of the run ``run_id`` are written, which causes are held back.

    ``hold_days``: number of days for which a cause is held back after its government was told of it, where the day of
    the run counts as today; with 0 none is held back, and all are published from now on. A cause about hosts that could
    not be observed accuses nobody and is never held back.
    """
    held = held_causes(catalog, run_id, hold_days) if hold_days else []
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


def hold_new_causes(catalog: Catalog, run_id: str, hold_days: int) -> None:
    """Hold back the causes that no export has seen yet, as :func:`decide` would; publish nothing.

    Call it whenever causes were found: the public copy may be made before the next export. ``run_id`` and
    ``hold_days``: as for :func:`decide`; with 0 days nothing is done.
    """
    if hold_days:
        with catalog.writing():
            _hold(catalog, held_causes(catalog, run_id, hold_days))


def _hold(catalog: Catalog, causes: Iterable[HeldCause]) -> None:
    catalog.db.conn.executemany("update causes set is_held = 1 where id = ?", [(one.id,) for one in causes])


def held_causes(catalog: Catalog, run_id: str, hold_days: int, *, government: str | None = None) -> list[HeldCause]:
    """Return the causes that were never published and must not be published yet, on the day of the run ``run_id``.

    ``hold_days``: number of days for which a cause is held back. They begin on the day on which its government was told
    of it. An address is told by the first mail to it about the run that first found the cause, or about a later run,
    and the government when all of its addresses are told: each may be of another office. Until then the cause stays
    held back. If no letter can go to the government, because its portal files have no address or all of its addresses
    want none, the days begin with the run that first found the cause. ``government``: name of the only one whose causes
    are wanted; None means all.
    """
    day, wanted = started(run_id).date(), stopped(catalog.path.parent)
    reachable: dict[str, set[str]] = defaultdict(set)
    for row in catalog.rows(
        "select g.name, p.contact_email as email from portals p join governments g on g.portal_id = p.id"
    ):
        reachable[row["name"]] |= {recipient_hash(one) for one in addresses_in(row["email"])[0]} - wanted
    mails: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in catalog.rows(
        """select entity_id, recipient_hash, run_id, sent_at from sent
           where channel = 'mail' and entity_level = 'government' order by sent_at"""
    ):
        mails[row["entity_id"], row["recipient_hash"]].append((row["run_id"], row["sent_at"]))
    rows = catalog.rows(
        f"""select c.id, c.portal_id, g.name, c.first_seen_run
            from causes c join governments g on g.portal_id = c.portal_id
            where c.is_held is not 0 and c.state != 'unknown' and {state_in(STANDING_CAUSES, "c")}
              and (:name is null or g.name = :name) order by c.id""",  # noqa: S608  # our own constants
        {"name": government},
    )
    found = []
    for row in rows:
        name, since = row["name"], row["first_seen_run"]
        told = {
            one: next((sent_at for run, sent_at in mails.get((name, one), ()) if run >= since), None)
            for one in reachable[name]
        }
        untold = frozenset(one for one, sent_at in told.items() if sent_at is None)
        days = [date.fromisoformat(sent_at[:10]) for sent_at in told.values() if sent_at is not None]
        told_on = None if untold else max(days, default=started(since).date())
        public_on = told_on + timedelta(days=hold_days) if told_on else None
        if public_on is None or day < public_on:
            found.append(HeldCause(row["id"], row["portal_id"], name, public_on, untold))
    return found
