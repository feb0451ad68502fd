"""A portal of given records, and Winnow's public site over it, for foreign harvesters to read."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Winnow", "later", "recorded"]

PAGE = "/catalog.ttl"


def recorded(shared: Path, count: int) -> list[dict[str, Any]]:
    """Return records of real CKAN portals, those that ``scale/serve.py`` of the folder ``shared`` holds first."""
    script = str(shared / "scale" / "serve.py")
    source = f"import json, runpy; print(json.dumps(runpy.run_path({script!r})['recorded']()[:{count}]))"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def later(records: list[dict[str, Any]], title: str) -> list[dict[str, Any]]:
    """Return the records after a day on which the first was changed and the second deleted."""
    changed = records[0] | {"title": title, "metadata_modified": "2026-12-01T00:00:00"}
    return [changed, *records[2:]]


class Winnow:
    """A data folder of Winnow with one portal, which has :attr:`records`, and its site behind :attr:`address`.

    ``between``: called once, after the first page of the catalogue was given out and before the next one.
    """

    def __init__(self, folder: Path) -> None:
        self.data, self.records, self.address, self.pages = folder, [dict[str, Any]()], "", 0
        self.between: Callable[[], None] | None = None

    @contextmanager
    def serving(self, records: list[dict[str, Any]]) -> Iterator[None]:
        """Serve the portal, publish a first night, and serve the site until the end."""
        self.records = records
        with _served(partial(_Portal, self)) as portal, _served(partial(_Front, self)) as front:
            self.address = f"http://127.0.0.1:{front}"
            portals = self.data / "portals"
            portals.mkdir(parents=True)
            (portals / "real.toml").write_text(
                f'id = "real"\ntype = "ckan"\ntitle = "Real"\nurl = "http://127.0.0.1:{portal}"\nlocal = true\n'
                "[limits]\ndelay_s = 0\npage_rows = 1000\nmax_checks = 0\nmax_downloads = 0\n"
            )
            self.night()
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            site = [*self._winnow, "serve", "--port", str(self.port), "--public-url", self.address]
            with subprocess.Popen(site, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    self._wait(process)
                    yield
                finally:
                    process.terminate()

    @property
    def _winnow(self) -> list[str]:
        return [str(Path(sys.executable).with_name("winnow")), "--data", str(self.data)]

    def night(self) -> None:
        """Harvest the portal, and publish what it has now."""
        done = subprocess.run([*self._winnow, "nightly", "--json"], capture_output=True, text=True, check=False)
        verdict = json.loads(done.stdout)["portals"][0]["verdict"] if done.returncode == 0 else None
        if verdict != "complete":
            raise SystemExit(f"the night ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/robots.txt", timeout=5).close()
                return
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit("winnow serve does not answer")


@contextmanager
def _served(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(BaseHTTPRequestHandler):
    def __init__(self, winnow: Winnow, *args: Any) -> None:
        self.winnow = winnow
        super().__init__(*args)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Portal(_Quiet):
    """A CKAN that has the records."""

    def do_GET(self) -> None:
        if "/api/3/action/package_search" not in self.path:
            self.reply(404, [], b"")
            return
        records = self.winnow.records
        found = {"count": len(records), "results": records if "start=0" in self.path else []}
        body = json.dumps({"success": True, "result": found}).encode()
        self.reply(200, [("Content-Type", "application/json")], body)


class _Front(_Quiet):
    """Hands requests on to the site, as the proxy of an operator does."""

    def do_GET(self) -> None:
        address = f"http://127.0.0.1:{self.winnow.port}{self.path}"
        kept = {name: self.headers[name] for name in ("Accept", "If-None-Match", "User-Agent") if name in self.headers}
        request = urllib.request.Request(address, headers=kept, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        dropped = ("transfer-encoding", "content-length", "connection", "date", "server")
        sent = [(name, value) for name, value in headers.items() if name.lower() not in dropped]
        if self.command == "GET" and urlsplit(self.path).path == PAGE:
            self.winnow.pages += 1
            between, self.winnow.between = self.winnow.between, None
            if between is not None:
                between()
        self.reply(status, sent, body)

    do_HEAD = do_GET
