"""The validate stage says where two checks of one table differ."""

from __future__ import annotations

from pathlib import Path

from catalog.db.store import open_catalog
from catalog.model import TableReport
from quality.validate import _write_differing
from tests import making


def test_a_difference_between_two_checks_asks_for_a_report(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        run_id = catalog.begin_run("test", [making.portal("a")], version="0", methodology="0")
        agreed = TableReport(status="valid", report={"expectations": []})
        _write_differing(catalog, run_id, "a", agreed, "https://a.example/1.csv")
        differing = TableReport(status="valid", report={"differing": ["mojibake", "duplicate_row"]})
        _write_differing(catalog, run_id, "a", differing, "https://a.example/2.csv")
        rows = catalog.rows("select kind, is_lost, is_fatal, url, message, remedy from harvest_errors order by id")
    assert [(row["kind"], row["is_lost"], row["is_fatal"], row["url"]) for row in rows] == [
        ("ours", 0, 0, "https://a.example/2.csv")
    ] * 2
    assert "mojibake" in rows[0]["message"] and "duplicate_row" in rows[1]["message"]
    assert all("report it" in row["remedy"] for row in rows)
