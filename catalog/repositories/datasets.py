"""Read single facts about a dataset or a portal's datasets, by id or identifier."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.db.store import Catalog

__all__ = [
    "count_datasets", "has_present_from", "id_of", "identifier_of", "identifiers_with", "raw_records", "source_of",
    "title_of",
]  # fmt: skip


def _text(catalog: Catalog, sql: str, *params: str) -> str | None:
    found = catalog.value(sql, params)
    return None if found is None else str(found)


def title_of(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the title of a dataset; None if it has no title, or if the catalogue has no dataset with this id."""
    return _text(catalog, "select title from datasets where id = ?", dataset_id)


def source_of(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the address of the portal's response that held a dataset's record.

    None if no address is stored, or if the catalogue has no dataset with this id.
    """
    return _text(catalog, "select source_url from datasets where id = ?", dataset_id)


def identifier_of(catalog: Catalog, dataset_id: str) -> str | None:
    """Return the portal's own identifier of a dataset; None for an unknown id."""
    return _text(catalog, "select identifier from datasets where id = ?", dataset_id)


def id_of(catalog: Catalog, portal_id: str, identifier: str) -> str | None:
    """Return the id of the portal's dataset whose present identifier is ``identifier``, even if it is missing or
    retired; None if there is none. An identifier that the dataset had before is not found."""
    return _text(catalog, "select id from datasets where portal_id = ? and identifier = ?", portal_id, identifier)


def identifiers_with(catalog: Catalog, portal_id: str, text: str) -> Iterator[str]:
    """Yield the portal's own identifiers that contain ``text``, of its datasets that are not retired.

    Upper and lower case differ.
    """
    sql = "select identifier from datasets where portal_id = ? and status != 'retired' and instr(identifier, ?)"
    return (str(row[0]) for row in catalog.db.conn.execute(sql, [portal_id, text]))


def has_present_from(catalog: Catalog, portal_id: str, path: str) -> bool:
    """Return whether the portal currently lists a dataset whose record came from an address that contains ``path``.

    ``path`` is part of an address, used as an SQL LIKE pattern: ``%`` and ``_`` in it are wildcards.
    """
    sql = "select 1 from present_datasets where portal_id = ? and source_url like ? limit 1"
    return catalog.value(sql, [portal_id, f"%{path}%"]) is not None


def count_datasets(catalog: Catalog) -> int:
    """Return the number of datasets in the catalogue, including retired ones."""
    return int(catalog.value("select count(*) from datasets"))


def raw_records(catalog: Catalog) -> dict[str, str]:
    """Return the stored records of datasets as received, as JSON text by dataset id; everything is held in memory.

    Datasets without a stored record are left out.
    """
    rows = catalog.db.conn.execute("select dataset_id, raw from records where raw is not null")
    return {str(key): str(catalog.packed.text(raw)) for key, raw in rows}
