"""What a letter tells a government before the public hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.cause_rows import cause_rows
from catalog.exports.finding_rows import finding_rows
from catalog.repositories.held import held_apart, held_causes
from catalog.repositories.recipients import recipient_hash

__all__ = ["FINDINGS_MAX", "HeldNews", "held_news"]

FINDINGS_MAX = 20_000
"""Findings that are told before they are public, at most in one letter."""


@dataclass(frozen=True, slots=True)
class HeldNews:
    """What a government is told before the public, see :mod:`catalog.repositories.held`.

    ``public_on``: day on which the first of it becomes public if the letter goes out today; later if other addresses of
    the government have had none by then. ``causes`` and ``findings``: rows of
    causes.csv and findings.csv; at most 20,000 findings of ``finding_count``.
    """

    public_on: date
    causes: Sequence[dict[str, Any]]
    findings: Sequence[dict[str, Any]]
    finding_count: int


def held_news(catalog: Catalog, run_id: str, government: str, recipient: str, hold_days: int) -> HeldNews | None:
    """Return what an address was not told yet, though other addresses of the government may have been; None if there is
    nothing.

    ``run_id``: the run that a letter is about. ``government``: its name. ``recipient``: the address. ``hold_days``: as
    in winnow.toml.
    """
    own = recipient_hash(recipient)
    held = [one for one in held_causes(catalog, run_id, hold_days, government=government) if own in one.untold]
    apart = [one for one in held_apart(catalog, run_id, hold_days, government=government) if own in one.untold]
    if not (held or apart):
        return None
    ids = {one.id for one in held}
    # Findings whose cause has ended meanwhile.
    sql = """select f.id from held_findings h cross join findings f on f.key = h.finding
             where h.portal_id = ? and h.since = ?"""
    single = {key for one in apart for (key,) in catalog.db.conn.execute(sql, [one.portal_id, one.id])}
    rows = cause_rows(catalog, run_id, government=government, held=True)
    causes = [row for row in rows if row["cause_id"] in ids]
    found = (
        row
        for row in finding_rows(catalog, run_id, government=government, held=True)
        if row["cause_id"] in ids or row["finding_id"] in single
    )
    findings = [*islice(found, FINDINGS_MAX)]
    if not (causes or findings):
        return None
    count = len(findings) + sum(1 for _ in found)
    days = [datetime.now(UTC).date() + timedelta(days=hold_days)]
    # The latest day stands, if an address was told of the first of them long ago.
    days += [one.public_on for one in (*held, *apart) if one.public_on is not None]
    return HeldNews(min(days), causes, findings, count)
