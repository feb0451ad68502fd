"""Store what other Winnows measured: portals with their datasets, files, measurements and scores, beside our own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from sqlite3 import IntegrityError
from typing import Any

from catalog.db.schema.imported import TABLES
from catalog.db.store import Catalog

__all__ = [
    "DuplicateError", "content_digest", "earlier_import", "forget_catalogue", "imported_catalogues", "known_portals",
    "note_figures", "portals_of", "write_catalogue", "write_portal", "write_rows",
]  # fmt: skip

_ROWS = [name for name, table in TABLES.items() if "imported_portal" in table.columns]
"""Tables of what belongs to one portal."""


class DuplicateError(Exception):
    """Raised if two rows of an imported table have the same id. The message names the table."""


def earlier_import(catalog: Catalog, key: str) -> dict[str, Any] | None:
    """Return how a portal was taken in: ``catalogue_id`` (whose package brought it), ``origin_id`` (who measured it),
    ``last_complete_at``, and ``run_id`` and ``package_sha256`` of the last package of that catalogue; None if it never
    was. ``key``: its id in ``imported_portals``."""
    rows = catalog.rows(
        """select p.catalogue_id, p.origin_id, p.last_complete_at, c.run_id, c.package_sha256 from imported_portals p
           left join imported_catalogues c on c.id = p.catalogue_id where p.id = ?""",
        [key],
    )
    return rows[0] if rows else None


def portals_of(catalog: Catalog, catalogue_id: str) -> list[dict[str, Any]]:
    """Return the rows of ``imported_portals`` that came in packages of a catalogue, sorted by id."""
    return catalog.rows("select * from imported_portals where catalogue_id = ? order by id", [catalogue_id])


def content_digest(catalog: Catalog, key: str) -> str:
    """Return a digest of all that is stored of an imported portal, in hexadecimal. ``key``: its id in
    ``imported_portals``."""
    made = hashlib.blake2b(digest_size=16)
    for table, column in (("imported_portals", "id"), *((name, "imported_portal") for name in _ROWS)):
        for row in catalog.db.conn.execute(f"select * from {table} where {column} = ? order by id", [key]):  # noqa: S608  # names of the schema
            made.update(repr(tuple(row)).encode("utf-8", "surrogatepass"))
    return made.hexdigest()


def write_catalogue(catalog: Catalog, row: Mapping[str, Any]) -> None:
    """Write the row of ``imported_catalogues`` about another catalogue, in place of the one that it has."""
    _insert(catalog, "imported_catalogues", [row])


def write_portal(catalog: Catalog, row: Mapping[str, Any]) -> None:
    """Write the row of ``imported_portals`` about a portal, and delete all that an earlier import has stored of it.
    Call :func:`write_rows` afterwards, in the same transaction."""
    for table in _ROWS:
        catalog.db.conn.execute(f"delete from {table} where imported_portal = ?", [row["id"]])  # noqa: S608  # names of the schema
    _insert(catalog, "imported_portals", [row])


def note_figures(catalog: Catalog, key: str, datasets: int, versions: Collection[str | None]) -> None:
    """Note at an imported portal how many present datasets came, and by which version of the method they were scored.

    ``key``: its id in ``imported_portals``. ``versions``: all versions that its rows name; of several none is noted.
    """
    catalog.db.conn.execute(
        "update imported_portals set datasets = ?, methodology_version = ? where id = ?",
        [datasets, next(iter(versions)) if len(versions) == 1 else None, key],
    )


def write_rows(catalog: Catalog, table: str, key: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Write rows of one of the tables of an imported portal.

    ``key``: id of the portal in ``imported_portals``. ``rows``: for each the id that it has within the portal, and its
    values by column; lists and objects as JSON. Columns without a value become null. Raise DuplicateError if two have
    the same id.
    """
    _insert(catalog, table, ({**row, "id": f"{key}/{own}", "imported_portal": key} for own, row in rows))


def _insert(catalog: Catalog, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    names = list(TABLES[table].columns)
    verb = "insert or replace" if table in ("imported_catalogues", "imported_portals") else "insert"
    listed, marks = ", ".join(f"[{one}]" for one in names), ", ".join("?" * len(names))
    sql = f"{verb} into {table} ({listed}) values ({marks})"  # names of the schema
    try:
        catalog.db.conn.executemany(sql, ([row.get(name) for name in names] for row in rows))
    except IntegrityError:
        raise DuplicateError(f"{table.removeprefix('imported_')}: a row is there twice") from None


def forget_catalogue(catalog: Catalog, catalogue_id: str) -> int:
    """Delete all that was taken in from the packages of a catalogue, and return how many portals that were. Call it
    inside a transaction. ``catalogue_id``: its id, ``urn:uuid:…``."""
    keys = [row["id"] for row in catalog.rows("select id from imported_portals where catalogue_id = ?", [catalogue_id])]
    for key in keys:
        for table in _ROWS:
            catalog.db.conn.execute(f"delete from {table} where imported_portal = ?", [key])  # noqa: S608  # names of the schema
    catalog.db.conn.execute("delete from imported_portals where catalogue_id = ?", [catalogue_id])
    catalog.db.conn.execute("delete from imported_catalogues where id = ?", [catalogue_id])
    return len(keys)


def imported_catalogues(catalog: Catalog) -> list[dict[str, Any]]:
    """Return the rows of ``imported_catalogues``, sorted by id."""
    return catalog.rows("select * from imported_catalogues order by id")


def known_portals(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Yield the rows of the view ``known_portals`` in the order of their ids: ours and imported ones.

    Beside its columns a row of an imported portal has its ``score``, ``methodology_version`` and ``origin``, the latter
    as a list; those of ours are None. They are in no order of scores: figures of other methods are not ranked.
    """
    rows = catalog.rows(
        """select k.*, i.score, i.methodology_version, i.origin from known_portals k
           left join imported_portals i on i.id = k.imported_portal order by k.id"""
    )
    yield from (row | {"origin": json.loads(row["origin"]) if row["origin"] else None} for row in rows)
