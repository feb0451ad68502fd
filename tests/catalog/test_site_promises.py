"""The pages of promises and of key datasets."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.site.pages import pages
from tests.catalog.browsing import EVIL, OF_THE_SITE, RUN, Site

pytestmark = OF_THE_SITE


def test_all_promises_stand_on_one_page_those_in_danger_first(site: Site) -> None:
    text = site.page("/commitments")
    assert text.index("/commitment/ogp-XX0002") < text.index("/commitment/ogp-XX0001")
    assert "missed" in text and "Progress is not known" in text
    assert site.get("/commitments.json").json()["late"] == 1
    assert site.get("/commitments/page/2").status_code == 404
    assert site.get("/commitments/page/٣").status_code == 404


def test_a_promise_shows_its_words_its_figures_and_what_fails(site: Site) -> None:
    text = site.page("/commitment/ogp-XX0002")
    assert "All data, by June" in text
    assert "from 50 % to 80 %; promised 100 %" in text
    assert '/dataset/north-0"' in text and "1 dataset fails" in text
    assert "80 % of the way" not in text, "the value is no progress"
    assert "60 % of the way" in text
    assert "IRM: completion" in text and "limited" in text
    assert "https://evidence.example/a" in text and "not known" in text


def test_a_promise_can_be_seen_as_it_was(site: Site) -> None:
    then = site.get("/commitment/ogp-XX0002.json", as_of="20261101T000000Z").json()
    assert then["overall"]["timing_status"] == "on_track"
    now = site.get("/commitment/ogp-XX0002.json").json()
    assert [one["timing_status"] for one in now["history"]] == ["missed", "on_track"]
    by_day = site.get("/commitment/ogp-XX0002.json", as_of="2026-11-01").json()
    assert (by_day["as_of"], by_day["overall"]["timing_status"]) == ("20261101T000000Z", "on_track")
    for wrong in ("' or 1", "2026-11-31", "2026-10-31", "tomorrow"):
        assert site.get("/commitment/ogp-XX0002", as_of=wrong).status_code == 404, wrong


def test_what_stood_on_an_earlier_night_is_cited_and_read_as_of_that_night(site: Site) -> None:
    then = "20261101T000000Z"
    now, text = site.page("/commitment/ogp-XX0002"), site.page("/commitment/ogp-XX0002", as_of="2026-11-01")
    assert f"run {RUN}, /commitment/ogp-XX0002 ·" in now
    assert "As of the night of November 1, 2026." in text
    assert f"run {then}, /commitment/ogp-XX0002?as_of={then} ·" in text and RUN not in text
    assert f'type="application/json" href="/commitment/ogp-XX0002.json?as_of={then}"' in text
    assert '<link rel="canonical" href="/commitment/ogp-XX0002">' in text
    assert "/report?about=ogp/XX0002" in now, "whoever is accused can say that it is wrong"


def test_a_step_that_nobody_recorded_is_not_said_to_have_been_seen(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("update commitment_readings set kind = 'milestone', measure = null where id = 'r2'")
        db.commit()
    with closing(Site(copy)) as site:
        assert "had not recorded it as done by the night of" in site.page("/commitment/ogp-XX0002")


def test_its_history_says_how_far_it_came_or_fell_back_in_each_state(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("create temp table night as select * from commitment_readings where timing_status = 'missed'")
        db.execute("update night set id = id || '-later', run_id = '20261231T000000Z', progress = 0.25")
        db.execute("insert into commitment_readings select * from night")
        db.commit()
    with closing(Site(copy)) as site:
        assert "60 % → 25 %" in site.page("/commitment/ogp-XX0002")
        missed, before = site.get("/commitment/ogp-XX0002.json").json()["history"]
        assert (missed["began"], missed["progress"], before["began"]) == (0.6, 0.25, before["progress"])


def test_a_promise_that_was_never_measured_says_so(site: Site) -> None:
    assert "has not been measured yet" in site.page("/commitment/ogp-XX0001")
    assert site.get("/commitment/no-such").status_code == 404


def test_two_promises_whose_ids_look_alike_have_an_address_each(public: Path, tmp_path: Path) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.executemany("insert into commitments (id, title) values (?, ?)", [("a/b-c", "One"), ("a-b/c", "Other")])
        db.commit()
    with closing(Site(copy)) as site:
        listed = {one["id"]: one["slug"] for one in site.get("/commitments.json").json()["commitments"]}
        assert listed["a-b/c"] == "a-b-c" and listed["ogp/XX0002"] == "ogp-XX0002"
        for name, slug in listed.items():
            assert site.get(f"/commitment/{slug}.json").json()["commitment"]["id"] == name


def test_the_census_never_calls_missed_what_was_not_observed(site: Site) -> None:
    text = site.page("/census")
    assert "not observed" in text
    found = {one["key"]: one["cells"][0] for one in site.get("/census.json").json()["keys"]}
    assert found["budget"]["state"] == "open" and found["budget"]["dataset_id"] == "north-0"
    assert found["elections"]["state"] == "not_found"
    assert found["air"] is None
    assert EVIL not in text


@pytest.mark.parametrize("other", ["not_observed", "not_found", None])
def test_a_government_misses_only_what_none_of_its_portals_has(public: Path, tmp_path: Path, other: str | None) -> None:
    copy = tmp_path / "catalog.db"
    shutil.copy(public, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("update portals set government = ? where id = 'south'", [EVIL])
        if other:
            db.execute("insert into census (id, portal_id, key, state) values ('s', 'south', 'elections', ?)", [other])
        db.commit()
    with closing(Site(copy)) as site:
        cells = {one["key"]: one["cells"][0] for one in site.get("/census.json").json()["keys"]}
        slug = site.get("/census.json").json()["governments"][0]["slug"]
        states = site.get(f"/government/{slug}.json").json()["census"]["states"]
    wanted = "not_found" if other == "not_found" else "not_observed"
    assert cells["elections"]["state"] == wanted and cells["budget"]["state"] == "open"
    assert [one["state"] for one in states if "elections" in {key["key"] for key in one["keys"]}] == [wanted]


@pytest.mark.parametrize("name", ["commitments", "commitment", "census"])
def test_they_speak_every_language(site: Site, name: str) -> None:
    page = next(one for one in pages() if one.name == name)
    for tag in ("es", "fr", "pt-BR", "pt-PT"):
        assert f'lang="{tag}"' in site.page(f"/{tag}{page.path('ogp-XX0002') if page.names else page.address}")
