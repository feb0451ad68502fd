"""The Parquet package: what the public file has, typed, in files that stay as they are while their rows do."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import re
import shutil
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from frictionless import Package, Schema

from catalog.db.schema import TABLES
from catalog.db.store import open_catalog
from catalog.model import ResourceCheck
from catalog.parquet import package
from catalog.parquet.columns import PackageColumn
from catalog.parquet.descriptor import Origin, layout_of
from catalog.parquet.package import all_tables, catalogue_id, is_due, write_package
from catalog.parquet.public_file import public_file
from catalog.parquet.records import records_table
from catalog.parquet.tables import PackageTable
from catalog.repositories.checks import write_checks
from catalog.site.serve import publish
from tests.catalog.browsing import OF_THE_SITE, fill

pytestmark = OF_THE_SITE
HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "use-the-data.md"
OURS = Origin("urn:uuid:00000000-0000-4000-8000-000000000001", "https://data.example.org", "A civic group")


@pytest.fixture(scope="module")
def made(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of the filled catalogue, in a folder exports/parquet; no test changes it."""
    out = tmp_path_factory.mktemp("package") / "exports" / "parquet"
    write_package(public, out, OURS)
    return out


def table_of(folder: Path, name: str) -> list[dict[str, Any]]:
    files = sorted((folder / name).glob("**/*.parquet"))
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def described(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text("utf-8"))
    return found


def test_every_table_has_the_rows_of_the_public_file(public: Path, made: Path) -> None:
    with public_file(public) as opened:
        for name, table in all_tables().items():
            rows = table_of(made, name)
            if table.rows is not None:
                assert [(None, *row.values()) for row in rows] == [*table.rows()]
                continue
            read = opened.execute(table.sql).fetchall()
            assert len(rows) == len(read), name
            texts = [n for n, one in enumerate(table.columns) if one.type in ("text", "json", "integer", "number")]
            names = [table.columns[n].name for n in texts]
            stored = sorted(repr([row[n + 1] for n in texts]) for row in read)
            assert sorted(repr([row[name] for name in names]) for row in rows) == stored, name
            assert len({tuple(row[k] for k in (*table.key,)) for row in rows}) == len(rows) or name == "checks", name


def test_the_package_spells_out_what_readers_ask_for(public: Path, made: Path) -> None:
    plain = {"findings": "findings", "datasets": "datasets", "files": "distributions", "scores": "score_history"}
    with closing(sqlite3.connect(public)) as opened:
        for name, source in plain.items():
            (count,) = opened.execute(f"select count(*) from [{source}]").fetchone()  # noqa: S608  # names above
            assert count and len(table_of(made, name)) == count
    assert any(row["checked_at"] for row in table_of(made, "files"))
    assert {row["portal_id"] for row in table_of(made, "datasets")} == {"north", "south"}


def test_values_have_real_types(made: Path) -> None:
    dataset = next(row for row in table_of(made, "datasets") if row["keywords"])
    assert all(isinstance(word, str) for word in dataset["keywords"])
    assert isinstance(table_of(made, "runs")[0]["started_at"], datetime)
    assert {type(row["is_retired"]) for row in table_of(made, "files")} <= {bool, type(None)}
    schema = pq.read_schema(made / "runs" / "part-0.parquet")
    assert schema.field("id").metadata[b"description"].decode() == TABLES["runs"].columns["id"].description
    assert json.loads(schema.metadata[b"columns"])["id"] == TABLES["runs"].columns["id"].description


def test_a_declared_date_is_read_where_it_is_one(tmp_path: Path, public: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copyfile(public, copy)
    said = {"2024-02-29": date(2024, 2, 29), "2024-02-31": None, "2024-05-06T07:08:09Z": date(2024, 5, 6), "soon": None}
    with closing(sqlite3.connect(copy)) as opened, opened:
        for text in said:
            opened.execute("insert into datasets (id, portal_id, issued) values (?, 'south', ?)", [f"new {text}", text])
        opened.execute("update distributions set byte_size = '12' || rowid")
        odd = ['["a", "\\ud800"]', '["a", {"b": 1}, null]', "no list", "7"]
        for number, text in enumerate(odd):
            opened.execute(
                "insert into datasets (id, portal_id, keywords) values (?, 'south', ?)", [f"odd{number}", text]
            )
        opened.execute("update runs set started_at = 'yesterday'")
    write_package(copy, tmp_path / "out", OURS)
    found = {
        row["issued"]: row["issued_on"] for row in table_of(tmp_path / "out", "datasets") if row["id"][:3] == "new"
    }
    assert found == said
    lists = {row["id"]: row["keywords"] for row in table_of(tmp_path / "out", "datasets") if row["id"][:3] == "odd"}
    assert [lists[f"odd{n}"] for n in range(4)] == [["a", "?"], ["a", '{"b": 1}'], ["no list"], ["7"]]
    assert all(str(row["declared_bytes"]) == row["byte_size"] for row in table_of(tmp_path / "out", "files"))
    assert table_of(tmp_path / "out", "runs")[0]["started_at"] is None


def test_an_unchanged_file_keeps_its_bytes_and_is_not_written(tmp_path: Path, public: Path) -> None:
    copy, out = tmp_path / "catalog.db", tmp_path / "out"
    shutil.copyfile(public, copy)
    with closing(sqlite3.connect(copy)) as opened, opened:
        opened.execute("insert into datasets (id, portal_id, title) values ('s1', 'south', 'One')")
    write_package(copy, out, OURS)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in out.rglob("*") if path.is_file()}
    write_package(copy, out, OURS)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before} == before
    with closing(sqlite3.connect(copy)) as opened, opened:
        opened.execute("update datasets set title = 'Two' where id = 's1'")
    written = {path.relative_to(out).as_posix() for path in write_package(copy, out, OURS)}
    assert written == {"datasets/portal=south/part-0.parquet", "datapackage.json", "croissant.json"}
    kept = {path: old for path, old in before.items() if path.relative_to(out).as_posix() not in written}
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in kept} == kept
    with closing(sqlite3.connect(copy)) as opened, opened:
        opened.execute("delete from datasets where portal_id = 'south'")
    write_package(copy, out, OURS)
    assert not (out / "datasets" / "portal=south").exists()
    # Made anew elsewhere, it has the same bytes.
    write_package(copy, tmp_path / "again", OURS)
    for path in out.rglob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(out)).read_bytes()


def test_a_write_that_was_killed_is_begun_anew(
    tmp_path: Path, public: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(made, out)
    (out / "datapackage.json").write_text(
        (out / "datapackage.json").read_text("utf-8").replace('"layout": "', '"layout": "x')
    )
    with monkeypatch.context() as patch:
        patch.setattr(package, "write_descriptor", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_package(public, out, OURS)
    assert not (out / "datapackage.json").exists()
    (out / "runs" / "part-0.parquet").write_bytes(b"half")
    (out / "runs" / "part-0.parquet.part").write_bytes(b"half")
    write_package(public, out, OURS)
    assert {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        path.relative_to(made): path.read_bytes() for path in made.rglob("*") if path.is_file()
    }


def test_the_data_package_tells_hashes_rows_and_whose_it_is(made: Path) -> None:
    package = described(made)
    files = {path.relative_to(made).as_posix() for path in made.rglob("*.parquet")}
    assert {one["path"] for one in package["resources"]} == files
    for one in package["resources"]:
        content = (made / one["path"]).read_bytes()
        assert (one["hash"], one["bytes"]) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
        assert one["winnow:rows"] == pq.read_metadata(made / one["path"]).num_rows
        assert re.fullmatch(r"[-a-z0-9._/]+", one["name"])
        fields = json.loads((made / one["schema"]).read_text("utf-8"))["fields"]
        assert [field["name"] for field in fields] == pq.read_schema(made / one["path"]).names
    assert package["licenses"][0]["name"] == "CC-BY-4.0" and package["sources"]
    assert package["winnow"]["format"] == 1 and package["winnow"]["catalogue"]["id"] == package["id"] == OURS.id
    (north, south) = package["winnow"]["portals"]
    assert north["id"] == "north" and north["origin"] == [package["winnow"]["catalogue"]] and south["id"] == "south"
    names = [one["name"] for one in package["resources"]]
    assert len(names) == len({*names})


def test_frictionless_reads_the_descriptors(made: Path) -> None:
    errors = [*Package.metadata_validate(described(made))]
    assert not errors, errors
    for path in (made / "schemas").iterdir():
        assert not [*Schema.metadata_validate(json.loads(path.read_text("utf-8")))], path


def test_croissant_is_valid_and_gives_records(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        # Warnings of what it imports are not ours.
        warnings.simplefilter("ignore")
        import mlcroissant

        found = mlcroissant.Dataset(made / "croissant.json")
        issues = found.metadata.ctx.issues
        assert not issues.errors and not issues.warnings
        records = [*itertools.islice(found.records("datasets"), 2)]
    assert {row["datasets/portal_id"] for row in records} == {b"north"}


def test_the_lines_of_the_howto_work(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.parents[1])
    text = HOWTO.read_text("utf-8")
    (sql,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    count = len(table_of(made, "datasets"))
    with closing(duckdb.connect()) as database:
        assert sum(rows for _, rows in database.execute(sql).fetchall()) == count
    names: dict[str, Any] = {}
    exec(python, names)
    assert len(names["datasets"]) == count and {*names["datasets"]["portal"]} == {"north", "south"}
    assert isinstance(names["datasets"], pd.DataFrame)


def test_a_stranger_reads_every_table_in_one_line(made: Path) -> None:
    for schema in sorted((made / "schemas").iterdir()):
        name, described = schema.stem, json.loads(schema.read_text("utf-8"))
        rows = sum(pq.read_metadata(path).num_rows for path in (made / name).rglob("*.parquet"))
        frame = pd.read_parquet(made / name)
        with closing(duckdb.connect()) as database:
            sql = f"select count(*) from read_parquet('{made / name}/**/*.parquet', hive_partitioning = true)"  # noqa: S608
            assert database.execute(sql).fetchall() == [(rows,)], name
        assert len(frame) == rows and {one["name"] for one in described["fields"]} <= {*frame.columns}, name
        # A list is no value that pandas compares; no key has one.
        key = [*described["primaryKey"], *(["portal"] if name == "checks" else [])]
        assert not frame.duplicated(key).any(), name
        assert all(one["description"] for one in described["fields"]), name


def test_without_pyarrow_the_log_says_what_to_install(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(package, "is_possible", lambda: False)
    with caplog.at_level(logging.WARNING):
        assert write_package(public, tmp_path / "out", OURS) == []
    assert "winnow-opendata[parquet]" in caplog.text and not (tmp_path / "out").exists()


def test_a_history_that_is_too_long_is_left_out_and_said(
    tmp_path: Path, public: Path, made: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert described(made)["winnow"]["left_out"] == {}
    monkeypatch.setattr(package, "CHECKS_MAX", -1)
    write_package(public, tmp_path, OURS)
    assert table_of(tmp_path, "checks") == [] and "checks" in described(tmp_path)["winnow"]["left_out"]
    assert "too many" in caplog.text


def test_the_package_of_a_large_catalogue_is_due_once_a_week(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, out = tmp_path / "catalog.db", tmp_path / "out"
    shutil.copyfile(public, copy)
    monkeypatch.setattr(package, "NIGHTLY_MAX", 1)
    assert not is_due(copy, out)
    write_package(copy, out, OURS)
    for run, is_old in (("20261130T235959Z", False), ("20261201T000000Z", True)):
        with closing(sqlite3.connect(copy)) as opened, opened:
            opened.execute("insert into runs (id, status) values (?, 'complete')", [run])
        assert is_due(copy, out) == is_old
    monkeypatch.setattr(package, "NIGHTLY_MAX", 100)
    assert is_due(copy, out)


def test_every_check_of_an_address_is_with_the_portals_that_list_it(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
        (url,) = catalog.db.conn.execute(
            "select url from current_distributions where url like 'http%' order by 1 limit 1"
        ).fetchone()
        for run in ("20261125T000000Z", "20261126T000000Z"):
            catalog.begin_run("t", [], version="0", methodology="0", run_id=run)
            write_checks(catalog, run, [ResourceCheck(url=url, outcome="ok", checked_at=f"{run[:4]}-11-26T00:00:01Z")])
        publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
        listed = {portal for (portal,) in catalog.db.conn.execute(
            "select portal_id from current_distributions where url = ?", [url])}  # fmt: skip
    write_package(tmp_path / "site" / "catalog.db", tmp_path / "out", OURS)
    found = [(row["run_id"], row["outcome"]) for row in table_of(tmp_path / "out", "checks") if row["url"] == url]
    assert sorted(found) == sorted([("20261125T000000Z", "ok"), ("20261126T000000Z", "ok")] * len(listed))
    assert {path.parent.name for path in (tmp_path / "out" / "checks").rglob("*.parquet")} == {
        f"portal={portal}" for portal in listed
    }


def test_a_table_that_is_left_out_again_leaves_nothing(tmp_path: Path, public: Path) -> None:
    column = PackageColumn("dataset_id", "text", "Dataset.", "")
    more = PackageTable("records", "A record.", (column,), ("dataset_id",), "-", "", lambda: [("north", "a")])
    out = tmp_path / "out"
    write_package(public, out, OURS, [more])
    assert table_of(out, "records") == [{"dataset_id": "a"}]
    write_package(public, out, OURS)
    assert not (out / "records").exists() and not (out / "schemas" / "records.json").exists()


def test_tables_that_come_with_the_program_are_written_anew_when_they_change() -> None:
    tables = all_tables()
    metrics = tables["metrics"]
    changed = replace(metrics, rows=lambda: [(None, *([None] * len(metrics.columns)))])
    assert layout_of(tables) == layout_of(all_tables()) != layout_of(tables | {"metrics": changed})


def test_the_id_of_a_catalogue_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = catalogue_id(tmp_path)
    assert first.startswith("urn:uuid:") and catalogue_id(tmp_path) == first
    assert not caplog.text
    (tmp_path / "catalogue.id").write_text("../../etc/passwd")
    assert catalogue_id(tmp_path).startswith("urn:uuid:") and "this catalogue gets a new id" in caplog.text


def test_records_are_in_the_package_where_they_are_asked_for_and_name_no_person(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
        publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
        public, out = tmp_path / "site" / "catalog.db", tmp_path / "out"
        (id,) = catalog.db.conn.execute("select dataset_id from records order by 1 limit 1").fetchone()
        record = {"title": "Trees", "author": "Jane Doe", "maintainer_email": "open-data@example.org",
                  "notes": "Ask jane.doe@example.org"}  # fmt: skip
        with catalog.writing():
            catalog.db.conn.execute("update records set raw = ? where dataset_id = ?", [json.dumps(record), id])
        write_package(public, out, OURS, [records_table(catalog, public)])
        rows = {row["dataset_id"]: json.loads(row["record"]) for row in table_of(out, "records")}
        assert rows[id]["title"] == "Trees" and rows[id]["author"] is None
        assert rows[id]["maintainer_email"] == "open-data@example.org" and "jane.doe" not in repr(rows)
        with closing(sqlite3.connect(public)) as opened:
            shown = {key for (key,) in opened.execute("select id from datasets")}
        stored = {key for (key,) in catalog.db.conn.execute("select dataset_id from records")}
        assert rows.keys() == shown & stored
        # Not asked for any more, it is gone.
        write_package(public, out, OURS)
        assert not [*out.rglob("records/**/*.parquet")]
