"""Real recorded portals, replayed: each is told for what it is, what is there is found, what is lost is said."""

from __future__ import annotations

import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from portal_server import PortalServer, Response

from catalog.db.store import open_catalog
from harvester.detect import detect
from harvester.night.stages import nightly
from specs.portals import Limits, PortalSpec
from tests.conftest import SHARED

PORTALS = SHARED / "portals"
pytestmark = pytest.mark.skipif(not PORTALS.is_dir(), reason="the recordings do not lie beside this checkout")


@dataclass(frozen=True)
class How:
    """How a recording is harvested if its base address alone is not enough, and what the recording cannot contain."""

    path: str = ""
    """Of the portal, below the recording's base."""
    page_rows: int = 500
    query: str | None = None
    verdict: str = "complete"
    reason: str = ""
    """In the reasons of the verdict."""
    datasets: int | None = None
    """Found, where it is not what the recording says."""
    detect: str | None = None
    """The address that is detected, where the base address is not that of a portal."""
    is_harvestable: bool = True
    """False where the look reads no record (too little was recorded, or the operator has to add something): it is told
    for what it is all the same, and not recommended."""


WIS2 = "/collections/wis2-discovery-metadata"
PLAIN = How()
GITHUB = "refs/heads/main/catalog.rdf"
HOW = {
    "arcgis-portal-search": How("/portal"),
    "ckan-open-alberta": How(verdict="failed", reason="31505 more names", datasets=0, is_harvestable=False),
    "csw-csiro-marine": How("/csw"),
    "dcatapit-alessandria": How(f"/ComunediAlessandria/open-data/{GITHUB}"),
    "dcatapit-foggia": How(f"/ComuneFoggia/OpenData-Comune-di-Foggia/{GITHUB}"),
    "dcatapit-unibo": How("/catalog.rdf"),
    "dcatapit-upo": How(f"/unipiemonteorientale/UPOopendata/{GITHUB}"),
    # Page 1 of about 1,000 was recorded.
    "i14y-admin-ch": How(page_rows=2, verdict="partial", reason="404", is_harvestable=False),
    "oai-ukds": How("/oai/provider?verb=GetRecord&identifier=6684&metadataPrefix=ddi"),
    "ogc-records-wis2": How(WIS2, detect=f"{WIS2}/items"),
    # Cubes, not dcat:Dataset: the query is the operator's. The recording gives the same response to every query.
    "sparql-lindas": How(
        "/query", query="SELECT ?cube ?name ?desc ?creator WHERE { ?cube a <x:Cube> }", is_harvestable=False
    ),
    "waf-wales": How("/waf/"),
}  # fmt: skip
APART = ("dcat-single-records", "iso-open-canada", "sitemap-pacificdata")
"""Documents without a listing, and one whose listing names none of them: see below."""
TYPES = {"other-json": "i14y"}


def recordings() -> list[dict[str, Any]]:
    found = [
        {"slug": p.parent.name, **json.loads(p.read_text("utf-8"))} for p in sorted(PORTALS.glob("*/recording.json"))
    ]
    return [one | {"type": TYPES.get(one["type"], one["type"])} for one in found]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("replay", PORTALS / "replay.py")
    assert spec and spec.loader
    replay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(replay)
    # Unbuffered, every response would wait for a delayed acknowledgement.
    replay.Handler.wbufsize = 1 << 16
    server = replay.serve([PORTALS])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def harvest_once(
    folder: Path, slug: str, kind: str, url: str, how: How = How(), also: tuple[str, ...] = ()
) -> dict[str, Any]:  # frozen
    limits = Limits(delay_s=0, page_rows=how.page_rows)
    portal = PortalSpec(
        id=slug, type=kind, title=slug, url=url, local=True, limits=limits, query=how.query, local_also=also  # type: ignore[arg-type]
    )  # fmt: skip
    found: dict[str, Any] = nightly(folder, [portal], stages=["harvest"])["portals"][0]
    return found


@pytest.mark.parametrize(
    "recording",
    [r for r in recordings() if r["slug"] not in APART] if PORTALS.is_dir() else [],
    ids=lambda r: r["slug"],
)
def test_what_is_recorded_is_found(recording: dict[str, Any], address: str, tmp_path: Path) -> None:
    slug = recording["slug"]
    how = HOW.get(slug, PLAIN)
    result = harvest_once(tmp_path, slug, recording["type"], f"{address}/{slug}{how.path}", how)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        lost = catalog.value("select count(*) from harvest_errors where is_lost and not is_fatal")
        skipped = catalog.value("select skipped from harvests") or 0
        raw = catalog.value("select count(*) from records join datasets on datasets.id = records.dataset_id")
    assert result["verdict"] == how.verdict, result["reasons"]
    assert how.reason in " ".join(result["reasons"])
    assert raw == result["datasets"]
    if how.datasets is not None:
        # Only the names were recorded: there is nothing behind them to read.
        assert result["datasets"] == how.datasets
        return
    assert result["datasets"] + lost + skipped == recording["datasets_expected"]
    if how.verdict != "complete":
        return
    again = harvest_once(tmp_path, slug, recording["type"], f"{address}/{slug}{how.path}", how)
    assert (again["verdict"], again["datasets"], again["changed"]) == ("complete", result["datasets"], 0)
    if recording["type"] in ("ckan", "dcat-us", "dcat-rdf", "udata", "opendatasoft", "ogc-records", "waf"):
        # Night two, of a portal that did not change: what is left are counts, and the response to robots.txt.
        assert again["not_modified"] >= 1 and again["bytes"] < 1_000 < result["bytes"]


@pytest.mark.parametrize(
    "recording",
    [r for r in recordings() if r["slug"] not in APART] if PORTALS.is_dir() else [],
    ids=lambda r: r["slug"],
)
def test_every_recording_is_told_for_what_it_is(recording: dict[str, Any], address: str) -> None:
    slug = recording["slug"]
    how = HOW.get(slug, PLAIN)
    base = f"{address}/{slug}"
    found = detect(base, allow_local=True, delay_s=0)
    if found.best is None:
        # Not every catalogue lies where it might be guessed.
        found = detect(base + (how.detect or how.path), allow_local=True, delay_s=0)
    if not how.is_harvestable:
        assert found.best is None
        assert (found.endpoints[0].type, found.endpoints[0].url) == (recording["type"], base + how.path)
        return
    assert found.best is not None, found
    assert found.best.type == recording["type"]
    assert found.best.url == base + how.path
    if found.best.datasets is not None:
        assert found.best.datasets == recording["datasets_expected"]


@pytest.mark.parametrize("name", ["dataset_gob_es.ttl", "dataset_gov_de.rdf"])
def test_documents_of_one_dataset(name: str, address: str, tmp_path: Path) -> None:
    url = f"{address}/dcat-single-records/{name}"
    assert harvest_once(tmp_path, "one", "dcat-rdf", url)["datasets"] == 1
    best = detect(url, allow_local=True, delay_s=0).best
    assert best is not None and (best.type, best.url, best.datasets) == ("dcat-rdf", url, 1)


def test_records_without_an_index_are_read_one_by_one(address: str, tmp_path: Path) -> None:
    recording = next(one for one in recordings() if one["slug"] == "iso-open-canada")
    urls = [f"{address}/iso-open-canada{one['path']}" for one in recording["responses"]]
    index = "<html><title>Index of /</title>" + "".join(f'<a href="{url}">x</a>' for url in urls)
    with PortalServer({"/": Response(200, "text/html", index.encode())}) as server:
        result = harvest_once(tmp_path, "canada", "waf", server.url + "/")
    # An index of ours: the records lie on another port, so on another host, of which nothing is taken.
    assert result["datasets"] == 0
    kinds = {(best.type, best.url) for url in urls if (best := detect(url, allow_local=True, delay_s=0).best)}
    assert kinds == {("waf", url) for url in urls}
    counts = [harvest_once(tmp_path, f"canada-{n}", "waf", url)["datasets"] for n, url in enumerate(urls)]
    assert counts == [1] * recording["datasets_expected"]


def test_sitemap_of_which_no_page_was_recorded(address: str, tmp_path: Path) -> None:
    """The sitemap names 11,021 pages, none of them among the 800 that were recorded: these stand in one of ours."""
    recording = next(one for one in recordings() if one["slug"] == "sitemap-pacificdata")
    paths = [one["path"] for one in recording["responses"] if ".jsonld" in one["path"]]
    named = set(
        re.findall(
            r"<loc>https://pacificdata.org(.*?)\s*</loc>", (PORTALS / "sitemap-pacificdata/sitemap.xml").read_text()
        )
    )
    assert len(named) == 11_021 and not named & set(paths)
    lines = "\n".join(f"{address}/sitemap-pacificdata{path}" for path in paths)
    with PortalServer({"/sitemap.txt": Response(200, "text/plain", lines.encode())}) as server:
        also = (address.removeprefix("http://"),)
        result = harvest_once(tmp_path, "pacific", "sitemap", server.url + "/sitemap.txt", also=also)
        with open_catalog(tmp_path / "catalog.db") as catalog:
            lost = catalog.value("select count(*) from harvest_errors where is_lost")
        assert result["verdict"] == "complete", result["reasons"]
        assert result["datasets"] + lost == recording["datasets_expected"]
    found = detect(f"{address}/sitemap-pacificdata/sitemap.xml", allow_local=True, delay_s=0)
    assert [one.type for one in found.endpoints][0] == "sitemap"
    # None of its pages is there, so it is named without being sure; one that is there does not tell where others are.
    found = detect(f"{address}/sitemap-pacificdata{paths[0]}", allow_local=True, delay_s=0)
    assert found.endpoints[0].type == "sitemap" and "schema.org" in found.endpoints[0].evidence
