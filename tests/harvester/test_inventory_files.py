"""Inventories as files: the template, spreadsheets, old encodings, and what is no inventory."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from portal_server import PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.cli.main import cli
from harvester.spiders.inventory.spider import template


def served(catalog: Catalog, body: bytes, name: str = "list.csv", kind: str = "text/csv") -> dict[str, Any]:
    with PortalServer({f"/{name}": Response(200, kind, body)}) as server:
        harvest(catalog, spec("p", "inventory", f"{server.url}/{name}"))
    return harvested(catalog, "p")


def test_the_template_can_be_printed_and_harvested_as_it_is(catalog: Catalog, tmp_path: Path) -> None:
    printed = CliRunner().invoke(cli, ["--data", str(tmp_path), "portals", "template"]).output
    assert printed == template()
    row = served(catalog, printed.encode())
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 2, 0)
    trees = next(datasets(catalog, "p")).dataset, list(datasets(catalog, "p"))[-1].dataset
    both = {one.identifier: one for one in trees}
    assert len(both["trees"].distributions) == 2 and both["budget"].licence and both["budget"].contact


def test_spreadsheet_with_dates_and_numbers_as_cells(catalog: Catalog) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Inventory of Larkholm"])
    sheet.append(["ID", "Title", "Updated", "Size", "URL", "Lizenz"])
    sheet.append([7, "Trees", dt.date(2026, 1, 2), 1024.0, "http://x.example/t.csv", "CC0"])
    file = io.BytesIO()
    book.save(file)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    row = served(catalog, file.getvalue(), "list.xlsx", kind)
    assert row["verdict"] == "complete", row["reasons"]
    one = next(datasets(catalog, "p")).dataset
    assert (one.identifier, one.modified, one.licence) == ("7", "2026-01-02", "CC0")
    assert one.distributions[0].byte_size == "1024"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"a,b\n1,2\n", "no column"),
        (b"", "empty"),
        (b"PK\x03\x04garbage", "cannot be read"),
        (b"\x00\x01" * 50, "column"),
    ],
)
def test_what_is_no_inventory_is_said(body: bytes, word: str, catalog: Catalog) -> None:
    row = served(catalog, body)
    assert row["verdict"] == "failed" and row["datasets"] == 0
    assert word in row["reasons"][0]


def test_inventory_in_an_old_encoding(catalog: Catalog) -> None:
    body = "identifiant;titre;éditeur;lien\n1;Forêts;Mairie de Châtelet;http://x.example/f.csv\n".encode("cp1252")
    assert served(catalog, body)["verdict"] == "complete"
    one = next(datasets(catalog, "p")).dataset
    assert one.title == "Forêts" and one.publisher and one.publisher.name == "Mairie de Châtelet"
