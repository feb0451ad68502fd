"""What was wrong before is put right in the open, and where data of persons seem to be is told to the right ones."""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from portal_server import PortalServer, Response, ckan_search

from catalog.db.interned import keys_of
from catalog.db.schema import TABLES
from catalog.db.schema.found import FINDING_COLUMNS
from catalog.db.schema.public import PUBLIC
from catalog.db.schema.views import VIEWS
from catalog.db.store import Catalog, now, open_catalog
from catalog.exports.cards import day_of_run
from catalog.repositories.finding_states import set_state
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply as Reply
from catalog.repositories.sent import forget, letters, note
from catalog.site.serve import is_current, publish
from harvester.mail.letters import message_of
from harvester.night.stages import nightly
from quality.systems.stage import score_portal
from specs.languages import language
from specs.portals import load_file
from specs.table_rules import table_rules
from tests.catalog.browsing import OF_THE_SITE, Site

# What Datasette leaves open there it leaves open here; and two nights are enough for all.
pytestmark = [*OF_THE_SITE, pytest.mark.xdist_group("put_right")]

NOT_SAID = ("promised_on", "note", "replied_by", "replied_on")
NAMES = ("trees", "rents", "waived", "staff")
PERSONS = "Vorname,Nachname,Geburtsdatum,Ort\r\n" + "".join(
    f"{first},{last},{1950 + n}-0{1 + n % 9}-1{n % 9},Neustadt\r\n"
    for n, (first, last) in enumerate(
        [("Anna", "Alder"), ("Bert", "Birke"), ("Cleo", "Cedern"), ("Dora", "Dorn"), ("Emil", "Esche")]
        + [("Finn", "Fichte"), ("Gerd", "Ginster"), ("Hedi", "Hasel"), ("Ida", "Immergrün"), ("Jana", "Jasmin")]
        + [("Karl", "Kiefer"), ("Lena", "Linde")]
    )
)


def table(name: str, cell: str = "12") -> Response:
    rows = b"".join(b"%s %d,%d\r\n" % (name.encode(), n, 7 * n) for n in range(60))
    return Response(200, "text/csv; charset=utf-8", b"name,count\r\n" + rows + f"odd,{cell}\r\n".encode() + rows)


def older_rule(catalog: Catalog, name: str, column: str) -> None:
    """Make the report on a file as older rules would have made it: with a defect that is none."""
    key = catalog.value("select distribution_id from table_reports where url like ?", [f"%/{name}.csv"])
    rule = table_rules()["type_error"]
    defect = {"rule": rule.id, "count": 61, "field": column, "message": rule.message, "rows": [2], "first_row": 2}
    defect |= {"severity": "error", "source": "scan"}
    with catalog.writing():
        catalog.db.conn.execute(
            "update table_reports set defects = ?, columns = ?, methodology_version = '1' where distribution_id = ?",
            [json.dumps([defect]), json.dumps(["name", column]), key],
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a data folder after two runs: older rules judged three files, then the present rules; one file was fixed
    in between, and one holds data of persons."""
    folder = tmp_path_factory.mktemp("right")
    with PortalServer() as server:
        packages = [
            {"id": name, "name": name, "title": f"All {name}", "notes": "Counted once a year by the town."}
            | {"organization": {"id": f"of-{name}", "title": f"Office of {name}", "name": f"of-{name}"}}
            | {"resources": [{"id": name, "url": f"{server.url}/{name}.csv", "format": "CSV"}]}
            for name in NAMES
        ]
        server.routes["/api/3/action/package_search"] = ckan_search(packages)
        for name in NAMES[:2]:
            server.routes[f"/{name}.csv"] = table(name)
        server.routes["/waived.csv"] = table("waived", "1x2y")
        server.routes["/staff.csv"] = Response(200, "text/csv; charset=utf-8", PERSONS.encode())
        (folder / "x.toml").write_text(
            f'id = "x"\ntype = "ckan"\ntitle = "X"\nurl = "{server.url}"\ngovernment = "Landia"\nlocal = true\n'
            'contact_email = "desk@x.example"\n[limits]\ndelay_s = 0\n'
        )
        portal = load_file(folder / "x.toml")
        run_id = nightly(folder, [portal])["run"]
        with open_catalog(folder / "catalog.db") as catalog:
            for name in ("trees", "rents"):
                older_rule(catalog, name, "count")
            older_rule(catalog, "waived", "Zahl count")
            score_portal(catalog, run_id, "x")
            said = catalog.value("select id from findings where field = 'type_error: Zahl count'")
            catalog.upsert("replies", [{"id": "r1", "finding_id": said, "reply": "waived", "number": 1}])
            with catalog.writing():
                set_state(catalog, said, "waived")
            (letter,) = letters(catalog, run_id, "mail")
            assert note(catalog, letter)
            catalog.db.conn.execute("update resource_checks set next_check_at = null where url like '%/rents.csv'")
            catalog.db.conn.commit()
        server.routes["/rents.csv"] = table("rents", "13")
        nightly(folder, [portal])
    yield folder


def state(catalog: Catalog, name: str) -> dict[str, Any]:
    (row,) = catalog.rows(
        "select * from findings where resource_url like ? and field like 'type_error%'", [f"%/{name}.csv"]
    )
    return row


def test_withdrawn_is_what_a_changed_rule_no_longer_makes_of_the_same_file(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        run_id = catalog.latest_run()
        assert run_id
        same, fixed = state(catalog, "trees"), state(catalog, "rents")
        assert (same["state"], same["withdrawn_run"], same["fixed_run"]) == ("withdrawn", run_id, None)
        assert (fixed["state"], fixed["withdrawn_run"], fixed["fixed_run"]) == ("fixed", None, run_id)
        found = {row["finding_id"]: row for row in catalog.rows("select * from corrections")}
        row = found[same["id"]]
        assert fixed["id"] not in found
        assert (row["reason"], row["run_id"], row["field"]) == ("rules", run_id, "type_error: count")
        assert row["score_after"] > row["score_before"]
        (letter,) = letters(catalog, run_id, "mail")
        words = language("en")
        text = message_of(letter, words)
        # What we had said wrongly, since when, and its effect on the score; what was fixed is not among it.
        said = text.split(words.phrase("mail_withdrawn"))[1].split("\n\n")[0]
        assert "All trees" in said and "All rents" not in said
        assert words.phrase("mail_said_since", since=words.day(day_of_run(same["first_seen_run"]))) in said
        before, after = words.number(row["score_before"]), words.number(row["score_after"])
        assert words.phrase("mail_score_effect", before=before, after=after) in said
        # It is said once. (Times are to the second: in the second of a letter nobody knows what came first, and what
        # may not have been told is told again.)
        while now() <= catalog.value("select max(corrected_at) from corrections"):
            time.sleep(0.05)
        assert note(catalog, letter) and not [*letters(catalog, "20991231T000000Z", "mail")]
        forget(catalog, letter)
    with (data / "exports" / "landia" / "corrections.csv").open(encoding="utf-8", newline="") as file:
        told = {row["finding_id"]: row for row in csv.DictReader(file)}
    assert set(told) == set(found) and (data / "exports" / "corrections.csv").is_file()
    row = told[same["id"]]
    assert (row["reason"], row["publisher_name"], row["dataset_title"]) == ("rules", "Office of trees", "All trees")
    assert row["first_seen"] == day_of_run(same["first_seen_run"]) and row["observed"] and row["score_after"]
    with (data / "exports" / "landia" / "findings.csv").open(encoding="utf-8", newline="") as file:
        states = {row["finding_id"]: row["state"] for row in csv.DictReader(file)}
    assert states[same["id"]] == "withdrawn" and states[fixed["id"]] == "fixed"


def test_persons_data_are_told_to_publisher_and_operator_alone(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        run_id = catalog.latest_run()
        assert run_id
        held = catalog.rows("select id, state from findings where rule_id like 'personal%'")
        assert held and all(one["state"] == "open" for one in held)
        ids = [one["id"] for one in held]
        (letter,) = letters(catalog, run_id, "mail")
        assert [row["finding_id"] for row in letter.personal] == ids
        assert "personal.csv" in message_of(letter, language("en"))
        (hook,) = letters(catalog, run_id, "webhook", {"Landia": ["http://127.0.0.1:9/"]})
        assert not hook.personal and not {one["id"] for one in hook.new} & set(ids)
        publish(data / "catalog.db", data / "site" / "catalog.db")
    files = {path for path in (data / "exports").rglob("*") if path.is_file() and path.suffix != ".xlsx"}
    with_it = {path for path in files if any(key.encode() in path.read_bytes() for key in ids)}
    assert not with_it and not any(b"personal_" in path.read_bytes() for path in files if path.name == "feed.atom")
    (private,) = (path for path in (data / "private").rglob("*") if path.is_file())
    assert "staff" in str(private) and all(key in private.read_text("utf-8") for key in ids)
    # Nothing of it is left in the pages of the public file, not even in free ones.
    raw = (data / "site" / "catalog.db").read_bytes()
    assert not any(key.encode() in raw for key in ids) and b"personal_birth" not in raw
    with closing(sqlite3.connect(data / "site" / "catalog.db")) as copy:
        counted = copy.execute(
            """select q.findings, (select count(*) from findings f where f.dataset_id = q.dataset_id
                 and f.state not in ('fixed', 'withdrawn', 'gone')) from dataset_quality q"""
        )
        assert all(told == shown for told, shown in counted)
    site = Site(data / "site" / "catalog.db")
    site.datasette._settings["default_allow_sql"] = True
    for table in PUBLIC:
        text = site.get(f"/catalog/{table}.json", _shape="array", _size="max").text
        assert text.startswith("[") and "personal_" not in text and not any(key in text for key in ids), table
    assert b"personal_" not in site.get("/catalog.db").content


def test_a_public_copy_of_the_version_before_is_not_served(data: Path, tmp_path: Path) -> None:
    public = tmp_path / "catalog.db"
    assert not is_current(public)
    publish(data / "catalog.db", public)
    assert is_current(public)
    with closing(sqlite3.connect(public)) as copy:
        copy.execute("drop view findings")
        copy.execute("create table findings (id text primary key)")
    assert not is_current(public)


def test_a_finding_of_persons_is_public_when_it_is_fixed_or_old(data: Path, tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as opened, closing(sqlite3.connect(data / "catalog.db")) as source:
        source.backup(opened.db.conn)
        with opened.writing():
            old = keys_of(opened.db.conn, ["20260101T000000Z"])["20260101T000000Z"]
    for change, is_public in (
        ("state = 'fixed'", True),
        ("state = 'waived'", False),
        (f"state = 'open', first_seen_key = {old}", True),
    ):
        with closing(sqlite3.connect(tmp_path / "catalog.db")) as own:
            personal = "select key from rules where rule_id like 'personal%'"
            own.execute(f"update finding_rows set {change} where rule_key in ({personal})")  # noqa: S608
            own.commit()
        publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
        with closing(sqlite3.connect(tmp_path / "site" / "catalog.db")) as copy:
            there = copy.execute("select count(*) from findings where rule_id like 'personal%'").fetchone()[0]
            told = copy.execute("select count(*) from table_reports where defects like '%personal%'").fetchone()[0]
        assert (bool(there), bool(told)) == (is_public, is_public), change


def test_replies_go_with_a_column_that_has_another_name(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        rows = catalog.rows(
            "select * from findings where resource_url like '%/waived.csv' and rule_id = 'table_types_consistent'"
        )
        found = {row["field"]: row for row in rows}
        old, new = found["type_error: Zahl count"], found["type_error: count"]
        assert (new["state"], new["first_seen_run"]) == ("waived", old["first_seen_run"])
        assert (old["state"], old["carried_to"]) == ("gone", new["id"])
        (reply,) = catalog.rows("select * from replies")
        assert (reply["finding_id"], reply["carried_from"]) == (new["id"], old["id"])
        # Whoever answers from the file of the time before reaches the finding that follows.
        late = Reply(line=2, finding_id=old["id"], reply="acknowledged", **dict.fromkeys(NOT_SAID))
        assert not import_replies(catalog, [late], "2026-11-30").problems
        assert catalog.value("select state from findings where id = ?", [new["id"]]) == "open"


def test_a_catalogue_of_the_version_before_is_brought_up_to_date(data: Path, tmp_path: Path) -> None:
    newer = {
        "table_reports": ("rejudged_run", "columns_before"),
        "corrections": ("reason", "field"),
        "replies": ("carried_from",),
    }
    with closing(sqlite3.connect(data / "catalog.db")) as source, closing(sqlite3.connect(tmp_path / "c.db")) as old:
        source.backup(old)
        for (name,) in old.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            if not name.startswith("datasets_"):
                old.execute(f"drop trigger {name}")
        lost = {"withdrawn_run", "carried_to", "key"}
        told = ", ".join(name for name in FINDING_COLUMNS if name not in lost)
        old.execute(f"create table wide as select {told} from findings order by id")  # noqa: S608
        # These tables were narrowed later.
        wide = ("distributions", "changes", "conformance")
        for name in wide:
            old.execute(f"create table wide_{name} as select * from {name}")  # noqa: S608
        for (name,) in old.execute("select name from sqlite_master where type = 'view'").fetchall():
            if name in VIEWS:
                old.execute(f"drop view {name}")
        for name in wide:
            old.execute(f"drop table {TABLES[name].stored_in}")
            old.execute(f"alter table wide_{name} rename to {name}")
        for table, names in newer.items():
            for name in names:
                old.execute(f"alter table {table} drop column {name}")
        for name in ("finding_rows", "finding_runs", "rules", "finding_texts", "keys"):
            old.execute(f"drop table {name}")
        old.execute("alter table wide rename to findings")
        old.execute(
            "delete from _sqlite_migrations where name in "
            "('s0010_harvests', 's0014_narrow_findings', 's0036_narrow_distributions')"
        )
        before = old.execute(f"select {told} from findings order by id").fetchall()  # noqa: S608
        old.commit()
    with open_catalog(tmp_path / "c.db") as catalog:
        assert all(set(names) <= set(catalog.db.table(table).columns_dict) for table, names in newer.items())
        now = catalog.db.conn.execute(f"select {told} from findings order by id").fetchall()  # noqa: S608
        assert now == before
        assert catalog.value("select count(*) from sqlite_master where name = 'to_score_reports_update'") == 1
