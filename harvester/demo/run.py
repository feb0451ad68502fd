"""``winnow demo``: two nights over the demo portals, and what changed between them."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

from harvester.demo import STORY, DemoServer
from harvester.nightly import nightly
from harvester.terminal import progress, show_summary
from specs.errors import parse
from specs.portals import PortalSpec

__all__ = ["run_demo"]


def run_demo(data: Path) -> None:
    """Run both nights into an emptied ``data`` folder and print their summaries."""
    console = Console()
    if data.exists() and not (data / ".winnow-demo").exists() and any(data.iterdir()):
        raise FileExistsError(f"{data} is not empty and no demo of an earlier time: name another folder with --data")
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    (data / ".winnow-demo").touch()
    with DemoServer(night=1) as server:
        portals = [parse(PortalSpec, spec, spec["id"]) for spec in server.portals()]
        for night in (1, 2):
            server.night = night
            with progress(is_quiet=False) as on_progress:
                result = nightly(data, portals, contact="demo", on_progress=on_progress)
            console.print(f"\n[bold]Night {night}[/bold]")
            show_summary(result, data)
    console.print(f"\nBetween the nights, {len(STORY)} things changed at the portals:")
    for change in STORY:
        console.print(f"  {change.portal}: {change.kind}: {change.what}", markup=False)
