"""The page of a dataset: score and metrics, files as promised and served, findings with replies, and its history."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.pages.dataset import PAGES
from catalog.site.pages.dataset_files import file_pages, ranges
from catalog.site.render import render, render_json
from specs.languages import language
from tests.catalog.browsing import OF_THE_SITE

pytestmark = OF_THE_SITE

PAGE = "/dataset/north-0"


def test_it_shows_score_files_and_findings(site: Any) -> None:
    page = site.page(PAGE)
    assert "&lt;script&gt;alert(1)" in page
    for text in (
        # What is unknown decides between two grades.
        *("61.3", "55.0", "70.0", "B to C", "findable", "unknown", "✗ does not answer", "since November 20, 2026"),
        *("HTML", "differs from what was promised", "12 rows, 1 column", "+9.5 points", "disputed"),
        *('href="https://data.example/x.csv"', 'href="https://cdn.example/x.csv"', "File 2", "no longer listed"),
        *('id="file-north-d0"', 'id="finding-f-link_ok"', 'href="/metric/link_ok"', 'rel="canonical"'),
    ):
        assert text in page, text
    # It was fixed, so it is only named as such.
    assert "How to fix it:" not in page[page.index('id="finding-f-title_present"') :]


def test_it_shows_replies_reports_and_corrections(site: Any) -> None:
    page = site.page(PAGE)
    for text in (
        "will be fixed by January 31, 2026 <strong>(overdue)</strong>",
        "Treasury &lt;script&gt;",
        "looked at again: it still fails",
        "Reported by citizens",
        "Of 2019 &lt;script&gt;",
        "Where we were wrong",
        "from 50.0 to 61.3",
        'href="/report?about=f-link_ok"',
    ):
        assert text in page, text
    # The last reply to a finding stands.
    assert "acknowledged" not in page


@pytest.mark.parametrize("number", range(1, 5))
def test_odd_titles_and_nothing_else(site: Any, number: int) -> None:
    page = site.page(f"/dataset/north-{number}")
    assert "Not scored yet" in page and "The record lists no file" in page


def test_parts_lead_to_their_parent_and_back(site: Any) -> None:
    assert 'Part of <a href="/dataset/north-0">' in site.page("/dataset/north-1")
    assert '<a href="/dataset/north-1">' in site.page(PAGE)
    assert "which the portal does not list" in site.page("/dataset/north-2")


def test_a_retired_dataset_and_another_id_say_what_became_of_them(site: Any) -> None:
    page = site.page("/dataset/north-lost")
    assert "vanished from its portal" in page and "ab34" in page and '<a href="/dataset/south-copy">' in page
    page = site.page("/dataset/north-other")
    assert "another identifier" in page and '<a href="/dataset/north-0">' in page and "noindex" in page
    assert 'rel="canonical" href="/dataset/north-0"' in page
    for path in ("/dataset/nobody", "/dataset/north-0~2", "/dataset/north-0~x", "/dataset/north-other~2"):
        assert site.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("path", "now"),
    [
        ("/finding/f-link_ok", "/dataset/north-0#finding-f-link_ok"),
        ("/finding/f-title_present", "/dataset/north-0#finding-f-title_present"),
        ("/file/north-d1", "/dataset/north-0#file-north-d1"),
        ("/es/file/north-d1", "/es/dataset/north-0#file-north-d1"),
    ],
)
def test_files_and_findings_lead_to_their_place(site: Any, path: str, now: str) -> None:
    response = site.get(path)
    assert (response.status_code, response.headers["location"]) == (302, now)
    target, _, anchor = now.partition("#")
    assert f'id="{anchor}"' in site.get(target).text
    assert site.get("/finding/nobody").status_code == site.get("/file/nobody").status_code == 404


def test_no_cell_is_shown_and_ranges_only_where_they_are_rough(site: Any) -> None:
    data = site.get(f"{PAGE}.json").json()
    columns = {one["name"].split()[0]: one for one in data["files"][0]["columns"]}
    assert {name: one["range"] for name, one in columns.items()} == {
        "amount": [4120, 98000],
        "small": None,
        "few": None,
        "day": ["2025-01", "2025-12"],
        "place": None,
    }
    assert columns["amount"]["filled_pct"] == 50
    for text in ("aaaaaa", "ff00", "731", "66600"):
        assert text not in json.dumps(data["files"]) and text not in site.get(PAGE).text, text
    assert data["files"][0]["defects"][0]["lines"] == [2, 3]
    for odd in ({}, {"kind": "number", "distinct": 50, "minimum": "4120", "maximum": 98000}):
        assert ranges(odd) is None
    assert ranges({"kind": "number", "distinct": 50, "minimum": float("inf"), "maximum": 98000}) is None


def test_each_metric_has_an_answer_and_evidence(site: Any) -> None:
    data = site.get(f"{PAGE}.json").json()
    lines = {one["metric"]: one for one in data["metrics"]}
    licence = lines["licence_open"]
    assert (licence["answer"], licence["passing"], licence["applicable"]) == ("ok", 1, 1)
    assert all(one["answer"] in ("ok", "bad", "part", "unknown") and one["question"] for one in data["metrics"])


def test_search_engines_get_a_dataset(site: Any) -> None:
    found = site.get(f"{PAGE}.json").json()["json_ld"]
    assert found["@type"] == "Dataset" and found["distribution"][0]["contentUrl"] == "https://data.example/x.csv"
    # What is no address of the web is not handed on.
    assert "license" not in found and len(found["distribution"]) == 1


def test_columns_that_were_lost_are_named(site: Any) -> None:
    assert "Columns have changed: <del><bdi>amount</bdi></del>" in site.page(PAGE)


def test_what_happened_to_it_is_a_feed(site: Any) -> None:
    assert f'href="/feed{PAGE}.xml"' in site.page(PAGE)
    feed = ElementTree.fromstring(site.get(f"/feed{PAGE}.xml").text)
    (title,) = (one.text or "" for one in feed.iterfind("{*}entry/{*}title"))
    assert title.endswith("changed; 5 findings are new; 1 was fixed"), title
    assert "modificado" in site.get(f"/es/feed{PAGE}.xml").text
    assert site.get("/feed/dataset/nobody.xml").status_code == 404


def test_a_page_of_the_mirror_is_small_with_eight_files_and_all_their_checks(public: Path, tmp_path: Path) -> None:
    """What the mirror of a national portal weighs is decided here: 12,500 datasets must stay below 500 MB."""
    changed = tmp_path / "catalog.db"
    shutil.copy(public, changed)
    with closing(sqlite3.connect(changed)) as conn:
        conn.row_factory = sqlite3.Row
        chosen = "select 'more-' || :n, dataset_id, portal_id, :n, 'File ' || :n, :url, format, 0"
        for n in range(6):
            conn.execute(
                f"""insert into distributions (id, dataset_id, portal_id, position, title, download_url, format,
                      is_retired) {chosen} from distributions where id = 'north-d0'""",  # SQL of the test
                {"n": n, "url": f"https://data.example/a-folder/of-files/file-{n}.csv"},
            )
        conn.execute("delete from distributions where id = 'north-d9'")
        options = SiteOptions(is_static=True, languages=("en",), public_url="https://open.example")
        visit = Visit(conn, language("en"), options, "north-0")
        content = PAGES[0].read(visit)
        assert isinstance(content, dict) and len(content["files"]) == 8
        for file in content["files"]:
            file["checks"] = (["ok"] * 9 + ["broken", "unknown"]) * 5 + ["ok"] * 5
        text, data = render(PAGES[0], visit, content), render_json(PAGES[0].shorten(content), is_compact=True)
    assert len(text.encode()) < 23_000 and len(data.encode()) < 8_000
    found = json.loads(data)
    # Each metric stays in the page and in its data.
    names = {one["metric"] for one in content["metrics"]}
    assert names == {*found["passed"], *(one["metric"] for one in found.get("metrics", ()))} and "licence_open" in names
    assert all(f'href="/metric/{name}/"' in text for name in names)
    assert "json_ld" not in data and "null" not in data


def test_it_is_there_in_every_language_and_in_the_mirror(site: Any, public: Path) -> None:
    assert "Lo que falla" in site.page("/es/dataset/north-0")
    conn = sqlite3.connect(f"{public.as_uri()}?immutable=1", uri=True)
    conn.row_factory = sqlite3.Row
    options = SiteOptions(is_static=True, contact="desk@data.example")
    (page,) = (one for one in pages() if one.name == "dataset")
    visit = Visit(conn, language("en"), options, "north-0")
    content = page.read(visit)
    assert isinstance(content, dict)
    text = render(page, visit, content)
    assert "mailto:desk@data.example?subject=Finding%20f-link_ok" in text and "/report?" not in text
    names = list(page.all_names(Visit(conn, language("en"), options)))
    assert "north-0" in names and "north-other" in names and len(names) == len(set(names))
    conn.close()


def test_large_datasets_come_in_pages(tmp_path: Path) -> None:
    """Each finding and file is on one page, all findings of a rule together."""
    from catalog.db.store import open_catalog
    from tests.making import put_findings

    with open_catalog(tmp_path / "catalog.db") as catalog:
        with catalog.writing():
            catalog.upsert("portals", [{"id": "p", "title": "P"}])
            catalog.upsert("datasets", [{"id": "p-1", "portal_id": "p", "status": "present"}])
            files = [
                {"id": f"p-f{n:02}", "dataset_id": "p-1", "portal_id": "p", "position": n, "is_retired": 0}
                for n in range(35)
            ]
            catalog.upsert("distributions", files)
            put_findings(
                catalog,
                [
                    {"id": f"{rule}-{n}", "state": "open", "rule_id": rule, "dataset_id": "p-1", "portal_id": "p"}
                    | {"distribution_id": f"p-f{n % 35:02}", "gain_points": gain}
                    for rule, gain in (("link_ok", 2.0), ("licence_open", 5.0))
                    for n in range(60)
                ],
            )
        conn = catalog.db.conn
        before, conn.row_factory = conn.row_factory, sqlite3.Row
        seen: list[str] = []
        for name in ("p-1", "p-1~2", "p-1~3", "p-1~4"):
            content = PAGES[0].read(Visit(conn, language("en"), SiteOptions(), name))
            assert isinstance(content, dict) and content["last_page"] == 4
            # What several files have in common is said once.
            assert all(len(group["observations"]) == 1 for group in content["findings"])
            seen += [one["id"] for group in content["findings"] for one in group["observations"][0]["findings"]]
        assert len(seen) == len(set(seen)) == 120 and seen[59].startswith("licence_open") and "link_ok" in seen[60]
        for path, now in ((1, "p-1~2#file-p-f15"), (2, "p-1~3#finding-link_ok-")):
            name = "p-f15" if path == 1 else seen[105]
            moved = PAGES[path].read(Visit(conn, language("en"), SiteOptions(), name))
            assert moved is not None and f"/dataset/{now}" in moved.path  # type: ignore[union-attr]
        conn.row_factory = before
    assert [file_pages(number) for number in (0, 8, 9, 20, 21)] == [1, 1, 2, 2, 3]


def test_queries_use_indexes(public: Path) -> None:
    """The plans are those of a file of any size: one without rows, and so without statistics."""
    from catalog.site.pages import dataset, dataset_files, dataset_findings, dataset_metrics

    conn = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(f"{public.as_uri()}?immutable=1", uri=True)) as there:
        for (sql,) in there.execute(
            "select sql from sqlite_master where sql is not null and name not like '%\\_%fts%'"
        ):
            if "fts5" not in sql and "sqlite_" not in sql and "'" + "search_text" not in sql:
                conn.execute(sql)
    values = dict.fromkeys(("id", "url", "cluster"), "x") | {"keys": "[1]"}
    counts = dict.fromkeys(("limit", "offset", "first", "end", "key"), 1)
    for module in (dataset, dataset_files, dataset_findings, dataset_metrics):
        for name, sql in vars(module).items():
            if isinstance(sql, str) and sql.lstrip().startswith(("select", "with")):
                asked = sql + {"_FILE": " where d.id = :id", "_ALIAS": " where a.id = :id"}.get(name, "")
                for row in conn.execute(f"explain query plan {asked}", values | counts):
                    # Subqueries and arrays are read whole, but no table is.
                    is_small = any(word in row[3] for word in ("json_each", " own", " placed", "SCAN (", " n "))
                    assert not row[3].startswith("SCAN") or is_small, (name, row[3])
    conn.close()
