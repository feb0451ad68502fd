"""Only folders whose contents changed are written again; the others keep their bytes, and say of which run they are."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import frictionless
import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports import ExportOptions, export_all
from catalog.exports.csvfile import cells_of, line_cell
from catalog.exports.finding_rows import finding_rows
from catalog.exports.folders import SENT, folder_name
from catalog.exports.manifest import seal, verify
from catalog.exports.state import STATE, read_state
from catalog.repositories.replies import import_replies
from catalog.repositories.reply_files import Reply
from catalog.site.pages import SiteOptions, Visit
from catalog.site.pages.dataset_findings import findings_of
from quality.findings.cause_stage import find_causes
from quality.systems.entities import score_entities
from specs.languages import language
from tests.catalog.carding import PORTALS, RUNS, insert, put_out, scored
from tests.catalog.test_scorecards import CORPUS, read

pytestmark = pytest.mark.xdist_group("cards")
NEXT = "20261122T010000Z"
FRENCH = folder_name(str(PORTALS[0].government))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    with scored(folder, runs=1) as catalog:
        put_out(catalog, folder / "exports")
        seal(catalog, RUNS[0], folder)
    return folder


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


@pytest.fixture
def catalog(data: Path) -> Iterator[Catalog]:
    with open_catalog(data / "catalog.db") as opened:
        yield opened


def begin_run(catalog: Catalog, run_id: str = NEXT) -> None:
    """Begin a run that finds everything unchanged."""
    catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=run_id)
    for portal in PORTALS:
        catalog.db.conn.execute(
            "insert into harvests (id, run_id, portal_id, verdict) select ?, ?, portal_id, verdict from harvests "
            "where portal_id = ? and run_id = ?",
            [f"{run_id}/{portal.id}", run_id, portal.id, RUNS[0]],
        )
    # What the score stage does to findings that are not new any more.
    catalog.db.conn.execute("update finding_rows set state = 'open' where state = 'new'")
    if run_id == NEXT:
        for row in catalog.rows("select * from commitment_readings where run_id = ?", [RUNS[1]]):
            insert(catalog, "commitment_readings", row | {"id": f"{run_id}{row['id']}", "run_id": run_id})
    catalog.db.conn.commit()
    score_entities(catalog, run_id)
    catalog.set_run(run_id, status="complete")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before | after if before.get(name) != after.get(name)}


def test_an_export_of_the_same_run_writes_nothing(catalog: Catalog, data: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in (data / "exports").rglob("*") if path.is_file()}
    written = put_out(catalog, data / "exports")
    before = {path: time for path, time in times.items() if path not in written}
    assert len(written) == 2 and {path: path.stat().st_mtime_ns for path in before} == before
    assert len(times) == len(before) + 2


def test_a_run_in_which_nothing_changed_is_named_once(catalog: Catalog, data: Path) -> None:
    out = data / "exports"
    begin_run(catalog, RUNS[1])
    put_out(catalog, out)
    first = bytes_of(out)
    begin_run(catalog)
    assert put_out(catalog, out) and changed(first, bytes_of(out)) == {"datapackage.json", "SHA256SUMS", STATE}
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    assert package["run"] == NEXT and {one["run"] for one in package["resources"]} <= {RUNS[0], RUNS[1]}
    seal(catalog, NEXT, data)
    found = verify(data, [out / FRENCH / "findings.csv"])
    assert found.bad == [] and any(FRENCH in line and "unchanged" in line for line in found.good)


def test_only_the_folders_of_a_changed_publisher_are_written(catalog: Catalog, data: Path) -> None:
    out = data / "exports"
    begin_run(catalog, RUNS[1])
    put_out(catalog, out)
    seal(catalog, RUNS[1], data)
    before = bytes_of(out)
    publisher = catalog.value("select publisher_id from datasets where portal_id = 'c' order by publisher_id desc")
    begin_run(catalog)
    catalog.db.conn.execute("update publishers set name = 'New Name' where id = ?", [publisher])
    catalog.db.conn.commit()
    put_out(catalog, out)
    after = bytes_of(out)
    parts = {name.rpartition("/")[0] for name in changed(before, after)}
    own = [name for name in parts if "/publishers/" in name]
    assert "" in parts and "gamma" in parts and FRENCH not in parts
    # The name is part of the folder's name: the new one is there, and the old one stays as it was.
    assert len(own) == 1 and "new-name" in own[0]
    packages = {name: json.loads(after[f"{name}/datapackage.json"])["run"] for name in ("gamma", FRENCH, own[0])}
    assert packages == {"gamma": NEXT, FRENCH: RUNS[1], own[0]: NEXT}
    seal(catalog, NEXT, data)
    assert verify(data, []).bad == []


def test_each_finding_names_its_cause_and_a_folder_whose_findings_change_cause_is_written(
    catalog: Catalog, data: Path
) -> None:
    out = data / "exports"
    begin_run(catalog, RUNS[1])
    find_causes(catalog, RUNS[1], [portal.id for portal in PORTALS], hold_days=0)
    put_out(catalog, out)
    causes = {row["cause_id"]: row["findings"] for row in read(out / "causes.csv") if row["findings"] != "0"}
    rows = read(out / "findings.csv")
    counted = Counter(row["cause_id"] for row in rows if row["cause_id"])
    assert len(causes) > 3 and causes == {key: str(number) for key, number in counted.items()}
    assert counted.total() == catalog.value("select count(*) from cause_members") < len(rows)
    named = {row["finding_id"]: row["cause_id"] for row in rows}
    finding, cause = (language("fr").column(name) for name in ("finding_id", "cause_id"))
    text = (out / FRENCH / "findings.fr.csv").read_text("utf-8-sig")
    french = {row[finding]: row[cause] for row in csv.DictReader(io.StringIO(text))}
    assert any(french.values()) and french.items() <= named.items()
    # One finding of one publisher is single now.
    member = catalog.rows("select key, id, publisher_id from cause_findings where portal_id = 'c' order by id")[0]
    catalog.db.conn.execute("delete from cause_members where finding = ?", [member["key"]])
    catalog.db.conn.commit()
    before = bytes_of(out)
    begin_run(catalog)
    put_out(catalog, out)
    after = bytes_of(out)
    parts = {name.rpartition("/")[0] for name in changed(before, after) if name.endswith("findings.csv")}
    own = [name for name in parts if "/publishers/" in name]
    assert parts - {*own} == {"", "gamma"} and len(own) <= 1
    assert {row["finding_id"]: row["cause_id"] for row in read(out / "findings.csv")} == named | {member["id"]: ""}


def test_a_reply_to_a_cause_stands_at_its_findings_and_their_folders_are_written(catalog: Catalog, data: Path) -> None:
    out = data / "exports"
    begin_run(catalog, RUNS[1])
    find_causes(catalog, RUNS[1], [portal.id for portal in PORTALS], hold_days=0)
    put_out(catalog, out)
    before = bytes_of(out)
    (cause,) = catalog.rows(
        "select id, findings from causes where portal_id = 'c' and findings > 0 order by findings desc limit 1"
    )
    members = catalog.rows("select id from cause_findings where cause_id = ? order by id", [cause["id"]])
    own = members[0]["id"]
    said = [(str(cause["id"]), "will_fix_by", "2026-11-20"), (own, "acknowledged", None)]
    replies = [
        Reply(line=2, finding_id=key, reply=reply, promised_on=day, note=None, replied_by="A", replied_on="2026-11-19")
        for key, reply, day in said
    ]
    assert not import_replies(catalog, replies, "2026-11-19").problems
    promised = {
        row["finding_id"] for row in catalog.rows("select * from promised_fixes where promised_on = '2026-11-20'")
    }
    assert promised == {row["id"] for row in members[1:]} and promised
    begin_run(catalog)
    put_out(catalog, out)
    after = bytes_of(out)
    rows = read(out / "findings.csv")
    told = {row["finding_id"]: (row["answer"], row["promised_on"], row["is_overdue"]) for row in rows if row["answer"]}
    assert told == dict.fromkeys(promised, ("will_fix_by", "2026-11-20", "yes")) | {own: ("acknowledged", "", "")}
    (card,) = (
        row for row in read(out / "scorecard.csv") if row["entity_level"] == "portal" and row["entity_id"] == "c"
    )
    assert card["promises_overdue"] == str(len(promised))
    parts = {name.rpartition("/")[0] for name in changed(before, after) if name.endswith("findings.csv")}
    assert {one.partition("/")[0] for one in parts} == {"", "gamma"}
    concerned = {row["publisher_id"] for row in rows if row["answer"]}
    for path in sorted((out / "gamma").glob("publishers/*/findings.csv")):
        is_concerned = {row["publisher_id"] for row in read(path)} <= concerned
        assert is_concerned == (path.parent.relative_to(out).as_posix() in parts), path
    # So does the page of a dataset.
    (one,) = catalog.rows("select dataset_id from findings where id = ?", [members[1]["id"]])
    conn = sqlite3.connect(f"{(out.parent / 'catalog.db').as_uri()}?mode=ro", uri=True)
    conn.row_factory = sqlite3.Row
    visit, shown, number = Visit(conn, language("en"), SiteOptions()), [], 0
    while groups := findings_of(visit, one["dataset_id"], number := number + 1):
        alike = [one for group in groups for one in group["observations"]]
        shown += [one | finding for one in alike for finding in one["findings"]]
    conn.close()
    assert {row["id"] for row in shown if row["reply"] == "will_fix_by" and row["is_overdue"]} & promised
    # Schema 1 says the same.
    assert told == {
        row["id"]: (row["answer"], row["promised_on"] or "", row["is_overdue"] or "")
        for row in finding_rows(catalog, NEXT)
        if row["answer"]
    }


def test_a_changed_byte_in_a_folder_that_was_kept_is_detected(catalog: Catalog, data: Path) -> None:
    path = data / "exports" / FRENCH / "findings.csv"
    content = path.read_bytes()
    path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    put_out(catalog, data / "exports")
    seal(catalog, RUNS[0], data)
    assert any(f"{FRENCH}/findings.csv: was changed" in line for line in verify(data, []).bad)


@pytest.mark.parametrize("harm", ["missing", "shorter", "no state", "broken state"])
def test_a_folder_that_is_not_whole_is_written_again(harm: str, catalog: Catalog, data: Path) -> None:
    out = data / "exports"
    before = bytes_of(out)
    path = out / "gamma" / "findings.csv"
    match harm:
        case "missing":
            path.unlink()
        case "shorter":
            path.write_bytes(b"x")
        case "no state":
            (out / STATE).unlink()
        case _:
            (out / STATE).write_text('{"everything": 1, "folders": {"gamma": []}}')
    put_out(catalog, out)
    assert bytes_of(out) == before


def test_an_export_that_breaks_off_is_done_again(catalog: Catalog, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = data / "exports"
    before = bytes_of(out)
    with monkeypatch.context() as patched:
        patched.setattr("catalog.exports.tables._rules", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            put_out(catalog, out, contact="other@example.org")
    assert read_state(out).everything == ""
    put_out(catalog, out)
    assert bytes_of(out) == before


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Catalog]:
    """A smaller catalogue, exported and sealed: the workbooks of schema 1 take long to write."""
    with scored(tmp_path, runs=1, count=12) as catalog:
        put_out(catalog, tmp_path / "exports")
        seal(catalog, RUNS[0], tmp_path)
        yield catalog


def test_the_other_form_in_the_same_folder_leaves_nothing_behind(small: Catalog) -> None:
    catalog, data = small, small.path.parent
    out = data / "exports"
    before = bytes_of(out)
    put_out(catalog, out, schema=1)
    old = (out / "gamma" / "findings.csv").read_bytes()
    assert old.startswith(b"schema_version,") and (out / "gamma" / "findings.excel.csv").is_file()
    seal(catalog, RUNS[0], data)
    sent = data / "sent.csv"
    sent.write_bytes(old)
    (out / "gamma" / "notes.txt").write_text("of the operator")
    put_out(catalog, out)
    after = bytes_of(out)
    assert after.pop("gamma/notes.txt") == b"of the operator"
    # Publishers below the minimum got a folder in the old form and keep it; what names files of others names them too.
    differing = {name.rpartition("/")[2] for name in changed(before, after) if name in before}
    assert differing <= {"datapackage.json", "SHA256SUMS", STATE, "manifest.json"}
    assert not [name for name in after if name.endswith(".excel.csv")]
    seal(catalog, RUNS[0], data)
    found = verify(data, [sent])
    assert found.bad == [] and f"exports/gamma/findings.csv of run {RUNS[0]}" in found.good[-1]


def test_a_new_publisher_below_the_minimum_gets_no_folder_and_an_old_one_keeps_it(catalog: Catalog, data: Path) -> None:
    out = data / "exports"
    few = {
        row["publisher_id"]
        for row in catalog.rows("select publisher_id from datasets group by 1 having count(*) < 5")
        if row["publisher_id"]
    }
    shown = {row["entity_id"] for path in out.glob("*/publishers/*/scorecard.csv") for row in read(path)}
    assert len(few) > 20 and len(shown) > 10 and not few & shown
    # Their findings are in the file of their government.
    (delta,) = out.glob("delta/findings.csv")
    told = {row["publisher_id"] for row in read(delta)}
    assert told & few
    kept = next(iter(sorted(out.glob("gamma/publishers/*"))))
    (row,) = read(kept / "scorecard.csv")
    begin_run(catalog)
    ids = [r["id"] for r in catalog.rows("select id from datasets where publisher_id = ?", [row["entity_id"]])]
    catalog.db.conn.executemany("update datasets set status = 'retired' where id = ?", [[one] for one in ids[1:]])
    catalog.db.conn.commit()
    put_out(catalog, out)
    (row,) = read(kept / "scorecard.csv")
    assert row["datasets"] == "1" and json.loads((kept / "datapackage.json").read_text("utf-8"))["run"] == NEXT


def test_where_there_are_many_findings_the_data_package_names_every_file(
    catalog: Catalog, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {row["finding_id"] for row in read(data / "exports/findings.csv")}
    monkeypatch.setattr("catalog.exports.job.FINDINGS_MAX", 100)
    out = tmp_path / "out"
    export_all(catalog, RUNS[0], out, ExportOptions())
    assert not (out / "findings.csv").exists() and (out / "gamma" / "findings-others.csv").is_file()
    for folder in (out, out / "gamma"):
        package = json.loads((folder / "datapackage.json").read_text("utf-8"))
        paths = [one["path"] for one in package["resources"] if one["name"].startswith("findings")]
        found = [row["finding_id"] for path in paths for row in read(folder / path)]
        # Each finding stands in one file.
        assert len(paths) > 4 and len(found) == len(set(found))
        assert set(found) == whole or folder != out
        report = frictionless.Package(str(folder / "datapackage.json")).validate()
        assert report.valid, report.flatten(["fieldName", "note"])[:5]
    assert 'href="datapackage.json"' in (out / "gamma" / "report.html").read_text("utf-8")


def test_a_cell_of_a_line_is_the_one_that_the_writer_of_csvs_gives() -> None:
    field = next(one for one in SENT["findings"].column if one.name == "observed")
    texts = (*CORPUS, "x" * 40_000, "a\u2028b", "é\ud800", " spaced", 'a "b", c', "a\r\nb", ",", '"')
    for text in texts:
        written = io.StringIO()
        csv.writer(written, lineterminator="").writerow([*cells_of({"observed": text}, [field]), "x"])
        assert f"{line_cell(text)},x" == written.getvalue(), text
