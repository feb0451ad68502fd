"""The catalogue: ids that last, pages that are whole, and who may be called missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema import TABLES, metric_columns
from catalog.db.store import Catalog, CatalogError, open_catalog
from catalog.model import Dataset, Distribution, HarvestError, HarvestPage, Portal, Publisher, Record
from catalog.model.canonical import record_hash
from catalog.repositories.datasets import raw_records
from catalog.repositories.findings import Finding, FoundInDataset, begin_portal, carry_findings, finding_id
from catalog.repositories.harvests import Grace, begin_harvest, finish_harvest
from catalog.repositories.records import write_errors, write_page

PORTAL = Portal(id="town", type="ckan", title="Town", url="https://town.example.org")
FILE = Distribution(title="Éducation", access_url="https://town.example.org/a.csv", format="CSV")
DATASET = Dataset(identifier="d1", title="Éducation 2026", publisher=Publisher(name="Town"), distributions=(FILE,))


def harvest(catalog: Catalog, *datasets: Dataset, verdict: str = "complete", raw: Any = None) -> str:
    run = catalog.begin_run("test", [PORTAL], version="0", methodology="1")
    begin_harvest(catalog, run, "town")
    records = []
    for d in datasets:
        record = raw or {"id": d.identifier, "title": d.title}
        records.append(Record(dataset=d, raw=record, url="https://x", pointer="/0", raw_hash=record_hash(record)))
    write_page(catalog, run, "town", HarvestPage(records=tuple(records)))
    finish_harvest(catalog, run, "town", verdict)
    return run


def one(catalog: Catalog) -> dict[str, Any]:
    return catalog.rows("select * from datasets where identifier = 'd1'")[0]


def test_ids_survive_everything_but_the_identifier(catalog: Catalog) -> None:
    first = harvest(catalog, DATASET)
    before, part = one(catalog), catalog.value("select id from distributions")
    second = harvest(catalog, replace(DATASET, title="New", distributions=(replace(FILE, title="New", format="csv"),)))
    after = one(catalog)
    assert after["id"] == before["id"] and after["title"] == "New"
    assert (after["first_seen_run"], after["changed_run"], after["last_seen_run"]) == (first, second, second)
    assert catalog.value("select group_concat(id) from distributions") == part


def test_an_unchanged_record_is_not_changed_whatever_its_key_order(catalog: Catalog) -> None:
    first = harvest(catalog, DATASET, raw={"a": 1, "b": [1, 2]})
    harvest(catalog, DATASET, raw={"b": [1, 2], "a": 1})
    assert one(catalog)["changed_run"] == first
    assert record_hash({"a": 1, "b": 2}) == record_hash({"b": 2, "a": 1}) != record_hash({"a": 1, "b": 3})


def test_two_files_at_one_address_are_two(catalog: Catalog) -> None:
    harvest(catalog, replace(DATASET, distributions=(FILE, replace(FILE, title="Again"))))
    assert catalog.value("select count(*) from distributions") == 2
    harvest(catalog, DATASET)
    assert catalog.rows("select is_retired, count(*) as n from distributions group by 1") == [
        {"is_retired": 0, "n": 1},
        {"is_retired": 1, "n": 1},
    ]


def test_only_a_complete_harvest_calls_a_dataset_missing(catalog: Catalog) -> None:
    other = Dataset(identifier="d2", title="Other")
    harvest(catalog, DATASET, other)
    for verdict in ("partial", "failed", "suspect"):
        harvest(catalog, other, verdict=verdict)
        assert one(catalog)["status"] == "present"
    missed = harvest(catalog, other)
    assert (one(catalog)["status"], one(catalog)["missing_since"]) == ("missing", missed)
    for _ in range(Grace().runs - 1):
        harvest(catalog, other)
    assert one(catalog)["status"] == "retired" and one(catalog)["retired_at"]
    assert one(catalog)["missing_since"] == missed
    before = one(catalog)["id"]
    harvest(catalog, DATASET, other)
    assert (one(catalog)["status"], one(catalog)["id"], one(catalog)["missed_runs"]) == ("present", before, 0)


def test_hostile_text_is_kept_and_breaks_nothing(catalog: Catalog) -> None:
    title = "a\x00b\ud800 '; drop table datasets; -- <script>"
    raw = {"id": "d1", "title": title, "huge": 10**40}
    harvest(catalog, replace(DATASET, title=title, keywords=("x",) * 1000), raw=raw)
    assert "drop table" in one(catalog)["title"]
    assert catalog.value("select count(*) from datasets") == 1
    assert str(10**40) in raw_records(catalog)[one(catalog)["id"]]


def test_search_folds_accents(catalog: Catalog) -> None:
    harvest(catalog, DATASET)
    sql = "select count(*) from datasets_fts where datasets_fts match 'education'"
    assert catalog.value(sql) == 1


def test_search_finds_every_language_and_no_names_of_fields(catalog: Catalog) -> None:
    words = {"en": {"title": "Trees of the town", "keywords": ["forestry"]}, "de": {"title": "Bäume"}}
    count = "select count(*) from datasets_fts where datasets_fts match ?"
    harvest(catalog, replace(DATASET, translations=words))
    assert [catalog.value(count, [word]) for word in ("trees", "forestry", "baume", "keywords")] == [1, 1, 1, 0]
    harvest(catalog, replace(DATASET, translations={"en": {"title": "Shrubs"}}), raw={"id": "d1", "new": 1})
    assert [catalog.value(count, [word]) for word in ("trees", "shrubs")] == [0, 1]
    with catalog.writing():
        catalog.db.execute("insert into datasets_fts (datasets_fts) values ('rebuild')")
    assert [catalog.value(count, [word]) for word in ("trees", "shrubs", "title")] == [0, 1, 0]


def test_errors_of_a_harvest_that_starts_again_are_not_counted_twice(catalog: Catalog) -> None:
    run = catalog.begin_run("test", [PORTAL], version="0", methodology="1")
    for _ in range(2):
        begin_harvest(catalog, run, "town")
        write_errors(catalog, run, "town", [HarvestError(kind="page", message="m", remedy="r")])
    assert catalog.value("select count(*) from harvest_errors") == 1


def test_a_file_that_is_no_catalogue_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(CatalogError, match="move the file away"):
        open_catalog(path)


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with open_catalog(tmp_path / "catalog.db") as opened:
            tables = {*opened.db.table_names(), *opened.db.view_names()}
    assert set(TABLES) <= tables


def test_every_table_and_column_is_explained() -> None:
    for name, table in TABLES.items():
        assert table.description.endswith("."), name
        assert set(table.facets) <= set(table.columns) and table.pk in table.columns
        for column, spec in table.columns.items():
            assert spec.description.endswith("."), (name, column)
    assert all(c.description for c in (metric_columns("dataset") | metric_columns("distribution")).values())


def score(catalog: Catalog, run: str, *rules: str, unknown: tuple[str, ...] = ()) -> dict[str, str]:
    found = [
        Finding(rule_id=r, rule_title="Is it?", dimension="open", severity="error", how_to_fix="Fix it.") for r in rules
    ]
    row = FoundInDataset(
        dataset_id=one(catalog)["id"],
        portal_id="town",
        publisher_id=None,
        findings=found,
        is_unobserved=lambda distribution_id, rule_id: rule_id in unknown,
    )
    begin_portal(catalog, run, "town")
    with catalog.writing():
        carry_findings(catalog, run, [row], "2026-11-24T00:00:00Z")
    return {r["rule_id"]: r["state"] for r in catalog.rows("select rule_id, state from findings")}


def test_the_life_of_a_finding(catalog: Catalog) -> None:
    runs = [harvest(catalog, DATASET) for _ in range(6)]
    assert score(catalog, runs[0], "a") == {"a": "new"}
    assert score(catalog, runs[0], "a") == {"a": "new"}
    assert score(catalog, runs[1], "a", "b") == {"a": "open", "b": "new"}
    assert score(catalog, runs[2], "b", unknown=("a",)) == {"a": "unknown", "b": "open"}
    assert score(catalog, runs[3], "a") == {"a": "open", "b": "fixed"}
    assert score(catalog, runs[4]) == {"a": "fixed", "b": "fixed"}
    assert score(catalog, runs[5], "b") == {"a": "fixed", "b": "new"}
    row = catalog.rows("select * from findings where rule_id = 'b'")[0]
    assert (row["first_seen_run"], row["runs_failing"]) == (runs[5], 1)


def test_what_people_said_of_a_finding_stays(catalog: Catalog) -> None:
    runs = [harvest(catalog, DATASET) for _ in range(2)]
    score(catalog, runs[0], "a")
    catalog.db.conn.execute("update finding_rows set state = 'waived'")
    assert score(catalog, runs[1], "a") == {"a": "waived"}
    same = Finding(rule_id="a", rule_title="Other words", dimension="open", severity="info", how_to_fix="x")
    assert catalog.value("select id from findings") == finding_id(one(catalog)["id"], same)


def test_a_new_catalogue_is_what_the_steps_make_of_an_empty_file(tmp_path: Path) -> None:
    """An empty file takes the way of all older catalogues, a new one is written as a whole."""
    (tmp_path / "empty.db").touch()
    schemas = []
    for name in ("empty.db", "new.db"):
        with open_catalog(tmp_path / name) as catalog:
            assert catalog.value("pragma journal_mode") == "wal" and catalog.value("pragma integrity_check") == "ok"
            schemas.append(catalog.rows("select type, name, tbl_name, sql from sqlite_master order by type, name"))
            schemas.append(catalog.rows("select migration_set, name from _sqlite_migrations order by name"))
    assert schemas[:2] == schemas[2:]
    assert {path.name for path in tmp_path.iterdir()} == {"empty.db", "new.db"}
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o644
