"""Measure a night over 10,000 distributions: 8,000 unchanged, 1,500 changed tables of 20 KB to 5 MB, 500 broken.

    python bench/night.py [share]        # a share of them, 1 for all

The CKAN portal is on loopback, in a process of its own that is not counted. On the first night all files are small;
then 1,500 become larger tables and 500 vanish. The CPU time of each stage of the second night is printed, with its
child processes.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from generate import write_table

DATASETS, FILES = 1000, 10
CHANGED, BROKEN = 1500, 500
SIZES = (20e3, 50e3, 100e3, 250e3, 500e3, 1e6, 2e6, 5e6)
"""Sizes of the changed tables; equally many of each, except for the two largest, with half as many."""


class Server(asyncio.Protocol):
    """Serve files that change from night to night, and the portal that lists them."""

    share = 1.0
    night = 1
    tables: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        *asked, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for one in asked:
            self.answer(one.decode("latin-1"))

    def answer(self, asked: str) -> None:
        first, *lines = asked.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        path, _, query = target.partition("?")
        if path.startswith("/night/"):
            Server.night = int(path[7:])
            self.send(200, b"ok", method)
        elif path == "/api/3/action/package_search":
            self.send(200, listing(query, headers["host"], self.share), method, "application/json")
        elif path.startswith("/file/"):
            self.file(int(path[6:].partition(".")[0]), method, headers)
        else:
            self.send(404, b"", method)

    def file(self, number: int, method: str, headers: dict[str, str]) -> None:
        is_changing = number < CHANGED * self.share
        is_broken = CHANGED * self.share <= number < (CHANGED + BROKEN) * self.share
        if self.night == 2 and is_broken:
            self.send(404, b"not found", method)
            return
        etag = f'"{number}-{self.night if is_changing else 1}"'
        if headers.get("if-none-match") == etag:
            self.send(304, b"", method, etag=etag)
            return
        if not is_changing:
            self.send(200, b"%%PDF-1.7 report %d " % number * 20, method, "application/pdf", etag)
        elif self.night == 1:
            self.send(200, b"id,sum\n1,2\n2,%d\n" % number, method, "text/csv", etag)
        else:
            self.send(200, self.tables[number % len(self.tables)], method, "text/csv", etag)

    def send(self, status: int, body: bytes, method: str, kind: str = "text/plain", etag: str = '""') -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nETag: {etag}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + (b"" if method == "HEAD" or status == 304 else body))


def listing(query: str, host: str, share: float) -> bytes:
    asked = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
    count = int(DATASETS * share)
    start, rows = int(asked.get("start", 0)), min(int(asked.get("rows", 10)), 1000)
    chosen = range(start, min(start + rows, count)) if "fq" not in asked else range(0)
    return json.dumps(
        {"success": True, "result": {"count": count, "results": [package(n, host, share) for n in chosen]}}
    ).encode()


def package(number: int, host: str, share: float) -> dict[str, Any]:
    def resource_of(k: int) -> dict[str, Any]:
        file = number * FILES + k
        kind = "csv" if file < CHANGED * share else "pdf"
        return {"id": f"r{file}", "url": f"http://{host}/file/{file}.{kind}", "format": kind.upper()}

    return {
        "id": f"{number:06}",
        "name": f"d{number}",
        "title": f"Spending of district {number}",
        "notes": f"What district {number} spent, by month and kind of thing.",
        "metadata_modified": "2026-01-01T00:00:00",
        "resources": [resource_of(k) for k in range(FILES)],
    }


async def serve(share: float, folder: Path) -> None:
    Server.share = share
    Server.tables = [path.read_bytes() for path in sorted(folder.glob("*.csv"))]
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def stage(data: Path, portals: Path, name: str) -> tuple[float, float, str]:
    """Return CPU seconds, wall seconds and the summary of one stage."""
    winnow = str(Path(sys.executable).with_name("winnow"))
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [winnow, "--data", str(data), name, "--portals", str(portals), "--json"], capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in (0, 3):
        raise SystemExit(f"winnow {name}: {done.returncode}\n{done.stderr[-2000:]}")
    return cpu, time.perf_counter() - begun, done.stdout


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(float(sys.argv[2]), Path(sys.argv[3])))
        return
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as name:
        folder = Path(name)
        rng = random.Random(1)
        sizes = [size for size in SIZES for _ in range(1 if size >= 2e6 else 2)]
        rng.shuffle(sizes)
        for number, size in enumerate(sizes):
            write_table(folder / f"{number:03}.csv", size, seed=number, bad_every=500)
        with subprocess.Popen(
            [sys.executable, __file__, "serve", str(share), name], stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                assert server.stdout is not None
                run(folder, f"http://127.0.0.1:{server.stdout.readline().strip()}", share)
            finally:
                server.kill()


def run(folder: Path, url: str, share: float) -> None:
    portals = folder / "portals"
    portals.mkdir()
    (portals / "bench.toml").write_text(
        f'id = "bench"\ntype = "ckan"\ntitle = "Bench"\nurl = "{url}"\nlocal = true\n[recheck]\nhours = [0]\n'
        "[limits]\ndelay_s = 0\nconcurrency = 8\nmax_checks = 20000\nmax_downloads = 5000\n"
    )
    data = folder / "data"
    cpu, wall, _ = stage(data, portals, "nightly")
    print(f"first night: {cpu:.1f} s CPU, {wall:.1f} s")
    urllib.request.urlopen(f"{url}/night/2").read()
    cpu, wall, out = stage(data, portals, "nightly")
    result = json.loads(out)
    print(f"second night: {cpu:.1f} s CPU, {wall:.1f} s; checks {result['checks']}, {result['tables_checked']} tables")
    print("and what each stage costs, begun again on the same day with everything to do:")
    for name in ("harvest", "check", "score", "export"):
        cpu, wall, _ = stage(data, portals, name)
        print(f"  {name:10} {cpu:7.1f} s CPU {wall:7.1f} s")


if __name__ == "__main__":
    main()
