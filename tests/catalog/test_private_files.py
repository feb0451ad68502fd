"""Where personal data are suspected stands in one private file, and in nothing that anybody may publish."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.schema.found import INTERNED, interned
from catalog.db.store import Catalog, open_catalog
from catalog.exports.private_files import PRIVATE
from catalog.repositories.people import files_with
from catalog.repositories.sent import letters
from catalog.repositories.shareable import copy_shareable
from catalog.site.serve import publish
from harvester.backups import restore, write_backup
from harvester.mail.attachments import attached
from harvester.mail.mailing import Mailing, folder_of
from tests.catalog.carding import RUNS, data_folder, put_out
from tests.making import put_findings

MARKER, LEAK = "the column zorbicmail", "f" + "0" * 19


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = data_folder(tmp_path_factory.mktemp("private"), count=12)
    with open_catalog(folder / "catalog.db") as catalog:
        dataset, publisher = next(
            catalog.db.conn.execute(
                "select id, publisher_id from datasets where portal_id = 'a' and publisher_id is not null order by id"
            )
        )
        catalog.db.conn.execute("update publishers set email = 'data@office.example' where id = ?", [publisher])
        about = {
            "id": LEAK,
            "portal_id": "a",
            "dataset_id": dataset,
            "publisher_id": publisher,
            "severity": "warning",
            "fault_party": "publisher",
        }
        about |= {"rule_id": "personal_email", "field": f"personal_email: {MARKER}", "state": "open"}
        put_findings(catalog, [about | {"first_seen_run": RUNS[0], "last_seen_run": RUNS[0]}])
        catalog.db.conn.commit()
    return folder


def private(data: Path) -> list[Path]:
    return [path for path in sorted((data / PRIVATE).rglob("*")) if path.is_file()]


def test_where_personal_data_lie_is_in_no_file_that_is_published(data: Path, tmp_path: Path) -> None:
    for schema in (1, 2):
        with open_catalog(data / "catalog.db") as catalog:
            paths = put_out(catalog, data / "exports", schema=schema)
        publish(data / "catalog.db", data / "site" / "catalog.db", data / "exports")
        own = private(data)
        assert [one.name for one in own] == ["personal.csv", "personal.fr.csv"] and set(own) <= set(paths)
        assert files_with(data, MARKER) == [data / "catalog.db", *own]
        assert (data / PRIVATE).stat().st_mode & 0o777 == 0o700
        assert {one.stat().st_mode & 0o777 for one in own} == {0o600}
        assert not any(LEAK.encode() in path.read_bytes() for path in (data / "exports").rglob("*") if path.is_file())
    write_backup(data, tmp_path / "shared.tar.gz", is_shareable=True)
    assert MARKER.encode() not in gzip.decompress((tmp_path / "shared.tar.gz").read_bytes())
    restore(tmp_path / "shared.tar.gz", tmp_path / "back")
    with open_catalog(tmp_path / "back" / "catalog.db") as shared, open_catalog(data / "catalog.db") as own:
        for table in ("findings", "dataset_quality"):
            sql = f"select count(*) from {table}"  # noqa: S608  # two names above
            assert shared.value(sql) == own.value(sql) - (table == "findings")
        # Other rows than those of findings have their texts still.
        for table, column in INTERNED:
            texts = f"select {interned(column)} from {table} order by 1"  # noqa: S608  # names of the schema
            assert shared.db.conn.execute(texts).fetchall() == own.db.conn.execute(texts).fetchall()


def test_only_the_letter_to_the_publisher_has_the_private_file(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        put_out(catalog, data / "exports")
        found = [one for one in letters(catalog, RUNS[0], "mail", has_publishers=True)]
    # The minister's has one too, which is made from the catalogue: the minister operates the portal.
    to = {
        one.recipient: dict((name, content) for name, content, _ in attached(Mailing((one,)), data / "exports")[0])
        for one in found
    }
    assert {one for one, files in to.items() if "personal.csv" in files} == {
        "data@office.example",
        "ministre@example.org",
    }
    names = [one.name for one in private(data)]
    for one in private(data):
        assert to["data@office.example"][one.name] == one.read_bytes()
    for files in to.values():
        assert not any(MARKER.encode() in content for name, content in files.items() if name not in names)


def test_a_file_that_an_earlier_version_left_in_the_folder_is_gone_after_the_next_export(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        put_out(catalog, data / "exports")
        (letter,) = [one for one in letters(catalog, RUNS[0], "mail", has_publishers=True) if one.level == "publisher"]
        old = [folder_of(letter, data / "exports") / name for name in ("personal.csv", "personal.fr.csv")]
        forgotten = data / "exports" / "atlantis" / "publishers" / "office-000000" / "personal.csv"
        forgotten.parent.mkdir(parents=True)
        for path in (*old, forgotten):
            path.write_text(MARKER, "utf-8")
        put_out(catalog, data / "exports")
    assert files_with(data, MARKER) == [data / "catalog.db", *private(data)]


def test_the_private_file_goes_when_the_finding_has_ended(data: Path, catalog: Catalog) -> None:
    with open_catalog(data / "catalog.db") as own:
        own.db.conn.backup(catalog.db.conn)
    folder = catalog.path.parent
    put_out(catalog, folder / "exports")
    assert private(folder)
    catalog.db.conn.execute(
        "update finding_rows set state = 'fixed' where rule_key = "
        "(select key from rules where rule_id = 'personal_email')"
    )
    catalog.db.conn.commit()
    put_out(catalog, folder / "exports")
    assert not (folder / PRIVATE).exists()


def test_a_shareable_copy_holds_no_contact_and_no_cell(tmp_path: Path) -> None:
    planted = "jane.doe@private.example"
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.upsert("portals", [{"id": "p", "title": "P", "contact_email": planted}])
        catalog.upsert("publishers", [{"id": "b", "portal_id": "p", "name": "B", "email": planted}])
        catalog.upsert("datasets", [{"id": "d", "portal_id": "p", "contact_email": planted, "contact_name": planted}])
        catalog.upsert("harvests", [{"id": "h", "portal_id": "p", "run_id": "r", "approved_by": planted}])
        catalog.upsert("table_reports", [{"distribution_id": "x", "report": json.dumps({"cell": planted})}])
        catalog.db.conn.execute("delete from to_score")
        catalog.db.conn.commit()
    copy_shareable(tmp_path / "catalog.db", tmp_path / "copy.db")
    assert planted.encode() not in (tmp_path / "copy.db").read_bytes()
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("select count(*) from to_score").fetchone() == (0,)
