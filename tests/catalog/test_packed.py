"""Records are compressed with what the records of their portal have in common, and read back to the byte."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from backports import zstd

from catalog.db import packed
from catalog.db.schema.found import interned
from catalog.db.store import Catalog, open_catalog
from catalog.repositories.changes import changes
from catalog.repositories.conformance import is_federal
from catalog.repositories.datasets import raw_records
from catalog.repositories.rolling import named_datasets
from catalog.site.serve import publish
from tests.catalog.test_harvests import harvest, record
from tests.catalog.test_upgrade import KILLED

WORDS = ("https://data.example.org/dataset/", "Ministry of Finance and Economic Affairs", "notspecified", "metadata")


def many(count: int, **raw: object) -> list[object]:
    return [record(f"{n:03}", name=f"n{n}", words=[word * (1 + n % 3) for word in WORDS], **raw) for n in range(count)]


def as_text(path: Path) -> dict[str, str]:
    """Bring the records of a catalogue back to the form of the version before, and return them."""
    with open_catalog(path) as catalog, catalog.writing():
        before = raw_records(catalog)
        for key, raw in before.items():
            catalog.db.conn.execute("update records set raw = ? where dataset_id = ?", [raw, key])
        catalog.db.conn.execute("update records set name = null, is_federal = null, is_redacted = null")
        for key, raw in catalog.db.conn.execute("select id, raw from record_versions").fetchall():
            text = catalog.packed.text(raw)
            catalog.db.conn.execute("update record_versions set raw = ? where id = ?", [text, key])
        catalog.db.conn.execute("delete from record_dictionaries")
        catalog.db.conn.execute("delete from _sqlite_migrations where name = 's0016_packed_records'")
    return before


def forms(catalog: Catalog) -> set[str]:
    return {kind for (kind,) in catalog.db.conn.execute("select distinct typeof(raw) from records")}


def test_a_portal_gets_a_dictionary_once_it_has_enough_records(catalog: Catalog) -> None:
    few, rest = many(packed.ENOUGH - 1), many(packed.ENOUGH + 50)
    harvest(catalog, *few)
    assert catalog.value("select count(*) from record_dictionaries") == 0
    before = catalog.value("select sum(length(raw)) from records")
    harvest(catalog, *rest)
    assert catalog.value("select count(*) from record_dictionaries where length(dictionary) > 0") == 1
    # The records from before the dictionary have it now, too.
    assert catalog.value("select sum(length(raw)) from records") < before / 2
    assert forms(catalog) == {"blob"}
    found = {json.loads(raw)["id"]: json.loads(raw) for raw in raw_records(catalog).values()}
    assert found == {one.raw["id"]: one.raw for one in rest}


def test_what_changed_is_told_from_compressed_versions(catalog: Catalog) -> None:
    runs = [harvest(catalog, record("a", title=title, name="x")) for title in ("one", "two")]
    (change,) = changes(catalog, runs[1], runs[0])
    assert [(one["old"], one["new"]) for one in change.fields if "title" in one["field"]] == [("one", "two")]
    assert catalog.value("select typeof(raw) from record_versions") == "blob"


def test_queries_ask_columns_and_not_the_text(catalog: Catalog) -> None:
    run = harvest(catalog, record("a", name="trees", note="Mr [[REDACTED-EX B6]]"), record("b", bureauCode=["1"]))
    assert catalog.rows("select name, is_federal, is_redacted from records order by is_federal") == [
        {"name": "trees", "is_federal": 0, "is_redacted": 1},
        {"name": None, "is_federal": 1, "is_redacted": 0},
    ]
    assert {name for _, _, name in named_datasets(catalog, "town", f"{run}Z")} == {"trees", None}
    assert not is_federal(catalog, "town")


def test_a_damaged_record_is_noticed(catalog: Catalog) -> None:
    harvest(catalog, record("a"))
    raw = catalog.value("select raw from records")
    with pytest.raises(zstd.ZstdError):
        catalog.packed.text(raw[:-1] + bytes([raw[-1] ^ 1]))


@pytest.mark.parametrize(("words", "times"), [("insert into record_dictionaries", 1), ("update records set raw", 300)])
def test_records_of_the_version_before_are_compressed_also_by_a_process_that_was_killed(
    words: str, times: int, tmp_path: Path
) -> None:
    path = tmp_path / "catalog.db"
    with open_catalog(path) as catalog:
        harvest(catalog, *many(packed.ENOUGH + 200))
        harvest(catalog, *many(packed.ENOUGH + 200, changed=True))
    before = as_text(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), words, str(times)], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    with open_catalog(path) as catalog:
        assert forms(catalog) == {"blob"} and raw_records(catalog) == before
        assert catalog.value("select count(*) from records where name is null or is_federal is null") == 0
        assert catalog.value("select count(*) from record_versions where typeof(raw) = 'blob'") == packed.ENOUGH + 200
        assert catalog.value("select count(*) from sqlite_master where name = 'to_compact'") == 0


def test_the_public_file_has_the_hashes_of_records_and_not_the_records(tmp_path: Path) -> None:
    path, public = tmp_path / "data" / "catalog.db", tmp_path / "site" / "catalog.db"
    with open_catalog(path) as catalog:
        harvest(catalog, *many(packed.ENOUGH))
        harvest(catalog, *many(packed.ENOUGH, changed=True))
        before = [catalog.rows(f"select dataset_id, raw_hash from {table}") for table in ("records", "record_versions")]  # noqa: S608
        assert before[0] and before[1]
    publish(path, public)
    with closing(sqlite3.connect(public)) as copy:
        for table, rows in zip(("records", "record_versions"), before, strict=True):
            found = copy.execute(f"select dataset_id, raw_hash from {table}").fetchall()  # noqa: S608
            assert sorted(found) == sorted(tuple(row.values()) for row in rows)
            assert "raw" not in {row[1] for row in copy.execute(f"pragma table_info({table})")}
        assert not copy.execute("select 1 from sqlite_master where name = 'record_dictionaries'").fetchone()


def test_what_is_unknown_stands_once_and_is_spelt_out_in_the_public_copy(tmp_path: Path) -> None:
    path, public = tmp_path / "data" / "catalog.db", tmp_path / "site" / "catalog.db"
    rows = [{"dataset_id": f"d{n}", "unknown": f"link_ok,x{n % 2}"} for n in range(4)]
    with open_catalog(path) as catalog, catalog.writing():
        catalog.upsert("datasets", [{"id": row["dataset_id"], "portal_id": "p"} for row in rows])
        catalog.upsert("dataset_quality", rows)
        # In the form of the version before.
        catalog.db.conn.execute("delete from _sqlite_migrations where name = 's0017_texts_once'")
    told = f"select dataset_id, {interned('q.unknown')} from dataset_quality q order by 1"  # noqa: S608
    for _ in range(2):
        with open_catalog(path) as catalog:
            assert catalog.db.conn.execute(told).fetchall() == [(row["dataset_id"], row["unknown"]) for row in rows]
            assert catalog.value("select count(distinct unknown) from dataset_quality") == 2
            assert catalog.value("select max(length(unknown)) from dataset_quality") == 1
    publish(path, public)
    with closing(sqlite3.connect(public)) as copy:
        assert copy.execute("select unknown from dataset_quality order by 1 limit 1").fetchone() == ("link_ok,x0",)
        assert copy.execute("select count(*) from finding_texts").fetchone() == (0,)
