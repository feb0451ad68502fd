"""Keep the public files of the last nights, so that a harvest of the catalogue that began on one ends on it.

A harvester reads the catalogue page by page for minutes or hours, and the file may be published anew meanwhile. Each
page's link to the next one names the run; the file of that run stands in ``former`` beside the public one, under its
own inode, so that keeping it copies nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

__all__ = ["FORMER", "NIGHTS", "drop_former", "former_file", "former_size", "keep_former", "run_of"]

FORMER = "former"
"""Name of the folder, beside the public file."""
NIGHTS = 2
"""Nights for which a public file is kept where nothing else is said."""
_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,60}")


def run_of(conn: sqlite3.Connection) -> str:
    """Return the id of the last run whose harvests are in a public file; "" if there is none."""
    (found,) = conn.execute("select max(run_id) from harvests where verdict is not null").fetchone()
    return str(found or "")


def former_file(public: Path, run_id: str) -> Path | None:
    """Return the path of the kept file of a run; None if it is not kept.

    ``public``: path of the present public file. ``run_id``: as a visitor gives it; a text that is no id is not kept.
    """
    if not _RUN.fullmatch(run_id):
        return None
    path = public.parent / FORMER / f"{run_id}.db"
    return path if path.is_file() else None


def keep_former(public: Path, new: Path, nights: int) -> None:
    """Keep the public file that is about to be replaced, and delete those that are older than the last ``nights``
    runs.

    Call it when the new file is complete. ``public``: the present file; if there is none, nothing is kept. ``new``:
    the file that will replace it; if both are of the same run, the present one is not kept. ``nights``: 0 keeps none;
    none is kept either if ``new`` is the first that withholds the content of a dataset. Raise OSError if the folder
    cannot be written, and sqlite3.Error if ``new`` is no public file.
    """
    folder = public.parent / FORMER
    with closing(_opened(new)) as conn:
        coming, apart = run_of(conn), _apart(conn)
    if apart and public.is_file():
        with closing(_opened(public)) as conn:
            nights = 0 if apart - _apart(conn) else nights
    if nights > 0 and public.is_file():
        leaving = ""
        # A file of another version may have no harvests to tell its run by.
        with closing(_opened(public)) as conn, suppress(sqlite3.Error):
            leaving = run_of(conn)
        if leaving and leaving != coming and _RUN.fullmatch(leaving):
            folder.mkdir(exist_ok=True)
            _link(public, folder / f"{leaving}.db")
    kept = sorted((path for path in folder.glob("*.db") if path.stem != coming), reverse=True)
    for path in [*kept[max(nights, 0) :], folder / f"{coming}.db"]:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _apart(conn: sqlite3.Connection) -> set[str]:
    """Return the ids of the datasets whose content a public file withholds; none where it is of a version before."""
    with suppress(sqlite3.OperationalError):
        return {key for (key,) in conn.execute("select id from site_withheld where kind = 'dataset'")}
    return set()


def drop_former(public: Path) -> None:
    """Delete all kept files: something in them must not be shown any more. Harvests under way get status 410."""
    shutil.rmtree(public.parent / FORMER, ignore_errors=True)


def former_size(public: Path) -> tuple[int, int]:
    """Return the number of kept files beside the public file ``public``, and their bytes."""
    sizes = [path.stat().st_size for path in (public.parent / FORMER).glob("*.db")]
    return len(sizes), sum(sizes)


def _link(path: Path, to: Path) -> None:
    """Give a file a second name, or copy it where the file system cannot do that."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:
        shutil.copyfile(path, part)
    part.replace(to)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
