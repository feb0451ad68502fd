"""Measure how fast a CKAN portal is harvested, and in how much memory, compared with fetching it and keeping nothing.

    python bench/harvest.py [DATASETS] [FEED_MB]

A server on this machine, in a process of its own, serves DATASETS records (three files each) in pages of 500; each
client runs in a new process. The ratios matter, not the seconds of this machine. FEED_MB is the size of a ``data.json``
that is harvested only to measure memory; 0 leaves it out.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

NEWEST = "2024-06-01T00:00:00.000000"


def record(number: int) -> dict[str, Any]:
    return {
        "id": f"id-{number:07}",
        "name": f"dataset-{number}",
        "title": f"Dataset {number}",
        "notes": "What the data hold, how they were made and what they leave out. " * 5,
        "license_id": "cc-by",
        "metadata_created": "2024-01-01T00:00:00.000000",
        "metadata_modified": NEWEST if number == 0 else f"2024-05-{1 + number % 28:02}T00:00:00.000000",
        "organization": {"id": f"org-{number % 50}", "title": f"Agency {number % 50}"},
        "tags": [{"name": "budget"}, {"name": "finance"}],
        "resources": [
            {"id": f"r-{number}-{i}", "url": f"http://127.0.0.1:9/{number}/{i}.csv", "format": "CSV", "name": "file"}
            for i in range(3)
        ],
    }


class Portal(BaseHTTPRequestHandler):
    """Serve package_search with ``metadata_modified`` filters, with or without ETags, depending on the base path."""

    count = 0
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if length := int(self.headers.get("Content-Length") or 0):
            # ckanapi sends its parameters by POST.
            query = {name: [str(value)] for name, value in json.loads(self.rfile.read(length)).items()}
        if not parts.path.endswith("package_search"):
            self._send(404, b"")
            return
        since = query.get("fq", ["[ TO"])[0].partition("[")[2].partition(" TO")[0]
        body = page(self.count, int(query.get("start", ["0"])[0]), int(query["rows"][0]), since)
        etag = f'"{hashlib.md5(body).hexdigest()}"' if parts.path.startswith("/etag") else None
        if etag and self.headers.get("If-None-Match") == etag:
            self._send(304, b"", etag)
        else:
            self._send(200, body, etag)

    do_POST = do_GET

    def _send(self, status: int, body: bytes, etag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if etag:
            self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@lru_cache(maxsize=2_000)
def page(count: int, start: int, rows: int, since: str) -> bytes:
    """Return the response as bytes; it is built only once, so that the server is not what is measured."""
    if since.strip():
        found = [record(0)] if since < NEWEST else []
        result = {"count": len(found), "results": found[start : start + rows]}
    else:
        result = {"count": count, "results": [record(n) for n in range(start, min(start + rows, count))]}
    return json.dumps({"success": True, "result": result}).encode()


def serve(count: int, port: Connection) -> None:
    Portal.count = count
    for start in range(0, min(count, 100_000), 500):
        page(count, start, 500, "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    port.send(server.server_port)
    server.serve_forever()


def with_requests(url: str, count: int, data: Path) -> None:
    import requests

    fetched = 0
    with requests.Session() as session:
        while fetched < count:
            address = f"{url}/api/3/action/package_search?q=*:*&rows=500&start={fetched}"
            fetched += len(session.get(address).json()["result"]["results"])


def with_ckanapi(url: str, count: int, data: Path) -> None:
    from ckanapi import RemoteCKAN

    fetched = 0
    with RemoteCKAN(url) as ckan:
        while fetched < count:
            found = ckan.action.package_search(q="*:*", rows=500, start=fetched, sort="id asc")
            fetched += len(found["results"])


def with_winnow(url: str, count: int, data: Path) -> None:
    from harvester.night.stages import nightly
    from specs.portals import Limits, PortalSpec, Schedule

    full_every = 2 if url.endswith("/since") else 1
    portal = PortalSpec(
        id="bench", type="ckan", title="Bench", url=url, local=True, limits=Limits(delay_s=0, deadline_s=7200),
        schedule=Schedule(full_every=full_every),
    )  # fmt: skip
    result = nightly(data, [portal], stages=["harvest"])
    assert result["datasets"] == count, result


def with_feed(url: str, count: int, data: Path) -> None:
    from harvester.night.stages import nightly
    from specs.portals import Limits, PortalSpec

    portal = PortalSpec(id="feed", type="dcat-us", title="Feed", url=url, local=True, limits=Limits(delay_s=0))
    nightly(data, [portal], stages=["harvest"])


def measured(job: Callable[[str, int, Path], None], url: str, count: int, data: Path) -> dict[str, float]:
    """Return the seconds of CPU and wall time, and the peak memory in bytes, of a job in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(job, url, count, data, there))
    process.start()
    there.close()
    found: dict[str, float] = here.recv()  # EOFError where the job has failed
    process.join()
    return found


def _measure(job: Callable[[str, int, Path], None], url: str, count: int, data: Path, out: Connection) -> None:
    begun = time.perf_counter()
    job(url, count, data)
    used = resource.getrusage(resource.RUSAGE_SELF)
    out.send(
        {
            "cpu": used.ru_utime + used.ru_stime,
            "wall": time.perf_counter() - begun,
            "memory": used.ru_maxrss * 1024,
        }
    )


def serve_feed(megabytes: int, port: Connection) -> None:
    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/data.json" else 404)
            self.end_headers()
            if self.path != "/data.json":
                return
            self.wfile.write(b'{"dataset": [')
            sent = number = 0
            while sent < megabytes * 1_000_000:
                text = {"identifier": f"D{number}", "title": f"Dataset {number}", "description": "d" * 1500}
                sent += self.wfile.write((b"," if number else b"") + json.dumps(text).encode())
                number += 1
            self.wfile.write(b"]}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    port.send(server.server_port)
    server.serve_forever()


def started(target: Callable[..., None], argument: int) -> tuple[multiprocessing.process.BaseProcess, str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=target, args=(argument, there), daemon=True)
    process.start()
    return process, f"http://127.0.0.1:{here.recv()}"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server, url = started(serve, count)
    rows: list[tuple[str, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        rows.append(("ckanapi, nothing kept", measured(with_ckanapi, url, count, data / "none")))
        rows.append(("requests, nothing kept", measured(with_requests, url, count, data / "none")))
        rows.append(("winnow, first harvest", measured(with_winnow, url, count, data / "plain")))
        rows.append(("winnow, the same again", measured(with_winnow, url, count, data / "plain")))
        measured(with_winnow, f"{url}/etag", count, data / "etag")
        rows.append(("winnow, again with ETags", measured(with_winnow, f"{url}/etag", count, data / "etag")))
        measured(with_winnow, f"{url}/since", count, data / "since")
        rows.append(("winnow, again by changes", measured(with_winnow, f"{url}/since", count, data / "since")))
        server.kill()
        base = rows[0][1]
        print(f"{count:,} datasets; one server process; times include the start of the process")
        for name, used in rows:
            print(
                f"{name:26} {count / used['wall']:10,.0f} datasets/s {used['cpu']:7.1f} s CPU "
                f"{used['wall'] / base['wall']:5.1f} x ckanapi's time {used['memory'] / 1e6:6.0f} MB"
            )
        if megabytes:
            server, url = started(serve_feed, megabytes)
            used = measured(with_feed, url, 0, data / "feed")
            print(f"data.json of {megabytes} MB: {used['wall']:.0f} s, {used['memory'] / 1e6:.0f} MB")
            server.kill()


if __name__ == "__main__":
    main()
