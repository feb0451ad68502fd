"""Measure the public site: how long visitors wait, and which pages ask the database too much.

    python bench/site.py DATA [REQUESTS]

``DATA`` is a data folder with a catalogue that was harvested and scored, for example by ``bench/nation.py``; its public
file is made in a folder of its own, and nothing in ``DATA`` is changed. It may also be a public file. ``REQUESTS``
(default 2,000) are sent to the real server: pages of all kinds, tables, queries and data, each kind equally often, in
an order that is the same each time. Printed are the medians and 99th percentiles of one client and of twenty at once:
first of requests that nobody sent before ("cold": each address once), then of those that were all sent before ("warm":
the server keeps finished pages until the next night). Then the slowest kinds, and every kind of page with an SQL
statement over 50 ms of CPU. Server and clients share the machine.

Targets for 50,000 datasets on two cores, warm: a 99th percentile of 100 ms for one client, of one second for twenty.
"""

from __future__ import annotations

import http.client
import random
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog.db.schema.public import PUBLIC
from catalog.site.pages import Page, SiteOptions, Visit, pages
from catalog.site.queries import queries
from catalog.site.serve import datasette_command, publish
from specs.languages import language

SAMPLE = 12
"""Pages of a kind that are asked."""
SLOW_MS = 50
WORDS = ("water", "budget", "école", "人口", "salud publica", "air quality", "of", "transport", "zzzz")


class Timed(sqlite3.Cursor):
    """A cursor that knows how much CPU time its statements took, in milliseconds."""

    spent: dict[str, float] = {}

    def execute(self, sql: str, *args: Any) -> Timed:
        self.sql, begun = sql, time.thread_time()
        super().execute(sql, *args)
        self._add(begun)
        return self

    def __next__(self) -> Any:
        begun = time.thread_time()
        try:
            return super().__next__()
        finally:
            self._add(begun)

    def fetchone(self) -> Any:
        begun = time.thread_time()
        try:
            return super().fetchone()
        finally:
            self._add(begun)

    def fetchall(self) -> list[Any]:
        begun = time.thread_time()
        try:
            return super().fetchall()
        finally:
            self._add(begun)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        begun = time.thread_time()
        try:
            return super().fetchmany(size or self.arraysize)
        finally:
            self._add(begun)

    def _add(self, begun: float) -> None:
        Timed.spent[self.sql] = Timed.spent.get(self.sql, 0.0) + (time.thread_time() - begun) * 1000


class TimedConnection(sqlite3.Connection):
    """A connection whose cursors are timed."""

    def execute(self, sql: str, *args: Any) -> Timed:
        return self.cursor().execute(sql, *args)

    def cursor(self, *_: Any) -> Timed:  # type: ignore[override]  # with our cursors
        return super().cursor(Timed)


def connect(public: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(f"file:{public}?immutable=1", uri=True, factory=TimedConnection)
    conn.row_factory = sqlite3.Row
    return conn


def names_of(page: Page, conn: sqlite3.Connection) -> list[str]:
    """Return some names of a kind of page, from all of its range."""
    found = [*islice(page.all_names(Visit(conn, language("en"), SiteOptions())), 100_000)]
    return found[:: max(1, len(found) // SAMPLE)][:SAMPLE]


def addresses(public: Path) -> dict[str, list[str]]:
    """Return the addresses to ask, by kind."""
    kinds: dict[str, list[str]] = {}
    with closing(connect(public)) as conn:
        for page in pages():
            if names := names_of(page, conn):
                kinds[page.name] = [page.path(name) for name in names]
    kinds["search"] = [f"/search?q={quote(word)}" for word in WORDS]
    kinds["table"] = [f"/catalog/{name}" for name in PUBLIC]
    kinds["query"] = [f"/catalog/{name}" for name in queries() if name != "search"]
    kinds["data"] = [f"/catalog/{name}.json?_shape=array" for name in ("datasets", "findings", "portals")]
    kinds["error"] = ["/nothing", "/catalog/datasets?_sort=nope"]
    return kinds


@contextmanager
def served(public: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = datasette_command(public, port=port)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def ask(port: int, asked: Sequence[tuple[str, str]]) -> list[tuple[str, float, int]]:
    """Ask for addresses one after the other over one connection; return kind, milliseconds and status of each."""
    found = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for kind, path in asked:
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            response = connection.getresponse()
            response.read()
            kind = kind if response.status < 500 else f"{kind} ({response.status} at {path})"
            found.append((kind, (time.perf_counter() - begun) * 1000, response.status))
    return found


def ask_at_once(port: int, asked: Sequence[tuple[str, str]]) -> list[tuple[str, float, int]]:
    """Ask like :func:`ask`, by twenty clients at once, each for every twentieth address."""
    with ThreadPoolExecutor(20) as clients:
        parts = clients.map(lambda number: ask(port, asked[number::20]), range(20))
        return [one for part in parts for one in part]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show(name: str, found: Sequence[tuple[str, float, int]]) -> None:
    values = [ms for _, ms, _ in found]
    wrong = [status for _, _, status in found if status >= 500]
    print(
        f"{name}: {len(values)} requests, p50 {percentile(values, 0.5):.0f} ms, p99 {percentile(values, 0.99):.0f} ms, "
        f"most {max(values):.0f} ms, {len(wrong)} with status 5xx"
    )
    by_kind: dict[str, list[float]] = defaultdict(list)
    for kind, ms, _ in found:
        by_kind[kind].append(ms)
    worst = sorted(by_kind, key=lambda kind: -percentile(by_kind[kind], 0.99))[:8]
    for kind in by_kind:
        if kind.endswith(")"):
            print(f"  failed: {kind}")
    print("  slowest, p99: " + ", ".join(f"{kind} {percentile(by_kind[kind], 0.99):.0f} ms" for kind in worst))


def slow_statements(public: Path) -> None:
    """Print the kinds of pages with a statement that takes over SLOW_MS, the second time it is asked."""
    with closing(connect(public)) as conn:
        for page in pages():
            slowest: dict[str, float] = {}
            for name in names_of(page, conn):
                for _ in range(2):
                    Timed.spent = {}
                    page.read(Visit(conn, language("en"), SiteOptions(), name))
                for sql, ms in Timed.spent.items():
                    slowest[sql] = max(ms, slowest.get(sql, 0.0))
            for sql, ms in slowest.items():
                if ms > SLOW_MS:
                    print(f"over {SLOW_MS} ms: {page.name}: {ms:.0f} ms: {' '.join(sql.split())[:110]}")
        for name, query in queries().items():
            if name != "search":
                for _ in range(2):
                    Timed.spent = {}
                    conn.execute(query["sql"], dict.fromkeys(query["params"], "")).fetchmany(2001)
                if (ms := sum(Timed.spent.values())) > SLOW_MS:
                    print(f"over {SLOW_MS} ms: the query {name}: {ms:.0f} ms")


def main(data: Path, requests: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        public = data if data.is_file() else Path(folder) / "catalog.db"
        if not data.is_file():
            begun = time.process_time()
            publish(data / "catalog.db", public)
            print(f"published in {time.process_time() - begun:.1f} s CPU, {public.stat().st_size / 1e6:.0f} MB")
        kinds = addresses(public)
        chance = random.Random(1)
        every = [(kind, path) for kind, paths in kinds.items() for path in paths]
        asked = [(kind, chance.choice(kinds[kind])) for kind in (chance.choice([*kinds]) for _ in range(requests))]
        chance.shuffle(every)
        with served(public) as port:
            show("cold, 20 clients", ask_at_once(port, every))
        with served(public) as port:
            show("cold, 1 client", ask(port, every))
            show("warm, 1 client", ask(port, asked))
            show("warm, 20 clients", ask_at_once(port, asked))
        slow_statements(public)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2_000)
