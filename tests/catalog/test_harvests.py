"""Who is called missing, when, and on whose word; and what changed from run to run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import frictionless
import pytest

from catalog.db.schema import TABLES
from catalog.db.store import Catalog, CatalogError, open_catalog
from catalog.exports.changes import write_changes
from catalog.model import Dataset, HarvestPage, Portal, Record
from catalog.model.canonical import differences, record_hash, without
from catalog.model.harvest_stats import HarvestStats
from catalog.repositories.changes import RecordChange, changes
from catalog.repositories.datasets import raw_records
from catalog.repositories.harvests import Grace, approve, before, begin_harvest, finish_harvest
from catalog.repositories.records import write_page

PORTAL = Portal(id="town", type="ckan", title="Town", url="https://town.example.org")


def record(identifier: str, **raw: Any) -> Record:
    whole = {"id": identifier, "title": f"T {identifier}", **raw}
    dataset = Dataset(identifier=identifier, title=str(whole["title"]))
    return Record(dataset=dataset, raw=whole, url="https://x", pointer="/0", raw_hash=record_hash(whole, ("views",)))


def harvest(
    catalog: Catalog, *records: Record, verdict: str = "complete", run_id: str | None = None, **values: Any
) -> str:
    run = catalog.begin_run("test", [PORTAL], version="0", methodology="1", run_id=run_id)
    begin_harvest(catalog, run, "town")
    write_page(catalog, run, "town", HarvestPage(records=records))
    finish_harvest(catalog, run, "town", verdict, **values)
    catalog.set_run(run, status="complete")
    return run


def status(catalog: Catalog, identifier: str) -> str:
    return str(catalog.value("select status from datasets where identifier = ?", [identifier]))


def day(number: int) -> str:
    return f"202611{number:02}T010000Z"


A, B, C = record("a"), record("b"), record("c")


def test_grace_of_runs_and_days_must_both_be_over(catalog: Catalog) -> None:
    grace = Grace(runs=2, days=5)
    harvest(catalog, A, B, run_id=day(1))
    for number, expected in ((2, "missing"), (3, "missing"), (6, "missing"), (7, "retired"), (8, "retired")):
        harvest(catalog, A, run_id=day(number), grace=grace)
        assert status(catalog, "b") == expected, number
    row = catalog.rows("select * from datasets where identifier = 'b'")[0]
    assert (row["missing_since"], row["missing_on"]) == (day(2), "2026-11-02")
    assert row["retired_at"] == "2026-11-07T01:00:00Z"
    # Everything is still there for those who measure what was promised.
    assert catalog.value("select count(*) from records where dataset_id = ?", [row["id"]]) == 1


@pytest.mark.parametrize(
    "values", [{"verdict": "partial"}, {"verdict": "suspect"}, {"stats": HarvestStats(mode="incremental")}]
)
def test_only_a_complete_full_harvest_calls_anyone_missing(values: dict[str, str], catalog: Catalog) -> None:
    harvest(catalog, A, B)
    harvest(catalog, A, **values)
    assert status(catalog, "b") == "present"


def test_a_suspect_harvest_waits_for_approval(catalog: Catalog) -> None:
    harvest(catalog, A, B, C)
    suspect = harvest(catalog, A, verdict="suspect", reasons=["1 datasets, and 3 at the last complete harvest"])
    assert before(catalog, "town", "9").datasets == 3
    row = approve(catalog, "town", suspect, by="Ada: they moved to another portal")
    assert (row["verdict"], row["removed"], row["approved_by"]) == ("complete", 2, "Ada: they moved to another portal")
    assert row["approved_at"] and status(catalog, "b") == "missing"
    assert before(catalog, "town", "9").datasets == 1
    assert {c.kind for c in changes(catalog, suspect)} == {"missing"}


def test_approved_harvest_of_changes_calls_nobody_missing(catalog: Catalog) -> None:
    harvest(catalog, A, B, C)
    changes_only = HarvestStats(mode="incremental")
    run = harvest(catalog, A, verdict="partial", stats=changes_only, to_approve=["elsewhere.example"])
    row = approve(catalog, "town", run, by="Ada", grace=Grace(runs=1))
    assert (row["verdict"], row["mode"], row["datasets"], row["removed"]) == ("complete", "incremental", 3, 0)
    assert [status(catalog, one) for one in "abc"] == ["present"] * 3


def test_approval_counts_no_dataset_as_missed_twice_in_one_run(catalog: Catalog) -> None:
    harvest(catalog, A, B, C)
    gone = catalog.value("select id from datasets where identifier = 'b'")
    run = harvest(catalog, A, verdict="partial", to_approve=["elsewhere.example"], not_found=[gone])
    row = approve(catalog, "town", run, by="Ada", grace=Grace(runs=2))
    assert (row["removed"], row["retired"]) == (2, 0)
    missed = {row["identifier"]: row["missed_runs"] for row in catalog.rows("select * from datasets")}
    assert missed == {"a": 0, "b": 1, "c": 1} and [status(catalog, one) for one in "bc"] == ["missing"] * 2


def test_what_cannot_be_approved_says_why(catalog: Catalog) -> None:
    good = harvest(catalog, A, B)
    suspect = harvest(catalog, A, verdict="suspect")
    with pytest.raises(CatalogError, match="the harvest is complete"):
        approve(catalog, "town", good, by="x")
    with pytest.raises(CatalogError, match=f"no harvest in run nonsense; suspect are {suspect}"):
        approve(catalog, "town", "nonsense", by="x")
    later = harvest(catalog, A, verdict="suspect")
    with pytest.raises(CatalogError, match=f"run {later} has read the portal since"):
        approve(catalog, "town", suspect, by="x")


def test_a_counter_of_views_is_no_change(catalog: Catalog) -> None:
    first = harvest(catalog, record("a", views=1))
    second = harvest(catalog, record("a", views=2))
    assert list(changes(catalog, second)) == []
    assert catalog.value("select changed_run from datasets") == first
    third = harvest(catalog, record("a", views=3, title="New"))
    (change,) = changes(catalog, third)
    assert [f["field"] for f in change.fields] == ["title", "views"]


def test_volatile_fields_are_named_by_path() -> None:
    raw = {"a": 1, "views": 2, "resources": [{"id": 1, "views": 3}, {"id": 2}], "deep": {"x": {"views": 4}}}
    assert without(raw, ["views", "resources.*.views", "deep.*.views", "not.there"]) == {
        "a": 1,
        "resources": [{"id": 1}, {"id": 2}],
        "deep": {"x": {}},
    }
    assert raw["views"] == 2


def test_every_version_is_kept(catalog: Catalog) -> None:
    runs = [harvest(catalog, record("a", title=title)) for title in ("one", "two", "two", "three")]
    versions = catalog.rows("select run_id, replaced_run, raw from record_versions order by run_id")
    assert [(v["run_id"], v["replaced_run"]) for v in versions] == [(runs[0], runs[1]), (runs[1], runs[3])]
    assert '"one"' in str(catalog.packed.text(versions[0]["raw"]))
    assert ['"three"' in raw for raw in raw_records(catalog).values()] == [True]


def kinds(found: Any) -> dict[str, str]:
    return {change.identifier: change.kind for change in found}


def test_diff_of_a_run_and_between_two(catalog: Catalog) -> None:
    grace = Grace(runs=1)
    one = harvest(catalog, A, B, C)
    two = harvest(catalog, record("a", title="changed"), C, record("d"))
    three = harvest(catalog, record("a", title="T a"), B, record("d", note=1), grace=grace)
    four = harvest(catalog, record("a", title="T a"), B, record("d", note=1))
    assert kinds(changes(catalog, one)) == {"a": "added", "b": "added", "c": "added"}
    assert kinds(changes(catalog, two)) == {"a": "changed", "b": "missing", "d": "added"}
    assert kinds(changes(catalog, three)) == {"a": "changed", "b": "returned", "c": "retired", "d": "changed"}
    assert kinds(changes(catalog, four)) == {}
    # What was changed and changed back is no difference.
    assert kinds(changes(catalog, four, one)) == {"c": "retired", "d": "added"}
    assert kinds(changes(catalog, one, four)) == kinds(changes(catalog, four, one))
    assert kinds(changes(catalog, three, two)) == {"a": "changed", "b": "returned", "c": "retired", "d": "changed"}
    assert list(changes(catalog, two, portal="elsewhere")) == []
    with pytest.raises(CatalogError, match="no such run; the latest are"):
        list(changes(catalog, "20200101T000000Z"))


def test_differences_are_told_by_field_and_member() -> None:
    old = {"title": "a", "resources": [{"id": "r1", "url": "x"}, {"id": "r2", "url": "y"}], "tags": ["t"], "n": 1}
    new = {
        "title": "b",
        "resources": [{"id": "r2", "url": "z"}, {"id": "r3", "url": "w"}],
        "tags": ["t", "u"],
        "n": True,
    }
    found = {d["field"]: (d["old"], d["new"]) for d in differences(old, new)}
    assert found == {
        "title": ("a", "b"),
        "resources[r1]": ('{"id":"r1","url":"x"}', None),
        "resources[r2].url": ("y", "z"),
        "resources[r3]": (None, '{"id":"r3","url":"w"}'),
        "tags": ('["t"]', '["t","u"]'),
        "n": (1, True),
    }
    assert differences({"a": [{"id": 1}, {"id": 2}]}, {"a": [{"id": 2}, {"id": 1}]})[0]["field"] == "a: order"
    many = differences({}, {str(n): n for n in range(300)})
    assert len(many) == 201 and many[-1]["field"] == "100 more fields"
    assert differences({"a": "x" * 999}, {"a": "y"})[0]["old"].endswith("…")


def test_changes_csv_holds_to_its_schema(tmp_path: Path) -> None:
    change = RecordChange(
        portal_id="p", dataset_id="p-1", identifier="=1+1", title="@evil", kind="changed",
        fields=[{"field": "title", "old": "a", "new": "=cmd()"}, {"field": "n", "old": None, "new": 3}],
        missing_on=None, retired_at=None,
    )  # fmt: skip
    path, _, schema = write_changes(tmp_path / "changes.csv", "20261124T010000Z", [change])
    report = frictionless.validate(path.name, schema=schema.name, basepath=str(tmp_path))
    assert report.valid, report.flatten()
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["new_value"] for r in rows] == ["'=cmd()", "3"] and rows[0]["title"] == "'@evil"


def test_an_older_catalogue_is_brought_up_to_date(tmp_path: Path) -> None:
    """As of the first release: without history, answers and the newer columns."""
    path = tmp_path / "catalog.db"
    with open_catalog(path) as catalog:
        harvest(catalog, A, B)
        triggers = catalog.rows("select name from sqlite_master where type = 'trigger' and name like 'to_score%'")
        for trigger in triggers:
            catalog.db.conn.execute(f"drop trigger {trigger['name']}")
        for name in catalog.db.view_names():
            catalog.db.conn.execute(f"drop view {name}")
        for table in ("response_cache", "change_rows", "record_versions", "to_score", "top_fixes"):
            catalog.db.table(table).drop()
        for table, columns in {"harvests": ["checkpoint", "mode"], "datasets": ["mapping_hash", "missing_on"]}.items():
            for column in columns:
                catalog.db.conn.execute(f"alter table {table} drop column {column}")
        steps = ("s0004_history", "s0007_scores", "s0036_narrow_distributions")
        catalog.db.conn.execute(f"delete from _sqlite_migrations where name in ({', '.join(map(repr, steps))})")  # noqa: S608
        catalog.db.conn.commit()
    with open_catalog(path) as catalog:
        for name, table in TABLES.items():
            assert set(table.columns) <= set(catalog.db[name].columns_dict), name
        run = harvest(catalog, A, record("b", title="accent Éa"))
        assert kinds(changes(catalog, run)) == {"b": "changed"}
        found = catalog.value("select count(*) from datasets_fts where datasets_fts match 'ea'")
        assert found == 1 and catalog.value("select count(*) from datasets") == 2
