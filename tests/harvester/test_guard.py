"""Which addresses may be connected to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from catalog.db.store import open_catalog
from harvester.detect import detect
from harvester.http.guard import PrivateAddressError, check_address, own_addresses
from harvester.night.stages import nightly
from specs.portals import Limits, PortalSpec

REFUSED = [
    "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "::",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1%eth0", "fc00::1", "ff02::1", "100.64.0.1",
    "2002:7f00:0001::", "255.255.255.255", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_inside_are_refused(address: str) -> None:
    with pytest.raises(PrivateAddressError):
        check_address(address)


def test_public_addresses_and_declared_ones_pass() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"):
        check_address(address)
    check_address("127.0.0.1", local={"127.0.0.1"})
    check_address("10.0.0.7", local={"10.0.0.7"})
    with pytest.raises(PrivateAddressError):
        check_address("10.0.0.8", local={"10.0.0.7"})
    with pytest.raises(PrivateAddressError):
        check_address("169.254.169.254", local={"169.254.169.254"})


class Server(ThreadingHTTPServer):
    asked: list[str]


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.asked.append(self.path)
            is_api = self.path.startswith("/moved/api/")
            self.send_response(302 if is_api else 404)
            if is_api:
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = Server(("127.0.0.1", 0), Handler)
    running.asked = []
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


def harvest(data: Path, url: str, *, local: bool) -> list[dict[str, object]]:
    portal = PortalSpec(id="p", type="ckan", title="P", url=url, local=local, limits=Limits(delay_s=0))
    assert nightly(data, [portal], stages=["harvest"])["portals"][0]["verdict"] == "failed"
    with open_catalog(data / "catalog.db") as catalog:
        return catalog.rows("select * from harvest_errors")


def test_a_portal_not_declared_local_is_never_asked_on_loopback(server: Server, tmp_path: Path) -> None:
    errors = harvest(tmp_path, f"http://127.0.0.1:{server.server_port}", local=False)
    assert errors[0]["kind"] == "private_address" and "declare it local" in str(errors[0]["remedy"])
    assert server.asked == []
    assert detect(f"http://localhost:{server.server_port}", delay_s=0).best is None
    assert server.asked == []


def test_a_redirect_to_the_metadata_service_is_refused(server: Server, tmp_path: Path) -> None:
    errors = harvest(tmp_path, f"http://127.0.0.1:{server.server_port}/moved", local=True)
    assert errors[-1]["kind"] == "private_address"
    assert any(path.startswith("/moved/api/") for path in server.asked)


def test_local_portal_opens_its_own_port_and_those_that_are_named() -> None:
    own = own_addresses("http://127.0.0.1:8080/data", ["127.0.0.1:21"])
    assert own == {"127.0.0.1:8080", "127.0.0.1:21"}
    for port in (8080, 21):
        check_address("127.0.0.1", port, local=own)
    for port in (80, 443, 6379, None):
        with pytest.raises(PrivateAddressError, match="127.0.0.1:"):
            check_address("127.0.0.1", port, local=own)
    # A portal whose name does not resolve still has the other places.
    assert own_addresses("http://nowhere.invalid/", ["127.0.0.1:21"]) == {"127.0.0.1:21"}
    assert own_addresses("https://127.0.0.1/") == {"127.0.0.1:443"}
    assert own_addresses("http://[::1]:81/") == {"[::1]:81"}
    check_address("::1", 81, local={"[::1]:81"})
    with pytest.raises(PrivateAddressError):
        check_address("127.0.0.2", 8080, local=own)
