"""The published list of our corrections: what must not be public yet is not in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.db.store import Catalog
from catalog.exports.correction_rows import correction_rows
from catalog.site.serve import publish
from tests.making import put_findings

NIGHTS = ("20260101T000000Z", "20260111T000000Z", "20260501T000000Z")
LEAK, LINK = "f" + "0" * 19, "f" + "1" * 19


def corrected(catalog: Catalog, run_id: str) -> set[str]:
    return {row["finding_id"] for row in correction_rows(catalog, run_id)}


def test_a_correction_does_not_say_where_persons_data_are(catalog: Catalog, tmp_path: Path) -> None:
    catalog.upsert("portals", [{"id": "p", "title": "p", "government": "Gov"}])
    catalog.upsert("datasets", [{"id": "d", "portal_id": "p"}])
    catalog.upsert("runs", [{"id": NIGHTS[0]}, {"id": NIGHTS[1]}])
    common = {"portal_id": "p", "dataset_id": "d", "severity": "info", "first_seen_run": NIGHTS[1]}
    put_findings(
        catalog,
        [
            common | {"id": LEAK, "rule_id": "personal_email", "state": "new", "field": "personal_email: mail"},
            common | {"id": LINK, "rule_id": "link_ok", "state": "fixed"},
        ],
    )
    # Both had been corrected; one stands again.
    for key in (LEAK, LINK):
        row = {"id": f"{key}/x", "finding_id": key, "portal_id": "p", "dataset_id": "d", "run_id": NIGHTS[0]}
        catalog.upsert("corrections", [row | {"reason": "rules", "corrected_at": "2026-01-01T00:00:00Z"}])
    # A correction of a finding that is no longer there is listed too.
    catalog.upsert("corrections", [row | {"id": "gone/x", "finding_id": "gone"}])
    assert corrected(catalog, NIGHTS[1]) == {LINK, "gone"}
    catalog.db.conn.commit()
    publish(catalog.path, tmp_path / "site" / "catalog.db")
    with closing(sqlite3.connect(tmp_path / "site" / "catalog.db")) as site:
        assert {key for (key,) in site.execute("select finding_id from corrections")} == {LINK, "gone"}
    # After 90 days everything is public.
    assert corrected(catalog, NIGHTS[2]) == {LEAK, LINK, "gone"}
