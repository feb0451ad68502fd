"""Divide the catalogue into pages by key, over the public file of one run.

The name of a page holds the run and the id after which it begins, so no dataset moves from one page to another, however
often the file is published meanwhile.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode

from catalog.db.schema.views import is_present
from catalog.repositories.withholding import LIFTED
from catalog.site.machine.snapshots import former_file, run_of

__all__ = ["MOST", "CataloguePage", "GoneError", "PageRequest", "BadPageError", "file_of", "page_of", "read_request"]

MOST = 100
"""Datasets on a page, at most."""
_FILES = 300
"""Files on a page, at most, unless a single dataset has more: they take most of the time that a page takes."""
_FIRST = ("1", "first")
"""Names of the first page of the present run, besides none."""
_PAGE = re.compile(r"(?P<run>[0-9A-Za-z][0-9A-Za-z._-]{0,60})(?:~(?P<after>[^~/]{1,200}))?")


class BadPageError(ValueError):
    """Raised for a parameter that cannot be read; the text says which form it has."""


class GoneError(LookupError):
    """Raised for a page of a run whose public file is not kept any more. ``run``: that run."""

    def __init__(self, run: str) -> None:
        super().__init__(run)
        self.run = run


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the query string of a page of the catalogue asks for.

    ``run``: run whose file is read; None for the present one. ``after``: id of the last dataset of the page before; ""
    for the first page. ``since``: instant in the form of the ids of runs; only datasets whose record changed in that
    run or later are listed; None for all. ``portal``: id of the only portal that is wanted; None for all.
    """

    run: str | None = None
    after: str = ""
    since: str | None = None
    portal: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    """Parameters that all pages of one harvest have, as they were given."""

    def query(self, run: str, after: str = "") -> str:
        """Return the query string of another page of the same harvest."""
        return urlencode({"page": f"{run}~{after}" if after else run, **self.given})


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """A page of the catalogue: the ids of its datasets, sorted, and the query strings of other pages.

    ``next``: None on the last page. ``total``: datasets of all pages together. ``run``: run of the file they are from.
    """

    run: str
    ids: Sequence[str]
    total: int
    this: str
    first: str
    next: str | None
    last: str


def read_request(args: Mapping[str, str]) -> PageRequest:
    """Return what the parameters of a query string ask for: ``page``, ``modified_since`` and ``portal``.

    Raise BadPageError for one that cannot be read. Other parameters are ignored.
    """
    page, since, portal = args.get("page") or "", args.get("modified_since") or "", args.get("portal") or ""
    # Other catalogues number their pages: a number that is not the first would be another page after each change.
    page = "" if page in _FIRST else page
    found = _PAGE.fullmatch(page) if page and not (page.isdigit() and len(page) < 7) else None
    if page and found is None:
        raise BadPageError("page: follow the link to the next page instead of making its address")
    given = {"modified_since": since} if since else {}
    given |= {"portal": portal} if portal else {}
    run, after = (found["run"], found["after"] or "") if found else (None, "")
    return PageRequest(run, after, _instant(since) if since else None, portal or None, given)


def _instant(text: str) -> str:
    """Return an instant in the form of the ids of runs: 20261201T000000Z."""
    try:
        if len(text) <= len("2026-12-01"):
            when = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        else:
            # In a query string "+" is a blank.
            when = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    except (ValueError, OverflowError) as error:
        raise BadPageError("modified_since: give a day or an instant, such as 2026-12-01T02:00:00Z") from error


def file_of(request: PageRequest, conn: sqlite3.Connection, public: Path) -> Path | None:
    """Return the kept file that a page must be read from; None if it is the present one.

    ``conn``: connection to the present public file, whose path is ``public``. Raise GoneError if the file of the run is
    not kept.
    """
    if request.run is None or request.run == run_of(conn):
        return None
    found = former_file(public, request.run)
    if found is None:
        raise GoneError(request.run)
    return found


_CHOSEN = f"""from datasets d where {is_present("d")} and d.id > :after
  and (:portal is null or d.portal_id = :portal)
  and (:since is null or d.changed_run >= :since or d.first_seen_run >= :since
    or d.id in (select dataset_id from changes where run_id >= :since and kind = 'returned')
    or d.id in (select dataset_id from ({LIFTED}) where run_id >= :since))"""  # noqa: S608  # SQL of ours


def page_of(conn: sqlite3.Connection, request: PageRequest) -> CataloguePage:
    """Return a page of the catalogue.

    ``conn``: connection to the public file of the run that is asked for, which must be that of ``request.run``.
    """
    run, values = run_of(conn), {"portal": request.portal, "since": request.since}
    rows = conn.execute(
        f"select d.id {_CHOSEN} order by d.id limit :most", values | {"after": request.after, "most": MOST + 1}
    )
    ids = [row[0] for row in rows]
    shown = ids[: _fitting(conn, ids[:MOST])]
    (total,) = conn.execute(f"select count(*) {_CHOSEN}", values | {"after": ""}).fetchone()
    back = conn.execute(
        f"select d.id {_CHOSEN} order by d.id desc limit :most", values | {"after": "", "most": MOST + 1}
    )
    last = [row[0] for row in back]
    fitting = _fitting(conn, last[:MOST])
    return CataloguePage(
        run=run,
        ids=shown,
        total=total,
        this=request.query(run, request.after),
        first=request.query(run),
        next=request.query(run, shown[-1]) if len(ids) > len(shown) else None,
        last=request.query(run, last[fitting] if len(last) > fitting else ""),
    )


def _fitting(conn: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Return how many of the datasets make a page: a few of them may have thousands of files."""
    marks = ", ".join("?" * len(ids))
    counted = conn.execute(
        f"select dataset_id, count(*) from distributions where dataset_id in ({marks}) group by 1",  # noqa: S608  # placeholders only
        ids,
    )
    counts = {row[0]: row[1] for row in counted}
    files = 0
    for number, key in enumerate(ids):
        files += counts.get(key, 0)
        if files > _FILES:
            return number or 1
    return len(ids)
