"""The nights of the demo differ exactly as the story tells."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
import requests
from demo_client import ENDLESS, everything, feed

from harvester.demo import STORY, DemoServer
from harvester.demo.server import SITES

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
        for name in sorted({*site.files(1), *site.files(2)} - {*ENDLESS}):
            path = f"/{site.id}/files/{name}"
            response = http.get(server.url + path, allow_redirects=False)
            answers[path] = response.status_code, response.content
    return records, answers


WORDS = {"license_id": "licence", "license_title": "licence", "license_url": "licence", "isopen": "licence"}
WORDS |= {"title": "title", "metadata_modified": "record_modified", "format": "format", "mimetype": "format"}


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


def test_there_are_two_nights(server: DemoServer) -> None:
    with pytest.raises(ValueError, match="1 or 2"):
        server.night = 3
