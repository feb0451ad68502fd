"""Every portal type harvests its tape as its golden file says.

``WINNOW_UPDATE_GOLDEN=1`` writes the golden files anew.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog, open_catalog
from catalog.repositories.reading import datasets
from harvester import spiders
from harvester.cli.main import LOCKED
from harvester.night.stages import nightly, replay
from harvester.spiders import portal_types, spider_class
from specs.portals import PortalSpec, Schedule, dump
from tests import warm

FIXTURES = Path(__file__).parents[1] / "fixtures"
GOLDEN_COUNTS = ("verdict", "reasons", "advertised", "seen", "datasets", "duplicates", "errors")


def seen_in(catalog: Catalog, portal_id: str, url: str) -> Any:
    """Return what the catalogue holds of a portal, without what differs from run to run."""
    found = {
        "harvest": {k: harvested(catalog, portal_id)[k] for k in GOLDEN_COUNTS},
        "datasets": sorted(
            (_said(asdict(stored.dataset)) for stored in datasets(catalog, portal_id)), key=lambda d: d["identifier"]
        ),
        "errors": catalog.rows(
            """select kind, pointer, record_id, message, is_lost, is_fatal from harvest_errors where portal_id = ?
               order by id""",
            [portal_id],
        ),
    }
    return json.loads(json.dumps(found, ensure_ascii=False).replace(url, "http://portal"))


def _said(value: Any) -> Any:
    """Return a value without fields that are empty."""
    if isinstance(value, dict):
        return {k: _said(v) for k, v in value.items() if v not in (None, (), [], {}, False)}
    return [_said(one) for one in value] if isinstance(value, list | tuple) else value


class Tape:
    """The recorded responses of a fixture folder.

    Keys are paths with query; or, for what is asked by POST, "POST path words that stand in the body". A body is
    text, JSON, or a ``file`` beside the tape.
    """

    def __init__(self, portal_type: str) -> None:
        self.folder = FIXTURES / portal_type
        tape = json.loads((self.folder / "tape.json").read_text(encoding="utf-8"))
        self.portal: dict[str, Any] = tape["portal"]
        self.keys = list(tape["responses"])
        self.unasked = set(self.keys)
        self.files = {response["file"] for response in tape["responses"].values() if "file" in response}
        self._responses = tape["responses"]

    def routes(self, url: str) -> dict[str, Any]:
        """Return the routes of a server at an address; "http://portal" in a body stands for that address."""
        found: dict[str, Any] = {}
        for key in self.keys:
            if not key.startswith("POST "):
                found[key] = partial(self._answer, key, url)
            else:
                found[key.split(" ")[1]] = partial(self._posted, url)
        return found

    def _answer(self, key: str, url: str, asked: Asked) -> Response:
        self.unasked.discard(key)
        response = self._responses[key]
        if "file" in response:
            body = (self.folder / response["file"]).read_bytes()
        else:
            body = (response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])).encode()
        return Response(
            response.get("status", 200),
            response["content_type"],
            body.replace(b"http://portal", url.encode()),
            {"ETag": f'"{hashlib.sha256(body).hexdigest()}"'},
        )

    def _posted(self, url: str, asked: Asked) -> Response:
        for key in self.keys:
            method, path, words = [*key.split(" ", 2), "", ""][:3]
            if method == asked.method and asked.path.endswith(path) and words.encode() in asked.body:
                return self._answer(key, url, asked)
        return Response(404, "text/plain", b"not recorded")

    def spec(self, url: str) -> PortalSpec:
        """Return the portal of the tape as its portal file would declare it."""
        values = {k: v for k, v in self.portal.items() if k != "url"}
        return spec("tape", self.folder.name, url + self.portal["url"], **values)


@pytest.mark.parametrize("portal_type", portal_types())
def test_tape_gives_golden(portal_type: str, catalog: Catalog) -> None:
    tape = Tape(portal_type)
    with PortalServer() as server:
        server.routes |= tape.routes(server.url)
        harvest(catalog, tape.spec(server.url))
        found = seen_in(catalog, "tape", server.url)
    golden = FIXTURES / portal_type / "expected.json"
    if os.environ.get("WINNOW_UPDATE_GOLDEN"):
        golden.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(golden.read_text(encoding="utf-8"))
    assert not tape.unasked


def test_every_spider_folder_is_a_type_and_has_a_fixture() -> None:
    folder = Path(spiders.__file__).parent
    named = {t.replace("-", "_") for t in portal_types()}
    holding = {p.parent.name for p in folder.glob("*/spider.py") if "\nclass Spider(" in p.read_text(encoding="utf-8")}
    assert holding == named
    for portal_type in portal_types():
        assert spider_class(portal_type).type == portal_type
        files = {p.name for p in (FIXTURES / portal_type).iterdir()}
        assert files == {"tape.json", "expected.json"} | Tape(portal_type).files


@pytest.mark.parametrize("portal_type", portal_types())
def test_numbered_pages_stay_aligned_when_they_shrink(portal_type: str) -> None:
    """A number counts pages of one size: a smaller page must begin at a multiple of its size, or records are lost."""
    spider = spider_class(portal_type)
    is_numbered = "cursor.number" in Path(inspect.getfile(spider)).read_text(encoding="utf-8")
    remedy = "set has_numbers = True, or declare the listing (declared_api)"
    assert not is_numbered or getattr(spider, "has_numbers", False), f"{portal_type} asks for pages by number: {remedy}"


@pytest.mark.parametrize("portal_type", portal_types())
def test_second_night_of_a_tape_changes_nothing(portal_type: str, catalog: Catalog) -> None:
    """ETags are honoured, and what was vouched for is what was read."""
    tape = Tape(portal_type)
    etags: set[str] = set()

    def with_304(route: Any, asked: Asked) -> Response:
        response: Response = route(asked)
        if response.status == 200 and asked.headers.get("If-None-Match") == response.headers["ETag"]:
            etags.add(response.headers["ETag"])
            return Response(304, headers=response.headers)
        return response

    with PortalServer() as server:
        server.routes |= {key: partial(with_304, route) for key, route in tape.routes(server.url).items()}
        portal = tape.spec(server.url)
        harvest(catalog, portal)
        first = seen_in(catalog, "tape", server.url)
        harvest(catalog, portal.model_copy(update={"schedule": Schedule(full_every=1)}))
        second = seen_in(catalog, "tape", server.url)
    row = harvested(catalog, "tape")
    assert second["datasets"] == first["datasets"]
    assert (row["verdict"], row["changed"], row["added"]) == (first["harvest"]["verdict"], 0, 0)
    assert {k: second["harvest"][k] for k in ("seen", "datasets", "duplicates", "errors")} == {
        k: first["harvest"][k] for k in ("seen", "datasets", "duplicates", "errors")
    }
    assert row["not_modified"] == len(etags) or row["not_modified"] > 0 or not etags


@pytest.mark.parametrize("portal_type", portal_types())
def test_page_of_html_with_200_fails_with_a_clear_message(portal_type: str, catalog: Catalog) -> None:
    page = Response(200, "text/html", b"<!doctype html><title>Welcome</title>")
    tape = Tape(portal_type)
    with PortalServer() as server:
        server.routes |= {urlsplit(key.removeprefix("POST ").split(" ")[0]).path: page for key in tape.keys}
        harvest(catalog, tape.spec(server.url))
    row = harvested(catalog, "tape")
    assert (row["verdict"], row["datasets"]) == ("failed", 0)
    assert "HTML" in row["reasons"][0], row["reasons"]


@pytest.mark.parametrize("portal_type", portal_types())
def test_redirects_of_a_portal_are_followed(portal_type: str, catalog: Catalog) -> None:
    tape = Tape(portal_type)

    def moved(asked: Asked) -> Response:
        query = asked.query_text
        return Response(308, headers={"Location": f"/new{asked.path}{'?' if query else ''}{query}"})

    with PortalServer() as server:
        harvest_as_it_is = tape.routes(server.url)
        for path, route in harvest_as_it_is.items():
            server.routes[f"/new{path}"] = route
            server.routes[path] = moved
        harvest(catalog, tape.spec(server.url))
    golden = json.loads((FIXTURES / portal_type / "expected.json").read_text(encoding="utf-8"))
    row = harvested(catalog, "tape")
    assert (row["verdict"], row["datasets"]) == (golden["harvest"]["verdict"], golden["harvest"]["datasets"])


@pytest.mark.parametrize("portal_type", portal_types())
def test_unavailable_for_a_moment_is_asked_again(portal_type: str, catalog: Catalog) -> None:
    tape = Tape(portal_type)
    failed: set[tuple[str, Any]] = set()

    def once(route: Any, asked: Asked) -> Response:
        key = (asked.path + str(asked.query), asked.body)
        # The host is asked more slowly after each.
        if key in failed or len(failed) == 2:
            return route(asked)  # type: ignore[no-any-return]
        failed.add(key)
        return Response(503)

    with PortalServer() as server:
        server.routes |= {key: partial(once, route) for key, route in tape.routes(server.url).items()}
        harvest(catalog, tape.spec(server.url))
    golden = json.loads((FIXTURES / portal_type / "expected.json").read_text(encoding="utf-8"))
    row = harvested(catalog, "tape")
    assert (row["verdict"], row["datasets"]) == (golden["harvest"]["verdict"], golden["harvest"]["datasets"])


@pytest.mark.parametrize("portal_type", portal_types())
def test_harvest_that_is_killed_in_its_middle_goes_on(portal_type: str, tmp_path: Path) -> None:
    """The process dies at a request half-way; the same command finds what one that was left alone finds."""
    tape = Tape(portal_type)
    left = [max(1, len(tape.keys) // 2)]

    def counted(route: Any, asked: Asked) -> Response:
        left[0] -= 1
        if left[0] == 0:
            victim.kill()
            victim.wait(10)
        return route(asked)  # type: ignore[no-any-return]

    with PortalServer() as server:
        server.routes |= {key: partial(counted, route) for key, route in tape.routes(server.url).items()}
        (tmp_path / "tape.toml").write_text(dump(tape.spec(server.url)), encoding="utf-8")
        command = [*warm.NIGHT, "--data", str(tmp_path / "data")]
        command += ["harvest", "--portals", str(tmp_path / "tape.toml"), "--json"]
        root = Path(__file__).parents[2]
        with warm.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as victim:
            victim.wait(60)
        assert left[0] <= 0 and victim.returncode == -signal.SIGKILL
        again = warm.run(command, cwd=root, timeout=60, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while again.returncode == LOCKED and time.monotonic() < deadline:
            # The children of the process that died hold its lock until they notice.
            time.sleep(0.2)
            again = warm.run(command, cwd=root, timeout=60, stdout=subprocess.DEVNULL)
        assert again.returncode in (0, 3)
        with open_catalog(tmp_path / "data" / "catalog.db") as catalog:
            found = seen_in(catalog, "tape", server.url)
            runs = catalog.value("select count(*) from runs")
    golden = json.loads((FIXTURES / portal_type / "expected.json").read_text(encoding="utf-8"))
    assert runs == 1
    assert found["datasets"] == golden["datasets"]
    counts = ("verdict", "datasets", "seen", "duplicates")
    assert [found["harvest"][name] for name in counts] == [golden["harvest"][name] for name in counts]


@pytest.mark.parametrize("portal_type", portal_types())
def test_archived_harvest_can_be_repeated_without_network(portal_type: str, tmp_path: Path) -> None:
    tape = Tape(portal_type)
    with PortalServer() as server:
        server.routes |= tape.routes(server.url)
        nightly(tmp_path / "first", [tape.spec(server.url)], stages=["harvest"], is_archived=True)
    replay(tmp_path / "second", next((tmp_path / "first" / "archive").iterdir()))
    found = []
    for folder in ("first", "second"):
        with open_catalog(tmp_path / folder / "catalog.db") as catalog:
            found.append(seen_in(catalog, "tape", server.url))
    assert found[0] == found[1]
    assert found[0]["datasets"]
