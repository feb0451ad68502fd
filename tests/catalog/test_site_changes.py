"""The feed of changes: what became of every dataset, back to the first run, so that nobody keeps one that is gone."""

from __future__ import annotations

import shutil
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import open_catalog
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, changes
from catalog.site.serve import publish
from tests.catalog.browsing import EVIL, OF_THE_SITE, Site

pytestmark = OF_THE_SITE

HOME = "https://data.example.org"
ATOM = {"a": "http://www.w3.org/2005/Atom", "fh": "http://purl.org/syndication/history/1.0"}
FIRST, SECOND, THIRD = "20261121T010000Z", "20261122T010000Z", "20261123T010000Z"
OWN = "https://portal.example/id/2"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("changes")
    told = [(FIRST, n, "added") for n in range(8)]
    told += [(SECOND, 1, "changed"), (SECOND, 2, "missing"), (SECOND, 3, "missing")]
    told += [(THIRD, 2, "retired"), (THIRD, 3, "returned")]
    with open_catalog(folder / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("runs", [{"id": run, "status": "complete"} for run in (FIRST, SECOND, THIRD)])
        catalog.upsert("portals", [{"id": "p", "title": f"P {EVIL}"}])
        catalog.upsert("harvests", [{"id": f"{THIRD}/p", "run_id": THIRD, "portal_id": "p", "verdict": "complete"}])
        catalog.upsert(
            "datasets",
            [
                {
                    "id": f"p-{n}",
                    "portal_id": "p",
                    "identifier": OWN if n == 2 else f"id-{n}",
                    "title": f"T{n} {EVIL}\x01",
                }
                | {"status": "retired" if n == 2 else "present"}
                for n in range(8)
            ],
        )
        catalog.upsert(
            "changes",
            [
                {"id": f"{run}/p-{n}/{kind}", "run_id": run, "portal_id": "p", "dataset_id": f"p-{n}", "kind": kind}
                for run, n, kind in told
            ],
        )
        alias = {"id": "p-old", "dataset_id": "p-4", "portal_id": "p", "identifier": "x", "run_id": THIRD}
        catalog.upsert("dataset_aliases", [alias])
    publish(folder / "catalog.db", folder / "public" / "catalog.db")
    return folder / "public" / "catalog.db"


def entries(feed: Any) -> list[tuple[str, str]]:
    """The entries of a document: what the category says, and the id of the dataset."""
    found = []
    for one in feed.findall("a:entry", ATOM):
        link = one.find("a:link[@rel='alternate']", ATOM).get("href")
        found.append((one.find("a:category", ATOM).get("term"), link.rpartition("/")[2]))
    return found


def linked(feed: Any, rel: str) -> str | None:
    found = feed.find(f"a:link[@rel='{rel}']", ATOM)
    return None if found is None else str(found.get("href"))


def test_the_feed_leads_back_to_the_first_run(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "SHOWN", 3)
    with closing(Site(public, public_url=HOME)) as site:
        feed = ET.fromstring(site.get("/changes.xml").content)
        assert feed.find("fh:archive", ATOM) is None and linked(feed, "self") == f"{HOME}/changes.xml"
        newest = entries(feed)
        assert newest == [("retired", "p-2"), ("returned", "p-3"), ("merged", "p-old")]
        documents, paths = [newest], []
        while (address := linked(feed, "prev-archive")) is not None:
            paths.append(address.removeprefix(HOME))
            feed = ET.fromstring(site.get(paths[-1]).content)
            assert feed.find("fh:archive", ATOM) is not None and linked(feed, "current") == f"{HOME}/changes.xml"
            documents.append(entries(feed))
        assert paths == [f"/changes/{SECOND}~1.xml", *(f"/changes/{FIRST}~{number}.xml" for number in (3, 2, 1))]
        assert sorted(sum(documents[2:], [])) == [("new", f"p-{n}") for n in range(8)]
        # Forwards again: each archive knows the next one, and the last of them only the present document.
        assert linked(feed, "next-archive") == f"{HOME}/changes/{FIRST}~2.xml"
        last = ET.fromstring(site.get(f"/changes/{SECOND}~1.xml").content)
        assert linked(last, "next-archive") is None
        for nothing in ("/changes/x.xml", f"/changes/{FIRST}~9.xml", "/changes/none~1.xml", f"/changes/{FIRST}~0.xml"):
            assert site.get(nothing).status_code == 404, nothing


def test_an_entry_names_the_dataset_by_every_name_it_had(public: Path) -> None:
    with closing(Site(public, public_url=HOME)) as site:
        feed = ET.fromstring(site.get("/changes.xml").content)
        retired, returned, merged = feed.findall("a:entry", ATOM)

        def links(one: Any, rel: str) -> list[str]:
            return [link.get("href") for link in one.findall(f"a:link[@rel='{rel}']", ATOM)]

        assert links(retired, "related") == [f"{HOME}/dataset/p-2", OWN] and not links(retired, "describedby")
        assert links(returned, "describedby") == [f"{HOME}/dataset/p-3.ttl"]
        assert links(merged, "canonical") == [f"{HOME}/dataset/p-4"]
        assert retired.find("{http://purl.org/dc/terms/}identifier").text == OWN
        assert site.get("/dataset/p-2.ttl").status_code == 410
        moved = site.get("/dataset/p-old.ttl")
        assert (moved.status_code, moved.headers["location"]) == (302, "/dataset/p-4.ttl")
        assert len({one.find("a:id", ATOM).text for one in (retired, returned, merged)}) == 3


def test_a_dataset_that_is_let_out_again_is_named_in_the_feed_and_by_modified_since(
    public: Path, tmp_path: Path
) -> None:
    shutil.copy(public.parent.parent / "catalog.db", tmp_path)
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        told = {"portal_id": "p", "run_id": FIRST, "reason": "x", "withheld_at": "2026-11-21T12:00:00Z"}
        lifted = {5: "2026-11-22T12:00:00Z", 6: None, 2: "2026-11-22T12:00:00Z"}
        rows = [{"id": f"p-{n}/1", "dataset_id": f"p-{n}", "lifted_at": at} | told for n, at in lifted.items()]
        catalog.upsert("withholdings", rows)
    publish(tmp_path / "catalog.db", tmp_path / "public" / "catalog.db")
    with closing(Site(tmp_path / "public" / "catalog.db", public_url=HOME)) as site:
        newest = entries(ET.fromstring(site.get("/changes.xml").content))
        before = entries(ET.fromstring(site.get(f"/changes/{SECOND}~1.xml").content))
        since = site.get("/catalog.nt", modified_since="2026-11-23").text
    # Not the retired one, and not the one that is withheld still.
    assert [key for term, key in newest if term == "returned"] == ["p-3", "p-5"]
    assert ("returned", "p-5") in before and ("withheld", "p-5") not in before and ("withheld", "p-6") in before
    assert f"{HOME}/dataset/p-5>" in since and f"{HOME}/dataset/p-6>" not in since


def test_the_mirror_has_the_feed_with_its_archives(public: Path, tmp_path: Path) -> None:
    write_mirror(public, tmp_path, SiteOptions(public_url=HOME), ["en"])
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("changes*/**/*")} | {"changes.xml"}
    assert found == {"changes.xml", f"changes/{FIRST}~1.xml", f"changes/{SECOND}~1.xml"}
    feed = ET.fromstring((tmp_path / "changes.xml").read_bytes())
    assert linked(feed, "prev-archive") == f"{HOME}/changes/{SECOND}~1.xml"


def test_a_catalogue_without_changes_has_an_empty_feed(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    publish(tmp_path / "catalog.db", tmp_path / "public" / "catalog.db")
    with closing(Site(tmp_path / "public" / "catalog.db")) as site:
        feed = ET.fromstring(site.get("/changes.xml").content)
    assert not entries(feed) and linked(feed, "prev-archive") is None


def test_the_entries_of_a_run_are_read_in_order(public: Path) -> None:
    """Tens of thousands are not sorted for each of a hundred documents."""
    asked = {"run": "x", "shown": 500, "offset": 0}
    with closing(sqlite3.connect(f"{public.as_uri()}?immutable=1", uri=True)) as conn:
        plan = [row[3] for row in conn.execute(f"explain query plan {changes._ENTRIES}", asked)]
    assert "SEARCH changes USING COVERING INDEX public_changes_run (run_id=?)" in plan, plan
