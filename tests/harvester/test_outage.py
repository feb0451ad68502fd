"""What no host answers is held against none; a name that does not resolve is asked for once."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from portal_server import PortalServer, Response, as_json, harvest, spec

from catalog.db.store import Catalog, open_catalog
from catalog.model import ResourceCheck
from harvester.checks.links import check
from harvester.http.outage import HOSTS, Outage
from harvester.night.context import RunContext
from harvester.night.stages import nightly, replay


def seen(fault: str | None, url: str = "u") -> ResourceCheck:
    outcome = "ok" if fault is None else "failing" if fault == "dns" else "unknown"
    return ResourceCheck(url=url, outcome=outcome, fault=fault, detail="no", checked_at="2031-01-01T00:00:00Z")  # type: ignore[arg-type]


def test_checks_wait_for_a_host_that_answers() -> None:
    outage = Outage()
    assert outage.take("a", seen("dns", "1")) == []
    assert [one.fault for one in outage.take("b", seen("robots"))] == ["robots"]
    assert [one.url for one in outage.take("c", seen(None, "2"))] == ["1", "2"]
    for n in range(HOSTS):
        assert not outage.is_likely
        outage.take(f"h{n}", seen("dns"))
    assert outage.is_likely
    assert {(one.outcome, one.fault) for one in outage.lost()} == {("unknown", "ours")}
    assert outage.release() == []


@pytest.fixture
def server() -> Iterator[PortalServer]:
    with PortalServer() as made:
        yield made


@contextmanager
def closed_ports(count: int) -> Iterator[list[int]]:
    """Give ports on which nothing listens; each stands for a host that does not respond.

    They stay bound, so that no server of another test can take one meanwhile.
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        yield [one.getsockname()[1] for one in sockets]


def checked(
    catalog: Catalog, server: PortalServer, urls: list[str], *, is_cut_off: bool
) -> tuple[RunContext, list[Any]]:
    records = [
        {"identifier": f"n{n}", "title": "t", "distribution": [{"accessURL": url}]} for n, url in enumerate(urls)
    ]
    server.routes["/data.json"] = as_json({"dataset": records})
    # Any port may be asked here: in real life these are other hosts.
    portal = spec("p", "dcat-us", server.url, limits={"timeout_s": 5})
    run = harvest(catalog, portal)
    with closed_ports(1) as (port,):
        if is_cut_off:
            catalog.db.conn.execute("update portals set url = ?", [f"http://127.0.0.1:{port}/"])
        check(run, [portal])
    return run, catalog.rows("select url, outcome, fault from resource_checks order by url")


@pytest.fixture
def any_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allow a local portal to lead to other ports of this machine."""
    from harvester.http import download

    monkeypatch.setattr(
        download, "guarded_socket", lambda info, **more: socket.socket(info[0], info[1], info[2]), raising=True
    )


@pytest.mark.usefixtures("any_port")
@pytest.mark.parametrize("hosts", [2, HOSTS + 3])
def test_where_nothing_answers_nothing_is_said(hosts: int, catalog: Catalog, server: PortalServer) -> None:
    """However many hosts there are: a small portal has its files on two."""
    with closed_ports(hosts) as ports:
        run, rows = checked(catalog, server, [f"http://127.0.0.1:{port}/x" for port in ports], is_cut_off=True)
    assert {(row["outcome"], row["fault"]) for row in rows} == {("unknown", "ours")}
    assert run.traffic["hosts_lost_with_network"] >= min(hosts, HOSTS)


def test_a_name_is_not_gone_where_no_name_resolves(
    catalog: Catalog, server: PortalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some resolvers say of every name that it does not exist, when they have no network themselves."""

    def nothing(host: Any, *arguments: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    names = ["http://a.invalid/x", "http://b.invalid/y"]
    server.routes["/data.json"] = as_json(
        {"dataset": [{"identifier": url, "title": "t", "distribution": [{"accessURL": url}]} for url in names]}
    )
    portal = spec("p", "dcat-us", server.url, limits={"timeout_s": 5})
    run = harvest(catalog, portal)
    catalog.db.conn.execute("update portals set url = 'http://portal.invalid/'")
    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    check(run, [portal])
    rows = catalog.rows("select url, outcome, fault from resource_checks")
    assert {(row["url"], row["outcome"], row["fault"]) for row in rows} == {(url, "unknown", "ours") for url in names}


@pytest.mark.usefixtures("any_port")
def test_dead_hosts_are_dead_where_the_portal_answers(catalog: Catalog, server: PortalServer) -> None:
    with closed_ports(HOSTS + 3) as ports:
        run, rows = checked(catalog, server, [f"http://127.0.0.1:{port}/x" for port in ports], is_cut_off=False)
    assert {row["fault"] for row in rows} == {"connect"} and len(rows) == HOSTS + 3
    assert "hosts_lost_with_network" not in run.traffic


@pytest.fixture
def unresolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no name that ends with .invalid resolve, whatever the network says, and return those that were asked for."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def counted(host: Any, *arguments: Any, **more: Any) -> Any:
        if str(host).endswith(".invalid"):
            asked.append(str(host))
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return resolve(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    return asked


def test_a_name_that_does_not_resolve_is_asked_once(
    catalog: Catalog, server: PortalServer, unresolved: list[str]
) -> None:
    server.routes["/there.html"] = Response(200, "text/html", b"<p>")
    urls = [f"http://gone.invalid/{n}.html" for n in range(8)]
    _, rows = checked(catalog, server, [*urls, f"{server.url}/there.html"], is_cut_off=False)
    found = {row["url"]: (row["outcome"], row["fault"]) for row in rows if "invalid" in row["url"]}
    assert found == {url: ("failing", "dns") for url in urls}
    assert len(unresolved) == 1


def test_a_name_that_does_not_resolve_is_one_observation_of_all_its_addresses(
    catalog: Catalog, server: PortalServer, unresolved: list[str]
) -> None:
    """They have one time and one evidence, count as one request, and none of them waits for its turn."""
    server.routes["/there.html"] = Response(200, "text/html", b"<p>")
    urls = [f"http://gone.invalid/{n}.html" for n in range(40)]
    records = [
        {"identifier": url, "title": "t", "distribution": [{"accessURL": url}]}
        for url in [*urls, f"{server.url}/there.html"]
    ]
    server.routes["/data.json"] = as_json({"dataset": records})
    run = harvest(catalog, spec("p", "dcat-us", server.url))
    begun = time.monotonic()
    check(run, [spec("p", "dcat-us", server.url, limits={"delay_s": 5, "concurrency": 1})])
    assert time.monotonic() - begun < 40 * 5 / 2
    rows = catalog.rows("select * from resource_checks where url like '%.invalid/%'")
    assert len(rows) == 40
    evidence = ("outcome", "fault", "detail", "checked_at", "exchange", "method", "failed_checks")
    assert len({tuple(row[name] for name in evidence if name in row) for row in rows}) == 1
    # The one address that responds may be asked twice, and each host for its robots.txt.
    assert run.traffic["requests"] <= 4


def test_a_replay_finds_all_addresses_of_a_host_that_does_not_resolve(
    tmp_path: Path, server: PortalServer, unresolved: list[str]
) -> None:
    """The archive holds the one request that was sent for them."""
    server.routes["/there.html"] = Response(200, "text/html", b"<p>")
    urls = [*(f"http://gone.invalid/{n}.html" for n in range(5)), f"{server.url}/there.html"]
    records = [{"identifier": url, "title": "t", "distribution": [{"accessURL": url}]} for url in urls]
    server.routes["/data.json"] = as_json({"dataset": records})
    night, again = tmp_path / "night", tmp_path / "again"
    done = nightly(night, [spec("p", "dcat-us", server.url)], stages=("harvest", "check"), is_archived=True)
    found = replay(again, night / "archive" / f"{done['run']}.warc.gz")
    assert done["checks"] == found["checks"] == {"failing": 5, "ok": 1}
    columns = "select url, outcome, fault, detail, checked_at, exchange from resource_checks order by url"
    rows = []
    for data in (night, again):
        with open_catalog(data / "catalog.db") as opened:
            rows.append(opened.rows(columns))
    assert rows[0] == rows[1]
