"""The facts of the domain as views: what each holds, that all places agree, and that they follow an upgrade."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db.rows import dataset_id
from catalog.db.schema.address import is_at
from catalog.db.schema.views import VIEWS, view_columns
from catalog.db.store import Catalog, open_catalog
from catalog.exports.cards import card_rows
from catalog.model import Dataset, Distribution, HarvestPage, Portal, Publisher, Record, ResourceCheck, TableReport
from catalog.repositories.checks import drop_stale_reports, write_checks, write_reports
from catalog.repositories.gates import dataset_facts
from catalog.repositories.harvests import begin_harvest, finish_harvest
from catalog.repositories.portals import government_names
from catalog.repositories.reading import dataset, files
from catalog.repositories.records import write_page
from catalog.repositories.targets import due_targets
from catalog.site.serve import is_current, publish
from tests.making import put_findings

PORTAL = Portal(id="town", type="ckan", title="Town", url="https://town.example.org", government="")
PAGE, FILE = "https://town.example.org/page", "https://town.example.org/a.csv"


def harvest(catalog: Catalog, *parts: Distribution) -> str:
    run = catalog.begin_run("test", [PORTAL], version="0", methodology="1")
    begin_harvest(catalog, run, "town")
    found = Dataset(identifier="d1", title="Trees", publisher=Publisher(name="Office"), distributions=parts)
    record = Record(dataset=found, raw={}, url="https://x", pointer="/0", raw_hash=run)
    write_page(catalog, run, "town", HarvestPage(records=(record,)))
    finish_harvest(catalog, run, "town", "complete")
    return run


def one(catalog: Catalog, sql: str) -> dict[str, Any]:
    rows = catalog.rows(sql)
    assert len(rows) == 1, rows
    return rows[0]


@pytest.mark.parametrize(
    ("access_url", "download_url", "expected", "is_download"),
    [
        (PAGE, FILE, FILE, 1),
        (PAGE, None, PAGE, 0),
        (PAGE, "", PAGE, 0),
        (None, FILE, FILE, 1),
        ("", FILE, FILE, 1),
        ("", None, None, 0),
        ("", "", None, 0),
        (None, None, None, 0),
    ],
)
def test_the_address_that_speaks(
    catalog: Catalog, access_url: str | None, download_url: str | None, expected: str | None, is_download: int
) -> None:
    """An empty text is no address: in the view, in the noun, and wherever an address is counted or asked."""
    part = Distribution(title="File", access_url=access_url, download_url=download_url)
    run = harvest(catalog, part)
    row = one(catalog, "select url, is_download from current_distributions")
    assert (row["url"], row["is_download"]) == (expected, is_download)
    assert part.url == expected
    stored = dataset(catalog, dataset_id("town", "d1"))
    assert stored is not None and stored.distributions[0].distribution.url == expected
    assert next(dataset_facts(catalog, "town"))["urls"] == (expected is not None)
    targets, _ = due_targets(catalog, run, "town", 10)
    assert {target.url for target in targets} == {url for url in (access_url, download_url) if url}


def test_a_file_behind_the_access_url_is_looked_into_where_the_download_url_is_empty(
    catalog: Catalog, tmp_path: Path
) -> None:
    run = harvest(catalog, Distribution(title="File", access_url=PAGE, download_url=""))
    part = one(catalog, "select id from current_distributions")["id"]
    check = ResourceCheck(url=PAGE, outcome="ok", sha256="a", file_path="a", checked_at="2026-11-24T00:00:00Z")
    write_checks(catalog, run, [check])
    assert [found.url for found in files(catalog, "town", tmp_path)] == [PAGE]
    write_reports(catalog, run, [(part, PAGE, "a", TableReport(status="valid"))])
    assert files(catalog, "town", tmp_path) == []
    write_checks(catalog, run, [ResourceCheck(url=PAGE, outcome="invalid", checked_at="2026-11-25T00:00:00Z")])
    drop_stale_reports(catalog, "town")
    assert catalog.value("select count(*) from table_reports") == 0


def test_what_is_retired_or_missing_is_not_current(catalog: Catalog) -> None:
    harvest(catalog, Distribution(identifier="a", access_url=PAGE), Distribution(identifier="b", access_url=FILE))
    harvest(catalog, Distribution(identifier="b", access_url=FILE))
    assert one(catalog, "select url from current_distributions")["url"] == FILE
    assert one(catalog, "select title from present_datasets")["title"] == "Trees"
    catalog.db.conn.execute("update datasets set status = 'missing'")
    assert catalog.rows("select * from present_datasets") == []


def test_a_portal_without_a_government_answers_for_itself(catalog: Catalog) -> None:
    """Where the government is an empty text as where there is none: in the view, the scorecard and the letters."""
    run = harvest(catalog)
    assert one(catalog, "select * from governments") == {"portal_id": "town", "name": "Town", "country": None}
    assert government_names(catalog) == ["Town"]
    cards = [card for card in card_rows(catalog, run) if card["entity_level"] == "government"]
    assert [card["entity_id"] for card in cards] == ["Town"]


def test_findings_by_state(catalog: Catalog) -> None:
    states = ("new", "open", "fixed", "gone", "unknown", "disputed", "waived", "withdrawn")
    put_findings(catalog, [{"id": state, "state": state} for state in states])
    replies = [("open", "will_fix_by", "2026-01-01"), ("open", "will_fix_by", "2026-03-01"), ("new", "noted", None)]
    replies += [("waived", "will_fix_by", "2026-01-01"), ("unknown", "will_fix_by", "2026-02-01")]
    catalog.upsert(
        "replies",
        [
            {"id": str(number), "number": number, "finding_id": key, "reply": reply, "promised_on": day}
            for number, (key, reply, day) in enumerate(replies)
        ],
    )

    def ids(view: str, column: str = "id") -> set[str]:
        return {str(row[column]) for row in catalog.rows(f"select * from {view}")}  # noqa: S608

    assert ids("open_findings") == {"new", "open"}
    assert ids("unended_findings") == {"new", "open", "unknown", "disputed", "waived"}
    assert ids("latest_replies") == {"1", "2", "3", "4"}
    promised = {(row["finding_id"], row["promised_on"]) for row in catalog.rows("select * from promised_fixes")}
    assert promised == {("open", "2026-03-01"), ("unknown", "2026-02-01")}


def test_each_view_is_explained_and_has_the_columns_that_are_said(catalog: Catalog) -> None:
    for name, view in VIEWS.items():
        assert view.description.endswith("."), name
        cursor = catalog.db.conn.execute(f"select * from {name} limit 0")  # noqa: S608
        assert {column[0] for column in cursor.description} == view_columns(name).keys(), name
        assert set(view.facets) <= view_columns(name).keys(), name


def test_views_follow_an_upgrade_and_reach_the_public_copy(tmp_path: Path) -> None:
    path, public = tmp_path / "data" / "catalog.db", tmp_path / "site" / "catalog.db"
    open_catalog(path).close()
    publish(path, public)
    assert is_current(public)
    # As of a version before the views, and of one whose text was another.
    for statement in (
        "drop view present_datasets",
        "drop view governments",
        "create view governments as select 1 as one",
    ):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
    with closing(sqlite3.connect(public)) as connection:
        connection.execute("drop view present_datasets")
    assert not is_current(public)
    publish(path, public)
    assert is_current(public)
    with open_catalog(path) as catalog:
        assert catalog.rows("select * from present_datasets") == []
        assert catalog.rows("select portal_id, name from governments") == []


def test_views_read_by_the_indexes_of_their_tables(catalog: Catalog) -> None:
    """A view costs nothing: the plan of a query over it searches by the same index as one over the table."""
    for sql, index in (
        ("select id from present_datasets where portal_id = 'p'", "idx_datasets_portal_id_status"),
        ("select * from open_findings where portal_id = 'p'", "idx_finding_rows_portal_key_rule_key_state"),
        ("select * from findings where portal_id = 'p' and state = 'new'",
         "idx_finding_rows_portal_key_rule_key_state"),
        ("select * from findings where dataset_id = 'd'", "idx_finding_rows_dataset_key"),
        ("select * from findings where id = 'f'", "findings_by_id"),
        ("select * from promised_fixes p cross join findings f on f.id = p.finding_id where p.finding_id = 'f'",
         "findings_by_id"),
        ("select url from current_distributions where dataset_id = 'd'", "idx_distribution_rows_dataset_id"),
        ("select url from current_distributions where id = 'x'", "distribution_rows USING INTEGER PRIMARY KEY"),
        ("select kind from changes where dataset_id = 'd'", "change_rows_by_key"),
        ("select conforms from conformance where dataset_id in ('d', 'e')", "conformance_rows_by_key"),
        (f"select id from current_distributions where not is_download and {is_at('access', repr('u'))}",  # noqa: S608
         "distributions_by_access"),
        ("select name from governments where portal_id = 'p'", "sqlite_autoindex_portals_1"),
        ("select id from latest_replies where finding_id = 'f'", "idx_replies_finding_id_number"),
        ("select finding_id from promised_fixes where finding_id = 'f'", "idx_replies_finding_id_number"),
    ):  # fmt: skip
        plan = " / ".join(row[3] for row in catalog.db.conn.execute(f"explain query plan {sql}"))
        assert index in plan and "SCAN" not in plan, (sql, plan)


def test_a_view_over_keys_is_written_like_a_table(catalog: Catalog) -> None:
    """Through the triggers and by our own code alike; a row that the view would not show is refused."""
    run = catalog.db.conn.execute
    row = {"dataset_id": "d", "portal_id": None, "run_id": "20261124T000000Z", "kind": "added", "new_hash": "ab01"}
    run("insert into changes (dataset_id, run_id, kind, new_hash) values ('d', '20261124T000000Z', 'added', 'AB')")
    with catalog.writing():
        catalog.upsert("changes", [row])
    found = row | {"id": "20261124T000000Z/d/added", "fields": None, "old_hash": None}
    assert catalog.rows("select * from changes") == [found]
    run("update changes set portal_id = 'p', kind = 'changed' where dataset_id = 'd'")
    assert catalog.value("select id || portal_id from changes") == "20261124T000000Z/d/changedp"
    run("insert into distributions (id, dataset_id, last_seen_run) values ('x', 'd', '20261124T000000Z')")
    run("insert into distributions (id, dataset_id, last_seen_run) values ('y', 'd', '20260231T000000Z')")
    assert catalog.rows("select id, last_seen_run from distributions order by id") == [
        {"id": "x", "last_seen_run": "20261124T000000Z"},
        {"id": "y", "last_seen_run": "20260231T000000Z"},
    ]
    stored = "select typeof(last_seen_run) as kind from distribution_rows order by id"
    assert [one["kind"] for one in catalog.rows(stored)] == ["integer", "text"]
    with pytest.raises(sqlite3.IntegrityError, match="dataset_id is missing"):
        run("insert into distributions (id) values ('z')")
    for name in ("changes", "distributions"):
        run(f"delete from {name}")  # noqa: S608
        assert catalog.rows(f"select * from {name}") == []  # noqa: S608
