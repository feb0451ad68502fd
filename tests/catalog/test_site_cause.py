"""The page of a cause, and the lists of all datasets by letter, theme and government."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from catalog.db.store import open_catalog
from catalog.site.pages import Content, Page, SiteOptions, Visit
from catalog.site.pages.browse import PAGES as LISTS
from catalog.site.pages.cause import PAGES
from catalog.site.search.index import build_search_index, letter_of
from specs.languages import language
from tests.catalog.browsing import OF_THE_SITE
from tests.making import put_findings

pytestmark = OF_THE_SITE


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A catalogue with one cause of 120 findings in as many datasets, all called alike."""
    path = tmp_path_factory.mktemp("many") / "catalog.db"
    with open_catalog(path) as catalog:
        with catalog.writing():
            catalog.upsert("portals", [{"id": "p", "title": "P", "government": "Bern"}])
            catalog.upsert(
                "datasets",
                [
                    {"id": f"p-{n:03}", "portal_id": "p", "title": f"Énergie {n:03}", "status": "present"}
                    | {"themes": '["ENER"]'}
                    for n in range(120)
                ],
            )
            put_findings(
                catalog,
                [
                    {"id": f"f-{n:03}", "state": "open", "rule_id": "theme_present", "dataset_id": f"p-{n:03}"}
                    | {"portal_id": "p", "observed": "no"}
                    for n in range(120)
                ],
            )
            cause = {"id": "cause-9", "number": 9, "portal_id": "p", "rule_id": "theme_present", "level": "portal"}
            catalog.upsert("causes", [cause | {"state": "open", "failing": 120, "applicable": 120, "root_name": "P"}])
            catalog.db.conn.execute("insert into cause_members select key, 9 from finding_rows")
        with catalog.writing():
            build_search_index(catalog.db.conn)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
        conn.row_factory = sqlite3.Row
        yield conn


def read(page: Page, conn: sqlite3.Connection, name: str = "") -> Content | None:
    content = page.read(Visit(conn, language("en"), SiteOptions(), name))
    assert content is None or isinstance(content, dict)
    return content


def test_a_cause_says_what_to_do_and_what_it_brings(site: Any) -> None:
    page = site.page("/cause/cause-1")
    for text in (
        "+1.50",
        "about 2.0 hours",
        "9 of 10 fail here",
        "1 of 40",
        "Nobody has replied yet",
        "/report?about=",
    ):
        assert text in page, text
    assert "Una causa" in site.page("/es/cause/cause-1")
    assert site.get("/cause/cause-1.json").json()["cause"]["rule_id"] == "up_to_date"
    for path in ("/cause/nobody", "/cause/cause-1~2", "/cause/cause-1~0"):
        assert site.get(path).status_code == 404, path


def test_members_of_a_cause_come_in_pages(many: sqlite3.Connection) -> None:
    (page,) = PAGES
    names = list(page.all_names(Visit(many, language("en"), SiteOptions())))
    assert names == ["cause-9", "cause-9~2", "cause-9~3"]
    seen = [one["id"] for name in names for one in (read(page, many, name) or {})["members"]]
    assert len(seen) == len(set(seen)) == 120
    for sql in ("select finding from cause_members where cause = 9 order by finding limit 50 offset 50",):
        plan = [row[3] for row in many.execute(f"explain query plan {sql}")]
        assert plan and all("INDEX" in step and "TEMP" not in step for step in plan)


def test_every_dataset_is_in_a_list_of_each_kind(site: Any, many: sqlite3.Connection) -> None:
    page = site.page("/browse")
    for text in ("By letter", "By government", 'href="/browse/letter/d"'):
        assert text in page, text
    for path in ("letter/d", "publisher/north-p", "portal/north"):
        assert "/dataset/north-0" in site.page(f"/browse/{path}"), path
    assert site.get("/browse/letter/~2").status_code == site.get("/browse/theme/nothing").status_code == 404
    for one in (one for one in LISTS[1:] if "publisher" not in one.address):
        visit = Visit(many, language("en"), SiteOptions())
        names = list(one.all_names(visit))
        assert len(names) == 3, names
        seen = [row["id"] for name in names for row in (read(one, many, name) or {})["datasets"]]
        assert len(seen) == len(set(seen)) == 120
        assert read(one, many, f"{names[0]}~4") is None
    assert [one["name"] for one in (read(LISTS[0], many) or {})["groups"]["letter"]] == ["e"]


def test_titles_stand_under_their_folded_letter() -> None:
    found = {text: letter_of(text) for text in ("énergie", "οδος", "統計", "7", "-", "")}
    assert found == {"énergie": "é", "οδος": "ο", "統計": "joined", "7": "0-9", "-": "other", "": "other"}
