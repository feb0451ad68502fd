"""How fast a CKAN portal is harvested into the catalogue, against fetching the same pages with requests alone.

    python bench/harvest.py [DATASETS]

Both read the same local server in one run; the ratio is what counts, not the seconds of this machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from harvester.nightly import nightly
from specs.portals import Limits, PortalSpec


def record(number: int) -> dict[str, object]:
    return {
        "id": f"id-{number}",
        "name": f"dataset-{number}",
        "title": f"Dataset {number}",
        "notes": "What the data hold, how they were made and what they leave out. " * 5,
        "license_id": "cc-by",
        "metadata_created": "2024-01-01T00:00:00.000000",
        "metadata_modified": "2024-06-01T00:00:00.000000",
        "organization": {"id": f"org-{number % 50}", "title": f"Agency {number % 50}"},
        "tags": [{"name": "budget"}, {"name": "finance"}],
        "resources": [
            {"id": f"r-{number}-{i}", "url": f"http://127.0.0.1:9/{number}/{i}.csv", "format": "CSV", "name": "file"}
            for i in range(3)
        ],
    }


class Portal(BaseHTTPRequestHandler):
    records: list[dict[str, object]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        if not parts.path.endswith("package_search"):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, rows = int(query["start"][0]), int(query["rows"][0])
        result = {"count": len(self.records), "results": self.records[start : start + rows]}
        body = json.dumps({"success": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    Portal.records = [record(number) for number in range(count)]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"

    begun = time.perf_counter()
    fetched = 0
    with requests.Session() as session:
        while True:
            page = session.get(f"{url}/api/3/action/package_search?q=*:*&rows=500&start={fetched}").json()["result"]
            fetched += len(page["results"])
            if not page["results"] or fetched == page["count"]:
                break
    bare = time.perf_counter() - begun

    limits = Limits(delay_s=0)
    portal = PortalSpec(id="bench", type="ckan", title="Bench", url=url, local=True, limits=limits)
    for label in ("first harvest", "again, nothing changed"):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder)
            if label != "first harvest":
                nightly(data, [portal], stages=["harvest"])
            begun = time.perf_counter()
            result = nightly(data, [portal], stages=["harvest"])
            spent = time.perf_counter() - begun
        assert result["datasets"] == count
        print(f"{label}: {count / spent:,.0f} datasets/s; {spent / bare:.1f} x the time of fetching without keeping")
    print(f"fetching with requests, nothing kept: {count / bare:,.0f} datasets/s")
    server.shutdown()


if __name__ == "__main__":
    main()
