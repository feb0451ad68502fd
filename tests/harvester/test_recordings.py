"""Real recorded portals, replayed and harvested: what is there is found, what is lost is said."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.store import open_catalog
from harvester.nightly import nightly
from specs.portals import Limits, PortalSpec
from tests.conftest import SHARED

PORTALS = SHARED / "portals"
pytestmark = pytest.mark.skipif(not PORTALS.is_dir(), reason="the recordings do not lie beside this checkout")


def recordings() -> list[dict[str, Any]]:
    found = []
    for path in sorted(PORTALS.glob("*/recording.json")):
        meta = json.loads(path.read_text("utf-8"))
        if meta["type"] in ("ckan", "dcat-us"):
            found.append({"slug": path.parent.name, **meta})
    return found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("replay", PORTALS / "replay.py")
    assert spec and spec.loader
    replay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(replay)
    server = replay.serve([PORTALS])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("recording", recordings(), ids=lambda recording: recording["slug"])
def test_what_is_recorded_is_found(recording: dict[str, Any], address: str, tmp_path: Path) -> None:
    slug = recording["slug"]
    portal = PortalSpec(
        id=slug, type=recording["type"], title=slug, url=f"{address}/{slug}", local=True, limits=Limits(delay_s=0)
    )
    result = nightly(tmp_path, [portal], stages=["harvest"])["portals"][0]
    with open_catalog(tmp_path / "catalog.db") as catalog:
        lost = catalog.value("select count(*) from harvest_errors where is_lost")
        raw = catalog.value("select count(*) from records join datasets on datasets.id = records.dataset_id")
    if slug == "ckan-open-alberta":
        # Only the names were recorded: there is nothing behind them to read.
        assert result["verdict"] == "failed" and "31505 more names" in " ".join(result["reasons"])
        return
    assert result["verdict"] == "complete", result["reasons"]
    assert result["datasets"] + lost == recording["datasets_expected"]
    assert raw == result["datasets"]
    again = nightly(tmp_path, [portal], stages=["harvest"])["portals"][0]
    assert (again["verdict"], again["datasets"], again["changed"]) == ("complete", result["datasets"], 0)
    # Night two, of a portal that did not change: what is left are counts, and the answer to robots.txt.
    assert again["not_modified"] >= 1 and again["bytes"] < 1_000 < result["bytes"]
