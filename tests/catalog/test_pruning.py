"""Texts, keys and kinds that nothing refers to are deleted; what is referred to stays, and no key comes twice."""

from __future__ import annotations

from pathlib import Path

from catalog.db.interned import keys_of, text_keys
from catalog.db.store import open_catalog
from catalog.repositories.pruning import prune
from tests.making import put_findings, put_measurements


def test_what_nothing_refers_to_is_deleted(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        with catalog.writing():
            catalog.upsert("distributions", [{"id": name, "dataset_id": "d"} for name in ("x", "y")])
            text_keys(catalog.db.conn, ["nobody says this"])
            keys_of(catalog.db.conn, ["nobody"])
            row = {"id": "f", "dataset_id": "d", "distribution_id": "x", "state": "open", "observed": "404"}
            put_findings(catalog, [row | {"rule_id": "link_ok", "first_seen_run": "r1"}])
            put_measurements(catalog, [{"distribution_id": "x", "run_id": "r2", "link_ok": 0.0, "unknown": "a,b"}])
            put_measurements(catalog, [{"distribution_id": "y", "link_ok": 1.0}])
            put_measurements(catalog, [{"distribution_id": "y", "run_id": "r2", "link_ok": 0.0, "unknown": "a,b"}])
            known = text_keys(catalog.db.conn, ["link_ok,unknown of a dataset"])["link_ok,unknown of a dataset"]
            catalog.upsert("dataset_quality", [{"dataset_id": "d", "unknown": known}])
            last = text_keys(catalog.db.conn, ["the last"])["the last"]
        before = [catalog.rows(f"select * from {view} order by 1") for view in ("findings", "distribution_quality")]  # noqa: S608
        prune(catalog)
        after = [catalog.rows(f"select * from {view} order by 1") for view in ("findings", "distribution_quality")]  # noqa: S608
        assert before == after and [len(rows) for rows in after] == [1, 2]
        texts = {row["text"] for row in catalog.rows("select text from finding_texts")}
        assert texts == {"404", "link_ok,unknown of a dataset", "the last"}
        assert "nobody" not in {row["id"] for row in catalog.rows("select id from keys")}
        # The kind of the file that has another one now is the greatest but one.
        assert catalog.value("select count(*) from distribution_kinds") in (1, 2)
        with catalog.writing():
            assert (text_keys(catalog.db.conn, ["another"])["another"] or 0) > (last or 0)
