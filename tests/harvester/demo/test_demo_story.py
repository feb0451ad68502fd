"""The nights of the demo differ exactly as the story tells."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from demo_client import ENDLESS, everything, feed

from catalog.db.clock import set_back
from catalog.db.store import open_catalog, started
from harvester.demo import LATER, NIGHTS, STORY, DemoServer
from harvester.demo.run import prepare
from harvester.demo.server import SITES
from harvester.night.stages import nightly
from specs.commitments import load
from specs.errors import parse
from specs.portals import PortalSpec

# The two nights


def observe(server: DemoServer, http: requests.Session) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return every record by (portal, identifier, number among records of that identifier), and the response of each
    file."""
    portals = {
        "solmark": everything(server, http),
        "verdania": feed(server, http),
        "harborview": everything(server, http, "/harborview"),
    }
    records: dict[Any, Any] = {}
    for portal, found in portals.items():
        for record in found:
            key = portal, record.get("identifier" if portal == "verdania" else "id")
            records[(*key, sum(k[:2] == key for k in records))] = record
    answers: dict[str, Any] = {}
    for site in SITES:
        names = {name for night in range(1, NIGHTS + 1) for name in site.files(night)}
        for name in sorted(names - {*ENDLESS}):
            path = f"/{site.id}/files/{name}"
            response = http.get(server.url + path, allow_redirects=False)
            answers[path] = response.status_code, response.content
    return records, answers


WORDS = {"license_id": "licence", "license_title": "licence", "license_url": "licence", "isopen": "licence"}
WORDS |= {
    "title": "title",
    "metadata_modified": "record_modified",
    "format": "format",
    "mimetype": "format",
    "modified": "modified",
}


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    words: set[str] = set()
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if key == "resources" and old != new:
            assert isinstance(old, list) and isinstance(new, list)
            for left, right in zip(old, new, strict=True):
                words |= changed(left, right)
        elif old != new:
            words.add(WORDS[key])
    return words


def test_nights_differ_exactly_as_the_story_tells(server: DemoServer, http: requests.Session) -> None:
    before, files_before = observe(server, http)
    server.night = 2
    after, files_after = observe(server, http)

    def told(*kinds: str) -> set[tuple[str, str]]:
        return {(change.portal, change.dataset) for change in STORY if change.kind in kinds}

    assert {key[:2] for key in after.keys() - before.keys()} == told("added")
    assert {key[:2] for key in before.keys() - after.keys()} == told("removed")
    differ = {key[:2]: changed(before[key], after[key]) for key in before.keys() & after.keys()}
    improved = {(c.portal, c.dataset): set(c.fields) for c in STORY if c.kind == "improved"}
    assert {key: words for key, words in differ.items() if words} == improved

    moved = {path for path in files_before if files_before[path] != files_after[path]}
    new = {f"/{c.portal}/files/{name}" for c in STORY if c.kind == "added" for name in ("tides.csv", "reefs.csv")}
    assert moved - new == {change.file for change in STORY if change.file}
    for change in STORY:
        if change.file is None:
            continue
        assert any(change.file in json.dumps(r) for k, r in before.items() if k[:2] == (change.portal, change.dataset))
        (old_status, old), (new_status, body) = files_before[change.file], files_after[change.file]
        match change.kind:
            case "link_broken":
                assert (old_status, new_status) == (200, 404)
            case "link_repaired":
                assert (old_status, new_status) == (404, 200)
            case "content_repaired":
                assert old.startswith(b"<!DOCTYPE") and body.startswith(b"district,year,")
            case "table_fixed":
                assert len({len(row) for row in csv.reader(io.StringIO(body.decode()))}) == 1
            case _:
                pytest.fail(f"{change.kind} has no file")


def test_story_has_what_was_promised() -> None:
    kinds = [change.kind for change in STORY]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "added": 2,
        "removed": 2,
        "improved": 2,
        "link_broken": 1,
        "link_repaired": 1,
        "content_repaired": 1,
        "table_fixed": 1,
    }


def test_there_are_six_nights(server: DemoServer) -> None:
    with pytest.raises(ValueError, match="from 1 to 6"):
        server.night = 7


@pytest.mark.parametrize("night", range(3, NIGHTS + 1))
def test_each_later_night_differs_exactly_as_the_story_tells(
    night: int, server: DemoServer, http: requests.Session
) -> None:
    server.night = night - 1
    before, files_before = observe(server, http)
    server.night = night
    after, files_after = observe(server, http)
    story = [change for change in LATER if change.night == night]
    assert story
    added = {(change.portal, change.dataset) for change in story if change.kind == "added"}
    assert {key[:2] for key in after.keys() - before.keys()} == added and not before.keys() - after.keys()
    differ = {key[:2]: changed(before[key], after[key]) for key in before.keys() & after.keys()}
    told = {(change.portal, change.dataset): set(change.fields) for change in story if change.fields}
    assert {key: words for key, words in differ.items() if words} == told
    moved = {path for path in files_before if files_before[path] != files_after[path]}
    assert {change.file for change in story if change.file} <= moved
    for change in story:
        if change.file and change.kind.startswith("link"):
            statuses = files_before[change.file][0], files_after[change.file][0]
            assert statuses == ((200, 404) if change.kind == "link_broken" else (404, 200))


@pytest.mark.slow
def test_a_promise_is_broken_one_is_kept_and_something_vanishes(tmp_path: Path) -> None:
    """The nights of the two small portals, without what is not needed for that."""
    prepare(tmp_path)
    with DemoServer() as demo:
        portals = [parse(PortalSpec, one, one["id"]) for one in demo.portals() if one["id"] != "solmark"]
        for night in range(1, NIGHTS + 1):
            demo.night = night
            with set_back(timedelta(days=NIGHTS - night)):
                promised = load(tmp_path / "commitments")
                nightly(tmp_path, portals, stages=("harvest", "check", "score", "track"), commitments=promised)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        days = [row["id"][:8] for row in catalog.rows("select id from runs order by id")]
        today = started(catalog.value("select max(id) from runs")).date()
        assert days == [f"{today - timedelta(days=back):%Y%m%d}" for back in reversed(range(NIGHTS))]
        states = {
            name: [
                row["timing_status"]
                for row in catalog.rows(
                    """select timing_status from commitment_readings
                       where commitment_id = ? and indicator_id = '_overall' order by run_id""",
                    [f"demo/{name}"],
                )
            ]
            for name in ("verdania-contracts", "harborview-elections")
        }
        assert states["verdania-contracts"] == ["on_track"] * 4 + ["missed"] * 2
        assert states["harborview-elections"] == ["off_track"] * 3 + ["on_track"] + ["met"] * 2
        gone = catalog.rows("select title, retired_at from datasets where status = 'retired'")
        fourth = (today - timedelta(days=NIGHTS - 4)).isoformat()
        assert [(one["title"], one["retired_at"][:10]) for one in gone] == [("Fax numbers of public offices", fourth)]
        for table, column in (("harvests", "started_at"), ("resource_checks", "checked_at")):
            first, last = catalog.db.conn.execute(f"select min({column}), max({column}) from {table}").fetchone()  # noqa: S608
            assert first[:10] < last[:10] == today.isoformat()
        scores = catalog.value("select count(distinct run_id) from score_history where entity_id = 'verdania'")
        assert scores == NIGHTS
