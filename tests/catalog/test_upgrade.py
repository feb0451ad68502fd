"""A catalogue of the version before is brought to the names of today, also by a process that is killed at it."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db import compacting
from catalog.db.schema import TABLES
from catalog.db.schema.views import OLD_COLUMNS, OLD_TABLES, VIEWS
from catalog.db.store import Catalog, CatalogError, open_catalog
from catalog.repositories.harvests import cached_response
from catalog.repositories.people import FILE, files_with
from catalog.repositories.unapproved import waiting_texts
from catalog.site.serve import is_current, publish
from tests.making import put_findings

BEFORE = (Path(__file__).parent / "catalogue-0.1.0.sql").read_text(encoding="utf-8")
LAST = "s0040_imported_catalogues"
SPELT_OUT = {"findings": "id", "distribution_quality": "distribution_id"}
SPELT_OUT |= {name: spec.pk for name, spec in TABLES.items() if spec.is_view}
"""Tables of the version before that are views now, with their key."""
# A process that opens a catalogue and is gone, without a chance to tidy up, as it begins a statement.
KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from catalog.db.store import open_catalog

path, words, times = sys.argv[1], sys.argv[2], int(sys.argv[3])

def look(statement):
    global times
    times -= statement.lower().startswith(words)
    if times == 0:
        os.kill(os.getpid(), signal.SIGKILL)

class Watched(sqlite3.Connection):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.set_trace_callback(look)

connect = sqlite3.connect
sqlite3.connect = lambda *args, **options: connect(*args, **options, factory=Watched)
open_catalog(Path(path))
"""


def make(path: Path, what: str) -> None:
    """Make a catalogue of version 0.1.0, with rows or without, or an empty file in which no migration has run."""
    path.parent.mkdir(exist_ok=True)
    path.touch()
    if what == "nothing":
        return
    rows = r"(?m)^insert into \[(?!_sqlite_migrations\]).*\n"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(BEFORE if what == "filled" else re.sub(rows, "", BEFORE))
        connection.execute("pragma journal_mode = wal")


def kill(path: Path, words: str, times: int) -> None:
    """Open a catalogue in a process that is killed when it executes a statement with these words for the n-th time."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), words, str(times)], capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def steps(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("select name from _sqlite_migrations order by id")]


def shape(catalog: Catalog) -> dict[str, Any]:
    """Return all tables and views with their columns, keys, indexes and references, whatever the order of columns."""
    found: dict[str, Any] = {}
    for kind, name in catalog.db.conn.execute("select type, name from sqlite_master where type in ('table', 'view')"):
        columns = {(row[1], row[2], row[5]) for row in catalog.db.conn.execute(f"pragma table_info([{name}])")}
        keys = {(row[2], row[3], row[4]) for row in catalog.db.conn.execute(f"pragma foreign_key_list([{name}])")}
        indexes = {row[1] for row in catalog.db.conn.execute(f"pragma index_list([{name}])")}
        found[name] = kind, columns, keys, indexes
    triggers = catalog.db.conn.execute("select name, sql from sqlite_master where type = 'trigger'")
    return found | {"triggers": sorted((name, " ".join(sql.split())) for name, sql in triggers)}


def rows_before() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the catalogue of the version before, by table, under the present names."""
    found: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(BEFORE)
        connection.row_factory = sqlite3.Row
        there = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        for name in there & (TABLES.keys() | OLD_TABLES.keys() | SPELT_OUT.keys()):
            now = OLD_COLUMNS.get(name, {})
            rows = [dict(row) for row in connection.execute(f"select * from {name} order by rowid")]  # noqa: S608
            for row in rows if name == "findings" else ():
                # It told whether a finding says the same as before; now that is compared itself.
                del row["digest"]
            for row in rows:
                # Names and texts are moved to a file of their own, and ids that were made from names changed.
                moved = {"responses": ("responder", "id", "note"), "reports": ("who", "id", "what")}
                for left_out in moved.get(name, ()):
                    del row[left_out]
                if name == "corrections":
                    del row["id"], row["response_id"]
            found[OLD_TABLES.get(name, name)] = [{now.get(k, k): v for k, v in row.items()} for row in rows]
    return found


def is_right(path: Path, *, is_filled: bool, new: Path) -> None:
    """Check that nothing was lost, nothing is left over, and the schema equals that of a new catalogue."""
    with open_catalog(path) as catalog, open_catalog(new) as made:
        assert shape(catalog) == shape(made)
        assert catalog.value("pragma integrity_check") == "ok"
        assert catalog.rows("pragma foreign_key_check") == []
        for name, rows in rows_before().items():
            there = catalog.rows(f"select * from {name} order by {SPELT_OUT.get(name, 'rowid')}")  # noqa: S608
            if name == "table_reports":
                assert all(isinstance(row["report"], bytes) for row in there)
                there = [row | {k: catalog.packed.text(row[k]) for k in ("report", "profile")} for row in there]
            kept = [{k: v for k, v in row.items() if k in before} for row, before in zip(there, rows, strict=False)]
            assert (len(there), kept) == ((len(rows), rows) if is_filled else (0, [])), name
        assert catalog.value("select count(*) from datasets_fts where datasets_fts match 'haushalt'") == 2 * is_filled
        if is_filled:
            sql = "select r.reply, r.id, c.id as own from corrections c join replies r on r.id = c.reply_id"
            (one,) = catalog.rows(sql)
            assert one["reply"] == "disputed" and one["own"] == f"f1/{one['id']}"
            old = catalog.rows("select response, responder, responded_on from responses order by number")
            # Names and texts stand beside the catalogue now, until the operator has approved them.
            assert catalog.value("select count(*) from replies where note is not null or replied_by is not null") == 0
            assert "it's there; really" in {one.text for one in waiting_texts(catalog)}
            assert old[0] == {"response": "will_fix_by", "responder": None, "responded_on": "2026-11-25"}
            assert files_with(path.parent, "Treasury") == [path.parent / FILE]
            assert catalog.value("select count(*) from answers") == 2
            remembered = cached_response(catalog, "north", "https://north.example/api?start=1", "0.1.0")
            assert remembered is not None and remembered.identifiers == ("id-1",)
        with pytest.raises(sqlite3.OperationalError, match="view"):
            catalog.db.conn.execute("delete from responses")
    names = steps(path)
    assert names == sorted(set(names)) and names[-1] == LAST


@pytest.mark.parametrize(
    ("what", "words", "times", "done"),
    [
        # Within a step: the tables are renamed, and half of the columns.
        ("filled", "alter table [replies] rename column [responder]", 1, 11),
        ("empty", "alter table [replies] rename column [responder]", 1, 11),
        # The findings are to be moved, some of them have been, all have been, the file is to be compacted, or it is.
        ("filled", "create unique index if not exists findings_by_id", 1, 13),
        ("filled", "insert into finding_rows", 1, 39),
        ("filled", "insert into finding_rows", 3, 39),
        ("filled", "drop table findings_before", 1, 39),
        ("filled", "insert into check_strips", 1, 39),
        ("filled", "drop table resource_history", 1, 39),
        ("filled", "insert or replace into measured_distributions", 1, 39),
        ("filled", "drop table distribution_quality_before", 1, 39),
        ("filled", "insert into [addresses]", 1, 39),
        ("filled", "drop table [resource_checks]", 1, 39),
        ("filled", "insert into [distribution_rows]", 1, 39),
        ("filled", "drop table [changes]", 1, 39),
        ("filled", "update table_reports set profile", 1, 39),
        ("filled", "insert into score_history", 1, 39),
        ("filled", "insert into score_history", 2, 39),
        ("filled", "drop table score_history_before", 1, 39),
        ("filled", "vacuum", 1, 39),
        ("filled", "drop table to_compact", 1, 39),
        ("nothing", "create virtual table datasets_fts", 1, 10),
        # Between two steps, or the last one and the views that are made after it.
        ("filled", 'create view "answers"', 1, 39),
        ("empty", 'create view "answers"', 1, 39),
        ("nothing", "begin", 7, 5),
    ],
    ids=[
        *("filled-within", "empty-within", "not-moved", "moving", "half-moved", "moved"),
        *("packing", "packed", "not-measured", "measured", "to-move", "checks-moved"),
        *("distributions-to-move", "changes-moved"),
        *("half-packed", "scores-to-move", "scores-half-moved", "scores-moved", "not-compact", "compact"),
        *("nothing-within", "filled-between", "empty-between", "nothing-between"),
    ],
)
def test_an_upgrade_that_was_killed_is_gone_on_with(
    what: str, words: str, times: int, done: int, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "catalog.db"
    make(path, what)
    kill(path, words, times)
    assert len(steps(path)) == done
    is_right(path, is_filled=what == "filled", new=tmp_path / "new.db")


def test_a_catalogue_that_no_command_has_opened_since_is_published(tmp_path: Path) -> None:
    """The copy has the tables of today; the catalogue itself is left to the command that next opens it."""
    path, public = tmp_path / "data" / "catalog.db", tmp_path / "site" / "catalog.db"
    make(path, "filled")
    publish(path, public)
    assert is_current(public) and LAST not in steps(path)
    assert [one.name for one in public.parent.iterdir()] == ["catalog.db"]
    with closing(sqlite3.connect(public)) as copy:
        assert copy.execute("select replied_by from replies order by id").fetchall() == [(None,), (None,)]


def test_the_names_before_are_views_for_now(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        assert OLD_TABLES.keys() <= VIEWS.keys() and not OLD_TABLES.keys() & set(catalog.db.table_names())


def test_an_upgrade_says_what_disk_it_needs_and_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "data" / "catalog.db"
    make(path, "filled")
    free = shutil.disk_usage(tmp_path)._replace(free=path.stat().st_size - 1)
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda folder: free)
        with pytest.raises(CatalogError, match=r"needs 1 MB of free disk .* free some space and run again"):
            open_catalog(path)
    assert len(steps(path)) == 11
    monkeypatch.setattr(compacting, "_SAID_FROM", 1)
    with open_catalog(path) as catalog:
        assert catalog.value("select count(*) from findings") == 3
        assert catalog.value("pragma freelist_count") <= 2
    assert "free disk" in caplog.text
    caplog.clear()
    open_catalog(path).close()
    assert not caplog.text


def test_what_was_found_at_an_address_stays_there(tmp_path: Path) -> None:
    """A distribution that gets another address, or is taken out, takes none of its findings along."""
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("distributions", [{"id": "x", "dataset_id": "d", "download_url": "https://old.example/"}])
        put_findings(catalog, [{"id": "f", "dataset_id": "d", "distribution_id": "x", "state": "fixed"}])
        assert catalog.value("select resource_url from findings") == "https://old.example/"
        for change in ("download_url = '', access_url = 'https://new.example/'", "access_url = null"):
            catalog.db.conn.execute(f"update distributions set {change}")  # noqa: S608
            assert catalog.value("select resource_url from findings") == "https://old.example/"
        put_findings(catalog, [{"id": "g", "dataset_id": "d", "distribution_id": "x", "state": "fixed"}])
        catalog.db.conn.execute("delete from distributions")
        assert catalog.rows("select id, resource_url from findings order by id") == [
            {"id": "f", "resource_url": "https://old.example/"},
            {"id": "g", "resource_url": None},
        ]
