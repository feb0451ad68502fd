"""When an address is asked again, what comes first, what is remembered, and what a check says beside its outcome."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, spec

from catalog.db.schema.strips import HISTORY
from catalog.db.store import Catalog
from catalog.model import ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.reading import files
from catalog.repositories.targets import due_targets
from harvester.checks.changes import schedule_of
from harvester.checks.links import check
from harvester.night.context import CheckBudget, RunContext
from specs.portals import PortalSpec, Recheck

TABLE = b"year,persons\n2024,1\n2025,2\n"


class CheckedPortal:
    """A portal whose addresses are checked in one run after another, each begun days after the last."""

    def __init__(self, server: PortalServer, catalog: Catalog, **values: Any) -> None:
        self.server, self.catalog, self.day = server, catalog, 1
        self.portal: PortalSpec = spec("p", "dcat-us", server.url, **values)

    def publish(self, datasets: list[dict[str, Any]]) -> CheckedPortal:
        self.server.routes["/data.json"] = as_json({"dataset": datasets})
        harvest(self.catalog, self.portal)
        return self

    def run(self, *, after_days: int = 1, is_full: bool = False, budget: CheckBudget | None = None) -> RunContext:
        """Check the addresses in a new run, ``after_days`` days after the last one."""
        self.day += after_days
        run_id = f"2031{1 + self.day // 28:02}{1 + self.day % 28:02}T020000Z"
        self.catalog.begin_run("check", [], version="0", methodology="0", run_id=run_id)
        run = RunContext(catalog=self.catalog, run_id=run_id, data=Path(self.catalog.path).parent, is_full=is_full)
        run.check_budget = budget or run.check_budget
        check(run, [self.portal])
        return run

    def asked(self) -> list[str]:
        """Return the paths requested since the last call, without robots.txt and the feed."""
        found = [path for _, path in self.server.requests if path not in ("/robots.txt", "/data.json")]
        self.server.requests.clear()
        return found

    def row(self, path: str) -> dict[str, Any]:
        sql = "select * from resource_checks where url = ?"
        return self.catalog.rows(sql, [self.server.url + path])[0]


@pytest.fixture
def server() -> Iterator[PortalServer]:
    with PortalServer() as made:
        yield made


@pytest.fixture
def checked(server: PortalServer, catalog: Catalog) -> CheckedPortal:
    return CheckedPortal(server, catalog)


def dataset(identifier: str, *urls: str, **values: Any) -> dict[str, Any]:
    parts = [{"accessURL": url, "title": url.rpartition("/")[2]} for url in urls]
    return {"identifier": identifier, "title": identifier, "distribution": parts, **values}


def page(**headers: str) -> Response:
    return Response(200, "text/html; charset=ISO-8859-15", b"<p>hello", headers)


def test_what_a_response_tells_is_kept(checked: CheckedPortal) -> None:
    headers = {"Access-Control-Allow-Origin": "*", "Content-Language": "fr", "ETag": '"1"'}
    checked.server.routes |= {"/old": Response(301, headers={"Location": "/page"}), "/page": page(**headers)}
    checked.publish([dataset("A", f"{checked.server.url}/old")]).run()
    row = checked.row("/old")
    assert json.loads(row["redirect_chain"]) == [f"{checked.server.url}/old"]
    assert (row["final_url"], row["redirects"]) == (f"{checked.server.url}/page", 1)
    assert (row["charset"], row["content_language"], row["cors"]) == ("iso-8859-15", "fr", "*")
    assert row["first_byte_ms"] >= 0 and row["tls_version"] is None
    assert (row["uptime"], row["uptime_checks"], row["stable_checks"]) == (1.0, 1, 0)


def test_a_server_that_refuses_origins_is_asked_without(checked: CheckedPortal) -> None:
    def strict(asked: Asked) -> Response:
        return Response(403, "text/plain", b"Invalid CORS request") if "Origin" in asked.headers else page()

    checked.server.routes["/page"] = strict
    checked.publish([dataset("A", f"{checked.server.url}/page")]).run()
    assert (checked.row("/page")["outcome"], checked.row("/page")["method"]) == ("ok", "GET")


def look(outcome: Any, **values: Any) -> ResourceCheck:
    return ResourceCheck(url="http://host.example/x", outcome=outcome, checked_at="2031-01-01T03:00:00Z", **values)


def steps(*looks: ResourceCheck) -> list[int]:
    """Return the hours until the next check, after each of several checks."""
    found, before = [], None
    for one in looks:
        fields = schedule_of(before, one, "20310101T020000Z", Recheck(), is_changed=one.is_changed)
        day, hour = (int(fields["next_check_at"][a:b]) for a, b in ((8, 10), (11, 13)))
        found.append(24 * (day - 1) + hour - 2 + 1)
        before = ResourceCheck(**{**{n: getattr(one, n) for n in ("url", "outcome", "fault")}, **fields})
    return found


def test_the_same_response_again_and_again_is_asked_for_less_often() -> None:
    assert steps(*[look("ok")] * 12) == [12] * 3 + [24] * 3 + [168] * 3 + [720] * 3


def test_a_change_and_a_failure_go_back_to_the_first_step() -> None:
    calm = [look("ok")] * 8
    assert steps(*calm, look("ok", is_changed=True))[-2:] == [168, 12]
    assert steps(*calm, look("failing", fault="gone"))[-2:] == [168, 12]
    # What fails is confirmed every night, and one day fixed.
    assert steps(*[look("failing", fault="gone")] * 9)[-1] == 12
    assert steps(*[look("unknown", fault="blocked")] * 9)[-1] == 168


def test_an_address_that_is_not_due_keeps_its_observation(checked: CheckedPortal) -> None:
    checked.server.routes["/page"] = page()
    checked.publish([dataset("A", f"{checked.server.url}/page")])
    for _ in range(7):
        checked.run()
    assert checked.asked().count("/page") == 7
    before = checked.row("/page")
    assert checked.run().traffic["carried_over"] == 0
    assert checked.asked() == [] and checked.row("/page") == before
    checked.run(is_full=True)
    assert checked.asked() == ["/page"]


def test_a_changed_record_is_asked_for_whenever_it_is_due(checked: CheckedPortal) -> None:
    checked.server.routes |= {"/a": page(), "/b": page()}
    both = [dataset("A", f"{checked.server.url}/a"), dataset("B", f"{checked.server.url}/b")]
    checked.publish(both)
    for _ in range(8):
        checked.run()
    checked.catalog.db.conn.execute("update datasets set changed_run = '20390101T000000Z' where identifier = 'B'")
    checked.asked()
    checked.run()
    assert checked.asked() == ["/b"]


def test_the_budget_goes_to_what_matters_first_and_the_rest_is_carried_over(
    server: PortalServer, catalog: Catalog
) -> None:
    checked = CheckedPortal(server, catalog, recheck={"hours": [0]}, limits={"concurrency": 1})
    names = ("calm", "gone", "law", "changed")
    server.routes |= {f"/{name}": page() for name in (*names, "new") if name != "gone"}
    old = [dataset(name, f"{server.url}/{name}") for name in names]
    checked.publish(old).run()
    execute = catalog.db.conn.execute
    law = '["http://data.europa.eu/eli/x"]'
    execute("update datasets set applicable_legislation = ? where identifier = 'law'", [law])
    execute("update datasets set changed_run = '20390101T000000Z' where identifier = 'changed'")
    execute(
        "insert into distributions (id, dataset_id, portal_id, access_url, is_retired) "
        "select 'n', id, 'p', ?, 0 from datasets where identifier = 'calm'",
        [f"{server.url}/new"],
    )
    checked.asked()
    # One request a page, two for the one that fails, and robots.txt.
    run = checked.run(budget=CheckBudget(requests=5))
    assert checked.asked() == ["/new", "/changed", "/gone", "/gone"]
    assert run.traffic["carried_over"] == 2
    targets, due = due_targets(catalog, run.run_id, "p", 1)
    assert ([target.url for target in targets], due) == ([f"{server.url}/law"], 2)


@pytest.mark.parametrize("budget", [CheckBudget(requests=0), CheckBudget(bytes=0), CheckBudget(minutes=0)])
def test_an_empty_budget_asks_nothing(budget: CheckBudget, checked: CheckedPortal) -> None:
    checked.publish([dataset("A", f"{checked.server.url}/a", "no address", f"{checked.server.url}/b")])
    checked.asked()
    assert checked.run(budget=budget).traffic["carried_over"] == 2
    assert checked.asked() == []
    assert checked.catalog.rows("select outcome from resource_checks") == [{"outcome": "invalid"}]


def test_uptime_is_the_share_of_known_outcomes_among_the_last_checks(catalog: Catalog) -> None:
    outcomes = ["ok"] * 5 + ["failing", "unknown", "ok", "ok", "unknown"]
    for number, outcome in enumerate(outcomes * 8):
        run_id = f"20310101T00{number // 60:02}{number % 60:02}Z"
        catalog.begin_run("t", [], version="0", methodology="0", run_id=run_id)
        write_checks(catalog, run_id, [look(outcome)])
        # A night that is taken up writes the same row once more.
        write_checks(catalog, run_id, [look(outcome)])
    row = catalog.rows("select uptime, uptime_checks from resource_checks")[0]
    assert row == {"uptime": round(7 / 8, 4), "uptime_checks": 48}
    assert catalog.value("select count(*) from resource_history") == HISTORY


def in_turn(*bodies: bytes, **headers: str) -> Callable[[Asked], Response]:
    """Return a route that serves another of ``bodies`` at each download."""
    count = iter(bodies)
    current = {"body": b""}

    def respond(asked: Asked) -> Response:
        if asked.method == "GET":
            current["body"] = next(count)
        return Response(200, "text/csv", current["body"], headers)

    return respond


def test_what_tells_of_a_change_is_said(server: PortalServer, catalog: Catalog) -> None:
    checked = CheckedPortal(server, catalog, recheck={"hours": [0]})
    server.routes["/t.csv"] = in_turn(TABLE, TABLE, TABLE + b"2026,3\n", TABLE + b"2026,4\n")
    checked.publish([dataset("A", f"{server.url}/t.csv")])
    signs = []
    for _ in range(4):
        checked.run()
        row = checked.row("/t.csv")
        signs.append((row["change_decided_by"], row["changed_at"] == row["checked_at"], row["stable_checks"]))
    assert signs == [(None, False, 0), (None, False, 1), ("length", True, 0), ("checksum", True, 0)]
    assert row["unchanged_until"] is not None and row["unchanged_until"] <= row["changed_at"]
    assert [r["is_changed"] for r in catalog.rows("select is_changed from resource_history order by id")] == [
        0,
        0,
        1,
        1,
    ]


def test_the_server_s_date_decides_unless_the_bytes_are_the_same(server: PortalServer, catalog: Catalog) -> None:
    checked = CheckedPortal(server, catalog, recheck={"hours": [0]})
    dates = ["Mon, 02 Mar 2020 01:00:00 GMT", "Tue, 03 Mar 2020 01:00:00 GMT", "Wed, 04 Mar 2020 01:00:00 GMT"]
    bodies = [TABLE, TABLE, TABLE.replace(b"1", b"7")]
    checked.publish([dataset("A", f"{server.url}/t.csv")])
    found = []
    for date, body in zip(dates, bodies, strict=True):
        server.routes["/t.csv"] = Response(200, "text/csv", body, {"Last-Modified": date})
        checked.run()
        found.append((checked.row("/t.csv")["changed_at"], checked.row("/t.csv")["change_decided_by"]))
    first, last = "2020-03-02T01:00:00Z", "2020-03-04T01:00:00Z"
    assert found == [(first, "last_modified"), (first, "last_modified"), (last, "last_modified")]


def test_a_file_that_only_tells_another_time_did_not_change(server: PortalServer, catalog: Catalog) -> None:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    checked = CheckedPortal(server, catalog, recheck={"hours": [0]})
    server.routes["/t.csv"] = in_turn(*(TABLE + f"# made {day}T0{n}:00:00Z\n".encode() for n in range(3)))
    checked.publish([dataset("A", f"{server.url}/t.csv")])
    for _ in range(3):
        checked.run()
    row = checked.row("/t.csv")
    assert (row["is_volatile"], row["changed_at"], row["stable_checks"]) == (1, None, 2)


def test_a_declared_schema_comes_along_with_the_file(checked: CheckedPortal) -> None:
    schema = json.dumps({"fields": [{"name": "year", "type": "integer"}]}).encode()
    checked.server.routes |= {
        "/t.csv": Response(200, "text/csv", TABLE),
        "/plain.csv": Response(200, "text/csv", TABLE),
        "/schema.json": Response(200, "application/json", schema),
    }
    url = checked.server.url
    part = {"downloadURL": f"{url}/t.csv", "mediaType": "text/csv", "describedBy": f"{url}/schema.json"}
    other = {"downloadURL": f"{url}/plain.csv", "mediaType": "text/csv", "describedBy": f"{url}/nowhere.json"}
    third = {"downloadURL": f"{url}/t.csv?2", "mediaType": "text/csv", "conformsTo": f"{url}/schema.json"}
    checked.publish([{"identifier": "A", "title": "A", "distribution": [part, other, third]}]).run()
    data = Path(checked.catalog.path).parent
    found = {one.url.rpartition("/")[2]: one.schema_path for one in files(checked.catalog, "p", data)}
    assert set(found) == {"t.csv", "plain.csv", "t.csv?2"} and found["plain.csv"] is None
    assert found["t.csv"] == found["t.csv?2"] and (data / str(found["t.csv"])).read_bytes() == schema


def test_the_beginning_of_other_files_is_kept_and_their_declared_checksum_taken(checked: CheckedPortal) -> None:
    scan = b"%PDF-1.7\n" + b"x" * 200_000
    checked.server.routes |= {
        "/scan.pdf": Response(200, "application/pdf", scan),
        "/t.csv": Response(200, "text/csv", TABLE),
    }
    url = checked.server.url
    checked.publish([dataset("A", f"{url}/scan.pdf", f"{url}/t.csv")])
    checked.catalog.db.conn.execute("update distributions set checksum_algorithm = 'MD5'")
    checked.run()
    row = checked.row("/scan.pdf")
    assert (row["downloaded_bytes"], row["is_truncated"], row["size_bytes"]) == (65_536, 1, len(scan))
    assert json.loads(checked.row("/t.csv")["checksums"]) == {"md5": hashlib.md5(TABLE).hexdigest()}


def test_a_server_that_answers_ranges_is_asked_for_no_more_than_the_beginning(checked: CheckedPortal) -> None:
    scan = b"%PDF-1.7\n" + b"x" * 200_000

    def ranged(asked: Asked) -> Response:
        wanted = asked.headers.get("Range")
        if wanted is None:
            return Response(200, "application/pdf", scan)
        end = int(wanted.rpartition("-")[2])
        return Response(206, "application/pdf", scan[: end + 1], {"Content-Range": f"bytes 0-{end}/{len(scan)}"})

    checked.server.routes["/scan.pdf"] = ranged
    run = checked.publish([dataset("A", f"{checked.server.url}/scan.pdf")]).run()
    row = checked.row("/scan.pdf")
    assert (row["status"], row["downloaded_bytes"], row["is_truncated"]) == (206, 65_536, 1)
    assert row["size_bytes"] == len(scan) and run.traffic["bytes"] < 70_000


def test_a_description_for_people_is_not_loaded_as_a_schema(checked: CheckedPortal) -> None:
    checked.server.routes |= {"/t.csv": Response(200, "text/csv", TABLE), "/about": page()}
    url = checked.server.url
    part = {"downloadURL": f"{url}/t.csv", "mediaType": "text/csv", "describedBy": f"{url}/about"}
    checked.publish([{"identifier": "A", "title": "A", "distribution": [part]}]).run()
    assert checked.row("/about")["outcome"] == "ok" and checked.row("/about")["file_path"] is None
    assert [one.schema_path for one in files(checked.catalog, "p", Path())] == [None]


def test_a_server_that_begins_to_give_dates_tells_of_no_change(server: PortalServer, catalog: Catalog) -> None:
    checked = CheckedPortal(server, catalog, recheck={"hours": [0]})
    checked.publish([dataset("A", f"{server.url}/page")])
    for headers in ({"Last-Modified": "Mon, 02 Mar 2020 01:00:00 GMT", "ETag": '"1"'}, {}, {"ETag": '"1"'}):
        server.routes["/page"] = page(**headers)
        checked.run()
    assert [row["is_changed"] for row in catalog.rows("select is_changed from resource_history")] == [0, 0, 0]
    assert checked.row("/page")["changed_at"] == "2020-03-02T01:00:00Z"
