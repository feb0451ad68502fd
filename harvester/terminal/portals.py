"""Show portals on the terminal: lists, what an address offers, previews."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harvester.detect import DetectionReport
from harvester.detect.preview import Preview
from harvester.terminal.night import interval
from specs.portals import PortalSpec

__all__ = ["show_checks", "show_detection", "show_portals", "show_preview"]


@contextmanager
def countdown() -> Iterator[Callable[[float], None]]:
    """Context manager that yields a function which shows how many seconds are left to wait because robots.txt asks for
    long pauses. It updates one line on a terminal; elsewhere it prints the first number only."""
    console = Console(stderr=True)
    said: list[float] = []

    def show(seconds: float) -> None:
        if not console.is_terminal:
            if not said:
                print(f"robots.txt asks for long pauses: about {seconds:.0f} s", file=sys.stderr)  # noqa: T201
            said.append(seconds)
            return
        said.append(seconds)
        print(f"\rrobots.txt asks for long pauses: {seconds:4.0f} s left ", end="", file=sys.stderr, flush=True)  # noqa: T201

    try:
        yield show
    finally:
        if said and console.is_terminal:
            print(file=sys.stderr)  # noqa: T201


def show_detection(found: DetectionReport) -> None:
    """Print ``found``, the portal APIs and feeds at an address, as a table. The recommended one comes first and is
    marked with an asterisk."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    if found.fault:
        console.print(f"{found.url}: {found.fault}", markup=False)
        return
    table = Table(title=escape(found.title or found.url), title_justify="left")
    for name in ("", "type", "sure", "datasets", "address", "told by", "tried", "what it loses"):
        table.add_column(name, overflow="fold")
    for one in found.endpoints:
        count = "?" if one.datasets is None else f"{one.datasets:,}"
        mark = "*" if one is found.best else ""
        cells = (mark, one.type, f"{one.confidence:.0%}", count, one.url, one.evidence, one.tried or "", one.loses)
        table.add_row(*map(escape, cells))
    if found.endpoints:
        console.print(table)
    for note in (*((found.robots,) if found.robots else ()), *found.notes):
        console.print(note, markup=False)
    if found.best is None:
        console.print(
            f"{found.url}: no known kind of portal is sure to be there ({found.asked} questions)", markup=False
        )
    else:
        console.print(f"recommended (*): {found.best.type} at {found.best.url} ({found.asked} questions)", markup=False)


def show_preview(found: Preview) -> None:
    """Print ``found``, the preview of a portal before its first harvest: its datasets, what could not be mapped to the
    model, the first 20 errors, and the expected score."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    total = "" if found.advertised is None else f" of {found.advertised:,}"
    console.print(
        f"{found.portal} ({found.type}): {found.verdict}, {len(found.datasets)}{total} datasets", markup=False
    )
    for reason in found.reasons:
        console.print(f"    {reason}", markup=False)
    table = Table()
    for name in (
        "identifier",
        "title",
        "publisher",
        "licence",
        "modified",
        "files",
        "score (if unknown failed to passed)",
    ):
        table.add_column(name, overflow="fold", max_width=40)
    for row in found.datasets:
        mapped = row["mapped"]
        files = mapped.get("distributions", ())
        licence = mapped.get("licence") or next((one["licence"] for one in files if one["licence"]), "-")
        cells = (
            row["identifier"], mapped.get("title", "-"), (mapped.get("publisher") or {}).get("name", "-"), licence,
            mapped.get("modified", "-"), len(files), interval({"grade": "", **row}),
        )  # fmt: skip
        table.add_row(*(escape(str(cell)[:300]) for cell in cells))
    if found.datasets:
        console.print(table)
        console.print("never filled: " + (", ".join(found.never_filled) or "nothing"), markup=False)
    if found.unmapped:
        console.print("texts that are mapped to nothing: " + ", ".join(found.unmapped), markup=False)
    for error in found.errors[:20]:
        console.print(
            f"{error['kind']}: {error['message']} ({error['pointer'] or '-'}); {error['remedy']}", markup=False
        )
    if found.score is not None:
        console.print(
            f"score to expect: {found.score} ({found.score_low} to {found.score_high}): no file was asked for",
            markup=False,
        )


def show_checks(found: Sequence[Preview]) -> None:
    """Print for each preview in ``found`` one row of a table: whether the portal responds, how many datasets it states,
    and why it does not respond."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table()
    for name in ("portal", "type", "answers", "datasets", "why not"):
        table.add_column(name, overflow="fold")
    for one in found:
        count = "?" if one.advertised is None else f"{one.advertised:,}"
        table.add_row(one.portal, one.type, one.verdict, count, escape("; ".join(one.reasons)[:300]))
    console.print(table)


def show_portals(specs: Sequence[PortalSpec]) -> None:
    """Print the portal files ``specs`` as a table: id, type, title, country, address and the field ``untried``.

    That field tells against what the file was tested if the portal itself was never harvested.
    """
    table = Table()
    for name in ("id", "type", "title", "country", "url", "tried"):
        table.add_column(name, overflow="fold")
    for spec in specs:
        tried = f"untried ({spec.untried})" if spec.untried else ""
        table.add_row(spec.id, spec.type, escape(spec.title), spec.country or "", escape(spec.url), tried)
    Console().print(table)
