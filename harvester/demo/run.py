"""``winnow demo``: nights over the demo portals, dated as those of the last days, and what changed between them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from catalog.db.clock import present, set_back
from harvester.demo import LATER, NIGHTS, STORY, DemoServer
from harvester.demo.server import FIRST_NIGHT
from harvester.night.stages import LOCK, STAGES, locked, nightly
from harvester.terminal.night import progress, show_summary
from specs.commitments import load
from specs.errors import SpecError, parse
from specs.portals import PortalSpec

__all__ = ["prepare", "run_demo"]

MARK = ".winnow-demo"


def prepare(data: Path, nights: int = NIGHTS) -> None:
    """Empty the folder ``data``, or make it, and copy the commitments of the demo governments to it.

    ``nights``: how many there will be, 1 to 6. The last is today, and the days in the commitments move with it. Raise
    SpecError if the folder holds anything else than an earlier demo, and AlreadyRunning if a demo is at work in it.
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
        (data / "commitments").mkdir()
        days = {_of_story(night): _day(night, nights) for night in range(1, NIGHTS + 1)}
        for file in sorted(Path(__file__).with_name("commitments").glob("*.toml")):
            lines = file.read_text("utf-8").splitlines()
            moved = [_moved(line, days) if " = 2026-" in line else line for line in lines]
            (data / "commitments" / file.name).write_text("\n".join(moved) + "\n", "utf-8")
        (data / MARK).touch()


def _of_story(night: int) -> str:
    return (FIRST_NIGHT.date() + timedelta(days=night - 1)).isoformat()


def _day(night: int, nights: int) -> date:
    return present().date() - timedelta(days=nights - night)


def _moved(line: str, days: dict[str, date]) -> str:
    name, _, day = line.partition(" = ")
    return f"{name} = {days.get(day, day)}"


def run_demo(data: Path, nights: int = NIGHTS) -> None:
    """Harvest and score the demo portals on several nights, with ``data`` as the data folder.

    The nights are real, one after the other, and what they store is dated as if the last was today, and each other a
    day before the next. ``nights``: how many, 1 to 6. Print the summary of each, and what changed at the portals
    between them. :func:`prepare` must be called before.
    """
    console = Console()
    with DemoServer(night=1) as server:
        portals = [parse(PortalSpec, spec, spec["id"]) for spec in server.portals()]
        for night in range(1, nights + 1):
            server.night = night
            with set_back(timedelta(days=nights - night)), progress(is_quiet=False) as on_progress:
                result = nightly(
                    data,
                    portals,
                    # Files that the next night writes anew are left out; each night of two has them.
                    stages=STAGES if night <= 2 or night == nights else STAGES[:-1],
                    contact="demo",
                    is_archived=True,
                    commitments=load(data / "commitments"),
                    on_progress=on_progress,
                )
            console.print(f"\n[bold]Night {night}[/bold], dated {_day(night, nights).isoformat()}", highlight=False)
            show_summary(result, data)
    story = [change for change in (*STORY, *LATER) if change.night <= nights]
    console.print(f"\nBetween the nights, {len(story)} things changed at the portals:")
    for change in story:
        console.print(f"  night {change.night}, {change.portal}: {change.kind}: {change.what}", markup=False)
    console.print(f"\none page a government: {data}/exports/republic-of-solmark/report.html", markup=False)
    console.print(f"The site, at http://127.0.0.1:8001/ : winnow --data {data} serve", markup=False)
    console.print("Three things to look at there:")
    console.print("  a promise broken, beside one that was kept: /commitments", markup=False)
    console.print("  what vanished: /vanished", markup=False)
    console.print(
        f"  a score over {nights} nights, and what to fix first: /government/republic-of-solmark", markup=False
    )
