"""Write the Parquet package of a catalogue: tables, ``datapackage.json``, ``croissant.json`` and schemas."""

from __future__ import annotations

import logging
import sqlite3
import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catalog.db.store import started
from catalog.files import sha256, write_whole
from catalog.parquet.croissant import write_croissant
from catalog.parquet.descriptor import DESCRIPTOR, Origin, known_partitions, layout_of, run_of, write_descriptor
from catalog.parquet.dictionaries import dictionaries
from catalog.parquet.partitions import Partition, write_table
from catalog.parquet.public_file import public_file
from catalog.parquet.tables import PackageTable, package_tables
from catalog.site.published import read_public_copy

__all__ = [
    "CHECKS_MAX",
    "FOLDER",
    "ID_FILE",
    "NEEDS",
    "all_tables",
    "catalogue_id",
    "is_due",
    "is_possible",
    "write_package",
]

log = logging.getLogger(__name__)

FOLDER = "parquet"
"""Name of the folder of the package, in the folder of exported files."""
ID_FILE = "catalogue.id"
"""Name of the file with the id of the catalogue, in the data folder."""
CHECKS_MAX = 5_000_000
"""Checks of addresses up to which the package has their history: about 50 MB."""
NIGHTLY_MAX = 10_000
"""Datasets up to which the package is written every night."""
NEEDS = 'the Parquet package needs pyarrow: pip install "winnow-opendata[parquet]"'


def is_possible() -> bool:
    """Return whether pyarrow is installed, without which no package is written."""
    return find_spec("pyarrow") is not None


def is_due(public: Path, out: Path) -> bool:
    """Return whether the package in the folder ``out`` is to be written after a night.

    It is written every night up to :data:`NIGHTLY_MAX` datasets. Above that, to read all rows takes longer than the
    rest of a night in which little changes: then it is written once a week, if the run in it is seven days older than
    the last run of ``public``, the public file. Without a package the week begins with the first run. Raise
    sqlite3.Error if ``public`` cannot be read.
    """
    sql = "select (select count(*) from datasets), min(id), max(id) from runs"
    with closing(sqlite3.connect(f"{public.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        datasets, first, last = opened.execute(sql).fetchone()
    if datasets <= NIGHTLY_MAX or last is None:
        return True
    return started(last) - started(run_of(out) or first) >= timedelta(days=7)


def all_tables() -> dict[str, PackageTable]:
    """Return all tables of the package by name: those of the public file and the dictionaries."""
    return package_tables() | dictionaries()


def catalogue_id(data: Path) -> str:
    """Return the id of the catalogue in the data folder ``data``, ``urn:uuid:…``; the first call makes it.

    The file :data:`ID_FILE` keeps it, so that who takes in packages recognises the catalogue, also after it has moved
    to another address.
    """
    path = data / ID_FILE
    try:
        found = path.read_text("utf-8").strip()
        return uuid.UUID(found.removeprefix("urn:uuid:")).urn
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError):
            log.warning("%s: %s; this catalogue gets a new id, by which others do not recognise it", path, error)
        made = uuid.uuid4().urn
    write_whole(path, f"{made}\n")
    return made


def write_package(public: Path, out: Path, origin: Origin, more: Iterable[PackageTable] = ()) -> list[Path]:
    """Write the Parquet package of the public file ``public`` into the folder ``out``, and return the paths of the
    files that were written.

    A file whose rows have not changed keeps its bytes; if the public file is the one that the present package was made
    from, nothing is read. Files of portals that are gone are deleted. Return [], and log once what to install, if
    pyarrow is missing. ``origin``: whose catalogue it is. ``more``: tables beside :func:`all_tables`.
    Raise sqlite3.Error if ``public`` cannot be read.
    """
    if not is_possible():
        log.warning("%s", NEEDS)
        return []
    known, made_from = known_partitions(out)
    copy = read_public_copy(public)
    hashed = copy.sha256 if copy else sha256(public)
    tables = all_tables() | {table.name: table for table in more}
    out.mkdir(parents=True, exist_ok=True)
    parts: list[Partition] = []
    with public_file(public) as opened:
        if made_from == (hashed, layout_of(tables)) and all((out / path).is_file() for path in known):
            parts = [*known.values()] if {one.table for one in known.values()} == tables.keys() else []
        checks = _rows(opened, "select coalesce(sum(checks), 0) as checks from check_strips")[0]["checks"]
        left_out = {}
        if checks > CHECKS_MAX:
            log.warning("%d checks of addresses are too many for Parquet: the table checks is left empty", checks)
            tables["checks"] = replace(tables["checks"], source=f"{tables['checks'].source} where false")
            left_out["checks"] = f"{checks} checks are more than {CHECKS_MAX}"
        if not parts:
            # While files and hashes may differ there is no list of hashes; a write that is killed is begun anew.
            (out / DESCRIPTOR).unlink(missing_ok=True)
            parts = [one for table in tables.values() for one in write_table(table, opened, out, known)]
        run = _rows(opened, "select * from runs order by id desc limit 1")
        portals = _rows(opened, tables["portals"].sql)
        others = _rows(opened, "select id, site_url, published_by from imported_catalogues order by id")
    head = run[0] if run else dict.fromkeys(("id", "started_at", "finished_at", "winnow_version"), "")
    head.setdefault("methodology_version", "")
    descriptor = write_descriptor(out, tables, parts, origin, head, portals, hashed, left_out, others)
    cite = (
        f"{origin.published_by or 'Winnow'}: catalogue of open data portals, run {head['id']}. {origin.site_url or ''}"
    )
    written = [descriptor, write_croissant(out, tables, origin, head, cite.strip())]
    current = {part.path for part in parts}
    for path in sorted(out.glob("*/**/part-0.parquet*")):
        if path.relative_to(out).as_posix() not in current:
            path.unlink()
            for folder in (path.parent, path.parent.parent):
                if folder != out and not any(folder.iterdir()):
                    folder.rmdir()
    for path in (out / "schemas").glob("*.json"):
        if path.stem not in tables:
            path.unlink()
    return [*written, *(out / part.path for part in parts if known.get(part.path) != part)]


def _rows(public: sqlite3.Connection, sql: str) -> list[dict[str, Any]]:
    cursor = public.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
