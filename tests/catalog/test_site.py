"""The site over real catalogues: every page and query, hostile text, and search."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from catalog.db.schema import TABLES, metric_columns
from catalog.db.schema.public import PUBLIC
from catalog.db.schema.views import VIEWS
from catalog.db.store import CatalogError, open_catalog
from catalog.site.metadata import metadata
from catalog.site.pages import pages
from catalog.site.queries import queries
from catalog.site.renamed import new_address
from catalog.site.serve import publish
from tests.catalog.browsing import EVIL, OF_THE_SITE, Site

pytestmark = OF_THE_SITE


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("empty")
    with open_catalog(folder / "catalog.db"):
        publish(folder / "catalog.db", folder / "public" / "catalog.db")
    with closing(Site(folder / "public" / "catalog.db")) as opened:
        yield opened


OWN_PAGES = sorted(page.address for page in pages() if "<" not in page.address and page.form == "html")
HIDDEN = {
    *("records", "keys", "finding_texts", "finding_rows"),
    *("addresses", "check_runs", "check_codes", "check_strips"),
    *("distribution_kinds", "measured_distributions", "finding_runs"),
    *("score_entities", "score_systems", "score_runs", "score_values", "score_rows"),
    *("distribution_rows", "change_rows", "conformance_rows"),
}
PAGES = [
    "/",
    *OWN_PAGES,
    "/catalog",
    "/catalog/dataset_list",
    "/catalog/findings",
    *(f"/catalog/{name}" for name in [*PUBLIC, "resource_history", "score_history"]),
]


@pytest.mark.parametrize("path", PAGES)
def test_page(site: Site, empty: Site, path: str) -> None:
    assert '<html lang="en">' in site.page(path)
    empty.page(path)


@pytest.mark.parametrize("name", queries())
def test_query(site: Site, empty: Site, name: str) -> None:
    words = {"q": "budget"} if name == "search" else {}
    assert site.rows(name, **words)
    assert site.rows(name, portal="north", **words) == site.rows(name, **words)
    assert site.rows(name, portal="south", **words) == []
    page = site.page(f"/catalog/{name}", **words)
    assert "Run SQL" not in page and 'for="p-portal"' in page
    assert empty.rows(name, **words) == []
    empty.page(f"/catalog/{name}", **words)
    response = site.get(f"/catalog/{name}.csv", **words)
    assert response.status_code == 200


def test_the_page_of_corrections_says_what_we_had_said_wrongly(site: Site, empty: Site) -> None:
    page = site.page("/catalog/corrections")
    for text in ("we had said that link_ok fails", "It was disputed", "went from 50.0 to 61.3", "datasets/north-0"):
        assert text in page, text
    assert "Nothing was corrected yet." in empty.page("/catalog/corrections")


def test_the_front_page_shows_what_is_known_and_where_it_is(site: Site, empty: Site) -> None:
    page = site.page("/")
    for text in ("2</strong> portals", "open findings", 'action="/search"', "B to C", "missed", "c-world"):
        assert text in page, text
    assert "grade-C" not in page, "less than 80 % was measured"
    assert "Nothing was harvested yet" in empty.page("/")


def test_the_row_of_a_dataset_leads_to_its_page(site: Site) -> None:
    """Citations hold its address."""
    page = site.page("/catalog/datasets/north-0")
    assert '<link rel="canonical" href="/dataset/north-0">' in page and "The page of this dataset" in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("form", ["", ".json"])
def test_another_name_of_a_dataset_leads_to_its_page(site: Site, form: str) -> None:
    """Its identifier changed: who makes an id of the new one is led to where the history is."""
    response = site.get(f"/catalog/datasets/north-other{form}")
    assert (response.status_code, response.headers["location"]) == (301, f"/catalog/datasets/north-0{form}")
    assert site.get(response.headers["location"]).status_code == 200
    assert "content-security-policy" in response.headers
    assert site.get("/catalog/datasets/nobody").status_code == 404


def test_the_row_of_a_portal_leads_to_its_page(site: Site) -> None:
    page = site.page("/catalog/portals/north")
    assert '<link rel="canonical" href="/portal/north">' in page and 'href="/portal/north"' in page
    assert "&lt;script&gt;" in page and "61.26" in page


@pytest.mark.parametrize(
    "path", ["/catalog/datasets/nobody", "/catalog/portals/nobody", "/catalog/nothing", "/nothing"]
)
def test_what_is_not_there(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


def test_every_row_has_a_page(site: Site) -> None:
    for path in ("distributions/north-d0", "records/north-0", "dataset_quality/north-0"):
        site.page(f"/catalog/{path}")
    assert site.get("/catalog/datasets/north-0.json?_shape=objects").json()["rows"][0]["identifier"] == "id-0"


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
def test_the_address_of_a_finding_leads_to_it_for_ever(site: Site, form: str) -> None:
    """Citations and replies hold it, and a view has no pages of rows."""
    moved = site.get(f"/catalog/findings/f-link_ok{form}")
    assert (moved.status_code, moved.headers["location"]) == (301, f"/catalog/findings{form}?id=f-link_ok")
    assert "link_ok" in site.get(moved.headers["location"]).text


def test_findings_are_filtered_sorted_and_counted_by_facets(site: Site) -> None:
    found = site.get("/catalog/findings.json?state__in=new,open&_shape=objects&dataset_id=north-0").json()
    assert set(found["facet_results"]) == set(VIEWS["findings"].facets)
    first, *rest = (row["id"] for row in found["rows"])
    assert (first, sorted(rest)) == ("f-link_ok", ["f-file_served", "f-late"])
    assert '<a href="/catalog/datasets/north-0">north-0</a>' in site.page("/catalog/findings")


def test_search_folds_accents_and_finds_beginnings(site: Site) -> None:
    for words in ("education", "éducation", "EDUCATION depenses", "educ"):
        (found,) = site.rows("search", q=words)
        assert "/catalog/datasets/north-0" in found["dataset"], words
    assert len(site.rows("search", q="ecole")) == 5
    assert site.rows("search", q="gone") == []


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        '"',
        '""',
        "*",
        "a AND",
        "NEAR(",
        "title:x",
        "^x",
        "-",
        "(",
        "a*b",
        "'; drop table datasets; --",
        "\0",
        "é" * 5_000,
    ]
    + [EVIL],
)
def test_search_takes_any_words(site: Site, words: str) -> None:
    assert "message-error" not in site.page("/catalog/search", q=words)


def test_table_search_and_facets(site: Site) -> None:
    page = site.page("/catalog/datasets", _search="education")
    assert "north-0" in page and "north-1" not in page
    facets = {name: TABLES[name].facets for name in PUBLIC} | {"findings": VIEWS["findings"].facets}
    for name, columns in facets.items():
        found = site.get(f"/catalog/{name}.json", _size="1").json()
        assert set(found["facet_results"]) == set(columns), name
        assert not found["suggested_facets"]


def test_links_of_a_query_are_links_and_cells_of_a_table_are_not(site: Site) -> None:
    page = site.page("/catalog/broken_links")
    assert '<a href="/catalog/datasets/north-0">' in page
    assert '<a href="https://data.example/x.csv" rel="nofollow noopener">' in page
    table = site.page("/catalog/datasets")
    assert "elsewhere.example" in table and "<img" not in table
    assert "école, budget" in table


def test_last_night_says_what_came_and_went(site: Site) -> None:
    assert {row["what"] for row in site.rows("what_changed_last_night")} == {
        "added",
        "new finding",
        "finding fixed",
    }


def test_share_of_open_licences(site: Site) -> None:
    found = {row["licence"]: row for row in site.rows("licences_in_use")}
    assert found["CC-BY-4.0"]["is_open"] == "yes" and found["CC-BY-4.0"]["open_share_pct_of_all"] == 50.0
    assert found["(none recognised)"]["is_open"] == "not known"
    # They are counted when the file is made: to count hundreds of thousands of files takes seconds.
    with closing(sqlite3.connect(f"file:{site.datasette.get_database('catalog').path}?immutable=1", uri=True)) as db:
        plan = [
            row[3] for row in db.execute(f"explain query plan {queries()['licences_in_use']['sql']}", {"portal": ""})
        ]
    assert [step for step in plan if step.startswith(("SCAN", "SEARCH")) and "(" not in step] == ["SCAN l"], plan


def test_what_changed_is_found_by_the_night(site: Site) -> None:
    """To go through all datasets or findings takes a quarter of a second for 20,000 datasets."""
    with closing(sqlite3.connect(f"file:{site.datasette.get_database('catalog').path}?immutable=1", uri=True)) as db:
        sql = queries()["what_changed_last_night"]["sql"]
        plan = [row[3] for row in db.execute(f"explain query plan {sql}", {"portal": ""})]
    assert not [step for step in plan if step.startswith(("SCAN d", "SCAN own", "SCAN f", "SCAN k"))], plan
    for part in ("d USING INDEX", "own USING INDEX"):
        assert sum(step.startswith(f"SEARCH {part} public_") for step in plan) == 3, plan


def test_rows_of_tables_have_no_style_of_their_own(site: Site) -> None:
    """The site's policy refuses them, and each is an error in the browser's console."""
    for table in ("datasets", "portals", "runs"):
        first = site.get(f"/catalog/{table}.json", _shape="array", _size="1").json()[0]
        page = site.page(f"/catalog/{table}/{quote(first['id'], safe='')}")
        assert "<style" not in page and " style=" not in page and page.count("<h1") == 1, table
    assert 'rel="canonical"' in site.page("/catalog/portals/north")


def test_headers_and_robots(site: Site) -> None:
    response = site.get("/robots.txt")
    # Queries are closed to crawlers, but not the pages of the catalogue for programs.
    first, *open_to_all, last = response.text.split("\n")
    assert (first, last) == ("User-agent: *", "Disallow: /*?") and "Allow: /catalog.ttl" in open_to_all
    assert all(line.startswith("Allow: /") for line in open_to_all)
    assert "default-src 'none'" in response.headers["content-security-policy"]
    css = site.get("/static/winnow.css")
    assert css.status_code == 200 and "url(" not in css.text and "@import" not in css.text


def test_labels_and_headings(site: Site) -> None:
    for path in (
        "/",
        "/portal/north",
        "/compare",
        "/catalog/portals/north",
        "/catalog/search",
        "/catalog/datasets/north-0",
    ):
        page = site.page(path)
        assert page.count("<h1") == 1, path
        for field in re.findall(r'<(?:input|select)(?![^>]*type="hidden")[^>]* id="([^"]+)"', page):
            assert f'for="{field}"' in page, (path, field)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("/catalog/responses", "/catalog/replies"),
        ("/catalog/responses?response=disputed", "/catalog/replies?reply=disputed"),
        ("/catalog/responses?responder__contains=Treasury&_sort_desc=responded_on&_facet=response",
         "/catalog/replies?replied_by__contains=Treasury&_sort_desc=replied_on&_facet=reply"),
        ("/catalog/responses/r1", "/catalog/replies/r1"),
        ("/catalog/responses/r1.json?_shape=array", "/catalog/replies/r1.json?_shape=array"),
        ("/catalog/corrections?response_id=r2", "/catalog/corrections?reply_id=r2"),
        ("/catalog/corrections.json?response_id=r2", "/catalog/corrections.json?reply_id=r2"),
    ],
)  # fmt: skip
def test_addresses_of_names_before_lead_to_the_names_of_today(site: Site, before: str, now: str) -> None:
    response = site.get(before)
    assert (response.status_code, response.headers["location"]) == (301, now)
    assert site.get(now).status_code == 200


def test_data_of_old_tables_stay_at_their_address_with_their_columns(site: Site) -> None:
    (row,) = site.rows("responses", response="disputed")
    assert row["responder"].startswith("Treasury") and row["responded_on"] == "2026-11-23"
    assert site.rows("replies", reply="disputed")[0]["replied_by"] == row["responder"]
    assert site.get("/catalog/answers").status_code == site.get("/catalog/response_cache").status_code == 404
    assert "responded_on" in site.get("/catalog/responses.csv").text.partition("\n")[0]


@pytest.mark.parametrize("path", ["/catalog/replies?response=x", "/catalog/datasets?response=x"])
def test_other_addresses_are_left_alone(site: Site, path: str) -> None:
    assert "location" not in site.get(path).headers
    # What a browser would take for another host is never sent anywhere.
    assert new_address("//e.example/catalog/answers", "") is new_address("/\\e.example/catalog/answers", "") is None


def test_metadata_describes_every_column(public: Path) -> None:
    tables = metadata()["databases"]["catalog"]["tables"]
    connection = sqlite3.connect(public)
    for name in [*PUBLIC, "resource_history", "score_history", "dataset_list"]:
        there = [row[1] for row in connection.execute(f"pragma table_info([{name}])")]
        assert set(tables[name]["columns"]) == set(there), name
        assert all(tables[name]["columns"].values())
    connection.close()
    assert set(metric_columns("dataset")) < set(tables["dataset_quality"]["columns"])


def test_internal_tables_are_hidden(site: Site) -> None:
    found = {table["name"]: table["hidden"] for table in site.get("/catalog.json").json()["tables"]}
    assert {name for name, hidden in found.items() if not hidden} == PUBLIC.keys() - HIDDEN


def test_publish_is_whole_or_not_at_all(tmp_path: Path, public: Path) -> None:
    out = tmp_path / "catalog.db"
    with pytest.raises(CatalogError, match="no such file"):
        publish(tmp_path / "nowhere.db", out)
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(CatalogError, match="is a catalogue"):
        publish(tmp_path / "text.db", out)
    assert not out.exists()
    source = public.parents[1] / "catalog.db"
    publish(source, out)
    publish(source, out)
    with pytest.raises(CatalogError, match="public file"):
        publish(public, out)
    with pytest.raises(CatalogError, match="catalogue itself"):
        publish(out, out)
    with pytest.raises(CatalogError, match=r"catalog\.db"):
        publish(source, tmp_path / "other.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalog.db", "text.db"]
