"""The public copy of a catalogue, and the command that serves it.

The night writes one file while visitors read another: a copy without a log, opened as immutable. A server opens the new
one by itself (:mod:`catalog.site.database`).
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from catalog.db.migrations import bring_up_to_date
from catalog.db.sqlite import Database
from catalog.db.store import Catalog, CatalogError
from catalog.files import sha256, write_whole
from catalog.repositories.response_times import response_times
from catalog.site.build import build, is_built, needs_upgrade
from catalog.site.machine.snapshots import keep_former
from catalog.site.metadata import DATABASE, metadata
from catalog.site.pages import SiteOptions
from catalog.site.published import (
    PublicCopy,
    basis_digest,
    forget_public_copy,
    read_public_copy,
    source_digest,
    write_public_copy,
)
from catalog.site.refresh import Hidden, refresh
from catalog.site.waiting import AT_ONCE
from specs.methodology import is_comparable

__all__ = ["SETTINGS", "datasette_command", "files", "is_current", "publish", "publish_what_is_done"]

SETTINGS: dict[str, int | bool | str] = {
    # Visitors' own SQL: see datasette_command.
    "default_allow_sql": False,
    # CSVs are ours, see catalog.site.csv_files.
    "allow_csv_stream": False,
    "default_cache_ttl": 0,
    # Suggested facets take 95 % of the time of a table page.
    "suggest_facets": False,
    "allow_facet": True,
    "sql_time_limit_ms": 2000,
    "num_sql_threads": 2 * AT_ONCE,
    "default_page_size": 25,
    # A cell of a table shows the beginning of a long text; its page has all of it.
    "truncate_cells_html": 300,
    "max_returned_rows": 2000,
}

REFRESHED_MOST = 30
"""How often a public copy is brought up to date before it is made anew as a whole: SQLite may leave parts of rows that
were public, and that the catalogue no longer has, in bytes of the file that nothing uses."""


def files(folder: Literal["templates", "static", "plugins"]) -> Path:
    """Return the path of a folder with files of the public site, inside the installed package."""
    return Path(__file__).parent / folder


def datasette_command(
    db: Path, *, port: int, host: str = "127.0.0.1", options: SiteOptions | None = None, has_sql: bool = False
) -> list[str]:
    """Return the command line that serves the public copy ``db`` of a catalogue with Datasette at ``host`` and
    ``port``.

    ``options``: who runs the site and where; None for the defaults. ``has_sql``: whether visitors may run SQL of their
    own, within limits. The metadata that the command needs is written into a file beside ``db``. Raise CatalogError
    if ``db`` does not exist, or if it is not called ``catalog.db``, because the name is part of every address.
    """
    _check_name(db)
    if not db.is_file():
        raise CatalogError(f"{db}: no such file; publish the catalogue first")
    described = db.with_name(f"{db.stem}.metadata.json")
    write_whole(described, json.dumps(metadata(options), indent=1, ensure_ascii=False))
    given: dict[str, int | bool | str] = {"default_allow_sql": has_sql}
    if options and options.base_url != "/":
        given["base_url"] = options.base_url
    settings = [
        word
        for name, value in (SETTINGS | given).items()
        for word in ("--setting", name, {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value))
    ]
    return [
        *(sys.executable, "-m", "datasette", "serve", "-i", str(db)),
        *("--host", host, "--port", str(port)),
        *("--metadata", str(described)),
        *("--template-dir", str(files("templates"))),
        *("--plugins-dir", str(files("plugins"))),
        *("--static", f"static:{files('static')}"),
        *settings,
    ]


def publish(db: Path, out: Path, exports: Path | None = None, *, nights: int = 0) -> bool:
    """Write the public copy of the catalogue ``db`` to ``out``, and return whether it was written. A run may write to
    the catalogue meanwhile.

    ``exports``: folder of the files exported from the same state of the catalogue. If it is given, nothing has changed
    since the present copy was made, and this version of the program made it, the copy stays. None writes the copy in
    any case. ``nights``: for how many nights the copy that is replaced is kept, for harvests of the catalogue that
    began on it (:mod:`catalog.site.machine.snapshots`); 0 keeps none, and deletes those that are kept. None is
    kept either where ``exports`` is given and something in the present copy must not be public any more, or may not,
    because another version of the program has made it or nothing is recorded of it.

    The copy has the tables and columns that :mod:`catalog.db.schema.public` lists, and no others. Left out of them are
    findings that must not be published yet: those of suspected personal data (see
    :mod:`catalog.repositories.withheld`) and of causes of which the government hears first; and of replies and reports
    the names that may not be public and the texts that nobody has approved. The state "new" becomes "open", because the
    copy may stay for many nights. An existing copy is replaced only when the new one is complete. Where ``exports`` is
    given and this version of the program made the present copy, a copy of that is brought up to date
    (:mod:`catalog.site.refresh`); its rows are the same as those of one that is made as a whole. Raise CatalogError if
    ``db`` does not exist or cannot be copied, or if ``out`` is not called ``catalog.db`` or is the catalogue itself.
    """
    _check_name(out)
    if not db.is_file():
        raise CatalogError(f"{db}: no such file; run `winnow nightly` first, or name another data folder")
    if out.exists() and out.samefile(db):
        raise CatalogError(f"{out}: this is the catalogue itself; publish into another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    upgraded = out.with_name(f"{out.name}.{os.getpid()}.upgraded.part")
    part.unlink(missing_ok=True)
    upgraded.unlink(missing_ok=True)
    try:
        told = source_digest(db, exports) if exports else ""
        before = read_public_copy(out)
        # Another version of the program may make other figures of the same rows.
        if told and before and before.source == told and is_current(out) and before.basis == basis_digest(db):
            return False
        with closing(sqlite3.connect(db, timeout=30)) as source:
            if needs_upgrade(source):
                # A catalogue that no command has opened since an upgrade.
                source.execute("vacuum into ?", (str(upgraded),))
        if upgraded.exists():
            with closing(sqlite3.connect(upgraded)) as copy:
                bring_up_to_date(Database(copy))
        ready = upgraded if upgraded.exists() else db
        with closing(sqlite3.connect(ready, timeout=30)) as source:
            last = source.execute("select max(id) from runs").fetchone()[0]
            # Whom letters went to is private, so this cannot be told from the public file.
            source.create_function("is_comparable", 2, is_comparable, deterministic=True)
            times = response_times(Catalog(Database(source), ready), last) if last else {}
        basis = basis_digest(ready)
        is_refreshed = False
        try:
            if told and before:
                is_refreshed = _is_refreshed(part, ready, times, out, before, basis)
        except Hidden:
            # The former files may have it as well.
            nights = 0
        if told and before is None:
            # A call that was killed before it had recorded what it made: nothing is known of the present copy.
            nights = 0
        if not is_refreshed:
            part.unlink(missing_ok=True)
            with closing(sqlite3.connect(part, timeout=30, isolation_level=None)) as public:
                build(public, str(ready), times)
        keep_former(out, part, nights)
        part.replace(out)
        if told:
            write_public_copy(out, told, basis, before.refreshed + 1 if before and is_refreshed else 0)
        else:
            forget_public_copy(out)
        return True
    except sqlite3.Error as error:
        raise CatalogError(f"{out}: {error}; check that {db} is a catalogue and that there is room") from error
    finally:
        part.unlink(missing_ok=True)
        upgraded.unlink(missing_ok=True)


def _is_refreshed(
    part: Path, db: Path, times: Mapping[tuple[str, str], Mapping[str, Any]], out: Path, before: PublicCopy, basis: str
) -> bool:
    """Copy the present public copy ``out`` to ``part`` and bring that up to date with the catalogue ``db``; return
    whether that could be done. Raise Hidden if ``out`` has something that must not be public any more, or if that is
    not known, because ``out`` cannot be compared with the catalogue."""
    if before.basis != basis or before.refreshed >= REFRESHED_MOST:
        raise Hidden
    _copy_file(out, part)
    # Rows that are not compared, such as those of the search index, are trusted.
    if sha256(part) != before.sha256:
        raise Hidden
    return refresh(part, str(db), times)


def _copy_file(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as read, target.open("wb") as written:
            # Some file systems share the blocks until one of the two changes.
            while os.copy_file_range(read.fileno(), written.fileno(), 1 << 30):
                pass
    except (AttributeError, OSError):
        shutil.copyfile(source, target)


def publish_what_is_done(db: Path, out: Path, exports: Path, *, nights: int = 0) -> str | None:
    """Bring the public copy ``out`` of the catalogue ``db`` up to date, but not with a run that has done only a part.

    ``exports``, ``nights``: as for :func:`publish`; where nothing has changed the copy stays. Return None, or the id of
    the last run if it is under way or was interrupted: then a copy that this version can show stays as it is. Without
    such a copy one is written all the same. Raise CatalogError like :func:`publish`.
    """
    if is_current(out) and db.is_file():
        with closing(sqlite3.connect(f"{db.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as source:
            try:
                last = source.execute("select id, status from runs order by id desc limit 1").fetchone()
            except sqlite3.Error as error:
                raise CatalogError(f"{db}: {error}; check that it is a catalogue") from error
        if last and last[1] in ("running", "interrupted"):
            return str(last[0])
    publish(db, out, exports, nights=nights)
    return None


def is_current(public: Path) -> bool:
    """Return whether the public file ``public`` exists and has exactly what is public in this version of the program.

    It does not tell whether the catalogue has changed since the file was made.
    """
    if not public.is_file():
        return False
    with closing(sqlite3.connect(f"{public.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            return is_built(opened)
        except sqlite3.Error:
            return False


def _check_name(db: Path) -> None:
    if db.stem != DATABASE:
        raise CatalogError(f"{db}: the public file must be called {DATABASE}.db, which is part of every address")
