"""Count what a government has waived without the operator since its last letter: that is limited."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.db.store import Catalog, now
from catalog.repositories.people import is_kept, opened

__all__ = ["note_waived", "waived_since_letter"]


def waived_since_letter(catalog: Catalog, government: str) -> int:
    """Return how many findings replies of confirmed senders have waived since the last letter to a government.

    ``government``: its name. All of its addresses count together, whatever the number of their mails. Without any
    letter, the last twelve months count.
    """
    data = catalog.path.parent
    if not is_kept(data):
        return 0
    sql = "select max(sent_at) from sent where channel = 'mail' and entity_level = 'government' and entity_id = ?"
    since = catalog.value(sql, [government]) or ""
    with opened(data) as db:
        found = db.execute(
            "select coalesce(sum(findings), 0) from waivers where government = ? and noted_at >= ?", (government, since)
        ).fetchone()
    return int(found[0])


def note_waived(catalog: Catalog, counts: Mapping[str, int]) -> None:
    """Note that replies of confirmed senders are about to waive findings.

    ``counts``: number of findings by name of the government. Call it before the replies are stored: if the process is
    killed in between, too many are counted and not too few.
    """
    if counts:
        with opened(catalog.path.parent) as db:
            db.executemany("insert into waivers values (?, ?, ?)", [(name, now(), n) for name, n in counts.items()])
