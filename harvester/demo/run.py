"""``winnow demo``: two nights over the demo portals, and what changed between them."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

from harvester.demo import STORY, DemoServer
from harvester.night.stages import LOCK, locked, nightly
from harvester.terminal.night import progress, show_summary
from specs.commitments import load
from specs.errors import SpecError, parse
from specs.portals import PortalSpec

__all__ = ["prepare", "run_demo"]

MARK = ".winnow-demo"


def prepare(data: Path) -> None:
    """Empty the folder ``data``, or make it, and copy the commitments of the demo governments to it.

    Raise SpecError if the folder holds anything else than an earlier demo, and AlreadyRunning if a demo is at work in
    it.
    """
    if data.exists() and not (data / MARK).exists() and any(data.iterdir()):
        raise SpecError(f"{data}: holds something else than an earlier demo; name another folder with --data")
    with locked(data):
        for one in data.iterdir():
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one, ignore_errors=True)
            elif one.name != LOCK:
                one.unlink()
        # The demo governments' commitments are placed where a user's commitment files are.
        shutil.copytree(Path(__file__).with_name("commitments"), data / "commitments")
        (data / MARK).touch()


def run_demo(data: Path) -> None:
    """Harvest and score the demo portals twice, as on two nights, with ``data`` as the data folder.

    Print the summary of each run, and what changed at the portals between them. :func:`prepare` must be called before.
    """
    console = Console()
    with DemoServer(night=1) as server:
        portals = [parse(PortalSpec, spec, spec["id"]) for spec in server.portals()]
        for night in (1, 2):
            server.night = night
            with progress(is_quiet=False) as on_progress:
                result = nightly(
                    data,
                    portals,
                    contact="demo",
                    is_archived=True,
                    commitments=load(data / "commitments"),
                    on_progress=on_progress,
                )
            console.print(f"\n[bold]Night {night}[/bold]")
            show_summary(result, data)
    console.print(f"one page a government: {data}/exports/republic-of-solmark/report.html", markup=False)
    console.print(f"\nBetween the nights, {len(STORY)} things changed at the portals:")
    for change in STORY:
        console.print(f"  {change.portal}: {change.kind}: {change.what}", markup=False)
    console.print(f"\nThe site, at http://127.0.0.1:8001/ : winnow --data {data} serve", markup=False)
    console.print("Three things to look at there:")
    console.print("  a promise broken and one kept: /commitments", markup=False)
    console.print("  what to fix first, and what it brings: /government/republic-of-solmark", markup=False)
    console.print("  which key datasets a government has, and why we say so: /census", markup=False)
