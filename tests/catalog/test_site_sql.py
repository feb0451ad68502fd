"""What the site withstands of visitors who ask SQL or take whole files: limits, turns, and nothing cut in silence."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.site import csv_files
from catalog.site.database import PublicDatabase
from catalog.site.gate import _has_sql
from catalog.site.waiting import WAITING, SqlQueue
from tests.catalog.browsing import OF_THE_SITE, Site, raw

# Where Datasette refuses a facet, it leaves others unasked.
pytestmark = [*OF_THE_SITE, pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")]


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("select zeroblob(2000000000)", 400),
        ("select replace(hex(zeroblob(500000)), '0', hex(zeroblob(500)))", 400),
        ("with recursive n(x) as (select 1 union all select x + 1 from n) select max(x) from n", 503),
        ("with recursive n(x) as (select 1 union all select x + 1 from n) select zeroblob(9000000) from n", 413),
        ("select load_extension('x')", 400),
        ("attach 'x.db' as y", 400),
        ("delete from datasets", 400),
        ("pragma hard_heap_limit = 0", 400),
        ("select * from nothing", 400),
    ],
)
def test_sql_of_visitors_has_limits(asking: Site, sql: str, status: int) -> None:
    asking.datasette.sql_time_limit_ms = 400
    response = asking.get("/catalog.json", sql=sql)
    assert response.status_code == status, response.text[:300]
    assert asking.get("/catalog.json", sql="select count(*) as n from datasets", _shape="array").json()[0]["n"]


def test_sql_of_visitors_is_off_unless_asked_for(site: Site) -> None:
    for path in ("/catalog.json", "/catalog", "/catalog.csv"):
        assert site.get(path, sql="select 1").status_code == 403
    assert "Custom SQL" not in site.page("/catalog") and "View and edit SQL" not in site.page("/catalog/datasets")
    assert site.get("/catalog/broken_links.json").status_code == 200


def test_sql_of_one_address_waits_for_its_turn_and_that_of_others_does_not() -> None:
    async def ask() -> list[str]:
        queue, told = SqlQueue(), []

        async def one(address: str, name: str) -> None:
            if not await queue.enter(address):
                told.append(f"{name} refused")
                return
            told.append(name)
            await asyncio.sleep(0.01)
            queue.leave(address)

        names = [("a", f"a{number}") for number in range(WAITING + 2)] + [("b", "b0"), ("c", "c0")]
        waiting = [asyncio.ensure_future(one(*name)) for name in names]
        await asyncio.sleep(0)
        waiting[3].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await queue.enter("a") and await queue.enter("b")
        return told

    told = asyncio.run(ask())
    assert told[:3] == ["a0", f"a{WAITING + 1} refused", "b0"]
    assert told[3] in ("a1", "c0") and "a3" not in told and len(told) == WAITING + 3


def test_a_csv_is_whole(asking: Site, public: Path) -> None:
    asking.datasette.max_returned_rows = 2
    with closing(sqlite3.connect(public)) as conn:
        count = conn.execute("select count(*) from findings").fetchone()[0]
    assert count > 4
    for path in (
        "/catalog/findings.csv",
        "/catalog/findings.csv?_sort=state",
        "/catalog/findings.csv?_stream=on&_size=max",
    ):
        rows = [*csv.DictReader(io.StringIO(asking.get(path).text))]
        assert len({row["id"] for row in rows}) == len(rows) == count, path
    assert len(asking.get("/catalog/findings.csv?_size=1").text.splitlines()) == 2
    assert len(asking.get("/catalog/broken_links.csv").text.splitlines()) >= 2
    told = asking.get("/catalog.csv", sql="select id from findings")
    assert told.status_code == 413 and "too large" in told.text
    assert asking.get("/catalog.csv", sql="select id from findings limit 2").text.count("\n") == 3
    asking.datasette.max_returned_rows = 2000


def test_parameters_that_change_the_form_of_an_answer_do_not_break_a_csv(site: Site) -> None:
    whole = site.get("/catalog/portals.csv").text
    for form in ("_shape=array", "_shape=object", "_nl=on", "_extra=count", "_labels=on"):
        assert site.get(f"/catalog/portals.csv?{form}").text == whole, form


def test_sql_under_another_spelling_is_sql() -> None:
    assert _has_sql("%73ql=select+1") and _has_sql("a=b&%5fwhere=1") and not _has_sql("q=sql")


def test_sql_at_an_address_in_another_spelling_waits_its_turn(asking: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    enter = SqlQueue.enter

    async def noted(queue: SqlQueue, address: str) -> bool:
        asked.append(address)
        return await enter(queue, address)

    monkeypatch.setattr(SqlQueue, "enter", noted)
    for path in ("/catalog.json", "/c%61talog.json", "/~63atalog.json"):
        before = len(asked)
        raw(asking, path, b"%73ql=select+1")
        assert len(asked) > before, path


@pytest.mark.parametrize("form", ["", ".json", ".csv"])
def test_a_filter_that_is_not_known_is_refused(site: Site, form: str) -> None:
    for query in ("title__nosuch=1", "nosuch=1", "nosuch__exact=1", "_x__y=1"):
        told = site.get(f"/catalog/portals{form}?{query}")
        assert told.status_code == 400 and "a filter that does not exist here" in told.text, query
    assert site.get(f"/catalog/broken_links{form}?nosuch=1").status_code == 400
    assert site.get(f"/catalog/broken_links{form}?portal=north").status_code == 200
    for known in ("title__exact=South", "title=South", "_sort=title&_facet=type&_size=2&country__isnull=1", "rowid=1"):
        assert site.get(f"/catalog/portals{form}?{known}").status_code == 200, known
    assert site.get("/catalog/dataset_list?nosuch=1").status_code == 400
    assert len(site.get("/catalog/portals.csv?title__exact=South").text.splitlines()) == 2


def test_a_visitor_who_takes_nothing_gives_the_place_free(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "_SEND_SECONDS", 0.05)

    async def ask(stuck: int) -> None:
        await site.datasette.invoke_startup()
        sent = 0

        async def send(event: dict[str, Any]) -> None:
            nonlocal sent
            sent += event["type"] == "http.response.body"
            if sent == stuck:
                await asyncio.Event().wait()

        scope = {
            "type": "http", "method": "GET", "path": "/catalog/portals.csv", "raw_path": b"/catalog/portals.csv",
            "query_string": b"", "headers": [], "client": ("192.0.2.9", 1), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await asyncio.wait_for(site.datasette.app()(scope, None, send), 20)

    # The last part may be the one that is not taken.
    for stuck in (1, 2):
        asyncio.run(ask(stuck))
        assert not csv_files._sending


def test_a_csv_for_which_no_connection_opens_gives_the_place_free(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(database: PublicDatabase) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(csv_files, "_connect", fail)
    for _ in range(3):
        assert site.get("/catalog/portals.csv").status_code != 429
    assert not csv_files._sending
