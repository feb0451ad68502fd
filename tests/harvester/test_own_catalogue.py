"""The catalogue of our own site is harvested by our own spider for DCAT: from a running server, over several pages."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import rdflib
import uvicorn
from portal_server import harvest, harvested, spec

from catalog.db.store import Catalog, open_catalog
from catalog.repositories.reading import datasets
from catalog.site.machine import paging
from catalog.site.serve import publish
from tests.catalog.browsing import Site
from tests.catalog.test_site_machine import FIRST, SECOND, THIRD
from tests.catalog.test_site_machine import harvest as store

COUNT = 25


@contextmanager
def running(public: Path, after_page: Callable[[], None] | None = None) -> Iterator[str]:
    """Serve a public file on a free port. ``after_page``: what to do once, when the first page has been sent."""
    waiting = [after_page] if after_page else []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with closing(Site(public, public_url=url)) as site:
            app = site.datasette.app()

            async def counted(scope: Any, receive: Any, send: Any) -> None:
                await app(scope, receive, send)
                if scope.get("path") == "/catalog.ttl" and waiting:
                    waiting.pop()()
                    site.datasette.get_database("catalog").looked_at = 0

            config = uvicorn.Config(counted, log_level="error", lifespan="on", loop="asyncio")
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            for _ in range(600):
                if server.started:
                    break
                time.sleep(0.05)
            try:
                yield url
            finally:
                server.should_exit = True
                thread.join(20)


def titles(count: int = COUNT) -> dict[str, str]:
    return {f"p-{number:04}": f"Data set {number}" for number in range(count)}


def told(catalog: Catalog) -> dict[str, tuple[str | None, list[str | None]]]:
    """Title and files of each dataset, by the id that it has at its source."""
    return {
        str(one.dataset.identifier).rpartition("/")[2]: (
            one.dataset.title,
            [part.distribution.access_url for part in one.distributions],
        )
        for one in datasets(catalog, "own")
    }


def test_our_own_spider_reads_our_own_catalogue(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST", 10)
    data, public = tmp_path / "data", tmp_path / "data" / "site" / "catalog.db"
    data.mkdir()

    def night(run: str, found: dict[str, str], changed: set[str]) -> None:
        with open_catalog(data / "catalog.db") as source:
            store(source, run, found, changed=changed)
        publish(data / "catalog.db", public, nights=2)

    night(FIRST, titles(), set())
    later = titles() | {"p-0000a": "New", "p-0020": "Changed"}
    del later["p-0015"]

    def change() -> None:
        night(SECOND, later, {"p-0020"})

    with running(public, change) as url:
        own = spec("own", "dcat-rdf", f"{url}/catalog.ttl")
        harvest(catalog, own)
        row = harvested(catalog, "own")
        assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", COUNT, COUNT), row["reasons"]
        # The change in the middle was published after the first page: neither lost nor doubled, nor half seen.
        assert told(catalog) == {key: (said, [f"https://p.example/{key}.csv"]) for key, said in titles().items()}
        publisher = next(datasets(catalog, "own")).dataset.publisher
        assert publisher is not None and (publisher.name, publisher.email) == ("Office", "data@p.example")

        harvest(catalog, own)
        assert (harvested(catalog, "own")["verdict"], told(catalog).keys()) == ("complete", later.keys())
        assert told(catalog)["p-0020"][0] == "Changed"
        gone = catalog.rows("select identifier from datasets where status = 'missing'")
        assert [one["identifier"].rpartition("/")[2] for one in gone] == ["p-0015"]
    assert THIRD > SECOND


RECIPES = Path(__file__).parents[2] / "docs" / "howto" / "harvest-the-catalogue.md"


def block(language: str) -> str:
    """The code in a language in the how-to."""
    return RECIPES.read_text("utf-8").partition(f"```{language}\n")[2].partition("```")[0]


def test_the_recipes_of_the_how_to_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST", 10)
    with open_catalog(tmp_path / "catalog.db") as source:
        store(source, FIRST, titles())
    public = tmp_path / "site" / "catalog.db"
    publish(tmp_path / "catalog.db", public)
    with running(public) as url:
        script = block("sh").replace("https://data.example.org", url)
        subprocess.run(["sh", "-c", script], check=True, cwd=tmp_path, timeout=60)
        by_curl = rdflib.Graph().parse(tmp_path / "catalog.nt", format="nt")
        names: dict[str, Any] = {}
        exec(block("python").replace("https://data.example.org", url), names)
    for graph in (by_curl, names["graph"]):
        found = {str(node) for node in graph.subjects(rdflib.RDF.type, rdflib.DCAT.Dataset)}
        assert {one.rpartition("/")[2] for one in found} == titles().keys()
        assert len({*graph.subjects(rdflib.RDF.type, rdflib.DCAT.Distribution)}) == COUNT
