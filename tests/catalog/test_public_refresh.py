"""A public file that is brought up to date has the rows of one made anew, and nothing that became private."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db.schema import TABLES
from catalog.db.schema.public import PUBLIC
from catalog.db.store import Catalog, open_catalog
from catalog.exports.state import ExportState
from catalog.site.build import build
from catalog.site.entities import SITE_TABLES
from catalog.site.machine.snapshots import FORMER
from catalog.site.published import STATE_OF_COPY, read_public_copy
from catalog.site.refresh import Hidden, refresh
from catalog.site.serve import REFRESHED_MOST, publish
from tests.catalog.browsing import fill

STORED = [name for name, table in TABLES.items() if not table.is_view]
SEARCH = (
    "select number, dataset_id, work, state, seen, letter, sorted from search_documents",
    # The numbers of values are given as they come.
    "select h.document, v.facet, v.name, v.label from search_has h join search_values v on v.value = h.value",
    "select facet, name, label from search_values",
    "select code from search_languages",
)
WORDS = ("Budget", "Straßen", "学校の予算", "mail jane@example.org", "", "écoles (at) x", "spending report")
RUNS = ("20261125T000000Z", "20261126T000000Z")


def contents(path: Path) -> dict[str, list[Any]]:
    """Return all that readers can see in a public file, by table or index."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        queries = {name: f"select rowid, * from [{name}]" for name in PUBLIC}  # noqa: S608  # names of the schema
        queries |= {name: f"select * from [{name}]" for name in SITE_TABLES}  # noqa: S608  # see above
        queries |= {sql: sql for sql in SEARCH}
        for name in ("search_text", "datasets_fts"):
            conn.execute(f"create virtual table temp.[{name}_words] using fts5vocab(main, {name}, instance)")
            queries[name] = f"select * from temp.[{name}_words]"  # noqa: S608  # see above
        # Values of several types stand in one column.
        found = {name: sorted(conn.execute(sql).fetchall(), key=repr) for name, sql in queries.items()}
        assert conn.execute("pragma integrity_check").fetchone() == ("ok",)
        indexes = "select name, sql from sqlite_master order by name"
        return found | {"schema": sorted(conn.execute(indexes).fetchall())}


def made_anew(catalog: Path, path: Path) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as public:
        build(public, str(catalog))
    return path


def change(catalog: Catalog, dice: random.Random) -> None:
    """Change, add or remove one row of one table, as a harvest, a check, a score, a reply or a person may."""
    run = catalog.db.conn.execute
    table = dice.choice(STORED)
    columns = [row[1:3] for row in run(f"pragma table_info([{table}])")]
    key, kind = TABLES[table].pk, dict(columns)[TABLES[table].pk]
    if not (rows := run(f"select rowid, * from [{table}]").fetchall()):  # noqa: S608  # names of the schema
        return
    row = dice.choice(rows)
    number, values = row[0], dict(zip([name for name, _ in columns], row[1:], strict=True))
    match dice.choice(("update", "update", "update", "insert", "delete")):
        case "update":
            column, _ = dice.choice(columns)
            if column == key or table in ("runs", "keys", "score_runs"):
                return
            new: Any = dice.choice(rows)[1 + list(values).index(column)]
            spec = TABLES[table].columns.get(column)
            if spec is None or spec.type is float:
                new = dice.choice((new, 0.5, 71.2, None))
            elif spec.type is str and not spec.references:
                new = dice.choice((new, new, None, *WORDS))
            elif spec.type is list:
                new = json.dumps([dice.choice(WORDS)])
            elif spec.type is bool:
                new = dice.choice((0, 1))
            run(f"update or ignore [{table}] set [{column}] = ? where rowid = ?", [new, number])  # noqa: S608  # see above
        case "insert":
            values[key] = (
                run(f"select max([{key}]) + 1 from [{table}]").fetchone()[0]  # noqa: S608  # see above
                if kind == "INTEGER"
                else dice.choice(RUNS)
                if table == "runs"
                else f"{values[key]}-{dice.randrange(99)}"
            )
            marks = ", ".join("?" for _ in values)
            run(f"insert or ignore into [{table}] values ({marks})", list(values.values()))  # noqa: S608  # see above
        case "delete":
            run(f"delete from [{table}] where rowid = ?", [number])  # noqa: S608  # see above


def test_it_has_the_rows_of_a_file_made_anew_whatever_has_changed(tmp_path: Path) -> None:
    dice = random.Random(20261201)
    copy = tmp_path / "copy.db"
    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
        now = made_anew(catalog.path, tmp_path / "now.db")
        done = {True: 0, False: 0}
        for turn in range(24):
            shutil.copyfile(now, copy)
            with catalog.writing():
                for _ in range(dice.choice((0, 1, 3, 12))):
                    change(catalog, dice)
            now = made_anew(catalog.path, now)
            try:
                is_done = refresh(copy, str(catalog.path))
            except Hidden:
                is_done = False
            done[is_done] += 1
            if is_done:
                found, wanted = contents(copy), contents(now)
                assert [name for name in wanted if found[name] != wanted[name]] == [], turn
    assert done[True] >= 8 and done[False] >= 1, done


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a catalogue in which everybody has agreed, exported and published once."""
    with open_catalog(tmp_path / "catalog.db") as catalog:
        fill(catalog)
    told(tmp_path, "update replies set note = 'zq-note-zq', replied_by = 'zq-name-zq', is_name_public = 1")
    assert published(tmp_path) == 0
    return tmp_path


def told(data: Path, *statements: str) -> None:
    """Write to the catalogue."""
    with open_catalog(data / "catalog.db") as catalog, catalog.writing():
        for sql in statements:
            catalog.db.conn.execute(sql)


def published(data: Path) -> int:
    """Publish after an export that saw a change; return how often the file was brought up to date since it was made."""
    exports = data / "exports"
    ExportState(everything=str(random.random())).write(exports)
    assert publish(data / "catalog.db", data / "site" / "catalog.db", exports, nights=2)
    copy = read_public_copy(data / "site" / "catalog.db")
    assert copy is not None
    return copy.refreshed


def test_the_former_file_is_brought_up_to_date_until_it_is_old(data: Path) -> None:
    state = data / "site" / STATE_OF_COPY
    told(data, "update datasets set title = 'zq-title-zq' where id = (select min(id) from datasets)")
    assert published(data) == 1 and published(data) == 2
    assert contents(data / "site" / "catalog.db") == contents(made_anew(data / "catalog.db", data / "new.db"))
    assert b"zq-title-zq" in (data / "site" / "catalog.db").read_bytes()
    state.write_text(json.dumps(json.loads(state.read_text()) | {"refreshed": REFRESHED_MOST}))
    assert published(data) == 0
    assert not [path.name for path in (data / "site").iterdir() if path.name.endswith(".part")]


def test_a_file_of_another_program_or_catalogue_or_a_damaged_one_is_made_anew(data: Path) -> None:
    site = data / "site" / "catalog.db"
    state = site.with_name(STATE_OF_COPY)
    state.write_text(json.dumps(json.loads(state.read_text()) | {"basis": "of another program"}))
    assert published(data) == 0 and published(data) == 1
    told(data, "create index another on datasets (title)")
    assert published(data) == 0 and published(data) == 1
    content = bytearray(site.read_bytes())
    content[-100] ^= 1
    site.write_bytes(content)
    assert published(data) == 0
    told(data, "update datasets set description = 'x'")
    with open_catalog(data / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("datasets", [{"id": f"north-{n}", "portal_id": "north", "title": "x"} for n in range(200)])
    # Much has changed.
    assert published(data) == 0


HIDING = {
    "a name": ("zq-name-zq", "update replies set is_name_public = 0"),
    "a text": ("zq-note-zq", "update replies set is_text_approved = 0"),
    "a text that was changed": ("zq-note-zq", "update replies set note = 'another'"),
    "a reply": ("zq-note-zq", "delete from replies"),
    "a cause": ("zq-how-zq", "update causes set is_held = 1"),
    "a contact": ("desk@zq.example", "update datasets set contact_email = 'jane.doe@zq.example'"),
    "the content of a dataset": (
        "zq-gone-zq",
        """insert into withholdings (id, dataset_id, reason, withheld_at) select 'w', id, 'x', '2026-12-01T00:00:00Z'
           from datasets where title = 'zq-gone-zq'""",
    ),
    "a dataset": ("zq-gone-zq", "delete from datasets where title = 'zq-gone-zq'"),
}


@pytest.mark.parametrize("what", HIDING)
def test_what_was_public_and_is_private_now_is_in_no_byte(data: Path, what: str) -> None:
    word, sql = HIDING[what]
    told(
        data,
        "update causes set how_to_fix = 'zq-how-zq'",
        "update datasets set contact_email = 'desk@zq.example'",
        "update datasets set title = 'zq-gone-zq' where id = (select max(id) from datasets)",
    )
    assert published(data) == 1
    assert word in (data / "site" / "catalog.db").read_bytes().decode("utf-8", "replace")
    told(data, sql)
    assert published(data) == 0
    # Nor is the file kept that had it.
    assert [path.name for path in (data / "site").rglob("*.db")] == ["catalog.db"]
    assert word not in (data / "site" / "catalog.db").read_bytes().decode("utf-8", "replace")


def test_no_former_file_stays_where_nothing_is_known_of_the_present_one(data: Path) -> None:
    """A call that is killed when the new file is in its place has not recorded it: nothing can be compared."""
    older = data / "site" / FORMER / "20200101T000000Z.db"
    older.parent.mkdir()
    shutil.copyfile(data / "site" / "catalog.db", older)
    told(data, "update datasets set title = 'another' where id = (select min(id) from datasets)")
    assert published(data) == 1 and older.is_file()
    (data / "site" / STATE_OF_COPY).unlink()
    assert published(data) == 0 and not older.exists()
