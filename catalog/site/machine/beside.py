"""The Turtle beside the pages of the mirror: what the live site answers to programs, without the measurements.

All measurements of a dataset take more than twenty times the room of what its record declares; the exported files have
them in bulk.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from catalog.rdf.published import describe_dataset, published_datasets
from catalog.rdf.published.lines import PairedLines, turtle_head
from catalog.site.machine.answers import ADDED
from catalog.site.machine.negotiation import THINGS
from catalog.site.machine.statements import add_whole, publication_of
from catalog.site.pages import SiteOptions

__all__ = ["turtle_beside"]


def turtle_beside(conn: sqlite3.Connection, options: SiteOptions, thing: str, name: str) -> str | None:
    """Return the Turtle that stands beside a page; None for a page that has none, and for a thing that is gone.

    ``conn``: connection to the public file. ``thing``: name of the page; ``name``: id of the thing, "" for the home
    page.
    """
    if thing not in THINGS:
        return None
    publication = publication_of(conn, options)
    lines = _lines(publication.names.whole)
    if thing == "dataset":
        for one in published_datasets(conn, [name]):
            describe_dataset(one, lines, publication)
    elif thing == "home":
        add_whole(conn, lines, publication)
    else:
        ADDED[thing](conn, name, lines, publication)
    _, turtle = lines.take()
    if not turtle:
        return None
    # Most things use few of the prefixes, and a national portal has tens of thousands of these files.
    used = [line for line in turtle_head().splitlines(keepends=True) if line.split()[1] in turtle]
    return (b"".join(used) + turtle).decode()


@cache
def _lines(graph: str) -> PairedLines:
    # Kept, because it knows the terms that many datasets repeat.
    return PairedLines(graph)
