"""Measure what it costs to let other machines check an address, beside the check itself.

    python bench/shards.py [addresses]

No request is sent: tasks are planned and read, parts written and merged as if each address had answered. Printed is
the CPU time of each step for one address, child processes included, and of storing the checks, which one machine does
too. What each part costs whatever its size, a child process that loads pyarrow, is printed by itself.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalog.db.store import open_catalog
from catalog.files import sha256
from catalog.model import ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.shards import Shard, write_shards
from catalog.repositories.targets import CheckTarget
from harvester.checks.check_task import CheckTask
from harvester.night.stages import portal_of
from harvester.shards.cluster import packed, unpacked
from harvester.shards.merge import merge
from harvester.shards.part import CHECKS, kinds, read_rows, reader, write_part
from harvester.shards.plan import kept_task
from harvester.shards.split import split
from harvester.shards.task import ShardTask, read_task, versions, write_task
from specs.portals import Limits, PortalSpec

HOSTS, SHARDS = 500, 8


def cpu_s() -> float:
    """Return the CPU time of this process and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def read_nothing(part: Path) -> None:
    """Read the checks of an empty part: what is left is the start of the child that reads it."""
    with reader() as child:
        list(read_rows(child, part / CHECKS, kinds(), 0))


def main() -> None:
    """Print the cost of each step in microseconds of CPU time for one address."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    portal = PortalSpec(id="p", type="ckan", title="P", url="https://portal.example")
    urls = [f"https://host-{n % HOSTS}.example/file/{n}.csv" for n in range(count)]
    seen = ResourceCheck(
        url="", outcome="ok", method="HEAD", status=200, content_type="text/csv", size_bytes=1_000, etag='"1"',
        elapsed_ms=20, first_byte_ms=10, checked_at="2026-11-30T00:00:00Z",
    )  # fmt: skip
    checks = {url: replace(seen, url=url, final_url=url) for url in urls}
    jobs = [
        CheckTask(
            CheckTarget(url=url, portal_id="p", format="CSV", media_type=None, previous=checks[url]), Limits()
        )
        for url in urls
    ]  # fmt: skip
    spent: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        begun = cpu_s()
        found = work()
        spent[name] = spent.get(name, 0) + cpu_s() - begun
        return found

    import pyarrow.parquet  # noqa: F401  # once a process, whatever the number of addresses

    with tempfile.TemporaryDirectory() as name, open_catalog(Path(name) / "catalog.db") as catalog:
        data = Path(name)
        run_id = catalog.begin_run(
            "bench", [portal_of(portal)], version="0", methodology="0", run_id="20261130T000000Z"
        )
        parts, shards = [], []
        for number, own in enumerate(timed("split", lambda: split(jobs, SHARDS))):
            task = ShardTask(
                run_id=run_id, number=number, shards=SHARDS, portals=[portal], jobs=own, inspections=[], contact="bench"
            )
            folder, part = kept_task(data, run_id, number), data / "parts" / str(number)
            digest = timed("write tasks", lambda folder=folder, task=task: write_task(folder, task))
            shards.append(Shard(run_id=run_id, number=number, shards=SHARDS, addresses=len(own), task=digest))
            timed("pack and unpack tasks", lambda f=folder, n=number: unpacked(packed(f), data / "sent" / str(n)))
            timed("read tasks", lambda folder=folder: read_task(folder))
            part.mkdir(parents=True)
            about = {
                "run": run_id, "shard": number, "of": SHARDS, "task": sha256(folder / "task.json"),
                "versions": versions(), "traffic": {"requests": 0, "bytes": 0, "not_modified": 0},
                "checks": len(own), "reports": 0, "not_asked": 0,
            }  # fmt: skip
            found = [checks[job.target.url] for job in own]
            timed("write parts", lambda part=part, about=about, found=found: write_part(part, about, found, []))
            parts.append(
                timed("pack and unpack parts", lambda p=part, n=number: unpacked(packed(p), data / "got" / str(n)))
            )
        empty = data / "empty"
        empty.mkdir()
        write_part(empty, {}, [], [])
        for _ in range(SHARDS):
            timed("readers", lambda: read_nothing(empty))
        write_shards(catalog, shards)
        timed("merge, storing included", lambda: merge(catalog, data, parts))
        with open_catalog(data / "other.db") as other:
            other.begin_run("bench", [portal_of(portal)], version="0", methodology="0", run_id=run_id)
            rows = list(checks.values())
            timed(
                "storing alone", lambda: [write_checks(other, run_id, rows[n : n + 500]) for n in range(0, count, 500)]
            )
    readers = spent.pop("readers")
    spent["merge"] = spent.pop("merge, storing included") - spent["storing alone"] - readers
    alone = spent.pop("storing alone")
    for step, seconds in spent.items():
        print(f"{step:24} {seconds / count * 1e6:7.1f} µs an address")
    print(f"{'all of these':24} {sum(spent.values()) / count * 1e6:7.1f} µs an address")
    print(f"{'a part, besides':24} {readers / SHARDS * 1e3:7.0f} ms")
    print(f"{'storing, done anyway':24} {alone / count * 1e6:7.1f} µs an address")


if __name__ == "__main__":
    main()
