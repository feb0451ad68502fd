"""Measure how long one machine and three take to check the same hosts, which sleep before they respond.

    python bench/shards_wall.py [hosts at once] [hosts] [seconds]     # 3, 120 and 1 by default

A "machine" is a process that may ask so many hosts side by side, as an operator limits it. The servers are in this
process, on loopback addresses of their own. Printed are seconds by the clock, the start of the processes included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "harvester"))

from many_hosts import many_hosts
from portal_server import PortalServer, as_json, harvest, spec

from catalog.db.store import open_catalog
from harvester.shards.run import begin, finish

OPTIONS = {"contact": "bench", "full": False, "max_requests": None, "max_bytes": None, "max_minutes": None}
_WORK = "import sys; from pathlib import Path; from harvester.shards.work import work; work(Path(sys.argv[1]), Path(sys.argv[2]), hosts_at_once=int(sys.argv[3]))"  # noqa: E501


def main() -> None:
    """Print the seconds that one process and three processes take."""
    at_once = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    sleep_s = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
    with many_hosts(count, sleep_s=sleep_s) as hosts, PortalServer() as server:
        listed = [
            {"identifier": str(n), "distribution": [{"downloadURL": hosts.url(n, "/a.csv")}]} for n in range(count)
        ]
        server.routes["/data.json"] = as_json({"dataset": listed})
        also = [f"{host}:{hosts.port}" for host in hosts.hosts]
        more: dict[str, Any] = {"limits": {"delay_s": 0, "timeout_s": 20}, "recheck": {"hours": [0]}}
        portal = spec("p", "dcat-us", server.url, local_also=also, **more)
        spent = {}
        for machines in (1, 3):
            with tempfile.TemporaryDirectory() as name:
                data = Path(name) / "data"
                with open_catalog(data / "catalog.db") as catalog:
                    harvest(catalog, portal)
                begin(data, [portal], machines, Path(name) / "tasks", OPTIONS)
                begun = time.monotonic()
                parts = [Path(name) / f"part-{number}" for number in range(machines)]
                children = [
                    subprocess.Popen([sys.executable, "-c", _WORK, f"{name}/tasks/{number}", str(part), str(at_once)])
                    for number, part in enumerate(parts)
                ]
                assert [child.wait() for child in children] == [0] * machines
                spent[machines] = time.monotonic() - begun
                assert finish(data, parts)[2] == []
            print(f"{machines} machine(s), {at_once} hosts at once each: {spent[machines]:.1f} s")
    print(f"three take {spent[3] / spent[1]:.2f} of the time of one")


if __name__ == "__main__":
    main()
