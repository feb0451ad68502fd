"""Turn records into rows and back: the only module that knows how each class is stored in its table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar

from catalog.db.schema import TABLES
from catalog.db.schema.address import digest
from catalog.model import (
    Contact,
    DataService,
    Dataset,
    Distribution,
    Publisher,
    ResourceCheck,
    TableDefect,
    TableReport,
    stable_id,
)
from catalog.model.filling import filler

__all__ = [
    "RowReader",
    "contact_of",
    "dataset_id",
    "dataset_row",
    "distribution_rows",
    "plain",
    "part_of",
    "publisher_row",
    "row_reader",
    "service_rows",
]

T = TypeVar("T", Dataset, Distribution, DataService, ResourceCheck, TableReport)


_OF_DATASET = ("publisher", "contact", "distributions", "data_services")
_ELSEWHERE = frozenset(_OF_DATASET)
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in (Publisher, Distribution, DataService)}
_OWN = tuple(f.name for f in fields(Dataset) if f.name not in _ELSEWHERE)


def plain(value: Any) -> Any:
    """Return a value in a form that SQLite accepts.

    Lists, tuples and dicts become JSON text, or None if empty; booleans become 0 or 1; integers beyond 64 bits become
    text. In texts, lone surrogates are replaced by "?", and NUL, at which other tools cut a text, by U+FFFD. Other
    values are returned as they are.
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
    if isinstance(value, (list, tuple, dict)):
        return plain(json.dumps(value, ensure_ascii=False, default=str)) if value else None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def dataset_id(portal_id: str, identifier: str) -> str:
    """Return the id of the dataset that a portal lists under ``identifier``.

    It is the portal's id, a hyphen and 20 hexadecimal digits that depend only on the two arguments.
    """
    return f"{portal_id}-{stable_id(portal_id, identifier)}"


def publisher_row(portal_id: str, publisher: Publisher | None) -> dict[str, Any] | None:
    """Return a publisher as a row of the table ``publishers``; None if there is no publisher or its name is blank.

    The row's id is derived from the portal's own id of the organisation or, if there is none, from its name.
    """
    if publisher is None or not publisher.name.strip():
        return None
    key = publisher.identifier or publisher.name.strip().casefold()
    return {
        "id": f"{portal_id}-{stable_id(portal_id, 'publisher', key)}",
        "portal_id": portal_id,
        **{name: plain(getattr(publisher, name)) for name in _NAMES[Publisher]},
    }


def dataset_row(portal_id: str, dataset: Dataset) -> dict[str, Any]:
    """Return a dataset as a row of the table ``datasets``, with the columns that its record declares.

    The columns that only the catalogue knows, such as first_seen_run and status, are not included.
    """
    publisher = publisher_row(portal_id, dataset.publisher)
    contact = dataset.contact or Contact()
    return {
        "id": dataset_id(portal_id, dataset.identifier),
        "portal_id": portal_id,
        "publisher_id": publisher["id"] if publisher else None,
        "contact_name": plain(contact.name),
        "contact_email": plain(contact.email),
        "contact_url": plain(contact.url),
        **{name: plain(getattr(dataset, name)) for name in _OWN},
    }


def _part_rows(
    portal_id: str, parent: str, parts: tuple[Distribution, ...] | tuple[DataService, ...], key: Any
) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    rows = []
    for part in parts:
        name = key(part)
        # If two parts have the same key, the second one gets a number, so that both are stored.
        number = seen[name] = seen.get(name, -1) + 1
        rows.append(
            {
                "id": f"{portal_id}-{stable_id(parent, type(part).__name__, name, str(number))}",
                "dataset_id": parent,
                "portal_id": portal_id,
                "is_retired": 0,
                **{name: plain(getattr(part, name)) for name in _NAMES[type(part)]},
            }
        )
    return rows


def distribution_rows(portal_id: str, dataset: Dataset, parent: str | None = None) -> list[dict[str, Any]]:
    """Return the distributions of a dataset as rows of the table ``distributions``, in their order.

    A row's id is derived from the portal's own id of the resource; without one, from the address; without that, from
    title and format or, without a format, media type. So a distribution with an id or address keeps the id of its row
    if its title or description is corrected. Distributions for which all these are the same still get different ids.
    ``parent``: id of the dataset in the catalogue; None means the id made from the portal and the dataset's identifier.
    """

    def key(d: Distribution) -> str:
        return d.identifier or d.url or f"{d.title}|{d.format or d.media_type}"

    rows = _part_rows(portal_id, parent or dataset_id(portal_id, dataset.identifier), dataset.distributions, key)
    return [
        row
        | {
            "position": position,
            "access_digest": digest(row["access_url"]),
            "download_digest": digest(row["download_url"]),
        }
        for position, row in enumerate(rows)
    ]


def service_rows(portal_id: str, dataset: Dataset, parent: str | None = None) -> list[dict[str, Any]]:
    """Return the data services of a dataset as rows of the table ``data_services``.

    A row's id is derived from the portal's own id of the service; without one, from the endpoint address; without that,
    from the title. Services for which these are the same still get different ids. ``parent``: id of the dataset in the
    catalogue; None means the id made from the portal and the dataset's identifier.
    """
    return _part_rows(
        portal_id,
        parent or dataset_id(portal_id, dataset.identifier),
        dataset.data_services,
        lambda s: s.identifier or s.endpoint_url or s.title or "",
    )


@dataclass(frozen=True, slots=True)
class RowReader(Generic[T]):
    """How instances of a class are made from rows of a table.

    ``columns``: the columns to select. ``parsers``: for each of them, the function that makes the value of the field
    from what is stored; None if that is the value already. ``read``: function that makes an instance from the values of
    one row.
    """

    columns: tuple[str, ...]
    parsers: tuple[Callable[[Any], Any] | None, ...]
    read: Callable[[Sequence[Any]], T]
    """Takes the values of ``columns`` in their order. For a dataset they are followed by its publisher, contact,
    distributions and data services."""


def _tuple_of(text: str | None) -> tuple[Any, ...]:
    if not text:
        return ()
    # Short lists, of languages or themes, are the same for thousands of rows.
    return _short(text) if len(text) < _SHORT else tuple(json.loads(text))


@lru_cache(10_000)
def _short(text: str) -> tuple[Any, ...]:
    return tuple(json.loads(text))


def _dict_of(text: str | None) -> dict[str, Any]:
    return json.loads(text) if text else {}


def _defects_of(text: str | None) -> tuple[TableDefect, ...]:
    return tuple(TableDefect(**{**one, "rows": tuple(one.get("rows", ()))}) for one in _tuple_of(text))


_SHORT = 100
"""Characters of a list that is parsed once."""
_PARSERS: dict[type, Callable[[Any], Any]] = {list: _tuple_of, dict: _dict_of, bool: bool}


def row_reader(table: str, kind: type[T]) -> RowReader[T]:
    """Return the columns to select from ``table``, with a function that makes an instance of ``kind`` from their
    values.

    ``kind``: Dataset, Distribution, DataService, ResourceCheck or TableReport. Its fields have the names of the
    columns.
    """
    found: RowReader[T] = _row_reader(table, kind)  # type: ignore[arg-type]  # classes are hashable
    return found


@cache
def _row_reader(table: str, kind: Any) -> RowReader[Any]:
    columns = TABLES[table].columns
    names = tuple(f.name for f in fields(kind) if f.name not in _ELSEWHERE)
    parsers = tuple([_defects_of if name == "defects" else _PARSERS.get(columns[name].type) for name in names])
    parsed = tuple((at, parse) for at, parse in enumerate(parsers) if parse is not None)
    fill = filler(kind, (*names, *(_OF_DATASET if kind is Dataset else ())))

    def read(values: Sequence[Any]) -> Any:
        values = list(values)
        for at, parse in parsed:
            values[at] = parse(values[at])
        return fill(values)

    return RowReader(names, parsers, read)


def part_of(kind: type[T], table: str, row: Mapping[str, Any]) -> T:
    """Return an instance of ``kind`` made from a row of the catalogue.

    ``kind``: Distribution, DataService, ResourceCheck or TableReport. ``table``: the table that the row comes from.
    ``row``: values by column; columns that ``kind`` has no field for are ignored.
    """
    reader = row_reader(table, kind)
    return reader.read([row[name] for name in reader.columns])


def contact_of(name: str | None, email: str | None, url: str | None) -> Contact | None:
    """Return the contact point of a dataset from its three columns; None if all of them are empty (None)."""
    return None if name is None and email is None and url is None else Contact(name=name, email=email, url=url)
