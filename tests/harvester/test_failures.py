"""Portals that answer nonsense, beside one that is well."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.db.store import open_catalog
from tests import warm

COUNT = 60


class Portals(BaseHTTPRequestHandler):
    """Serve a good portal at ``/ckan``, with 60 datasets in pages of 5, and nonsense at all other paths."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        kind, body = "application/json", b""
        if parts.path.startswith("/ckan/api/3/action/package_search"):
            start = int(parse_qs(parts.query)["start"][0])
            records = [{"id": f"id-{i}", "title": f"T {i}"} for i in range(start, min(start + 5, COUNT))]
            body = json.dumps({"success": True, "result": {"count": COUNT, "results": records}}).encode()
        elif parts.path.startswith("/html"):
            kind, body = "text/html", b"<!doctype html><title>Welcome</title>"
        elif parts.path.startswith("/cut"):
            body = b'{"dataset": [{"identifier": "a", "title": "A"}, {"identifier": "b", "ti'
        elif parts.path.startswith("/refused"):
            body = json.dumps({"success": False, "error": {"message": "Solr is down"}}).encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portals)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def data(tmp_path: Path, address: str) -> Path:
    folder = tmp_path / "data" / "portals"
    folder.mkdir(parents=True)
    for name, kind in (("ckan", "ckan"), ("html", "ckan"), ("cut", "dcat-us"), ("refused", "ckan")):
        text = f'id = "{name}"\ntype = "{kind}"\ntitle = "{name}"\nurl = "{address}/{name}"\nlocal = true\n'
        (folder / f"{name}.toml").write_text(text + "[limits]\ndelay_s = 0\n")
    return tmp_path / "data"


def winnow(data: Path, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return warm.run([*warm.NIGHT, "--data", str(data), *words], capture_output=True, text=True, timeout=timeout)


def test_bad_portals_end_in_words_and_the_good_one_is_whole(data: Path) -> None:
    done = winnow(data, "harvest", "--json")
    assert done.returncode == 3, done.stderr
    found = {p["portal"]: p for p in json.loads(done.stdout)["portals"]}
    assert (found["ckan"]["verdict"], found["ckan"]["datasets"]) == ("complete", COUNT)
    assert found["html"]["verdict"] == "failed" and "HTML" in found["html"]["reasons"][0]
    assert (found["cut"]["verdict"], found["cut"]["datasets"]) == ("partial", 1)
    assert "cut short" in found["cut"]["reasons"][0]
    assert found["refused"]["verdict"] == "failed" and "success: false" in found["refused"]["reasons"][0]
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("select value from harvest_errors where portal_id = 'refused'").count("Solr is down") == 1
