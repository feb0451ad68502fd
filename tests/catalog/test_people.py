"""A name stands where its owner agreed to, and in a file of its own otherwise: never in what goes out."""

from __future__ import annotations

import gzip
import io
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import Catalog, open_catalog
from catalog.repositories.people import FILE, KEPT_DAYS, expire, files_with, name_of
from catalog.repositories.replies import import_replies, import_reports
from catalog.repositories.reply_files import CitizenReport, Reply
from catalog.site.serve import publish
from harvester.backups import write_backup
from harvester.cli.main import cli
from tests.catalog.carding import RUNS, put_out, write_run

NAME, CITIZEN = "Zanthia Quorrel", "Bohumil Ytrebo"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data"
    with open_catalog(folder / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=12)
        write(catalog)
    yield folder


def write(catalog: Catalog, *, is_public: bool = False) -> tuple[str, str]:
    """Import a reply and a report, and return their ids."""
    key = catalog.value("select id from findings where portal_id = 'a' order by id limit 1")
    dataset = catalog.value("select id from datasets order by id limit 1")
    said = Reply(
        line=2, finding_id=key, reply="acknowledged", promised_on=None, note="a known fault", replied_by=NAME,
        replied_on=None, is_name_public=is_public,
    )  # fmt: skip
    report = CitizenReport(
        line=2, dataset_id=dataset, url=None, what="a picture", who=CITIZEN, reported_on=None, is_name_public=is_public
    )
    import_replies(catalog, [said], "2026-11-24")
    import_reports(catalog, [report], "2026-11-24")
    return catalog.value("select id from replies"), catalog.value("select id from reports")


def run(data: Path, *args: object) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *map(str, args)])


def test_a_planted_name_is_in_no_file_but_its_own(data: Path, tmp_path: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        put_out(catalog, data / "exports")
        reply, report = catalog.value("select id from replies"), catalog.value("select id from reports")
    publish(data / "catalog.db", data / "site" / "catalog.db")
    for name in (NAME, CITIZEN):
        assert files_with(data, name) == [data / FILE]
    assert (data / FILE).stat().st_mode & 0o777 == 0o600
    assert (name_of(data, "reply", reply), name_of(data, "report", report)) == (NAME, CITIZEN)
    write_backup(data, tmp_path / "shared.tar.gz", is_shareable=True)
    unpacked = gzip.decompress((tmp_path / "shared.tar.gz").read_bytes())
    assert NAME.encode() not in unpacked and CITIZEN.encode() not in unpacked
    # The operator's own backup has it all.
    write_backup(data, tmp_path / "own.tar.gz")
    with tarfile.open(tmp_path / "own.tar.gz") as tar:
        own = tar.extractfile(FILE)
        assert own is not None and NAME.encode() in own.read()


def test_a_name_is_public_where_its_owner_agreed(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=12)
        write(catalog, is_public=True)
        assert catalog.rows("select replied_by from replies") == [{"replied_by": NAME}]
        assert catalog.rows("select who from reports") == [{"who": CITIZEN}]
    assert not (tmp_path / FILE).exists()
    publish(tmp_path / "catalog.db", tmp_path / "site" / "catalog.db")
    assert files_with(tmp_path / "site", NAME)


def test_names_that_an_earlier_version_wrote_are_moved(data: Path) -> None:
    (data / FILE).unlink()
    with closing(sqlite3.connect(data / "catalog.db")) as db:
        (key,) = db.execute("select id from replies").fetchone()
        db.execute("update replies set replied_by = ?, is_name_public = null", (NAME,))
        db.execute("update reports set who = ?", (CITIZEN,))
        db.commit()
    # A copy made before any command has opened the catalogue gives nothing away either.
    publish(data / "catalog.db", data / "site" / "catalog.db")
    assert files_with(data / "site", NAME) == files_with(data / "site", CITIZEN) == []
    with open_catalog(data / "catalog.db") as catalog:
        moved = catalog.value("select id from replies")
    # The id was made from the name too.
    assert moved != key and name_of(data, "reply", moved) == NAME
    assert files_with(data, NAME) == [data / FILE]


def test_no_id_is_made_from_a_name(data: Path, tmp_path: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog, open_catalog(tmp_path / "other" / "catalog.db") as other:
        write_run(other, RUNS[0], count=12)
        key = other.value("select id from findings where portal_id = 'a' order by id limit 1")
        said = Reply(
            line=2, finding_id=key, reply="acknowledged", promised_on=None, note="a known fault", replied_by="Else",
            replied_on=None,
        )  # fmt: skip
        import_replies(other, [said], "2026-11-24")
        assert other.value("select id from replies") == catalog.value("select id from replies")


def test_leave_that_is_taken_back_takes_the_name_away(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=12)
        write(catalog, is_public=True)
        write(catalog, is_public=False)
        assert catalog.rows("select replied_by, is_name_public from replies") == [
            {"replied_by": None, "is_name_public": 0}
        ]
        assert catalog.value("select who from reports") is None


def test_names_are_kept_for_a_year(data: Path) -> None:
    now = datetime.now(UTC)
    assert expire(data, now + timedelta(days=KEPT_DAYS - 1)) == 0
    assert expire(data, now + timedelta(days=KEPT_DAYS + 1)) == 2
    assert files_with(data, NAME) == []


def test_a_person_is_forgotten_and_that_is_shown(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog, catalog.writing():
        catalog.db.conn.execute("update replies set note = ?", [f"Ask {NAME.upper()} or {NAME}."])
    assert run(data, "forget", "Q").exit_code == 2
    done = run(data, "forget", NAME.lower())
    assert done.exit_code == 0, done.output
    assert "erased: 1 names, and in rows of 1 replies, 0 reports" in done.output and "found in no file" in done.output
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select note from replies") == "Ask [removed] or [removed]."
    assert files_with(data, NAME) == [] and files_with(data, CITIZEN) == [data / FILE]
    # What is left is named.
    (data / "exports").mkdir()
    with gzip.open(data / "exports" / "old.nt.gz", "wb") as file:
        file.write(b"x" * ((1 << 20) - 7) + NAME.encode())
    done = run(data, "forget", NAME)
    assert done.exit_code == 3 and "old.nt.gz" in done.stderr


def test_a_broken_archive_does_not_stop_the_search(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with gzip.GzipFile(fileobj=whole, mode="wb") as file:
        file.write(NAME.encode() * 100)
    (tmp_path / "cut.gz").write_bytes(whole.getvalue()[:-12])
    (tmp_path / "no.gz").write_bytes(b"no archive")
    (tmp_path / "yes.txt").write_text(NAME)
    assert tmp_path / "yes.txt" in files_with(tmp_path, NAME)
