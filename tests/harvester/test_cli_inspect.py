"""The command that looks into files, on real files and a real server."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from harvester.cli.main import cli
from tests.harvester.portal_server import PortalServer, Response

KEYS = ["file", "sheet", "member", "table", "status", "format", "encoding", "delimiter", "header_row", "header_rows"]
KEYS += ["row_count", "columns", "note", "defects"]
GOOD = "Station;Depth;Seen\n" + "".join(f"S{n};{n / 2};2024-03-{n:02}\n" for n in range(1, 29))
BAD = GOOD.replace("S7;3.5;", "S7;3.5 or more?;")


def winnow(*words: object) -> Result:
    return CliRunner().invoke(cli, ["inspect", *map(str, words)])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspect")
    (folder / "good.csv").write_text(GOOD, encoding="utf-8")
    (folder / "bad.csv").write_text(BAD, encoding="utf-8")
    book = Workbook()
    for name in ("One", "Two"):
        sheet = book.active if name == "One" else book.create_sheet(name)
        sheet.title = name
        for n in range(12):
            sheet.append(["Name", "Size"] if n == 0 else [f"{name} {n}", n * 3])
    book.save(folder / "book.xlsx")
    return folder


def test_one_object_for_each_file_and_sheet_in_the_order_asked(folder: Path) -> None:
    asked = [folder / "bad.csv", folder / "book.xlsx", folder / "good.csv"]
    found = lines(winnow("--json", *asked))
    assert [(Path(one["file"]).name, one["sheet"]) for one in found] == [
        ("bad.csv", None),
        ("book.xlsx", "One"),
        ("book.xlsx", "Two"),
        ("good.csv", None),
    ]
    assert all(list(one) == KEYS for one in found)
    (defect,) = found[0]["defects"]
    assert list(defect) == ["rule", "severity", "field", "count", "rows", "message"]
    assert (defect["rule"], defect["field"], defect["rows"]) == ("type_error", "Depth", [8])
    assert found[3]["defects"] == [] and found[3]["delimiter"] == ";" and found[3]["header_row"] == 1
    assert found[2]["row_count"] == 11 and found[2]["columns"] == ["Name", "Size"]


def test_strict_tells_by_its_exit_code(folder: Path) -> None:
    assert winnow("--strict", "--json", folder / "good.csv").exit_code == 0
    assert winnow("--strict", "--json", folder / "bad.csv", folder / "nowhere.csv").exit_code == 4
    result = winnow("--strict", "--json", folder / "nowhere.csv")
    assert result.exit_code == 3 and lines(result)[0]["status"] == "unknown"
    assert winnow("--json", folder / "bad.csv").exit_code == 0


def test_values_are_shown_only_where_they_are_asked_for(folder: Path) -> None:
    plain, shown = winnow(folder / "bad.csv"), winnow("--show-values", folder / "bad.csv")
    assert "type_error" in plain.stdout and "lines 8" in plain.stdout and "or more?" not in plain.stdout
    assert "or more?" in shown.stdout
    assert "or more?" not in winnow("--json", "--show-values", folder / "bad.csv").stdout


def test_addresses_are_asked_under_the_guard() -> None:
    with PortalServer({"/d/good.csv": Response(200, "text/csv", GOOD.encode())}) as server:
        address = f"{server.url}/d/good.csv"
        refused = lines(winnow("--json", address))
        assert refused[0]["status"] == "unknown" and refused[0]["note"]
        found = lines(winnow("--json", "--allow-local", address))
        missing = lines(winnow("--json", "--allow-local", f"{server.url}/d/none.csv"))
    assert (found[0]["file"], found[0]["status"], found[0]["row_count"]) == (address, "valid", 28)
    assert missing[0]["status"] == "unknown" and "404" in missing[0]["note"]


def test_members_tables_and_sheets_have_objects_of_their_own(folder: Path, tmp_path: Path) -> None:
    records = [{"berth": n, "depth": n * 1.5, "seen": f"2024-03-{n:02}"} for n in range(1, 29)]
    (tmp_path / "port.json").write_text(json.dumps({"data": records}), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "port.zip", "w") as archive:
        archive.writestr("a/good.csv", GOOD)
        archive.write(folder / "book.xlsx", "book.xlsx")
        archive.writestr("readme.pdf", b"%PDF-1.4")
        archive.writestr("bad.csv", BAD)
    found = lines(winnow("--json", tmp_path / "port.zip", tmp_path / "port.json"))
    assert [(one["member"], one["sheet"], one["table"], one["format"], one["status"]) for one in found] == [
        ("a/good.csv", None, None, "CSV", "valid"),
        ("book.xlsx", "One", None, "XLSX", "valid"),
        ("book.xlsx", "Two", None, "XLSX", "valid"),
        ("bad.csv", None, None, "CSV", "invalid"),
        (None, None, "data", "JSON", "valid"),
    ]
    assert all(list(one) == KEYS for one in found) and all(one["columns"] for one in found)
    (defect,) = found[3]["defects"]
    assert (defect["rule"], defect["field"], defect["rows"]) == ("type_error", "Depth", [8])
    assert found[4]["header_row"] is None and "numbers of records" in found[4]["note"]


def test_lines_are_those_of_the_file_and_a_nameless_column_has_a_number(tmp_path: Path) -> None:
    rows = "".join(f"S{n},{n / 2},{n}\n" for n in range(1, 20))
    text = 'Name,,Count\n"two\nlines",0.5,7\n' + rows.replace("S7,3.5,7", "S7,3.5 or more?,7")
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    (one,) = lines(winnow("--json", tmp_path / "x.csv"))
    assert one["columns"] == ["Name", "column 2", "Count"] and one["header_row"] == 1 and one["header_rows"] == 1
    by_rule = {defect["rule"]: defect for defect in one["defects"]}
    assert by_rule["type_error"]["field"] == "column 2" and by_rule["type_error"]["rows"] == [10]
    assert by_rule["blank_column_name"]["rows"] == [1]


def test_the_ending_is_the_promise_unless_another_is_named(tmp_path: Path) -> None:
    page = "<!DOCTYPE html><html><body>" + "<p>moved</p>" * 50 + "</body></html>"
    for name in ("x.csv", "x.html"):
        (tmp_path / name).write_text(page, encoding="utf-8")
    statuses = [one["status"] for one in lines(winnow("--json", tmp_path / "x.csv", tmp_path / "x.html"))]
    assert statuses == ["wrong_content", "not_a_table"]
    assert lines(winnow("--json", "--format", "HTML", tmp_path / "x.csv"))[0]["status"] == "not_a_table"
    assert winnow("--strict", tmp_path / "x.csv").exit_code == 4


def test_strict_tells_of_a_part_that_could_not_be_looked_into(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("good.csv", GOOD)
        archive.writestr("cut.parquet", b"PAR1 and no more")
    found = winnow("--strict", "--json", tmp_path / "x.zip")
    assert found.exit_code == 3
    assert [(one["member"], one["status"]) for one in lines(found)] == [
        ("good.csv", "valid"), ("cut.parquet", "unknown"),
    ]  # fmt: skip
