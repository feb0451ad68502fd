"""``/night/<run>``: what one night saw of each portal and what changed, with the manifest that seals its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.exports.cards import day_of_run
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.stored_json import texts

__all__ = ["PAGES", "SHOWN"]

SHOWN = 100
"""Portals that a page lists; the data have all."""


def _names(visit: Visit) -> Iterator[str]:
    rows = visit.rows("select distinct run_id from harvests where verdict is not null order by run_id desc")
    yield from (row["run_id"] for row in rows)


def _read(visit: Visit) -> Content | None:
    run = visit.row(
        """select id, status, started_at, finished_at, winnow_version, methodology_version from runs where id = :run""",
        run=visit.name,
    )
    if run is None:
        return None
    harvests = visit.rows(
        """select h.portal_id, p.title as portal, h.verdict, h.reasons, h.mode, h.datasets, h.added, h.changed,
             h.removed, h.retired, h.errors
           from harvests h left join portals p on p.id = h.portal_id where h.run_id = :run
           order by h.verdict = 'complete', p.title, h.portal_id""",
        run=visit.name,
    )
    for harvest in harvests:
        harvest["reasons"] = texts(harvest["reasons"])
    near = visit.row(
        """select (select max(run_id) from harvests where run_id < :run and verdict is not null) as before,
             (select min(run_id) from harvests where run_id > :run and verdict is not null) as after""",
        run=visit.name,
    )
    totals = {
        name: sum(one[name] or 0 for one in harvests) for name in ("datasets", "added", "changed", "removed", "errors")
    }
    return {
        "title": visit.words.phrase("night.title", day=visit.words.day(day_of_run(visit.name))),
        "run_id": visit.name,
        "_cited": (visit.name, f"/night/{visit.name}"),
        "night": run,
        "portals": len(harvests),
        "harvests": harvests[:SHOWN],
        "totals": totals,
        "verdicts": {
            verdict: sum(one["verdict"] == verdict for one in harvests)
            for verdict in ("complete", "partial", "suspect", "failed")
        },
        "near": near,
        "manifest": _manifest(visit),
    }


def _manifest(visit: Visit) -> dict[str, Any] | None:
    """Return the hash of the manifest of this night and of the one before; None where there is none beside the site."""
    if not visit.options.exports:
        return None
    exports = Path(visit.options.exports)
    for path in (exports / "manifest.json", exports.parent / "manifests" / f"{visit.name}.json"):
        try:
            content = path.read_bytes()
            found = json.loads(content)
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and found.get("run") == visit.name:
            previous = found.get("previous") or {}
            return {
                "sha256": hashlib.sha256(content).hexdigest(),
                "files": len(found.get("outputs") or {}),
                "sealed_at": found.get("sealed_at"),
                "previous_sha256": previous.get("sha256"),
            }
    return None


PAGES = (Page(name="night", address="/night/<run>", read=_read, names=_names),)
