"""The pages that keep the record: method, metrics, nights, corrections, what vanished, figures, downloads."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from catalog.exports.cards import day_of_run
from catalog.exports.figures import queries
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions, Visit, pages
from catalog.site.pages.vanished import _columns, _files
from specs.languages import language
from specs.metrics import methodology_version, metrics
from tests.catalog.browsing import EVIL, OF_THE_SITE, RUN, Site

pytestmark = OF_THE_SITE

ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_method_names_every_question_with_its_points(site: Site) -> None:
    text = site.page("/method")
    assert all(f"/metric/{name}" in text for name in metrics())
    found = site.get("/method.json").json()
    assert sum(one["points"] for dimension in found["dimensions"] for one in dimension["metrics"]) == pytest.approx(
        100, abs=0.2
    )


def test_an_old_version_says_whether_its_scores_compare(site: Site) -> None:
    assert "never compared" in site.page("/method/2.0.0")
    assert site.get(f"/method/{methodology_version()}").headers["location"] == "/method"
    assert site.get("/method/9.9.9").status_code == 404


def test_a_metric_counts_unknown_apart_from_failed(site: Site) -> None:
    found = site.get("/metric/licence_open.json").json()
    assert found["spread"] == {"passed": 1, "in_part": 0, "failed": 0, "unknown": 0, "not_applicable": 1}
    assert '/dataset/north-0"' in site.page("/metric/link_ok")
    for name in metrics():
        assert site.get(f"/metric/{name}").status_code == 200, name


def test_a_correction_says_what_was_wrong_and_is_in_the_feed(site: Site) -> None:
    text = site.page("/corrections")
    assert "We had said:" in text and "Score 50.00 before, 61.26 after" in text
    feed = site.get("/corrections.xml")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    entries = ElementTree.fromstring(feed.content).findall(f"{ATOM}entry")
    assert len(entries) == 1
    assert EVIL in (entries[0].findtext(f"{ATOM}content") or ""), "as text, not as markup"


def test_a_retired_dataset_has_vanished_and_a_missing_one_has_not(site: Site) -> None:
    found = site.get("/vanished.json").json()
    assert [one["id"] for one in found["datasets"]] == ["north-lost"]
    assert found["datasets"][0]["elsewhere"] == [{"id": "south-copy", "portal": "South"}]
    assert [one["id"] for one in found["files"]] == ["north-d9"]
    assert found["tables"][0]["lost"] == ["amount"]
    text = site.page("/vanished")
    assert "SHA-256 of the last record: ab34" in text and "amount" in text
    assert "/report?about=north-lost" in text and text.count("/report?about=north-0") == 2, "each loss can be disputed"
    assert f"Seen so in the night of {language('en').day(day_of_run(RUN))}." in text
    assert ElementTree.fromstring(site.get("/vanished.xml").content).findall(f"{ATOM}entry")


def test_the_losses_shown_are_the_newest(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    file = (
        "insert into distributions (id, dataset_id, portal_id, is_retired, last_seen_run) values (?, ?, 'north', ?, ?)"
    )
    report = "insert into table_reports (distribution_id, status, run_id, columns, columns_before) values (?,?,?,?,?)"
    with closing(sqlite3.connect(copy)) as db:
        # Files of a vanished dataset went last, and are not told of singly.
        db.executemany(file, [(f"lost-{n}", "north-lost", 1, "20261125T000000Z") for n in range(150)])
        db.executemany(file, [(f"a{n}", "north-0", 0, None) for n in range(1200)] + [("zz", "north-0", 0, None)])
        db.executemany(report, [(f"a{n}", "valid", "20250101T000000Z", '["a"]', '["a", "b"]') for n in range(1200)])
        db.execute(report, ("zz", "valid", "20261126T000000Z", '["a"]', '["a", "b"]'))
        db.commit()
    with closing(Site(copy)) as site:
        found = site.get("/vanished.json").json()
    assert [one["id"] for one in found["files"]] == ["north-d9"]
    assert found["tables"][0]["distribution_id"] == "zz" and len(found["tables"]) == 20


def test_what_moved_is_the_difference_of_the_figures_shown_since_a_day_that_is_named(
    public: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    scores = [(70.55, 73.94), (70.06, 70.14)]
    with closing(sqlite3.connect(copy)) as db:
        db.execute("update site_entities set score_before = null")
        add = """insert into site_entities
                   (kind, slug, id, name, grade_best, grade_worst, score_before, score, run_before)
                 values ('government', ?, ?, ?, 'C', 'C', ?, ?, '20261024T000000Z')"""
        db.executemany(add, [(f"g{n}", f"g{n}", f"G{n}", *two) for n, two in enumerate(scores)])
        db.commit()
    with closing(Site(copy)) as site:
        text, movers = site.page("/"), site.get("/index.json").json()["movers"]
    shown = {one["slug"]: one["moved"] for one in movers}
    assert shown == {"g0": round(round(73.94, 1) - round(70.55, 1), 1)}, "the other would be from 70.1 to 70.1"
    assert "on October 24, 2026 to 73.9" in text


def test_a_table_that_no_longer_repeats_a_name_has_lost_no_column(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("""update table_reports set columns = '["a", "b"]', columns_before = '["a", "b", "a (3)"]'""")
        db.commit()
    with closing(Site(copy)) as site:
        assert site.get("/vanished.json").json()["tables"] == []
        assert "a (3)" not in site.page("/dataset/north-0")


def test_what_vanished_is_read_by_index(public: Path) -> None:
    with closing(sqlite3.connect(public)) as db:
        db.row_factory = sqlite3.Row
        asked: list[str] = []
        db.set_trace_callback(asked.append)
        visit = Visit(db, language("en"), SiteOptions())
        assert _columns(visit) and _files(visit)
        db.set_trace_callback(None)
        plans = [" ".join(row["detail"] for row in db.execute(f"explain query plan {sql}")) for sql in asked]
    for plan, index in zip(plans, ("public_reports_columns", "public_distributions_retired"), strict=True):
        assert index in plan and "TEMP B-TREE" not in plan, plan


def test_a_portal_that_was_read_though_suspect_is_not_among_the_unread(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    add = "insert into harvests (id, run_id, portal_id, verdict) values (?, ?, ?, ?)"
    nights = {
        "south": ["complete", *["failed"] * 4, "suspect", *["failed"] * 4],
        "late": ["complete", *["failed"] * 4, "suspect", *["failed"] * 8],
        "never": ["failed"] * 9,
    }
    with closing(sqlite3.connect(copy)) as db:
        db.executemany("insert into portals (id, title) values (?, ?)", [("late", "Late"), ("never", "Never")])
        for portal, verdicts in nights.items():
            for n, verdict in enumerate(verdicts):
                run = f"202612{n + 1:02}T000000Z"
                db.execute(add, (f"{run}/{portal}", run, portal, verdict))
        db.commit()
    with closing(Site(copy)) as site:
        unread = site.get("/vanished.json").json()["portals"]
        assert "it may be our fault" in site.page("/vanished")
    assert [(one["id"], one["nights"], one["last_read"]) for one in unread] == [("late", 8, "20261206T000000Z")]


def test_a_suspect_harvest_is_named_and_counted(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("update harvests set verdict = 'suspect' where portal_id = 'north'")
        db.commit()
    with closing(Site(copy)) as site:
        assert site.get(f"/night/{RUN}.json").json()["verdicts"]["suspect"] == 1
        assert "a person must look at it" in site.page(f"/night/{RUN}")


def test_a_night_has_the_verdict_of_each_portal(site: Site) -> None:
    text = site.page(f"/night/{RUN}")
    assert "complete" in text
    assert site.get(f"/night/{RUN}.json").json()["totals"]["added"] == 3
    assert site.get("/night/nothing").status_code == 404


def test_every_query_of_our_csvs_leads_to_a_figure_that_counts_it(site: Site) -> None:
    for row in queries():
        page = site.get(row["query_url"] + "north")
        assert page.status_code == 200, row["query_url"]
        assert site.get("/catalog", sql=row["sql"], entity="north").headers["location"].startswith("/figure/")
    found = site.get("/figure/portal-licence_open_pct.json", entity="north").json()
    assert found["value"] == 100.0
    assert site.get("/figure/portal-nothing").status_code == 404


def test_downloads_name_every_file_with_its_hash(public: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    outputs = {
        "exports/scorecard.csv": {"sha256": "aa", "bytes": 12},
        "exports/a/findings.csv": {"sha256": "bb", "bytes": 3},
        "exports/parquet/datapackage.json": {"sha256": "dd", "bytes": 4},
        "exports/parquet/runs/part-0.parquet": {"sha256": "ee", "bytes": 5},
    }
    for edition, made in (("2026-10", "2026-10-31"), ("2026-11", "2026-11-30")):
        folder = exports / "releases" / edition
        folder.mkdir(parents=True)
        (folder / "release.json").write_text(json.dumps({"edition": edition, "made_at": made, "bytes": 7}))
        (folder / "SHA256SUMS").write_text(edition)
    (exports / "releases/2026-10/withdrawn.json").write_text('{"at": "2026-11-02T00:00:00Z", "reason": "<b>A court"}')
    (exports / "manifest.json").write_text(json.dumps({"run": RUN, "outputs": outputs, "previous": {"sha256": "cc"}}))
    (exports / "datapackage.json").write_text("[]")
    write_mirror(public, tmp_path / "out", SiteOptions(exports=str(exports), exports_url="https://data.example/x"))
    page = (tmp_path / "out/downloads/index.html").read_text("utf-8")
    assert 'href="https://data.example/x/scorecard.csv"' in page and "aa" in page and "1 folder" in page
    assert 'href="https://data.example/x/parquet/datapackage.json"' in page and "part-0" not in page
    # The newest edition is first; what was withdrawn is named, and leads nowhere.
    assert 0 < page.index('href="https://data.example/x/releases/2026-11/README.md"') < page.index("2026-10")
    assert "releases/2026-10" not in page and "&lt;b&gt;A court" in page and "2026-11-02" in page
    night = (tmp_path / f"out/night/{RUN}/index.html").read_text("utf-8")
    assert "names 4 files" in night and "cc" in night


def test_no_page_of_the_mirror_leads_into_nothing(public: Path, tmp_path: Path) -> None:
    write_mirror(public, tmp_path, SiteOptions())
    built = {page.address.split("/")[1].partition(".")[0] for page in pages()}
    dead = set()
    for path in tmp_path.rglob("*.html"):
        for link in re.findall(r'href="(/[^"#?]*)', path.read_text("utf-8")):
            target = tmp_path / link.lstrip("/")
            kind = link.split("/")[1].partition(".")[0]
            # Other pages of the site come with modules of their own; languages are folders of their own mirror.
            if kind in built and not (target.is_file() or (target / "index.html").is_file()):
                dead.add(link)
    assert not dead
