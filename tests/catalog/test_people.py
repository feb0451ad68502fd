"""A name or text is public if its owner agreed and the operator approved it; else it is in no file that goes out."""

from __future__ import annotations

import gzip
import io
import shutil
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog.db.store import Catalog, open_catalog
from catalog.model import stable_id
from catalog.repositories import people
from catalog.repositories.inbox import messages, put
from catalog.repositories.people import (
    FILE,
    KEPT_DAYS,
    _without,
    expire,
    files_with,
    forget,
    keep,
    name_of,
    private_ids,
)
from catalog.repositories.replies import import_replies, import_reports
from catalog.repositories.reply_files import CitizenReport, Reply
from catalog.repositories.unapproved import approve, reject, waiting_texts
from catalog.repositories.unconfirmed import SubmittedRow, keep_submission, submissions
from catalog.site.serve import publish
from harvester.backups import write_backup
from harvester.cli.main import cli
from tests.catalog.carding import data_folder, put_out

NAME, CITIZEN = "Zanthia Quorrel", "Bohumil Ytrebo"
NOTE, WHAT = "a quaggy fault", "a zorbic picture"
PLANTED = (NAME, CITIZEN, NOTE, WHAT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_folder(tmp_path_factory.mktemp("people"), count=12)


@pytest.fixture
def fresh(made: Path, tmp_path: Path) -> Path:
    """Return a data folder with a catalogue to which nobody has replied."""
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture
def data(fresh: Path) -> Path:
    with open_catalog(fresh / "catalog.db") as catalog:
        write(catalog)
    return fresh


def write(catalog: Catalog, *, is_public: bool = False) -> tuple[str, str]:
    """Import a reply and a report, and return their ids."""
    key = catalog.value("select id from findings where portal_id = 'a' order by id limit 1")
    dataset = catalog.value("select id from datasets order by id limit 1")
    said = Reply(
        line=2, finding_id=key, reply="acknowledged", promised_on=None, note=NOTE, replied_by=NAME,
        replied_on=None, is_name_public=is_public,
    )  # fmt: skip
    report = CitizenReport(
        line=2, dataset_id=dataset, url=None, what=WHAT, who=CITIZEN, reported_on=None, is_name_public=is_public
    )
    import_replies(catalog, [said], "2026-11-24")
    import_reports(catalog, [report], "2026-11-24")
    return catalog.value("select id from replies"), catalog.value("select id from reports")


def run(data: Path, *args: object) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *map(str, args)])


def test_a_planted_name_or_text_is_in_no_file_but_the_private_one(data: Path, tmp_path: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        put_out(catalog, data / "exports")
        reply, report = catalog.value("select id from replies"), catalog.value("select id from reports")
    publish(data / "catalog.db", data / "site" / "catalog.db")
    for text in PLANTED:
        assert files_with(data, text) == [data / FILE]
    assert "texts that are not public: 2" in run(data, "doctor", "--offline").output
    assert (data / FILE).stat().st_mode & 0o777 == 0o600
    assert (name_of(data, "reply", reply), name_of(data, "report", report)) == (NAME, CITIZEN)
    write_backup(data, tmp_path / "shared.tar.gz", is_shareable=True)
    unpacked = gzip.decompress((tmp_path / "shared.tar.gz").read_bytes())
    assert not any(text.encode() in unpacked for text in PLANTED)
    # The operator's own backup has it all.
    write_backup(data, tmp_path / "own.tar.gz")
    with tarfile.open(tmp_path / "own.tar.gz") as tar:
        own = tar.extractfile(FILE)
        assert own is not None and NAME.encode() in own.read()


def test_ids_do_not_tell_what_was_written_and_stay_the_same(data: Path, tmp_path: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        key, dataset = catalog.value("select finding_id from replies"), catalog.value("select dataset_id from reports")
        ids = [catalog.value("select id from replies"), catalog.value("select id from reports")]
        guessed = [stable_id(key, "acknowledged", "", NOTE, ""), stable_id(dataset, "", WHAT)]
        assert not {*ids} & {*guessed}
        # The same file again; and one that a version without the secret had read.
        assert [*write(catalog)] == ids
        for table, old in zip(("replies", "reports"), guessed, strict=True):
            catalog.db.conn.execute(f"update {table} set id = ?", [old])  # noqa: S608  # two names above
        catalog.db.conn.commit()
        assert [*write(catalog)] == guessed
        assert catalog.value("select count(*) from replies") == catalog.value("select count(*) from reports") == 1
    make, parts = private_ids(data), ("a", "b")
    assert make(*parts) == private_ids(data)(*parts) != private_ids(tmp_path)(*parts)


@pytest.mark.parametrize("is_public", [True, False])
def test_what_the_operator_approves_is_public_with_the_name_only_if_its_owner_agreed(
    is_public: bool, fresh: Path
) -> None:
    with open_catalog(fresh / "catalog.db") as catalog:
        reply, report = write(catalog, is_public=is_public)
        names = [NAME, CITIZEN] if is_public else [None, None]
        assert [(one.text, one.name) for one in waiting_texts(catalog)] == [*zip((NOTE, WHAT), names, strict=True)]
        assert catalog.rows("select note, replied_by, is_text_approved from replies") == [
            {"note": None, "replied_by": None, "is_text_approved": 0}
        ]
    done = run(fresh, "replies", "list")
    assert f"{reply}: acknowledged to" in done.output and NOTE in done.output and (NAME in done.output) is is_public
    assert run(fresh, "replies", "approve").exit_code == 2 and run(fresh, "replies", "approve", "x").exit_code == 2
    assert run(fresh, "replies", "approve", reply).exit_code == 0
    assert run(fresh, "replies", "approve", "--all").exit_code == 0
    with open_catalog(fresh / "catalog.db") as catalog:
        assert catalog.rows("select note, replied_by from replies") == [{"note": NOTE, "replied_by": names[0]}]
        assert catalog.rows("select what, who from reports") == [{"what": WHAT, "who": names[1]}]
        assert waiting_texts(catalog) == []
        # It is read but once, and stays approved.
        write(catalog, is_public=is_public)
        assert waiting_texts(catalog) == [] and catalog.value("select note from replies") == NOTE
    publish(fresh / "catalog.db", fresh / "site" / "catalog.db")
    assert [bool(files_with(fresh / "site", text)) for text in PLANTED] == [is_public, is_public, True, True]


def test_a_refused_text_is_deleted_and_its_reply_still_counts(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        reply = catalog.value("select id from replies")
    assert "1 text" in run(data, "replies", "refuse", reply).output
    assert files_with(data, NOTE) == [] and files_with(data, WHAT) == [data / FILE]
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select reply from replies") == "acknowledged"
        (report,) = waiting_texts(catalog)
        assert reject(catalog, [report.key, "x"]) == [report.key] and report.kind == "report"
        assert catalog.value("select count(*) from reports") == 0
    assert not files_with(data, WHAT) and not files_with(data, CITIZEN)


def test_texts_that_an_earlier_version_published_wait_for_approval(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / FILE).unlink()
    with closing(sqlite3.connect(data / "catalog.db")) as db:
        db.execute(
            "update replies set note = ?, replied_by = ?, is_name_public = 1, is_text_approved = null", PLANTED[2::-2]
        )
        db.execute("update reports set what = ?, is_text_approved = null", (WHAT,))
        db.commit()
    with open_catalog(data / "catalog.db") as catalog:
        assert {(one.text, one.name) for one in waiting_texts(catalog)} == {(NOTE, NAME), (WHAT, None)}
    assert "2 replies and reports" in caplog.text and "winnow replies approve" in caplog.text
    assert files_with(data, NOTE) == files_with(data, WHAT) == [data / FILE]


def test_an_address_that_no_portal_lists_is_a_text_too(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        key = catalog.value("select id from datasets order by id limit 1")
        url = "https://zanthia-quorrel.example/"
        report = CitizenReport(line=2, dataset_id=key, url=url, what="see there", who=None, reported_on=None)
        import_reports(catalog, [report], "2026-11-24")
        assert f"{url}: see there" in {one.text for one in waiting_texts(catalog)}
        assert catalog.value("select count(*) from reports where url is not null") == 0
    assert files_with(data, url) == [data / FILE]


def test_names_that_an_earlier_version_wrote_are_moved(data: Path) -> None:
    (data / FILE).unlink()
    with closing(sqlite3.connect(data / "catalog.db")) as db:
        (key,) = db.execute("select id from replies").fetchone()
        db.execute("update replies set replied_by = ?, note = ?, is_name_public = null", (NAME, NOTE))
        db.execute("update reports set who = ?", (CITIZEN,))
        db.commit()
    # A copy made before any command has opened the catalogue gives nothing away either.
    publish(data / "catalog.db", data / "site" / "catalog.db")
    assert not any(files_with(data / "site", text) for text in (NAME, CITIZEN, NOTE))
    with open_catalog(data / "catalog.db") as catalog:
        moved = catalog.value("select id from replies")
    # The id was made from the name too.
    assert moved != key and name_of(data, "reply", moved) == NAME
    assert files_with(data, NAME) == [data / FILE]


def test_no_id_is_made_from_a_name(data: Path, made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "other")
    # With the same secret.
    shutil.copy(data / FILE, tmp_path / "other" / FILE)
    with open_catalog(data / "catalog.db") as catalog, open_catalog(tmp_path / "other" / "catalog.db") as other:
        key = other.value("select id from findings where portal_id = 'a' order by id limit 1")
        said = Reply(
            line=2, finding_id=key, reply="acknowledged", promised_on=None, note=NOTE, replied_by="Else",
            replied_on=None,
        )  # fmt: skip
        import_replies(other, [said], "2026-11-24")
        assert other.value("select id from replies") == catalog.value("select id from replies")


def test_leave_that_is_taken_back_takes_the_name_away(fresh: Path) -> None:
    with open_catalog(fresh / "catalog.db") as catalog:
        approve(catalog, write(catalog, is_public=True))
        assert catalog.value("select replied_by from replies") == NAME
        write(catalog, is_public=False)
        assert catalog.rows("select replied_by, is_name_public from replies") == [
            {"replied_by": None, "is_name_public": 0}
        ]
        assert catalog.value("select who from reports") is None


def test_names_and_texts_are_kept_for_a_year(data: Path) -> None:
    now = datetime.now(UTC)
    assert expire(data, now + timedelta(days=KEPT_DAYS - 1)) == 0
    assert expire(data, now + timedelta(days=KEPT_DAYS + 1)) == 4
    assert not any(files_with(data, text) for text in PLANTED)


def test_a_person_is_forgotten_and_that_is_shown(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        keep(data, "reply", texts=[(catalog.value("select id from replies"), f"Ask {NAME.upper()} or {NAME}.")])
        keep(data, "report", texts=[(catalog.value("select id from reports"), f"{NAME} said so")])
        approve(catalog, [catalog.value("select id from replies")])
    said = Reply(
        line=2,
        finding_id="f" * 20,
        reply="waived",
        promised_on=None,
        note=f'"{NAME}"',
        replied_by=NAME,
        replied_on=None,
    )
    keep_submission(data, sender="q@x.example", source="x.csv", evidence="", rows=[SubmittedRow("unknown", said)])
    assert run(data, "forget", "Q").exit_code == 2
    done = run(data, "forget", NAME.lower())
    assert done.exit_code == 0, done.output
    assert (
        "erased: 1 names, and in rows of 1 replies, 0 reports, 0 census, 2 waiting" in done.output
        and "found in no file" in done.output
    )
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select note from replies") == "Ask [removed] or [removed]."
    (row,) = submissions(data)[0].rows
    assert isinstance(row.content, Reply) and row.content.note == '"[removed]"'
    assert files_with(data, NAME) == [] and files_with(data, CITIZEN) == [data / FILE]
    # What is left is named.
    (data / "exports").mkdir()
    with gzip.open(data / "exports" / "old.nt.gz", "wb") as file:
        file.write(b"x" * ((1 << 20) - 7) + NAME.encode())
    done = run(data, "forget", NAME)
    assert done.exit_code == 3 and "old.nt.gz" in done.stderr


def test_a_person_is_forgotten_in_the_inbox_too(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    for text, name in ((f"Ask {NAME.upper()}", CITIZEN), ("The year 2019 is missing", NAME), (WHAT, None)):
        put(tmp_path, about="d", text=text, name=name, is_name_public=True, token=name, sender="s")
    done = run(tmp_path, "forget", NAME)
    assert done.exit_code == 0 and "0 census, 2 waiting" in done.output, done.output
    assert sorted((one.text, one.name, one.token) for one in messages(tmp_path)) == [
        ("Ask [removed]", CITIZEN, CITIZEN),
        ("The year 2019 is missing", "[removed]", "[removed]"),
        (WHAT, None, None),
    ]
    assert files_with(tmp_path, NAME) == []


def test_a_broken_archive_does_not_stop_the_search(tmp_path: Path) -> None:
    whole = io.BytesIO()
    with gzip.GzipFile(fileobj=whole, mode="wb") as file:
        file.write(NAME.encode() * 100)
    (tmp_path / "cut.gz").write_bytes(whole.getvalue()[:-12])
    (tmp_path / "no.gz").write_bytes(b"no archive")
    (tmp_path / "yes.txt").write_text(NAME)
    assert tmp_path / "yes.txt" in files_with(tmp_path, NAME)


def test_a_name_that_is_part_of_what_replaces_it_is_erased_once(fresh: Path) -> None:
    for name in ("Remo", "move"):
        for _ in range(2):
            forget(fresh / "catalog.db", name)
    for text, name, left in (
        ("Dear Remo, REMO moved", "Remo", "Dear [removed], [removed] moved"),
        ("[removed] Remo", "remo", "[removed] [removed]"),
        ("no [removed] here", "Remo", "no [removed] here"),
        ("a (b.c) aXb", "(b.c)", "a [removed] aXb"),
        ("Stra\u00dfe", "strasse", "[removed]"),
    ):
        assert _without(text, name) == left


def test_workbooks_are_searched_and_what_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("yes.xlsx", f"<t>{NAME} &amp; x</t>" * 9), ("no.xlsx", "<t>nobody</t>" * 9)):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/sharedStrings.xml", text)
    assert files_with(tmp_path, NAME) == files_with(tmp_path, f"{NAME} & x") == [tmp_path / "yes.xlsx"]
    broken = bytearray((tmp_path / "no.xlsx").read_bytes())
    broken[60:64] = b"\xff" * 4
    (tmp_path / "broken.zip").write_bytes(broken)
    assert tmp_path / "broken.zip" in files_with(tmp_path, NAME)
    monkeypatch.setattr(people, "_UNPACKED_MAX", 20)
    assert tmp_path / "no.xlsx" in files_with(tmp_path, NAME)
