"""Proxies of the environment are ignored everywhere; one of the configuration is asked, after a look of our own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from portal_server import PortalServer, ckan_search, spec

from catalog.db.store import open_catalog
from harvester.cli.configuration import load
from harvester.cli.main import cli
from harvester.detect import detect
from harvester.http.guard import PrivateAddressError
from harvester.http.proxies import check_name
from harvester.night.stages import nightly
from specs.errors import SpecError

SEARCH = "/api/3/action/package_search"
VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


class Proxy:
    """An HTTP proxy that responds to everything itself and records the requests."""

    def __init__(self) -> None:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                body = b'{"success": true, "result": {"count": 1, "results": [{"id": "a", "title": "A"}]}}'
                found = body if "package_search" in self.path and "start=0" in self.path else b""
                if "rows=0" in self.path:
                    found = body
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(found)

            do_HEAD = do_GET

            def log_message(self, *args: Any) -> None:
                """Print nothing."""

        self.asked = asked
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    found = Proxy()
    found.thread.start()
    yield found
    found.http.shutdown()
    found.http.server_close()
    found.thread.join()


def test_proxies_of_the_environment_are_ignored_everywhere(
    tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with PortalServer() as server:
        url = f"{server.url}/f.csv"
        server.routes[SEARCH] = ckan_search([{"id": "a", "title": "A", "resources": [{"url": url}]}])
        assert detect(server.url, allow_local=True, delay_s=0).best is not None
        result = nightly(tmp_path, [spec("p", "ckan", server.url)], stages=("harvest", "check"))
        assert server.asked("/f.csv")
    assert result["portals"][0]["verdict"] == "complete" and not proxy.asked
    told = CliRunner().invoke(cli, ["--data", str(tmp_path), "doctor"]).output
    assert "ignored" in told and "HTTP_PROXY" in told and "no contact" in told


def test_proxy_of_the_configuration_is_asked_after_a_look_of_our_own(
    tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    resolve = socket.getaddrinfo

    def resolved(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        looked.append(host)
        if not str(host).endswith(".example"):
            return resolve(host, port, *more, **named)
        return [(2, 1, 6, "", ("10.0.0.7" if "inside" in host else "93.184.216.34", port or 80))]

    monkeypatch.setattr("socket.getaddrinfo", resolved)
    (tmp_path / "winnow.toml").write_text(f'proxy = "{proxy.url}"\n')
    portals = [
        spec("out", "ckan", "http://portal.example", local=False),
        spec("in", "ckan", "http://inside.example", local=False),
    ]
    result = nightly(tmp_path, portals, stages=("harvest",))
    verdicts = {row["portal"]: row["verdict"] for row in result["portals"]}
    assert verdicts["in"] == "failed" and verdicts["out"] != "failed" and result["datasets"] == 1
    assert proxy.asked and all(one.startswith("http://portal.example/") for one in proxy.asked)
    assert {"portal.example", "inside.example"} <= set(looked)
    with open_catalog(tmp_path / "catalog.db") as catalog:
        kinds = {row["kind"] for row in catalog.rows("select kind from harvest_errors where portal_id = 'in'")}
    assert "private_address" in kinds
    del proxy.asked[:]
    assert detect("http://portal.example", delay_s=0, proxy=proxy.url).asked and proxy.asked
    del proxy.asked[:]
    assert "not a public address" in str(detect("http://inside.example", delay_s=0, proxy=proxy.url).fault)
    assert not proxy.asked
    # A local portal is asked directly.
    with PortalServer({SEARCH: ckan_search([{"id": "a", "title": "A"}])}) as server:
        assert nightly(tmp_path, [spec("own", "ckan", server.url)], stages=("harvest",))["failed_portals"] == []
        assert server.asked(SEARCH) and not proxy.asked


def test_name_that_leads_inside_is_refused_before_the_proxy_is_asked() -> None:
    with pytest.raises(PrivateAddressError):
        check_name("http://127.0.0.1:8080/")


@pytest.mark.parametrize("value", ["socks5://x:1", "http://", "x:3128", "http://x:1/path"])
def test_proxy_is_an_http_proxy(value: str, tmp_path: Path) -> None:
    (tmp_path / "winnow.toml").write_text(f'proxy = "{value}"\n')
    with pytest.raises(SpecError, match="proxy"):
        load(tmp_path)
