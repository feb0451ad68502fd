"""The pages of governments, portals and publishers."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from catalog.db.store import open_catalog
from catalog.exports.cards import card_rows
from catalog.exports.folders import folder_name
from catalog.site.countries import government_level, is_national
from catalog.site.entities import SITE_TABLES, _figures
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.pages.entity import nights_of
from catalog.site.render import render
from catalog.site.serve import files, publish
from specs.languages import language
from specs.portals import shipped
from tests.catalog.browsing import EVIL, OF_THE_SITE, Site

pytestmark = OF_THE_SITE

SLUG = folder_name(EVIL)
PATHS = [f"/government/{SLUG}", "/portal/north", "/publisher/north-p"]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_a_range_of_grades_the_trend_and_what_to_fix(site: Site, path: str) -> None:
    text = site.page(path)
    for said in (
        *("B to C", "61.3", "58.0", "it would be 55.0, had they all passed 70.0", "60 % of what applies"),
        *("Now", "3 months ago", "12 months ago", "50.0", "findable", "90.0", "+2.50", "<title id="),
    ):
        assert said in text, said
    assert "grade-C" not in text, "less than 80 % was measured: no letter"
    assert text.count("<h1") == 1 and " style=" not in text
    assert site.page(f"/es{path}") and site.get(f"{path}.json").json()["entity"]["grade_worst"] == "C"


def test_the_score_of_then_is_that_of_the_last_night_before(site: Site) -> None:
    now, three, twelve = site.get("/portal/north.json").json()["then"]
    assert (now["score"], three["score"], twelve["score"]) == (61.26, None, 50.0)
    assert three["run_id"].startswith("20260801"), "a night without a score is a night"


def test_a_government_leads_to_its_portals_publishers_and_promises(site: Site) -> None:
    text = site.page(PATHS[0])
    for part in ("/portal/north", "/publisher/north-p", "/commitment/ogp-XX0002", "/dataset/north-0"):
        assert part in text, part
    assert "To be fixed" not in text and "will be fixed by" in text and "No letter was sent" in text
    assert "fewer than three others" in text
    assert "obeyed: somebody" in site.page("/portal/north") and f"/government/{SLUG}" in site.page("/portal/north")


def test_a_portal_that_was_never_read_says_that_nothing_is_known(site: Site) -> None:
    text = site.page("/portal/south")
    assert "grade-range" in text and "Nothing was scored here yet" in text and "c-unknown" in text
    assert "grade-A" not in text


@pytest.mark.parametrize("path", ["/portal/nowhere", "/government/x", "/publisher/x'--", f"/portal/{'x' * 3000}"])
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


def test_the_mirror_has_them_with_their_downloads(public: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    (exports / SLUG).mkdir(parents=True)
    (exports / SLUG / "scorecard.csv").write_text("x" * 3000)
    write_mirror(public, tmp_path / "out", SiteOptions(exports=str(exports)))
    text = (tmp_path / "out" / "government" / SLUG / "index.html").read_text("utf-8")
    assert "scorecard.csv" in text and "3 KB" in text
    assert (tmp_path / "out/portal/north/index.html").is_file() and (tmp_path / "out/portal/north.json").is_file()
    # No server answers there: a script of ours compares.
    compare = (tmp_path / "out/compare/index.html").read_text("utf-8")
    assert 'src="/static/compare.js"' in compare and "<noscript>" in compare
    assert (tmp_path / "out/static/compare.js").is_file()


def test_every_query_of_a_page_is_answered_by_an_index(public: Path) -> None:
    """A scan of a table that grows with the datasets would take seconds."""
    with closing(sqlite3.connect(public)) as conn:
        conn.row_factory = sqlite3.Row
        plans: list[str] = []

        class Watching(Visit):
            def rows(self, sql: str, **params: object) -> list[dict[str, object]]:
                plans.extend(row["detail"] for row in conn.execute(f"explain query plan {sql}", params))
                return super().rows(sql, **params)

        visit = Watching(conn, language(None), SiteOptions(), "north")
        nights_of(visit, {"kind": "portal", "id": "north"})
        assert any("SEARCH" in plan and "entity" in plan for plan in plans), plans
        assert not any(plan.startswith("SCAN r") for plan in plans), plans
        # Nothing is withheld here.
        for table in SITE_TABLES.keys() - {"site_withheld"}:
            assert conn.execute(f"select count(*) from {table}").fetchone()[0], table  # noqa: S608  # our own names


def test_portals_of_which_nothing_was_asked_do_not_lead_with_a_good_grade(tmp_path: Path) -> None:
    """Nearly all that was measured stands in the records: the files were never asked for."""
    run, seen = "20261124T000000Z", {"first_seen_run": "20261124T000000Z", "last_seen_run": "20261124T000000Z"}
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        catalog.upsert("runs", [{"id": run, "status": "complete", "started_at": "2026-11-24T00:00:00Z"}])
        for name, coverage, is_asked in [("Kenya", 90.0, False), ("Norway", 70.0, True), ("Chile", 95.0, True)]:
            country = {"Kenya": "KEN", "Norway": "NOR", "Chile": "CHL"}[name]
            portal = {"id": name, "title": name, "government": name, "country": country}
            # What the file says counts, whatever the name says: this one is of a province.
            level = {"Chile": "national", "Norway": None, "Kenya": "regional"}[name]
            catalog.upsert("portals", [portal | {"portal_file": json.dumps({"government_level": level})}])
            dataset = {"id": f"{name}-1", "portal_id": name, "identifier": "1", "status": "present", **seen}
            catalog.upsert("datasets", [dataset])
            file = {"id": f"{name}-f", "dataset_id": f"{name}-1", "portal_id": name, "is_retired": 0, **seen}
            url = f"https://{name}.example/x.csv"
            catalog.upsert("distributions", [file | {"download_url": url}])
            if is_asked:
                catalog.upsert("resource_checks", [{"url": url, "outcome": "ok", "run_id": run}])
            score = 62.0 if name == "Chile" else 95.0
            catalog.db.conn.executemany(
                """insert into score_history (run_id, system, methodology_version, entity_level, entity_id, score,
                     score_low, score_high, coverage_pct, grade)
                   values (?, 'winnow', '2.1.0', ?, ?, ?, 60, 97, ?, 'A')""",
                [(run, level, name, score, coverage) for level in ("government", "portal")],
            )
            scores = {"score": 75.0, "score_low": 74.0 if is_asked else 30.0, "score_high": 76.0, "grade": "B"}
            catalog.upsert("dataset_quality", [{"dataset_id": f"{name}-1", "portal_id": name, "run_id": run} | scores])
        cards = {(row["entity_level"], row["entity_id"]): row for row in card_rows(catalog, run)}
    public = tmp_path / "public" / "catalog.db"
    publish(tmp_path / "catalog.db", public)
    with closing(sqlite3.connect(public)) as conn:
        conn.row_factory = sqlite3.Row
        (home,) = (page for page in pages() if page.address == "/")
        visit = Visit(conn, language(None), SiteOptions())
        content = home.read(visit)
        assert isinstance(content, dict)
        text = render(home, visit, content)
        told = visit.rows("select kind, id, grade_best, grade_worst, rank from site_entities where kind != 'publisher'")
        tables = {
            "portals": visit.rows("select id, grade from portals order by id"),
            "history": visit.rows("select entity_id as id, grade from score_history where entity_level = 'portal'"),
        }
        datasets = {
            name: [row["grade"] for row in visit.rows(f"select grade from {name} order by grade")]  # noqa: S608  # names
            for name in ("dataset_quality", "dataset_list")
        }
    # The page, the tables and the scorecard say the same.
    for row in told:
        card = cards[row["kind"], row["id"]]
        assert card["grades"] == (row["grade_best"], row["grade_worst"]) and card.get("rank") == row["rank"], row
        assert card["grade"] == (row["grade_best"] if row["grade_best"] == row["grade_worst"] else None)
    shown = {"Chile": "C", "Kenya": "A to C", "Norway": "A to C"}
    assert all({row["id"]: row["grade"] for row in rows} == shown for rows in tables.values()), tables
    assert datasets["dataset_quality"] == datasets["dataset_list"] == ["B", "B", "B to D"]
    assert [row["name"] for row in content["governments"]] == ["Chile", "Kenya", "Norway"], "not the better score first"
    assert "grade-A" not in text and text.count("A to C") >= 3 and 'class="m-C"' in text
    assert text.count('class="m-range"') == 1 and content["map"]["others"] == 1, "a province colours no country"


def test_what_portal_files_say_of_a_government_goes_before_its_name() -> None:
    assert government_level("Georgia", "GEO", ["regional", None]) == "regional"
    assert government_level("Agencia de Datos", "CHL", ["national"]) == "national"
    assert government_level("Chile", "CHL", ["national", "local"]) is None, "they contradict each other"
    assert government_level("Chile", "CHL", [None]) == "national"
    assert government_level("Santiago de Chile", "CHL", []) is None
    # A shipped portal's file says it, so no name decides.
    assert all(spec.government_level for spec in shipped().values())


def test_names_of_national_governments() -> None:
    for name, code in [
        ("Government of Canada", "CAN"),
        ("Norge", "NOR"),
        ("日本", "JPN"),
        ("République du Mali", "MLI"),
    ]:
        assert is_national(name, code), name
    for name, code in [
        ("Mexico City", "MEX"),
        ("State of Mexico", "MEX"),
        ("New South Wales", "AUS"),
        ("Republic of Solmark", "XSO"),
        ("", "NOR"),
    ]:
        assert not is_national(name, code), name


@pytest.mark.parametrize("path", PATHS)
def test_a_badge_a_card_and_a_feed_of_it(site: Site, path: str) -> None:
    badge = site.get(f"/badge{path}.svg")
    assert badge.headers["content-type"].startswith("image/svg+xml")
    text = "".join(ElementTree.fromstring(badge.text).itertext())
    assert "B to C" in text and "61.3" not in text, "a score beside a range would be read as a grade"
    card = site.page(f"/card{path}")
    assert "B to C" in card and "<script" not in card and "set-cookie" not in site.get(f"/card{path}").headers
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ElementTree.fromstring(site.get(f"/feed{path}.xml").text)
    titles = [entry.findtext(f"{atom}title") for entry in feed.iter(f"{atom}entry")]
    assert titles == ["61.3 of 100 points", "no score", "51.0 of 100 points", "50.0 of 100 points"]
    assert "1.0 points more than last time (50.0)" in "".join(feed.itertext())
    assert f"/feed{path}.xml" in site.page(path)


@pytest.mark.parametrize("path", ["/badge/portal/nowhere.svg", "/card/portal/nowhere", "/feed/portal/nowhere.xml"])
def test_nobody_has_a_badge_without_a_page(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404


def test_two_are_compared_dimension_by_dimension(site: Site) -> None:
    asked = {"a": f"government/{SLUG}", "b": "publisher/north-p"}
    text = site.page("/compare", **asked)
    for said in ("B to C", "58.0–64.0", "Weakest:", "/dataset/north-0", "Too little was observed of one of them"):
        assert said in text, said
    assert text.count("selected") == 2 and 'name="robots" content="noindex"' in text
    found = site.get("/compare.json", **asked).json()
    assert found["sides"][0]["examples"]["accessible"]["value"] == 40.0
    best = {one["metric"]: one["dataset_id"] for group in found["best"] for one in group["indicators"]}
    assert best == {"licence_open": "north-0"}


@pytest.mark.parametrize("asked", ["", "x", "government/", "portal/north", "government/nobody", EVIL, "\0", "a/" * 900])
def test_who_is_not_there_is_not_compared(site: Site, asked: str) -> None:
    text = site.page("/compare", a=asked, b="publisher/north-p")
    assert ("nobody of this name" in text) == bool(asked)


def test_a_rank_stands_among_its_neighbours_and_says_whose_interval_overlaps(public: Path, tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    shutil.copy(public, path)
    with closing(sqlite3.connect(path)) as conn:
        conn.row_factory = sqlite3.Row
        for number in range(40):
            low, high = (None, None) if number == 39 else (90.0 - number, 94.0 - number)
            conn.execute(
                """insert into site_entities (kind, id, slug, name, peer_group, peer_count, rank, score, ci_low,
                     ci_high) values ('portal', :id, :id, :id, 'portal/country/XXX', 40, :rank, :score, :low, :high)""",
                {"id": f"p{number}", "rank": number + 1, "score": 92.0 - number, "low": low, "high": high},
            )
        (page,) = (one for one in pages() if one.address == "/portal/<id>")
        for name, shown, overlaps in [
            ("p20", [f"p{number}" for number in range(17, 24)], 9),
            ("p0", [f"p{number}" for number in range(7)], 5),
        ]:
            content = page.read(Visit(conn, language(None), SiteOptions(), name))
            assert isinstance(content, dict)
            peers = content["peers"]
            # Four on either side, and one whose interval nobody knows.
            assert ([row["slug"] for row in peers["rows"]], peers["overlaps"]) == (shown, overlaps)


def test_response_times_are_said_of_whom_was_written_to(public: Path, tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    shutil.copy(public, path)
    with closing(sqlite3.connect(path)) as conn:
        conn.row_factory = sqlite3.Row
        conn.execute(
            """update site_entities set answers = 2, answer_days = 5, fixes = 0, promises = 1, promise_days = 30,
                 promises_kept = 0 where id = 'north'"""
        )
        (page,) = (one for one in pages() if one.address == "/portal/<id>")
        visit = Visit(conn, language(None), SiteOptions(), "north")
        content = page.read(visit)
        assert isinstance(content, dict)
        text = render(page, visit, content)
    assert "Days until the first answer, median of 2: 5." in text and "median of 1: 30" in text
    assert "Promises kept" not in text, "its day may be to come"
    assert "No letter was sent" not in text and "until the fix" not in text


def test_the_data_of_a_page_have_what_its_trends_say(site: Site) -> None:
    government = f"government/{folder_name(EVIL)}"
    for path, count in (
        ("/portal/north", 1),
        (f"/{government}", 1),
        ("/publisher/north-p", 1),
        ("/commitment/ogp-XX0002", 1),
        (f"/compare?a={government}&b=publisher/north-p", 2),
    ):
        text = site.page(path)
        assert '<script type="module" src="/static/charts.js">' in text, path
        named = re.findall(r'data-series="([\w.]+)" data-from="(\w+)" data-to="(\w+)"', text)
        assert len(named) == count, path
        head, mark, query = path.partition("?")
        data = site.get(f"{head}.json{mark}{query}").json()
        for series, first, last in named:
            rows: Any = data
            for key in series.split("."):
                rows = rows[int(key)] if key.isdigit() else rows[key]
            assert [rows[0]["run_id"], rows[-1]["run_id"]] == [first, last] and "score" in rows[0], path
    script = site.get("/static/vendor/plot.js")
    assert script.status_code == 200 and "javascript" in script.headers["content-type"]
    told = (files("static") / "vendor" / "README.md").read_text("utf-8")
    assert hashlib.sha256(script.content).hexdigest() in told


def test_the_files_counted_are_those_of_the_datasets_counted(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    add = "insert into distributions (id, dataset_id, portal_id, position, is_retired) values (?, ?, 'north', 7, 0)"
    with closing(sqlite3.connect(copy)) as db:
        db.execute("create temp table apart_measured (id)")  # of a whole build: none is withheld here
        counted = _figures(db)["files"]
        db.execute(add, ("late", "north-late"))
        assert _figures(db)["files"] == counted, "its dataset was not found and is not counted either"
        db.execute(add, ("more", "north-0"))
        assert _figures(db)["files"] == counted + 1
