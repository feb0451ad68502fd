"""No cell of a table gets into the catalogue, its files, the site's tables, the log or a mail: shapes do."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from portal_server import PortalServer, Response, as_json, spec

from catalog.db.store import open_catalog
from harvester.cli.logs import log_to
from harvester.night.stages import nightly
from quality.tables.read.header_cells import names_are_cells
from quality.tables.scan.masking import coarse, shape

WORD, NUMBER, DAY, MAIL = "qzxv", "73518", "1947-08-1", "vqzx"
"""How the cells begin that must not be found again: words, numbers, days and mailboxes."""
ROWS = 60


def word(n: int) -> str:
    return f"Qzxv{n % 17:02}ab"


def csv(*columns: str, rows: int = ROWS, seed: int = 0) -> str:
    """Return a table with columns of words, numbers, dates and mailboxes, and some faults in them."""
    rng = random.Random(seed)
    made = {
        "kind": lambda n: word(n % 4),
        "name": word,
        "amount": lambda n: (
            f"({WORD}ola)" if n == 37 else f"{NUMBER}{rng.randint(10, 99)}.{rng.randint(10, 99)}" if n % 19 else word(n)
        ),
        "day": lambda n: f"{DAY}{n % 10}" if n % 23 else "1947-08-71",
        "mail": lambda n: f"{MAIL}{n}@{WORD}.example",
        "mixed": lambda n: f"{DAY}{n % 10}" if n % 2 else f"1{n % 10}/08/1947 ",
        "sum": lambda n: f"{NUMBER},{n:02} €" if n % 3 else f"{NUMBER}.{n:02}",
    }
    lines = [",".join(columns)] if columns[0] != "-" else []
    lines += [",".join(f'"{made[name](n)}"' for name in columns if name != "-") for n in range(rows)]
    return "\n".join(lines) + "\n"


def workbook() -> bytes:
    book = openpyxl.Workbook()
    first, second = book.active, book.create_sheet("Beside")
    first.append(["name", "amount", "kind"])
    for n in range(ROWS):
        first.append([word(n), f"{NUMBER}{n}", "#REF!" if n == 7 else word(n % 3)])
        second.append([f"{word(n)}", f"{NUMBER}{n}.5", f"{DAY}{n % 10}"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(name: str, body: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, body)
    return out.getvalue()


COLUMNS = ("name", "kind", "amount", "day", "mail", "mixed", "sum")
CONTRACTS = "supplier,buyer,value,award date,currency\n" + "".join(
    f"{word(n)},{word(n + 1)},-{NUMBER}{n},20{n % 70 + 20}-01-01,{word(3)}\n" for n in range(ROWS)
)
ROW = {"name": word(1), "amount": NUMBER, "kind": word(2)}
FILES: dict[str, tuple[str, bytes]] = {
    "plain.csv": ("text/csv", csv(*COLUMNS).encode()),
    "headless.csv": ("text/csv", csv("-", *COLUMNS).encode()),
    "words.csv": ("text/csv", csv("-", "name", "kind").encode()),
    "ragged.csv": ("text/csv", (csv("name", "kind") + f"{word(1)},{word(2)},{word(3)}\n\"{word(4)}\n").encode()),
    "stacked.csv": ("text/csv", f"{csv('name', 'amount')}\n\n{csv('kind', 'sum', 'day')}\n{word(4)}\n".encode()),
    "latin.csv": ("text/csv", csv("name", "kind").replace("ab", "é").encode("latin-1")),
    "contracts.csv": ("text/csv", CONTRACTS.encode()),
    "declared.csv": ("text/csv", csv(*COLUMNS).encode()),
    "book.xlsx": ("application/octet-stream", workbook()),
    "broken.xlsx": ("application/octet-stream", workbook()[:3000]),
    "odd.xlsx": ("application/octet-stream", zipped("xl/workbook.xml", f"<{word(1)} a='{word(2)}'>")),
    "in.zip": ("application/zip", zipped("t.csv", csv("name", "amount"))),
    "in.csv.gz": ("application/gzip", gzip.compress(csv("name", "day").encode())),
    "broken.json": ("application/json", f'[{{"a": "{word(1)}", "b": {word(2)}}}]'.encode()),
    "lines.jsonl": ("application/json", "\n".join(json.dumps(ROW) for _ in range(9)).encode() + word(5).encode()),
    "rows.json": ("application/json", json.dumps([ROW | {"amount": word(3)}] + [ROW] * 30).encode()),
    "by-key.json": ("application/json", json.dumps({word(n): ROW | {"name": word(n)} for n in range(17)}).encode()),
    "places.geojson": ("application/geo+json", json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "geometry": None, "properties": ROW}] * 30}).encode()),
    "broken.xml": ("text/xml", f"<?xml version='1.0'?><a><{word(1)} {word(2)}='{word(3)}'>&{word(4)};</b>".encode()),
    "page.csv": ("text/html", f"<!doctype html><html><title>{word(1)}</title><p>{word(2)}</p></html>".encode()),
    "error.json": ("application/json", json.dumps({"error": word(1)}).encode()),
}  # fmt: skip
SCHEMA = {
    "fields": [
        {"name": "name", "type": "string", "constraints": {"unique": True, "maxLength": 3}},
        {"name": "kind", "type": "integer"},
        {"name": "amount", "type": "number", "constraints": {"maximum": 5}},
        {"name": "day", "type": "date"},
        {"name": "mail", "type": "boolean"},
    ],
    "primaryKey": "kind",
}
SECOND = {"plain.csv": ("text/csv", csv("name", "kind", "day", rows=25, seed=1).encode())}


def feed(url: str) -> dict[str, Any]:
    def distribution(name: str) -> dict[str, Any]:
        told = {"downloadURL": f"{url}/{name}", "format": name.rpartition(".")[2].upper().replace("GZ", "CSV")}
        return told | ({"describedBy": f"{url}/schema.json"} if name == "declared.csv" else {})

    return {
        "dataset": [
            {"identifier": name, "title": f"Table {n}", "distribution": [distribution(name)]}
            for n, name in enumerate(FILES)
        ]
    }


def told(folder: Path) -> list[tuple[str, str]]:
    """All that is kept, as text, with its place: files, what is packed in them, and each row of the catalogue.

    Without ``files``: there lie the downloads themselves, until they are looked into again.
    """
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.is_relative_to(folder / "files"):
            continue
        body = path.read_bytes()
        found.append((str(path), body.decode("latin-1")))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found += [(f"{path}/{name}", archive.read(name).decode("latin-1")) for name in archive.namelist()]
        elif path.suffix == ".gz":
            found.append((str(path), gzip.decompress(body).decode("latin-1")))
    with open_catalog(folder / "catalog.db") as catalog:
        for row in catalog.rows("select name from sqlite_master where type in ('table', 'view')"):
            found += [(row["name"], str(one)) for one in catalog.rows(f"select * from [{row['name']}]")]  # noqa: S608
        for row in catalog.rows("select unpacked(report) as report, unpacked(profile) as profile from table_reports"):
            found.append(("table_reports", str(row)))
    return found


def test_no_cell_is_kept_anywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    routes: dict[str, Any] = {f"/{name}": Response(200, kind, body) for name, (kind, body) in FILES.items()}
    with PortalServer(routes) as server:
        server.routes["/data.json"] = as_json(feed(server.url))
        server.routes["/schema.json"] = as_json(SCHEMA)
        log_to(tmp_path)
        portal = spec("p", "dcat-us", f"{server.url}/data.json", schedule={"full_every": 1})
        for _ in range(2):
            nightly(tmp_path, [portal], is_full=True)
            server.routes |= {f"/{name}": Response(200, kind, body) for name, (kind, body) in SECOND.items()}
    with open_catalog(tmp_path / "catalog.db") as catalog:
        reports = {row["url"].rpartition("/")[2]: row for row in catalog.rows(
            "select d.download_url as url, t.* from table_reports t join distributions d on d.id = t.distribution_id"
        )}  # fmt: skip
    # They were looked into, and faults were found.
    assert reports.keys() >= set(FILES) - {"schema.json"}, reports.keys()
    rules = {one["rule"] for row in reports.values() for one in json.loads(row["defects"] or "[]")}
    assert rules >= {"type_error", "impossible_date", "schema_type_error", "invalid_json", "drift_rows_lost"}, rules
    assert json.loads(reports["headless.csv"]["columns"])[:2] == ["column 1", "column 2"]
    captured = capfd.readouterr()
    found = []
    for place, text in [*told(tmp_path), ("stdout", captured.out), ("stderr", captured.err)]:
        at = re.search("|".join(map(re.escape, (WORD, NUMBER, DAY, MAIL))), text, re.IGNORECASE)
        if at is not None:
            found.append((place, text[max(0, at.start() - 150) : at.start() + 40]))
    assert not found, found[:5]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2024-03", "9999-99"), ("abc", "aaa"), ("Ünal 7", "aaaa 9"), ("-12,5 €", "-99,9 ·"), ("", ""),
        ("٣", "9"), ("x" * 30, "a" * 20 + "…"),
    ],
)  # fmt: skip
def test_the_shape_of_a_value(value: str, shown: str) -> None:
    assert shape(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(7351846.37, 7350000.0), (2024, 2024), (0.012345, 0.0123), (0, 0)])
def test_a_range_is_told_to_three_digits(value: float, shown: float) -> None:
    assert coarse(value) == shown


@pytest.mark.parametrize(
    ("header", "rows", "are_cells"),
    [
        (["Ann Orr", "ann@orr.example"], [["Bo Day", "bo@day.example"]], True),
        (["K-0417", "Leeds"], [[f"K-{n:04}", "Hull"] for n in range(9)], True),
        (["12.5", "2024-03-01"], [[f"{n}.5", f"2024-03-1{n}"] for n in range(9)], True),
        (["name", "amount"], [[f"name {n}", str(n)] for n in range(9)], False),
        (["Station", "2019", "2020"], [[f"Station {n}", str(n), str(n * 7)] for n in range(9)], False),
        (["code", "label"], [[f"AB{n:02}", f"Label {n}"] for n in range(9)], False),
    ],
)
def test_whether_names_are_cells(header: list[str], rows: list[list[str]], are_cells: bool) -> None:
    assert names_are_cells(header, rows) is are_cells
