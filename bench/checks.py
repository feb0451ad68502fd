"""Measure what one HEAD request costs in the check stage, compared with Scrapy's default settings, in one run.

    python bench/checks.py [requests]                  # the cost of a request, ours and Scrapy's
    python bench/checks.py hosts [hosts] [seconds]     # so many hosts, each asked once a second

The cost is the CPU time of the client process for additional requests, divided by their number, so that the start of
the program does not count. The server is a separate process on the loopback addresses 127.0.0.x and 127.0.1.x. Ours is
the whole check stage except reading the list of addresses: robots.txt, retries, the queue for each host, and writing
every check to the catalogue with its history.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HOSTS, IN_FLIGHT, PER_HOST = 50, 64, 8
HEADERS = (
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Tue, 24 Nov 2026 01:00:00 GMT\r\nContent-Type: text/html\r\n"
    b'Last-Modified: Mon, 02 Mar 2026 01:00:00 GMT\r\nETag: "5e-1"\r\nContent-Length: 2400\r\n\r\n'
)
RULES = b"User-agent: *\nDisallow: /admin/\nDisallow: /*?session=\nAllow: /\n"
ROBOTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(RULES), RULES)


class Server(asyncio.Protocol):
    """Answer HEAD requests, any number on one connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        *asked, self.rest = (self.rest + data).split(b"\r\n\r\n")
        self.transport.write(b"".join(HEADERS if one.startswith(b"HEAD") else ROBOTS for one in asked))


async def serve() -> None:
    """Serve on all loopback addresses and print the port."""
    server = await asyncio.get_running_loop().create_server(Server, "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def host(number: int) -> str:
    """Return one of many loopback addresses."""
    return f"127.0.{number // 250}.{number % 250 + 1}"


def addresses(count: int, hosts: int, port: str) -> list[str]:
    """Return ``count`` addresses, spread over the hosts."""
    return [f"http://{host(n % hosts)}:{port}/file/{n}" for n in range(count)]


def ours(urls: list[str], delay_s: float, per_host: int) -> dict[str, Any]:
    """Request all addresses with our own spider."""
    from catalog.db.store import open_catalog
    from catalog.repositories.targets import CheckTarget
    from harvester.checks import links
    from harvester.night.context import RunContext
    from specs.portals import Limits

    limits = Limits(delay_s=delay_s, concurrency=per_host)
    with tempfile.TemporaryDirectory() as folder, open_catalog(Path(folder) / "catalog.db") as catalog:
        run_id = catalog.begin_run("bench", [], version="0", methodology="0")
        run = RunContext(catalog=catalog, run_id=run_id, data=Path(folder))
        local = frozenset(url.split("/")[2].split(":")[0] for url in urls)
        targets = [CheckTarget(url=url, portal_id="p", format=None, media_type=None, previous=None) for url in urls]
        jobs = [links.CheckTask(target, limits) for target in targets]
        begun = time.perf_counter()
        asyncio.run(links._check(run, jobs, local, [], time.monotonic()))
        wall_s = time.perf_counter() - begun
        answered = catalog.value("select count(*) from resource_checks where outcome = 'ok'")
    return {"answered": answered, "wall_s": wall_s}


def scrapys(urls: list[str]) -> dict[str, Any]:
    """Request all addresses with Scrapy and its default settings."""
    import scrapy
    from scrapy.crawler import CrawlerProcess

    answered = 0

    class Plain(scrapy.Spider):
        name = "plain"

        async def start(self) -> AsyncIterator[Any]:
            for url in urls:
                yield scrapy.Request(url, method="HEAD", dont_filter=True)

        def parse(self, response: Any) -> None:
            nonlocal answered
            answered += 1

    settings = {
        "LOG_ENABLED": False,
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": IN_FLIGHT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": PER_HOST,
        "DOWNLOAD_DELAY": 0,
    }
    process = CrawlerProcess(settings)
    process.crawl(Plain)
    begun = time.perf_counter()
    process.start()
    return {"answered": answered, "wall_s": time.perf_counter() - begun}


def client(who: str, count: int, port: str) -> None:
    """Make one measurement, in a process of its own."""
    urls = addresses(count, HOSTS, port)
    found = ours(urls, 0, PER_HOST) if who == "ours" else scrapys(urls)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss // 1024, **found}))


def paced(hosts: int, seconds: int, port: str) -> None:
    """Request each host once a second."""
    found = ours(addresses(hosts * seconds, hosts, port), 1.0, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss // 1024, **found}))


def run(*arguments: str) -> dict[str, Any]:
    """Run this file again, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def cost(who: str, count: int, port: str) -> float:
    """Return the microseconds of CPU for one more request."""
    few, many = run("client", who, str(count // 5), port), run("client", who, str(count), port)
    for found, expected in ((few, count // 5), (many, count)):
        if found["answered"] != expected:
            raise SystemExit(f"{who}: {found['answered']} of {expected} were answered")
    return 1e6 * float(many["cpu_s"] - few["cpu_s"]) / (count - count // 5)


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "5000"
    if command == "serve":
        asyncio.run(serve())
        return
    if command == "client":
        client(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return
    if command == "paced":
        paced(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
        return
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        try:
            if command == "hosts":
                hosts, seconds = (int(value) for value in (*sys.argv[2:4], "1000", "30")[:2])
                found = run("paced", str(hosts), str(seconds), port)
                print(f"{hosts:,} hosts, {seconds} requests each, one a second: {found['answered']:,} answered")
                share = 100 * found["cpu_s"] / found["wall_s"]
                print(f"{found['wall_s']:.1f} s of time, {found['cpu_s']:.1f} s of CPU: {share:.0f} % of one core")
                print(f"{found['memory_mb']} MB of memory")
                return
            count = int(command)
            pairs = [(cost("ours", count, port), cost("scrapy", count, port)) for _ in range(3)]
            own, other = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
            print(f"microseconds of CPU for one HEAD request at the margin, median of 3, {count:,} requests")
            print(f"ours:             {own:,.0f}   ({', '.join(f'{a:,.0f}' for a, _ in pairs)})")
            print(f"Scrapy, defaults: {other:,.0f}   ({', '.join(f'{b:,.0f}' for _, b in pairs)})")
            print(f"ratio:            {other / own:.1f}")
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
