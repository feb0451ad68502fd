"""No loss passes for a complete harvest: one record or page of every portal is removed, sent twice or broken.

The portals are ours, and the recordings that lie beside this checkout. A night sees the portal whole, the next one
with one loss. ``WINNOW_MUTATIONS_S`` is the time for it in seconds; the seed is fixed, so that more time sees more.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from mutating import MUTATIONS, PAGE_MUTATIONS, mutated
from portal_server import Asked, PortalServer, Response, as_json, ckan_search

from catalog.db.store import open_catalog
from harvester.night.stages import nightly
from specs.portals import Limits, PortalSpec, Schedule
from tests.conftest import SHARED

BUDGET_S = float(os.environ.get("WINNOW_MUTATIONS_S", "10"))
LARGEST = 400 if BUDGET_S < 100 else 2_000
"""Datasets of the largest recording that is taken."""
UNSEEN = {
    # What is not in a list that states no total may have been withdrawn: that is how deletions are told.
    "remove": ("dcat-us", "dcat-us-3", "dcat-rdf", "dkan", "arcgis-hub", "arcgis-server", "stac", "inventory",
               "oai-pmh", "sparql", "sitemap", "waf", "i14y"),
    # The same row of a result twice says the same; the row in whose place it stands was a withdrawal, for all one sees.
    "double": ("sparql",),
    # A file that is listed and answers 404 was withdrawn before its listing was: that is said, and nothing is lost.
    "gone": ("waf", "sitemap"),
}  # fmt: skip
"""Losses that cannot be seen, by portal type."""
REFUSED = {"half": ("inventory", "sitemap")}
"""Half a table, and half a page for readers, are still a table and a page."""


def feed(count: int) -> list[dict[str, Any]]:
    return [
        {"identifier": f"D{n}", "title": f"Trees {n}", "distribution": [{"downloadURL": f"http://x.example/{n}.csv"}]}
        for n in range(count)
    ]


def ogc_items(asked: Asked) -> Response:
    start = int(asked.query.get("offset", 0))
    found = [{"id": f"r{n}", "properties": {"type": "dataset", "title": f"T {n}"}} for n in range(12)][
        start : start + 5
    ]
    links = [{"rel": "next", "href": f"?offset={start + 5}"}] if start + 5 < 12 else []
    return as_json({"features": found, "numberMatched": 12, "links": links})


def record(name: str) -> Response:
    body = f"<MD_Metadata><fileIdentifier>{name}</fileIdentifier><x>{'y' * 500}</x></MD_Metadata>"
    return Response(200, "application/xml", body.encode())


def own_portals() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return type, path and routes of portals made for this test."""
    packages = [{"id": f"{n:04}", "name": f"p{n}", "title": f"P {n}"} for n in range(12)]
    index = "".join(f'<a href="{name}.xml">x</a>' for name in "abcdef")
    collections = [{"id": f"c{n}", "title": f"C {n}", "extent": {}, "links": []} for n in range(6)]
    turtle = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
    turtle += "\n".join(f'<http://x.example/{n}> a dcat:Dataset ; dct:title "T {n}" .' for n in range(12))
    return {
        "own-ckan": ("ckan", "", {"/api/3/action/package_search": ckan_search(packages, rows_max=5)}),
        "own-feed": ("dcat-us", "/data.json", {"/data.json": as_json({"dataset": feed(12)})}),
        "own-ogc": ("ogc-records", "/collections/main", {"/collections/main/items": ogc_items}),
        "own-waf": ("waf", "/waf/", {"/waf/": Response(200, "text/html", f"<title>Index of /</title>{index}".encode())}
                    | {f"/waf/{name}.xml": record(name) for name in "abcdef"}),
        "own-stac": ("stac", "/stac/collections", {"/stac/collections": as_json({"collections": collections})}),
        "own-rdf": ("dcat-rdf", "/c.ttl", {"/c.ttl": Response(200, "text/turtle", turtle.encode())}),
    }  # fmt: skip


@dataclass
class Portal:
    """A portal that can be served with a loss at one of its addresses."""

    name: str
    type: str
    url: str
    loss: dict[str, Any]
    """At "path" (with its query) "mutation" and "rng"; empty: the portal is whole. "done" once it was sent."""
    page_rows: int = 500
    query: str | None = None
    is_mutable: bool = True
    datasets: int = 0
    pages: list[str] = field(default_factory=list)


def with_loss(loss: dict[str, Any], path: str, status: int, body: bytes) -> tuple[int, bytes]:
    """Return a response, with the loss if it belongs to this address."""
    if loss.get("path") != path or status != 200:
        # Documents of a page or two are none.
        if status == 200 and "path" in loss and len(body) > 400:
            loss["before"] = body
        return status, body
    # The same loss however often it is asked for.
    changed = mutated(loss["mutation"], body, random.Random(loss["seed"]), loss.get("before"))
    loss["done"] = changed is not None
    return changed or (status, body)


@pytest.fixture(scope="module")
def portals() -> Iterator[list[Portal]]:
    loss: dict[str, Any] = {}
    found: list[Portal] = []
    servers: list[Any] = []

    def losing(route: Any, path: str) -> Any:
        def respond(asked: Asked) -> Response:
            plain: Response = route if isinstance(route, Response) else route(asked)
            assert isinstance(plain.body, bytes)
            query = "&".join(f"{name}={value}" for name, value in sorted(asked.query.items()))
            status, body = with_loss(loss, f"{path}?{query}" if query else path, plain.status, plain.body)
            return Response(status, plain.content_type, body)

        return respond

    for name, (kind, path, routes) in own_portals().items():
        server = PortalServer({one: losing(route, one) for one, route in routes.items()})
        server.__enter__()
        servers.append(server)
        found.append(Portal(name, kind, server.url + path, loss, page_rows=5))
    replayed = recordings(loss)
    if replayed is not None:
        server, more = replayed
        found += more
    yield found
    for one in servers:
        one.__exit__(None, None, None)
    if replayed is not None:
        replayed[0].shutdown()
        replayed[0].server_close()


def recordings(loss: dict[str, Any]) -> tuple[Any, list[Portal]] | None:
    """Serve the recorded portals beside this checkout with their own server."""
    folders = [SHARED / "portals", SHARED / "portals2"]
    script = folders[0] / "replay.py"
    if not script.is_file():
        return None
    spec = importlib.util.spec_from_file_location("replay_with_losses", script)
    assert spec and spec.loader
    replay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(replay)

    class Losing(replay.Handler):  # type: ignore[misc, name-defined]
        wbufsize = 1 << 16

        def reply(self, status: int, ctype: str, data: bytes) -> None:
            parts = urlsplit(self.path)
            query = "&".join(sorted(parts.query.split("&")))
            super().reply(
                *_typed(with_loss(loss, f"{parts.path}?{query}" if query else parts.path, status, data), ctype)
            )

    def _typed(response: tuple[int, bytes], ctype: str) -> tuple[int, str, bytes]:
        return response[0], ctype, response[1]

    server = replay.serve([one for one in folders if one.is_dir()])
    server.RequestHandlerClass = Losing
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    from test_recordings import APART, HOW, PLAIN, TYPES

    found = []
    for slug, one in server.recs.items():
        how, kind = HOW.get(slug, PLAIN), TYPES.get(one.meta["type"], one.meta["type"])
        if slug in APART or how.verdict != "complete" or one.meta["datasets_expected"] > LARGEST or kind == "magda":
            continue
        path = how.path or (one.meta.get("endpoint") or "")
        url = f"http://127.0.0.1:{server.server_port}/{slug}{path}".rstrip("/") + ("/" if path.endswith("/") else "")
        found.append(Portal(slug, kind, url, loss, page_rows=min(how.page_rows, 100), query=how.query))
    return server, found


def harvest_once(folder: Path, portal: Portal) -> dict[str, Any]:
    limits = Limits(delay_s=0, timeout_s=10, page_rows=portal.page_rows, reconnect_s=())
    spec = PortalSpec(
        id="p", type=portal.type, title="P", url=portal.url, local=True, limits=limits, query=portal.query,
        schedule=Schedule(full_every=1),
    )  # type: ignore[arg-type]  # fmt: skip
    found: dict[str, Any] = nightly(folder, [spec], stages=["harvest"])["portals"][0]
    return found


def key_of(url: str) -> str:
    parts = urlsplit(url)
    query = "&".join(sorted(parts.query.split("&")))
    return f"{parts.path}?{query}" if query else parts.path


def is_unseen(portal: Portal, mutation: str) -> bool:
    return portal.type in UNSEEN.get(mutation, ()) or portal.type in REFUSED.get(mutation, ())


def test_no_loss_passes_for_a_complete_harvest(portals: list[Portal], tmp_path: Path) -> None:
    rng = random.Random(13)
    wanted = [(portal, mutation) for portal in portals for mutation in MUTATIONS if not is_unseen(portal, mutation)]
    rng.shuffle(wanted)
    # Ours come first, once each, so that every kind of loss is seen in the least time.
    wanted.sort(key=lambda one: not one[0].name.startswith("own-"))
    end, seen, wrong = time.monotonic() + BUDGET_S, 0, []
    # Round and round: another page and record each time.
    for number, (portal, mutation) in enumerate(itertools.cycle(wanted)):
        if (time.monotonic() > end and seen) or (number >= len(wanted) and not seen):
            break
        whole = tmp_path / portal.name
        portal.loss.clear()
        if not portal.pages and portal.is_mutable:
            first = harvest_once(whole, portal)
            portal.is_mutable = first["verdict"] == "complete" and first["datasets"] > 0
            portal.datasets = first["datasets"]
            with open_catalog(whole / "catalog.db") as catalog:
                rows = catalog.rows("select source_url, count(*) as n from datasets group by 1 order by 2 desc, 1")
            portal.pages = [key_of(row["source_url"]) for row in rows if row["source_url"]]
        if not portal.is_mutable:
            continue
        page = rng.choice(portal.pages if mutation in PAGE_MUTATIONS else portal.pages[:3])
        portal.loss.update(path=page, mutation=mutation, seed=rng.random())
        folder = tmp_path / f"{portal.name}-{number}"
        shutil.copytree(whole, folder)
        second = harvest_once(folder, portal)
        shutil.rmtree(folder)
        if portal.loss.get("done"):
            seen += 1
            # Where a page fails, smaller ones may bring all of it: then nothing is lost.
            if second["verdict"] == "complete" and second["datasets"] < portal.datasets:
                wrong.append((portal.name, portal.type, mutation, page, json.dumps(second["reasons"])))
    assert not wrong, wrong
    assert seen >= 1
