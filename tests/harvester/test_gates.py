"""A harvest that brought nonsense fails the night, and says by which gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from portal_server import PortalServer, ckan_search

from catalog.db.store import open_catalog
from tests import warm


def run_nightly(folder: Path, packages: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    with PortalServer({"/api/3/action/package_search": ckan_search(packages)}) as server:
        for package in packages:
            package["resources"] = [{"id": "r", "url": f"{server.url}/{package['name']}.pdf", "format": "PDF"}]
        (folder / "portal.toml").write_text(
            f'id = "portal"\ntype = "ckan"\ntitle = "P"\nurl = "{server.url}"\nlocal = true\n[limits]\ndelay_s = 0\n'
        )
        done = warm.run(
            [*warm.NIGHT, "--data", str(folder / "data"), "nightly", "--portals", str(folder), "--json"],
            capture_output=True,
            text=True,
            timeout=120,
        )
    return done.returncode, json.loads(done.stdout)


def test_nonsense_fails_the_night(tmp_path: Path) -> None:
    packages = [{"id": f"{n:05}", "name": f"p{n}", "title": "Untitled", "notes": "Untitled"} for n in range(30)]
    status, result = run_nightly(tmp_path, packages)
    assert status == 3
    assert result["failed_portals"] == ["portal"]
    (portal,) = result["portals"]
    assert portal["verdict"] == "complete"
    assert portal["gates_failed"] and set(portal["gates_failed"]) <= set(portal["reasons"])
    with open_catalog(tmp_path / "data/catalog.db") as catalog:
        results = json.loads(catalog.value("select suite from harvests"))
    failed = {one["rule"] for one in results if one["gate"] and one["passed"] is False}
    assert failed == {gate.partition(":")[0] for gate in portal["gates_failed"]}


def test_a_catalogue_passes(tmp_path: Path) -> None:
    packages = [
        {"id": f"{n:05}", "name": f"p{n}", "title": f"Streets of district {n}", "notes": f"All streets of district {n}"}
        for n in range(30)
    ]
    status, result = run_nightly(tmp_path, packages)
    assert (status, result["failed_portals"], result["portals"][0]["gates_failed"]) == (0, [], [])
