"""A backup holds the state as of one moment, comes back whole or not at all, and gives away nothing that is private."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import sqlite3
import tarfile
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog.db.copying import steps_of
from catalog.db.store import open_catalog
from catalog.repositories.fetched import note_fetched
from catalog.repositories.inbox import messages, put
from catalog.repositories.recipients import recipient_hash, stopped
from catalog.repositories.replies import import_replies, import_reports
from catalog.repositories.reply_files import CitizenReport, Reply
from harvester.backups import restore, write_backup
from harvester.cli.main import cli
from harvester.mail.tokens import holder_of, issue
from tests.catalog.carding import RUNS, write_run

NAME = "Zanthia Quorrel"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a planted name in everything that people wrote, and with a file of each kind."""
    folder = tmp_path_factory.mktemp("made")
    with open_catalog(folder / "catalog.db") as catalog:
        write_run(catalog, RUNS[0], count=12)
        key = catalog.value("select id from findings where portal_id = 'a' limit 1")
        about = {"promised_on": None, "note": f"ask {NAME}", "replied_by": NAME, "replied_on": None}
        import_replies(catalog, [Reply(line=2, finding_id=key, reply="acknowledged", **about)], "2026-11-24")
        dataset = catalog.value("select id from datasets limit 1")
        report = CitizenReport(line=2, dataset_id=dataset, url=None, what=f"{NAME} says", who=NAME, reported_on=None)
        import_reports(catalog, [report], "2026-11-24")
    for name in ("winnow.toml", "portals/a.toml", "commitments/c.toml", "manifests/r.json", "archive/r.warc.gz"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# {name}, secret of {NAME}\n" if name[0] in "wpa" else f"# {name}\n")
    (folder / "exports").mkdir()
    (folder / "exports" / "findings.csv").write_text("made again")
    return folder


def run(data: Path, *args: object) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *map(str, args)])


def names(backup: Path) -> list[str]:
    with tarfile.open(backup) as tar:
        return tar.getnames()


def content(data: Path, name: str = "catalog.db") -> list[str]:
    with closing(sqlite3.connect(data / name)) as db:
        return list(db.iterdump())


def test_a_backup_comes_back_as_it_was(made: Path, tmp_path: Path) -> None:
    backup, back = tmp_path / "b.tar.gz", tmp_path / "back"
    done = run(made, "backup", backup)
    assert done.exit_code == 0, done.output
    assert backup.stat().st_mode & 0o777 == 0o600
    assert names(backup) == [
        "backup.json", "catalog.db", "winnow.toml", "people.db", "portals/a.toml", "commitments/c.toml",
        "manifests/r.json", "archive/r.warc.gz",
    ]  # fmt: skip
    done = run(back, "restore", backup)
    assert done.exit_code == 0 and "7 files restored" in done.output, done.output
    assert "it brought winnow.toml and 1 portal files" in done.output
    assert content(back) == content(made)
    for name in names(backup)[2:]:
        if name == "people.db":
            # A copy of the database, which is the same but for counters in its first page.
            assert content(back, name) == content(made, name)
        else:
            assert (back / name).read_bytes() == (made / name).read_bytes()
    assert not list(back.glob(".winnow-*"))
    # Nothing is overwritten unasked.
    (back / "winnow.toml").write_text("# mine")
    done = run(back, "restore", backup)
    assert "--force" in str(done.exception) and (back / "winnow.toml").read_text() == "# mine"
    assert run(back, "restore", backup, "--force").exit_code == 0
    assert (back / "winnow.toml").read_text() != "# mine"


def test_who_wants_no_letters_gets_none_after_an_older_backup_is_restored(made: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(made, tmp_path / "data"))
    assert run(data, "stop", "first@example.org").exit_code == 0
    assert run(data, "backup", tmp_path / "b").exit_code == 0
    assert run(data, "stop", "second@example.org").exit_code == 0
    assert run(data, "restore", "--force", tmp_path / "b").exit_code == 0
    assert stopped(data) == {recipient_hash("first@example.org"), recipient_hash("second@example.org")}


def test_a_shareable_backup_holds_no_name_and_no_secret(made: Path, tmp_path: Path) -> None:
    whole, shared = tmp_path / "whole.tar.gz", tmp_path / "shared.tar.gz"
    assert run(made, "backup", whole).exit_code == 0
    assert NAME.encode() in gzip.decompress(whole.read_bytes())
    assert run(made, "backup", "--shareable", shared).exit_code == 0
    unpacked = gzip.decompress(shared.read_bytes())
    assert NAME.encode() not in unpacked and b"secret" not in unpacked
    assert set(names(shared)) == {"backup.json", "catalog.db", "commitments/c.toml", "manifests/r.json"}
    assert run(tmp_path / "back", "restore", shared).exit_code == 0
    with open_catalog(tmp_path / "back" / "catalog.db") as catalog:
        (row,) = catalog.rows("select reply, replied_by, note from replies")
        assert row == {"reply": "acknowledged", "replied_by": None, "note": None}


def test_without_evidence_archives_are_left_out(made: Path, tmp_path: Path) -> None:
    assert run(made, "backup", "--without-evidence", tmp_path / "b").exit_code == 0
    assert "archive/r.warc.gz" not in names(tmp_path / "b") and "winnow.toml" in names(tmp_path / "b")


def test_a_backup_while_a_run_writes_is_of_one_moment(made: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(made, tmp_path / "data"))
    with open_catalog(data / "catalog.db") as catalog:
        count = catalog.value("select count(*) from datasets")
        with catalog.writing():
            catalog.db.conn.execute("delete from changes")
            catalog.db.conn.execute("update datasets set title = 'half done'")
            assert run(data, "backup", tmp_path / "b").exit_code == 0
    assert run(tmp_path / "back", "restore", tmp_path / "b").exit_code == 0
    with open_catalog(tmp_path / "back" / "catalog.db") as catalog:
        assert catalog.value("select count(*) from datasets where title <> 'half done'") == count


def test_a_backup_while_mails_are_fetched_comes_back(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path(shutil.copytree(made, tmp_path / "data"))
    token = issue(data, "hash", [("government", "Landia")], RUNS[0])

    def fetched(copy: Path) -> list[str]:
        # After the files were hashed, and before they are stored, a mail is taken in and another letter goes out.
        note_fetched(data, ["a mail"])
        issue(data, "another", [("government", "Landia")], RUNS[0])
        return steps_of(copy)

    monkeypatch.setattr("harvester.backups.steps_of", fetched)
    write_backup(data, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "back")
    holder = holder_of(tmp_path / "back", token)
    assert holder is not None and holder.recipient_hash == "hash"
    assert (tmp_path / "back" / "people.db").is_file()


def test_what_waits_in_the_inbox_is_in_a_backup_of_ones_own_only(made: Path, tmp_path: Path) -> None:
    data = shutil.copytree(made, tmp_path / "data")
    key = put(data, about="d", text="t", name=None, is_name_public=False, token=None, sender="s")
    write_backup(data, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "back")
    assert [one.id for one in messages(tmp_path / "back")] == [key]
    write_backup(data, tmp_path / "for-others", is_shareable=True)
    assert "inbox.db" not in names(tmp_path / "for-others")


def rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with tarfile.open(source) as tar:
        files = {one.name: opened.read() for one in tar if (opened := tar.extractfile(one))}
    change(files)
    with tarfile.open(target, "w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return target


def listed(change: Callable[[dict[str, object]], None]) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        about = json.loads(files["backup.json"])
        change(about)
        files["backup.json"] = json.dumps(about).encode()

    return apply


BROKEN: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "changed": (lambda files: files.update({"winnow.toml": files["winnow.toml"][::-1]}), "was changed"),
    "grown": (lambda files: files.update({"winnow.toml": b"x" * 1000}), "not as backup.json lists it"),
    "missing": (lambda files: files.pop("winnow.toml") and None, "files are missing"),
    "more": (lambda files: files.update({"evil.sh": b"x"}), "not as backup.json lists it"),
    "no index": (lambda files: files.pop("backup.json") and None, "no backup of Winnow"),
    "newer": (listed(lambda about: about["schema"].append("s9999_future")), "newer than this one"),  # type: ignore[attr-defined]
    "outside": (listed(lambda about: about["files"][1].update(name="../x")), "not part of a data folder"),  # type: ignore[index]
    "absolute": (listed(lambda about: about["files"][1].update(name="/etc/x")), "not part of a data folder"),  # type: ignore[index]
    "a file as a folder": (listed(lambda about: about["files"][1].update(name="winnow.toml/x")), "not part of a data"),  # type: ignore[index]
    "a folder as a file": (listed(lambda about: about["files"][1].update(name="portals")), "not part of a data folder"),  # type: ignore[index]
    "twice": (listed(lambda about: about["files"].append(about["files"][1])), "lists a file twice"),  # type: ignore[attr-defined,index]
    "too large": (listed(lambda about: about["files"][1].update(size=10**15)), "of disk are free"),  # type: ignore[index]
    "other form": (listed(lambda about: about.update(format="2")), "no backup of Winnow"),
}


@pytest.mark.parametrize("change, what", BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_backup_changes_nothing(
    change: Callable[[dict[str, bytes]], None], what: str, made: Path, tmp_path: Path
) -> None:
    write_backup(made, tmp_path / "good")
    bad = rewritten(tmp_path / "good", tmp_path / "bad", change)
    done = run(tmp_path / "back", "restore", bad)
    assert isinstance(done.exception, Exception) and what in str(done.exception)
    assert {path.name for path in (tmp_path / "back").iterdir()} <= {".lock"}


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    """Return a block of a tar file that announces a member of any kind and size."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE], ids=["gnu", "pax", "all"]
)
def test_a_backup_whose_headers_unfold_costs_no_memory(kind: bytes, tmp_path: Path) -> None:
    """A header with a long name is read into memory: 3 GB of zeros are 3 MB as gzip."""
    with gzip.open(tmp_path / "bad", "wb", compresslevel=1) as file:
        file.write(header(kind, 3_000_000_000))
        for _ in range(50):
            file.write(bytes(1_000_000))
    tracemalloc.start()
    try:
        done = run(tmp_path / "back", "restore", tmp_path / "bad")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert "no complete backup" in str(done.exception) and "3,000,000,000 bytes" in str(done.exception)


def test_headers_before_headers_without_end_are_refused(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "bad", "wb") as file:
        for _ in range(5_000):
            file.write(header(tarfile.XHDTYPE, 12) + b"12 path=abc\n".ljust(512, b"\0"))
    assert "no complete backup" in str(run(tmp_path / "back", "restore", tmp_path / "bad").exception)


def test_what_is_in_the_way_of_a_backup_is_named_before_anything_changes(made: Path, tmp_path: Path) -> None:
    write_backup(made, tmp_path / "good")
    for name in ("winnow.toml", "commitments"):
        back = tmp_path / f"of {name}"
        back.mkdir()
        (back / name).mkdir() if name.endswith(".toml") else (back / name).write_text("mine")
        done = run(back, "restore", "--force", tmp_path / "good")
        assert name in str(done.exception) and "in the way" in str(done.exception)
        assert {path.name for path in back.iterdir()} <= {".lock", name}


def test_what_is_cut_off_is_refused(made: Path, tmp_path: Path) -> None:
    write_backup(made, tmp_path / "good")
    whole = (tmp_path / "good").read_bytes()
    for part in (b"", whole[:20], whole[: len(whole) // 2], b"x" * 100):
        (tmp_path / "bad").write_bytes(part)
        done = run(tmp_path / "back", "restore", tmp_path / "bad")
        assert "no complete backup" in str(done.exception) or "no backup" in str(done.exception), done
        assert {path.name for path in (tmp_path / "back").iterdir()} <= {".lock"}


def test_no_catalogue_is_said(tmp_path: Path) -> None:
    assert "no catalogue" in str(run(tmp_path, "backup", tmp_path / "b").exception)
    assert not (tmp_path / "b").exists()
