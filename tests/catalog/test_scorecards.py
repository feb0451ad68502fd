"""What is sent: valid by its own schemas, safe in a spreadsheet, the same twice, and true to the catalogue."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import frictionless
import pytest
from openpyxl import load_workbook

from catalog.db.store import Catalog, open_catalog
from catalog.exports.columns import COMMITMENTS, FINDINGS, SCORECARD
from catalog.exports.csvfile import CsvFile, guard, unguard
from catalog.exports.figures import queries
from catalog.exports.folders import KEYS, PUBLISHERS_MAX, SENT_1, folder_name
from catalog.exports.peers import add_peers
from catalog.exports.workbook import ROWS_MAX
from catalog.site.serve import publish
from quality.tables.declared.csvw import read_csvw
from specs.languages import language
from tests.catalog.carding import EVIL, PORTALS, RUNS, put_out, scored

pytestmark = pytest.mark.xdist_group("cards")  # see conftest.py
FRENCH = folder_name(str(PORTALS[0].government))


@pytest.fixture(scope="module")
def old(sent: tuple[Catalog, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run in the form of schema 1."""
    folder = tmp_path_factory.mktemp("old")
    put_out(sent[0], folder, contact="desk@example.org", schema=1)
    return folder


def read(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def folders(out: Path) -> list[Path]:
    """Return three export folders: the one of everything, of a government, and of one of its publishers."""
    publisher = min((out / FRENCH / "publishers").iterdir())
    return [out, out / FRENCH, out / folder_name(EVIL), publisher]


def test_every_folder_is_whole_and_a_data_package(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    for folder in folders(out):
        names = {path.name for path in folder.iterdir()}
        is_publisher = folder.parent.name == "publishers"
        stems = ["scorecard", "findings", "rules", *([] if is_publisher else ["commitments", "queries"])]
        assert {f"{stem}.csv" for stem in stems} <= names
        # One CSV a kind and language; what describes the columns is in the folder of everything.
        assert not [name for name in names if name.endswith(".excel.csv")]
        for stem in KEYS:
            assert (f"{stem}.schema.json" in names, f"{stem}.csv-metadata.json" in names) == ((folder == out),) * 2
            # Only the first government has an address in its portal's file.
            has_book = folder.name == FRENCH and stem not in ("queries", "rules")
            assert (f"{stem}.xlsx" in names) == has_book
        report = frictionless.Package(str(folder / "datapackage.json")).validate()
        assert report.valid, report.flatten(["fieldName", "note"])[:5]
        package = json.loads((folder / "datapackage.json").read_text())
        assert {one["name"] for one in package["resources"]} >= set(stems) and package["version"] == "2.0"
        assert package["run"] == RUNS[1] and {one["run"] for one in package["resources"]} == {RUNS[1]}


def test_every_folder_of_schema_1_is_whole_and_has_the_columns_it_had(old: Path) -> None:
    head = ["schema_version", "methodology_version", "run_id", "run_date"]
    for folder in folders(old):
        names = {path.name for path in folder.iterdir()}
        for stem, file in SENT_1.items():
            wanted = {f"{stem}.csv", f"{stem}.schema.json", f"{stem}.csv-metadata.json", f"{stem}.excel.csv"}
            assert wanted <= names
            assert (f"{stem}.xlsx" in names) == (stem != "queries")
            header = (folder / f"{stem}.csv").read_text("utf-8").splitlines()[0].split(",")
            assert (header[:4] == head) == (stem != "queries") and header == [one.name for one in file.column]
        report = frictionless.Package(str(folder / "datapackage.json")).validate()
        assert report.valid, report.flatten(["fieldName", "note"])[:5]
        package = json.loads((folder / "datapackage.json").read_text())
        assert [one["name"] for one in package["resources"]] == list(SENT_1)
    rows = read(old / "findings.csv")
    assert {row["run_id"] for row in rows} == {RUNS[1]} and {row["schema_version"] for row in rows} == {"1.1"}
    assert {row["state"] for row in rows} >= {"new", "open"}
    assert (old / "catalog.nt").is_file() and not (old / "folders.json").exists()


def test_both_forms_name_the_same_findings(sent: tuple[Catalog, Path], old: Path) -> None:
    _, out = sent
    new_rows = {row["finding_id"]: row for row in read(out / "findings.csv")}
    old_rows = {row["finding_id"]: row for row in read(old / "findings.csv")}
    assert new_rows.keys() == old_rows.keys() and len(new_rows) > 500
    rules = {row["rule_id"]: row for row in read(out / "rules.csv")}
    for key, row in new_rows.items():
        was = old_rows[key]
        assert row["state"] == {"new": "open"}.get(was["state"], was["state"])
        shared = row.keys() & was.keys() - {"state", "how_to_fix"}
        assert (row["how_to_fix"] or rules[row["rule_id"]]["how_to_fix"]) == was["how_to_fix"]
        assert {name: row[name] for name in shared} == {name: was[name] for name in shared}
        assert row["first_seen_run"][:8] == was["first_seen"].replace("-", "")
        assert rules[row["rule_id"]]["rule_title"] == was["rule_title"]
    assert (out / "findings.csv").stat().st_size < 0.6 * (old / "findings.csv").stat().st_size


def test_the_hashes_hold_and_tell_a_change(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    for folder in folders(out):
        lines = (folder / "SHA256SUMS").read_text().splitlines()
        assert {line[66:] for line in lines} == {
            path.relative_to(folder).as_posix()
            for path in (*folder.iterdir(), *folder.glob("rdf/**/*"))
            if path.is_file() and path.name not in ("SHA256SUMS", "folders.json", "parts.json")
        }
        for line in lines:
            assert hashlib.sha256((folder / line[66:]).read_bytes()).hexdigest() == line[:64]


def _as_csvw(cell: str, datatype: Any) -> None:
    """Raise ValueError where a cell is not of its datatype (https://www.w3.org/TR/tabular-data-model/)."""
    match datatype:
        case "integer":
            int(cell)
        case "decimal":
            assert Decimal(cell).is_finite() and "E" not in cell.upper()
        case "date":
            date.fromisoformat(cell)
        case {"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ssX"}:
            datetime.strptime(cell, "%Y-%m-%dT%H:%M:%S%z")
        case "string":
            pass
        case _:
            raise AssertionError(f"unknown datatype {datatype}")


def test_files_keep_to_their_csvw_metadata(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    cells = 0
    for folder in folders(out):
        for described in sorted(folder.glob("*.csv-metadata.json")):
            about = json.loads(described.read_text())
            assert about["@context"][0] == "http://www.w3.org/ns/csvw"
            path = folder / about["url"]
            assert path.read_bytes()[:3] != b"\xef\xbb\xbf"
            columns = about["tableSchema"]["columns"]
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
            assert rows[0] == [column["titles"] for column in columns]
            keys = [rows[0].index(name) for name in about["tableSchema"]["primaryKey"]]
            assert len({tuple(row[at] for at in keys) for row in rows[1:]}) == len(rows) - 1
            for row in rows[1:]:
                for cell, column in zip(row, columns, strict=True):
                    assert cell or not column["required"]
                    if cell:
                        _as_csvw(cell, column["datatype"])
                        cells += 1
    assert cells > 10_000


def test_the_csvw_reader_of_tables_understands_them(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    for stem, fields in (("scorecard", SCORECARD), ("findings", FINDINGS), ("commitments", COMMITMENTS)):
        about = json.loads((out / f"{stem}.csv-metadata.json").read_text())
        found = read_csvw(about, f"{stem}.csv")
        assert found is not None and found.problem is None
        assert len(found.fields) == len([one for one in fields if not one.for_people])
        assert list(found.primary_key) == KEYS[stem]
        assert found.licence == "https://creativecommons.org/licenses/by/4.0/"


def test_two_exports_are_the_same_to_the_byte(sent: tuple[Catalog, Path], tmp_path: Path) -> None:
    catalog, out = sent
    put_out(catalog, tmp_path / "again", contact="desk@example.org")
    first = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    second = {
        path.relative_to(tmp_path / "again"): path.read_bytes()
        for path in (tmp_path / "again").rglob("*")
        if path.is_file()
    }
    assert first.keys() == second.keys() and len(first) > 60
    assert [str(name) for name in first if first[name] != second[name]] == []


CORPUS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "  =1", "＝1", "＋1", "－1", "＠x",
    '=HYPERLINK("http://evil.example")', "=cmd|' /C calc'!A0", "'=1", "''", "'", "", "plain", "é=1", ";=1", '"=1"',
    "-5 °C", "=1,=2", "x\n=1", "@", "+", "= ", " '=1",
)  # fmt: skip


@pytest.mark.parametrize("text", CORPUS)
def test_formulas_are_guarded_and_come_back(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠"))


def test_hostile_titles_are_text_in_every_twin(tmp_path: Path) -> None:
    # A smaller catalogue than that of the other tests: a workbook takes long to write.
    with scored(tmp_path, runs=1, count=12) as catalog:
        put_out(catalog, tmp_path / "out", has_books=True)
    folder = tmp_path / "out" / folder_name(EVIL)
    row = read(folder / "scorecard.csv")[0]
    assert row["entity_name"] == f"'{EVIL}" and unguard(row["entity_name"]) == EVIL
    book = load_workbook(folder / "findings.xlsx")
    sheet = book["findings"]
    assert sheet.freeze_panes == "A2" and sheet.column_dimensions["A"].width
    kinds = {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None}
    assert kinds == {"s", "n"} or kinds == {"inlineStr", "n"}
    assert not any(cell.hyperlink for line in sheet.iter_rows() for cell in line)
    titles = {line[[c.value for c in sheet[1]].index("Dataset")].value for line in sheet.iter_rows(min_row=2)}
    assert f"'{EVIL}" in titles
    assert all((one / "scorecard.xlsx").is_file() for one in folders(tmp_path / "out"))
    with_cells = read(folder / "findings.csv")
    assert sheet.max_row == len(with_cells) + 1


def test_libreoffice_opens_the_workbook_with_accents_and_without_formulas(
    sent: tuple[Catalog, Path], tmp_path: Path
) -> None:
    _, out = sent
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: openpyxl reads the workbooks in the test above")
    shutil.copy(out / FRENCH / "scorecard.xlsx", tmp_path / "card.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [program, profile, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), "card.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120, capture_output=True)
    text = (tmp_path / "card.fods").read_text("utf-8")
    assert "République" in text and "table:formula" not in text


def test_a_long_table_is_cut_in_the_workbook_alone_and_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.exports.workbook.ROWS_MAX", 30)
    monkeypatch.setattr("catalog.exports.workbook._HELD", 10)
    fields = SCORECARD[:7]
    with CsvFile(tmp_path / "x.csv", fields, ["entity_id"], is_sent=True) as file:
        for number in range(50):
            file.write({"entity_id": f"é{number}"})
    assert len(read(tmp_path / "x.csv")) == 50
    book = load_workbook(tmp_path / "x.xlsx")
    assert book["x"].max_row == 31 and book["x"].cell(31, 7).value == "é29"
    assert "first 30 of 50" in book["About"]["A1"].value
    assert ROWS_MAX < 1_048_576


def test_a_broken_export_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), CsvFile(path, SCORECARD[:7], ["entity_id"], is_sent=True) as file:
        file.write({"entity_id": "a"})
        raise RuntimeError
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"] and path.read_text() == "old"


def test_every_percentage_is_one_query_against_the_public_catalogue(sent: tuple[Catalog, Path], tmp_path: Path) -> None:
    catalog, out = sent
    catalog.db.conn.execute("pragma wal_checkpoint(truncate)")
    publish(catalog.path, tmp_path / "catalog.db")
    rows = read(out / "scorecard.csv")
    handed = read(out / "queries.csv")
    percentages = {field.name for field in SCORECARD if field.name.endswith("_pct")}
    assert {(one["entity_level"], one["figure"]) for one in handed} == {
        (level, name) for level in ("government", "portal", "publisher") for name in percentages
    }
    asked = 0
    with closing(sqlite3.connect(tmp_path / "catalog.db")) as public:
        for row in rows:
            for one in handed:
                if one["entity_level"] != row["entity_level"]:
                    continue
                entity = unguard(row["entity_id"])
                value = public.execute(unguard(one["sql"]), {"entity": entity}).fetchone()[0]
                shown = row[one["figure"]]
                assert (value is None) == (shown == ""), (row["entity_id"], one["figure"])
                if value is not None:
                    assert float(shown) == pytest.approx(value, abs=0.005)
                    asked += 1
    assert asked > 500
    assert len(list(queries())) == len(handed)


def test_readable_twins_are_in_the_language_of_the_portal(sent: tuple[Catalog, Path]) -> None:
    _, out = sent
    words = language("fr")
    plain, french = read(out / FRENCH / "findings.csv"), read(out / FRENCH / "findings.fr.csv", "utf-8-sig")
    assert len(plain) == len(french) > 50
    assert list(french[0]) == [words.column(field.name) for field in FINDINGS]
    assert {row["Gravité"] for row in french} <= set(words.values["severity"].values())
    link = next(at for at, row in enumerate(plain) if row["rule_id"] == "link_ok")
    assert french[link]["Que faire"] == words.metrics["link_ok"]
    assert not list((out / "gamma").glob("*.fr.csv"))


def test_headers_of_twins_are_all_different() -> None:
    for code in ("en", "es", "fr", "pt"):
        for fields in (SCORECARD, FINDINGS, COMMITMENTS):
            labels = [language(code).column(field.name) for field in fields]
            assert len(set(labels)) == len(labels), code


def test_commitments_are_told_to_their_government_and_to_publishers_of_their_datasets(
    sent: tuple[Catalog, Path],
) -> None:
    catalog, out = sent
    rows = read(out / FRENCH / "commitments.csv")
    assert [row["indicator_id"] for row in rows] == ["_overall", "books"]
    row = rows[1]
    assert (row["value"], row["value_prev"]) == ("3", "2")
    assert row["flags"] == "example;low_coverage;scope_shrunk" and row["evidence_url"].startswith("/catalog?sql=select")
    assert read(out / "gamma" / "commitments.csv") == []
    card = next(one for one in read(out / FRENCH / "scorecard.csv") if one["entity_level"] == "government")
    assert (card["commitments"], card["at_risk"], card["missed"]) == ("1", "1", "0")
    failing = catalog.value("select dataset_id from commitment_members where passes = 0")
    for finding in read(out / FRENCH / "findings.csv"):
        assert finding["commitment_ids"] == ("ogp/CH1" if finding["dataset_id"] == failing else "")
    publisher = catalog.value("select publisher_id from datasets where id = ?", [failing])
    if publisher:
        folder = next(
            p for p in (out / FRENCH / "publishers").iterdir() if publisher in (p / "scorecard.csv").read_text()
        )
        assert len(read(folder / "commitments.csv")) == 2


def test_publishers_get_what_is_theirs_and_keep_their_folder(sent: tuple[Catalog, Path]) -> None:
    catalog, out = sent
    everything = read(out / FRENCH / "findings.csv")
    seen = 0
    for folder in (out / FRENCH / "publishers").iterdir():
        (card,) = read(folder / "scorecard.csv")
        own = read(folder / "findings.csv")
        assert card["entity_level"] == "publisher"
        assert [row["finding_id"] for row in own] and {row["publisher_id"] for row in own} == {card["entity_id"]}
        assert {row["finding_id"] for row in own} == {
            row["finding_id"] for row in everything if row["publisher_id"] == card["entity_id"]
        }
        seen += 1
    assert 5 < seen <= PUBLISHERS_MAX


def test_peers_are_ranked_only_where_enough_was_measured() -> None:
    def row(level: str, score: float | None, coverage: float, country: str | None, kind: str) -> dict[str, Any]:
        about = {"entity_level": level, "score": score, "coverage_pct": coverage}
        return about | {"country_iso3": country, "portal_type": kind}

    rows = [
        row("portal", 50.0, 90.0, "CHE", "ckan"),
        row("portal", 70.0, 80.0, "CHE", "ckan"),
        row("portal", 70.0, 99.0, "CHE", "dcat-us"),
        row("portal", 99.0, 79.9, "CHE", "ckan"),
        row("portal", 60.0, 90.0, "USA", "ckan"),
        row("portal", None, 90.0, "USA", "ckan"),
        row("publisher", 60.0, 90.0, "CHE", "ckan"),
    ]
    add_peers(rows)
    assert [one.get("rank") for one in rows] == [3, 1, 1, None, 2, None, None]
    assert [one.get("peer_count") for one in rows] == [3, 3, 3, 3, 3, 3, None]
    assert rows[0]["peer_group"] == "portal/country/CHE" and rows[4]["peer_group"] == "portal/portal-type/ckan"
    assert "peer_group" not in rows[6]


def test_without_commitments_there_are_headers_alone(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        catalog.begin_run("test", PORTALS[2:3], version="0", methodology="2.0.0", run_id=RUNS[0])
        catalog.set_run(RUNS[0], status="complete")
        put_out(catalog, tmp_path / "out")
    text = (tmp_path / "out" / "gamma" / "commitments.csv").read_text()
    assert text.startswith("commitment_id,") and text.count("\n") == 1
    assert re.search(r"no score", (tmp_path / "out" / "gamma" / "report.html").read_text())
