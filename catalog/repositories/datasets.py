"""Single facts of a dataset or of a portal's datasets, by id or identifier."""

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
    """The title of a dataset; None where it has none, or is unknown."""
    return _text(catalog, "select title from datasets where id = ?", dataset_id)


def source_of(catalog: Catalog, dataset_id: str) -> str | None:
    """The address of the portal's answer that held the record of a dataset; None where it is unknown."""
    return _text(catalog, "select source_url from datasets where id = ?", dataset_id)


def identifier_of(catalog: Catalog, dataset_id: str) -> str | None:
    """The portal's own identifier of a dataset; None for an unknown id."""
    return _text(catalog, "select identifier from datasets where id = ?", dataset_id)


def id_of(catalog: Catalog, portal_id: str, identifier: str) -> str | None:
    """The id of the dataset that has an identifier at a portal, whatever its status; None where none has."""
    return _text(catalog, "select id from datasets where portal_id = ? and identifier = ?", portal_id, identifier)


def identifiers_with(catalog: Catalog, portal_id: str, text: str) -> Iterator[str]:
    """The identifiers that contain a text, of the datasets of a portal that are not retired."""
    sql = "select identifier from datasets where portal_id = ? and status != 'retired' and instr(identifier, ?)"
    return (str(row[0]) for row in catalog.db.conn.execute(sql, [portal_id, text]))


def has_present_from(catalog: Catalog, portal_id: str, path: str) -> bool:
    """Whether the record of a present dataset came from an address with this text in it, at any place."""
    sql = "select 1 from present_datasets where portal_id = ? and source_url like ? limit 1"
    return catalog.value(sql, [portal_id, f"%{path}%"]) is not None


def count_datasets(catalog: Catalog) -> int:
    """How many datasets the catalogue holds, retired ones among them."""
    return int(catalog.value("select count(*) from datasets"))


def raw_records(catalog: Catalog) -> dict[str, str]:
    """The records of all datasets as they were received, as JSON text by dataset. For catalogues that stay small."""
    return {str(row[0]): row[1] for row in catalog.db.conn.execute("select dataset_id, raw from records")}
