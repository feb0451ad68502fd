"""Measure three nights over a national portal: CPU, wall time, memory and disk, of the whole night or of each stage.

    python bench/nation.py [datasets] [--winnow PATH ...] [--stages] [--no-check] [--data FOLDER]

On the first night everything is new, on the second nothing has changed, on the third one dataset of a hundred. Each is
a day after the one before (libfaketime; without it all three are on the same day, and that is said). The portal and
2,000 hosts of its files are on loopback, in a process that is not counted: the largest host has 5 % of the files, and
of the hosts 85 % respond with an ETag, 5 % say that the file is gone, 5 % are slow, 5 % are behind a wall against bots.
The records are those of ``../shared/scale`` with at most seven files each (3.3 on average), or made up where that
folder is missing. ``--winnow`` names the programs to measure, such as that of another checkout; by default this one.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOSTS = 2_000
DELAY_S = 1.0
"""Seconds between two requests to a host that the wall time is computed for; here there is no delay."""
SLOW_S = 0.2
CHANGED = "2026-11-01T00:00:00"
"""When the records that differ on the third night were changed."""
FILES = (1, 2, 3, 4, 7)
"""Most files of a dataset, by its number: 3.3 on average over the real records."""
SCALE = Path(__file__).resolve().parents[2] / "shared" / "scale" / "serve.py"
FAKETIME = [Path(f"/usr/lib/{kind}/faketime/libfaketimeMT.so.1") for kind in ("x86_64-linux-gnu", "aarch64-linux-gnu")]
STAGES = ("harvest", "check", "validate", "score", "track", "export")


def host(number: int) -> str:
    """Return one of 2,000 loopback addresses."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def host_of_file(key: str) -> int:
    """Return the number of the host that serves a file: number 0 for one of twenty files."""
    share = digest(key)
    return 0 if share % 20 == 0 else 1 + share // 20 % (HOSTS - 1)


def behaviour(number: int) -> str:
    """Return what a host does: "ok", "gone", "slow" or "wall"."""
    return {0: "gone", 1: "slow", 2: "wall"}.get(number % 20 if number else 19, "ok")


def made_up(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:032x}",
        "name": f"dataset-{number}",
        "title": f"Spending of district {number}",
        "notes": f"What district {number} spent, by month and kind of thing, as its council has approved it.",
        "license_id": ("cc-by", "notspecified", "cc-zero")[number % 3],
        "metadata_modified": "2026-01-01T00:00:00",
        "organization": {"id": f"o{number % 200}", "name": f"o{number % 200}", "title": f"Office {number % 200}"},
        "tags": [{"name": "budget"}],
        "resources": [
            {"id": f"{number}-{k}", "url": f"https://x.example/{number}/{k}.csv", "format": "CSV", "name": f"Part {k}"}
            for k in range(7)
        ],
    }


class Portal(asyncio.Protocol):
    """Serve the listing of a CKAN, and the files of all hosts."""

    count, port, night = 0, 0, 1
    order: list[int] = []
    record: Any = staticmethod(made_up)
    modified: list[str] = []
    """When the records were last changed, by their number; they repeat themselves."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest = transport, b""
        self.address = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for one in requests:
            self.respond(one.decode("latin-1"))

    def respond(self, request: str) -> None:
        first, *lines = request.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        parts = urlsplit(target)
        if parts.path.startswith("/night/"):
            Portal.night = int(parts.path[7:])
            self.send(method, 200, b"ok")
        elif parts.path.endswith("package_search"):
            self.send(method, 200, self.listing(parse_qs(parts.query)), "application/json")
        elif parts.path.startswith("/f/"):
            self.file(method, parts.path, headers)
        else:
            self.send(method, 404, b"")

    def listing(self, query: dict[str, list[str]]) -> bytes:
        asked = Portal.order
        if found := re.match(r"metadata_modified:\[(\S+) TO \*\]", query.get("fq", [""])[0]):
            since = found[1][:19]
            asked = [number for number in asked if modified(number) >= since]
        start, rows = int(query.get("start", ["0"])[0]), min(int(query.get("rows", ["10"])[0]), 1000)
        results = [dataset(number) for number in asked[start : start + rows]]
        return json.dumps({"success": True, "result": {"count": len(asked), "results": results}}).encode()

    def file(self, method: str, path: str, headers: dict[str, str]) -> None:
        octets = self.address.split(".")
        number = (int(octets[2]) - 1) * 250 + int(octets[3]) - 1
        match behaviour(number):
            case "gone":
                self.send(method, 404, b"gone")
            case "wall":
                self.send(method, 403, b"<title>Just a moment...</title>", "text/html")
            case kind:
                night = 3 if Portal.night == 3 and int(path.split("/")[2]) % 100 == 0 else 1
                etag = f'"{path}-{night}"'
                status = 304 if headers.get("if-none-match") == etag else 200
                # No two files have the same bytes.
                body = f"%PDF-1.7 report {etag} ".encode() * 10
                if kind == "slow":
                    loop = asyncio.get_running_loop()
                    loop.call_later(SLOW_S, self.send, method, status, body, "application/pdf", etag)
                else:
                    self.send(method, status, body, "application/pdf", etag)

    def send(self, method: str, status: int, body: bytes, kind: str = "text/plain", etag: str = "") -> None:
        tag = f"ETag: {etag}\r\n" if etag else ""
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{tag}Content-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + (b"" if method == "HEAD" or status == 304 else body))


def is_changed(number: int) -> bool:
    return Portal.night == 3 and number % 100 == 0


def modified(number: int) -> str:
    return CHANGED if is_changed(number) else Portal.modified[number % len(Portal.modified)]


def dataset(number: int) -> dict[str, Any]:
    record = Portal.record(number)
    if is_changed(number):
        record |= {"title": f"{record.get('title')} (new)", "metadata_modified": CHANGED}
    record["resources"] = (record.get("resources") or [])[: FILES[number % len(FILES)]]
    for place, part in enumerate(record["resources"]):
        key = f"{number}/{place}"
        ending = str(part.get("format") or "bin").lower().replace("/", "")[:8] or "bin"
        # Looking into tables has a benchmark of its own; here all files are documents.
        ending = (
            "pdf" if ending in ("csv", "xlsx", "xls", "zip", "json", "geojson", "txt", "xml", "tsv", "ods") else ending
        )
        part |= {"url": f"http://{host(host_of_file(key))}:{Portal.port}/f/{key}.{urllib.request.quote(ending)}"}
    return record


async def serve(count: int) -> None:
    """Serve the portal and all hosts on one port, and print it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 20_000), most))
    if SCALE.is_file():
        made = importlib.util.spec_from_file_location("scale_serve", SCALE)
        assert made is not None and made.loader is not None
        module = importlib.util.module_from_spec(made)
        made.loader.exec_module(module)
        Portal.record = staticmethod(module.dataset)
        Portal.modified = [str(record.get("metadata_modified"))[:19] for record in module.RECORDS]
    else:
        Portal.modified = [made_up(0)["metadata_modified"]]
    Portal.count = count
    # By id, as CKAN sorts; those made up have ascending ids.
    Portal.order = sorted(range(count), key=lambda number: module.digest(str(number)) if SCALE.is_file() else number)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Portal, "127.0.0.1", 0, backlog=1024)
    Portal.port = server.sockets[0].getsockname()[1]
    files = await loop.create_server(Portal, [host(number) for number in range(HOSTS)], Portal.port, backlog=256)
    print(Portal.port, flush=True)
    await asyncio.gather(server.serve_forever(), files.serve_forever())


def stage(winnow: str, data: Path, name: str, day: int) -> str:
    """Run one stage and return a line: CPU, wall, peak memory."""
    environment = dict(os.environ)
    library = next((path for path in FAKETIME if path.is_file()), None)
    if library is not None:
        environment |= {"LD_PRELOAD": str(library), "FAKETIME": f"+{day}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    begun = time.perf_counter()
    log = data / f"{name}-{day}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [winnow, "--data", str(data), name, "--json"], stdout=out, stderr=subprocess.STDOUT, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"winnow {name} ended with {process.returncode}: {log.read_text()[-2000:]}")
    cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter() - begun
    return f"{cpu:9.1f} {wall:9.1f} {used.ru_maxrss / 1024:9.0f}"


def megabytes(*paths: Path) -> int:
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    return sum(file.stat().st_size for file in files) // 1_000_000


def nights(winnow: str, data: Path, port: int, stages: Sequence[str], *, is_checked: bool) -> None:
    """Run three nights and print each of the commands ``stages``."""
    (data / "portals").mkdir(parents=True)
    also = json.dumps([f"{host(number)}:{port}" for number in range(HOSTS)])
    (data / "portals" / "nation.toml").write_text(
        f'id = "nation"\ntype = "ckan"\ntitle = "Nation"\nurl = "http://127.0.0.1:{port}"\nlocal = true\n'
        f"local_also = {also}\n[recheck]\nhours = [0]\n[limits]\ndelay_s = 0\nconcurrency = 4\n"
        f"max_checks = {5_000_000 if is_checked else 0}\n"
        "max_downloads = 0\npage_rows = 1000\n"
    )
    print(f"{winnow}\n{'night':6} {'stage':10} {'CPU s':>9} {'wall s':>9} {'peak MB':>9}", flush=True)
    for day in range(3):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/night/{day + 1}").read()
        for name in stages:
            print(f"{day + 1:<6} {name:10} {stage(winnow, data, name, day)}", flush=True)
        disk = {"catalogue": data / "catalog.db", "public copy": data / "site", "exports": data / "exports"}
        print("       MB on disk: " + ", ".join(f"{what} {megabytes(path)}" for what, path in disk.items()), flush=True)


def delays(count: int) -> str:
    """Return how long the slowest host takes with a real delay."""
    files = [0] * HOSTS
    for number in range(count):
        for place in range(FILES[number % len(FILES)]):
            files[host_of_file(f"{number}/{place}")] += 1
    return f"with {DELAY_S:g} s between two requests, the largest host takes {max(files) * DELAY_S / 3600:.1f} hours"


def main() -> None:
    """Serve, or measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("datasets", type=int, nargs="?", default=3_000)
    parser.add_argument("--winnow", nargs="+", default=[str(Path(sys.executable).with_name("winnow"))])
    parser.add_argument("--no-check", action="store_true")
    parser.add_argument("--stages", action="store_true", help="each as a command; score then scores everything again")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.datasets))
        return
    print(f"records: {'real, of ../shared/scale' if SCALE.is_file() else 'made up'}; {delays(options.datasets)}")
    if not any(path.is_file() for path in FAKETIME):
        print("libfaketime is not installed: all three nights are on the same day")
    folder = options.data or Path(tempfile.mkdtemp(prefix="winnow-nation-"))
    with subprocess.Popen(
        [sys.executable, __file__, str(options.datasets), "--serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            for number, winnow in enumerate(options.winnow):
                stages = STAGES if options.stages else ("nightly",)
                nights(winnow, folder / str(number), port, stages, is_checked=not options.no_check)
        finally:
            server.kill()
            if options.data is None:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
