"""One night over every hostile portal, beside one that is well: bounds hold, and what happened is said."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hostile_server import CASES, GOOD, ODD_IDS, serve

from catalog.db.store import Catalog, open_catalog

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile")]
WINNOW = str(Path(sys.executable).with_name("winnow"))
MAX_SECONDS, MAX_MEMORY, MAX_DISK = 300, 900_000_000, 600_000_000
"""What the whole night may take, though most portals would send for ever."""
LIMITS = {
    "delay_s": 0, "timeout_s": 60, "feed_timeout_s": 200, "min_bytes_per_s": 1_000, "deadline_s": 200,
    "page_rows": 200, "max_datasets": 3_000,
}  # fmt: skip
"""Of every portal, unless its case says otherwise."""
MEASURE = """
import json, re, resource, sys, threading, time
sys.argv = ["winnow", *sys.argv[1:]]
from harvester.cli.main import main
from harvester.http import politeness
politeness.FIRST_PENALTY_S = 0.02
try:
    main()
finally:
    # What the kernel calls ru_maxrss has the memory of the test runner in it, from before this program began.
    own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"memory": own * 1024, "children": children * 1024}), file=sys.stderr)
"""


def no_http() -> tuple[str, threading.Thread]:
    """A server that answers every connection with noise."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(MAX_SECONDS)

    def serve_noise() -> None:
        with suppress(OSError), listener:
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    client.recv(4096)
                    client.sendall(bytes(range(256)) * 200)

    thread = threading.Thread(target=serve_noise, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    data = tmp_path_factory.mktemp("hostile") / "data"
    folder = data / "portals"
    folder.mkdir(parents=True)
    noise, _ = no_http()
    with serve() as addresses:
        for name, kind in {"good": "ckan", **{name: case.type for name, case in CASES.items()}}.items():
            url = addresses.get(name, noise)
            head = f'id = "{name}"\ntype = "{kind}"\ntitle = "{name}"\nurl = "{url}"\nlocal = true\n'
            limits = LIMITS | (CASES[name].limits if name in CASES else {})
            lines = "".join(f"{key} = {value}\n" for key, value in limits.items())
            (folder / f"{name}.toml").write_text(f"{head}[limits]\n{lines}")
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, "--data", str(data), "nightly", "--json"],
            capture_output=True, text=True, timeout=MAX_SECONDS * 3, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        spent = time.monotonic() - begun
    assert done.returncode == 3, done.stderr[-2000:]
    with open_catalog(data / "catalog.db") as catalog:
        yield {
            "data": data,
            "catalog": catalog,
            "seconds": spent,
            **json.loads(done.stderr.strip().splitlines()[-1]),
            "portals": {p["portal"]: p for p in json.loads(done.stdout)["portals"]},
        }


def errors(catalog: Catalog, portal: str) -> list[dict[str, Any]]:
    return catalog.rows("select * from harvest_errors where portal_id = ?", [portal])


def test_the_bounds_hold(result: dict[str, Any]) -> None:
    disk = sum(path.stat().st_size for path in result["data"].rglob("*") if path.is_file())
    print(f"{result['seconds']:.0f} s, {result['memory'] / 1e6:.0f} MB of memory, {disk / 1e6:.0f} MB of disk")  # noqa: T201
    assert result["seconds"] < MAX_SECONDS
    assert result["memory"] < MAX_MEMORY
    assert disk < MAX_DISK
    # The children that look into tables are bounded too.
    assert result["children"] < MAX_MEMORY


def test_the_good_portal_is_whole(result: dict[str, Any]) -> None:
    good = result["portals"]["good"]
    assert (good["verdict"], good["datasets"], good["errors"], good["reasons"]) == ("complete", GOOD, 0, [])
    assert result["catalog"].value("select count(*) from dataset_quality where portal_id = 'good'") == GOOD


@pytest.mark.parametrize("name", CASES)
def test_each_ends_and_says_why(name: str, result: dict[str, Any]) -> None:
    case, portal = CASES[name], result["portals"][name]
    found = errors(result["catalog"], name)
    said = " ".join([*portal["reasons"], *(error["message"] for error in found)])
    assert portal["verdict"] in case.verdict, said
    if case.kind:
        assert set(case.kind.split()) & {error["kind"] for error in found}, [
            (e["kind"], e["message"][:200]) for e in found[:5]
        ]
    assert case.words in said, said[:500]
    if portal["verdict"] != "complete":
        assert portal["reasons"] and all(len(reason) < 1500 for reason in portal["reasons"])
    assert all(
        e["message"] and e["remedy"] and len(e["message"]) < 2000 and len(e["value"] or "") <= 500 for e in found
    )


def test_nothing_in_an_identifier_is_ever_a_path_or_a_command(result: dict[str, Any]) -> None:
    catalog: Catalog = result["catalog"]
    stored = {r["identifier"] for r in catalog.rows("select identifier from datasets where portal_id = 'odd-ids'")}
    assert stored == set(ODD_IDS)
    inside = result["data"].resolve()
    assert all(path.resolve().is_relative_to(inside) for path in inside.rglob("*"))
    assert {path.name for path in inside.iterdir()} <= {
        "portals", "catalog.db", "catalog.db-wal", "catalog.db-shm", "exports", "site", "manifests", "winnow.log",
        ".lock", "feeds", "files", "winnow.prom", "catalogue.id",
    }  # fmt: skip
    assert not list((inside / "feeds").glob("*.part")) and catalog.value("pragma integrity_check") == "ok"


def test_errors_are_capped_and_counted(result: dict[str, Any]) -> None:
    rows = result["catalog"].value("select count(*) from harvest_errors where portal_id = 'many-errors'")
    assert 10_000 <= rows <= 10_010
    assert result["catalog"].value("select lost from harvests where portal_id = 'many-errors'") == 15_000
