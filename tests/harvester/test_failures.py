"""What goes wrong around a run: each ends in words, a stable exit code, and a catalogue that opens."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.store import open_catalog

WINNOW = str(Path(sys.executable).with_name("winnow"))
COUNT = 60


class Slow(BaseHTTPRequestHandler):
    """``/ckan`` is a portal of 60 datasets in pages of 5, a quarter of a second each; the rest answers nonsense."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        kind, body = "application/json", b""
        if parts.path.startswith("/ckan/api/3/action/package_search"):
            time.sleep(0.25)
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
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
    return subprocess.run(
        [WINNOW, "--data", str(data), *words], capture_output=True, text=True, timeout=timeout, check=False
    )


def start(data: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([WINNOW, "--data", str(data), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_datasets(data: Path, least: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        # Read-only, as any reader beside a run: opening it as the run does would take part in making it.
        with contextlib.suppress(sqlite3.OperationalError):
            reader = sqlite3.connect(f"file:{data / 'catalog.db'}?mode=ro", uri=True)
            try:
                if reader.execute("select count(*) from datasets").fetchone()[0] >= least:
                    return
            finally:
                reader.close()
        time.sleep(0.05)
    raise AssertionError("the run did not get going")


def rows(data: Path) -> list[tuple[object, ...]]:
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.value("pragma integrity_check") == "ok"
        return catalog.db.conn.execute("select id, title, raw_hash, status from datasets order by id").fetchall()


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


def test_a_portal_nobody_answers_for(tmp_path: Path) -> None:
    done = winnow(tmp_path, "harvest", "http://127.0.0.1:1/", "--type", "ckan", "--allow-local")
    assert done.returncode == 3 and "Cannot connect to host 127.0.0.1:1" in " ".join(done.stdout.split())


def test_wrong_usage_is_two(data: Path) -> None:
    path = data / "portals" / "ckan.toml"
    path.write_text(path.read_text().replace("delay_s", "delay"))
    done = winnow(data, "harvest")
    assert done.returncode == 2 and "limits.delay" in done.stderr and str(path) in done.stderr
    assert winnow(data / "new", "harvest", "no-such-portal").returncode == 2
    assert winnow(data / "new", "harvest", "--no-such-option").returncode == 2


def test_below_the_gate_is_four(data: Path) -> None:
    assert winnow(data, "harvest", "ckan").returncode == 0
    assert winnow(data, "score", "ckan", "--fail-under", "99").returncode == 4
    assert winnow(data, "score", "ckan", "--fail-under", "1").returncode == 0


def test_a_second_run_is_refused_at_once(data: Path) -> None:
    first = start(data, "harvest", "ckan")
    wait_for_datasets(data, 1)
    second = winnow(data, "harvest", "ckan")
    assert second.returncode == 75 and "another run" in second.stderr
    first.communicate(timeout=60)
    assert first.returncode == 0


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_broken_off_run_is_taken_up_and_ends_like_a_whole_one(
    data: Path, tmp_path: Path, sign: signal.Signals, code: int
) -> None:
    run = start(data, "harvest", "ckan")
    wait_for_datasets(data, 10)
    os.kill(run.pid, sign)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == code
    assert b"Traceback" not in errors
    kept = rows(data)
    assert 0 < len(kept) < COUNT
    with open_catalog(data / "catalog.db") as catalog:
        begun = catalog.rows("select id, status from runs")
    assert begun[0]["status"] == ("running" if code < 0 else "interrupted")
    assert winnow(data, "harvest", "ckan").returncode == 0
    with open_catalog(data / "catalog.db") as catalog:
        assert catalog.rows("select id, status from runs") == [{"id": begun[0]["id"], "status": "complete"}]
    whole = tmp_path / "whole"
    (whole / "portals").mkdir(parents=True)
    (whole / "portals" / "ckan.toml").write_text((data / "portals" / "ckan.toml").read_text())
    assert winnow(whole, "harvest", "ckan").returncode == 0
    assert rows(data) == rows(whole)


def test_a_full_disk_is_said_and_the_catalogue_opens(data: Path) -> None:
    # A limit on the size of files stands in for the disk: SQLite is refused the same way.
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000));"
        "sys.argv[1:] = sys.argv[1:]; from harvester.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--data", str(data), "harvest", "ckan"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stdout
    assert "run again" in done.stderr and "Traceback" not in done.stderr
    assert winnow(data, "harvest", "ckan").returncode == 0
    assert len(rows(data)) == COUNT
