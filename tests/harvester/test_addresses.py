"""Portals read address by address: sitemaps; and tables kept by hand."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from portal_server import Answer, Asked, PortalServer, harvest, harvested, spec

from catalog.reading import datasets
from catalog.store import Catalog, open_catalog
from harvester.cli import cli
from harvester.spiders.inventory import template

ROOT = Path(__file__).parents[2]


def page(number: int) -> Answer:
    """A page with one dataset."""
    node = {"@context": "https://schema.org", "@type": "Dataset", "identifier": f"D{number}", "name": f"Data {number}"}
    return Answer(200, "text/html", f'<html><script type="application/ld+json">{json.dumps(node)}</script>'.encode())


def site(count: int, **more: Any) -> PortalServer:
    server = PortalServer({f"/d/{n}": page(n) for n in range(count)} | more)
    lines = "".join(f"<url><loc>{server.url}/d/{n}</loc></url>" for n in range(count))
    server.routes.setdefault("/sitemap.xml", Answer(200, "text/xml", f"<urlset>{lines}</urlset>".encode()))
    return server


def test_compressed_sitemap_and_one_that_unfolds_without_end(catalog: Catalog) -> None:
    with site(3) as server:
        plain = server.routes["/sitemap.xml"]
        assert isinstance(plain, Answer) and isinstance(plain.body, bytes)
        server.routes["/sitemap.xml.gz"] = Answer(200, "application/gzip", gzip.compress(plain.body))
        server.routes["/bomb.xml.gz"] = Answer(200, "application/gzip", gzip.compress(b"<urlset>" + b" " * 70_000_000))
        harvest(catalog, spec("p", "sitemap", server.url + "/sitemap.xml.gz"))
        harvest(catalog, spec("q", "sitemap", server.url + "/bomb.xml.gz"))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 3)
    assert "unfolds to more" in harvested(catalog, "q")["reasons"][0]


@pytest.mark.parametrize(("gone", "verdict"), [(2, "complete"), (5, "partial")])
def test_stale_links_are_said_and_many_of_them_are_no_deletion(gone: int, verdict: str, catalog: Catalog) -> None:
    with site(20) as server:
        for n in range(gone):
            server.routes[f"/d/{n}"] = Answer(404)
        harvest(catalog, spec("p", "sitemap", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == (verdict, 20 - gone, gone)


def test_a_site_in_trouble_is_left_alone(catalog: Catalog) -> None:
    with site(60) as server:
        for n in range(60):
            server.routes[f"/d/{n}"] = Answer(403)
        harvest(catalog, spec("p", "sitemap", server.url))
        assert len(server.asked("/d/")) == 20
    row = harvested(catalog, "p")
    assert row["verdict"] == "failed" and "40 more were not asked" in " ".join(row["reasons"])


def test_pages_of_other_sites_and_pages_without_datasets_are_no_loss(catalog: Catalog) -> None:
    other = Answer(200, "text/html", b"<html>News</html>")
    with site(2, **{"/news": other}) as server:
        sitemap = f"{server.url}/d/0\n{server.url}/d/1\n{server.url}/news\nhttp://elsewhere.example/d/1\n"
        server.routes["/sitemap.xml"] = Answer(200, "text/plain", sitemap.encode())
        harvest(catalog, spec("p", "sitemap", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 2, 0)


def test_harvest_that_is_killed_goes_on_with_the_next_address(tmp_path: Path) -> None:
    """The process is killed by the seventh request for a page."""
    with site(10) as server:
        file = tmp_path / "p.toml"
        lines = f'id = "p"\ntype = "sitemap"\ntitle = "P"\nurl = "{server.url}"\nlocal = true\n[limits]\ndelay_s = 0\n'
        file.write_text(lines)
        command = [sys.executable, "-c", "from harvester.cli import main; main()", "--data", str(tmp_path / "d")]
        command += ["harvest", "--portals", str(file), "--json"]
        good = server.routes["/d/6"]

        def kill(asked: Asked) -> Answer:
            victim.kill()
            victim.wait(10)
            return Answer(500)

        server.routes["/d/6"] = kill
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as victim:
            victim.wait(60)
        asked = len(server.asked("/d/3"))
        server.routes["/d/6"] = good
        subprocess.run(command, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL)
        assert asked == len(server.asked("/d/3")) == 1
    with open_catalog(tmp_path / "d" / "catalog.db") as catalog:
        row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 10, 0)


# Inventories


def served(catalog: Catalog, body: bytes, name: str = "list.csv", kind: str = "text/csv") -> dict[str, Any]:
    with PortalServer({f"/{name}": Answer(200, kind, body)}) as server:
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


# Folders


def test_entities_of_xml_are_not_unfolded(catalog: Catalog) -> None:
    record = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY f SYSTEM "file:///etc/hostname">]><MD_Metadata><fileIdentifier>a</fileIdentifier><identificationInfo>
    <MD_DataIdentification><abstract>&b;&b;</abstract>
    <citation><CI_Citation><title>T &f;</title></CI_Citation></citation>
    </MD_DataIdentification></identificationInfo></MD_Metadata>"""
    with PortalServer({"/a.xml": Answer(200, "application/xml", record)}) as server:
        harvest(catalog, spec("p", "waf", server.url + "/a.xml"))
    row = catalog.rows("select title, description from datasets")[0]
    assert row["title"] == "T &f;" and "aaaa" not in str(row)
    assert Path("/etc/hostname").read_text().strip() not in str(row)
