"""Where two checks of one table differ, the catalogue asks for a report, once a run."""

from __future__ import annotations

from pathlib import Path

from catalog.db.rows import distribution_rows
from catalog.db.store import open_catalog
from catalog.model import TableReport
from catalog.repositories.checks import write_reports
from catalog.repositories.differing import write_differing
from tests import making


def test_a_difference_between_two_checks_asks_for_a_report(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        run_id = catalog.begin_run("test", [making.portal("a")], version="0", methodology="0")
        (dataset,) = making.datasets(1, files=2)
        making.store(catalog, run_id, "a", [dataset])
        first, second = (row["id"] for row in distribution_rows("a", dataset))
        agreed = TableReport(status="valid", report={"expectations": []})
        differing = TableReport(status="valid", report={"differing": ["mojibake", "duplicate_row"]})
        for _ in range(2):
            reports = [
                (first, "https://a.example/1", "0", agreed),
                (second, "https://a.example/2", "1", differing),
            ]
            write_reports(catalog, run_id, reports)
            write_differing(catalog, run_id, "a", ["catalogue_titles_same"], None)
        rows = catalog.rows("select * from harvest_errors order by id")
    assert [(row["portal_id"], row["kind"], row["is_lost"], row["is_fatal"], row["url"]) for row in rows] == [
        ("a", "ours", 0, 0, "https://a.example/2"),
        ("a", "ours", 0, 0, "https://a.example/2"),
        ("a", "ours", 0, 0, None),
    ]
    rules = ("mojibake", "duplicate_row", "catalogue_titles_same")
    assert all(rule in row["message"] for rule, row in zip(rules, rows, strict=True))
    assert all("report it" in row["remedy"] for row in rows)
