"""Map the rows of an operator's own SELECT to datasets: each variable is a property under its usual name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.model import Dataset, Publisher
from harvester.spiders.base.losses import LostRecord

__all__ = ["row_dataset", "rows_by_dataset"]

_NAMES = {
    "title": ("title", "name", "label"),
    "description": ("description", "desc", "abstract", "comment"),
    "publisher": ("publisher", "creator", "organisation", "organization"),
    "issued": ("issued", "published", "datepublished"),
    "modified": ("modified", "datemodified"),
    "licence": ("license", "licence"),
    "landing_page": ("landingpage", "landing_page", "page"),
    "frequency": ("frequency", "accrualperiodicity"),
    "access_rights": ("accessrights", "access_rights"),
}
_LISTS = {"keywords": ("keyword", "keywords"), "themes": ("theme", "themes"), "language": ("language",)}


def rows_by_dataset(variables: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Group the rows of a query result by dataset. Return a pair for each dataset, in the order of its first row.

    The pair is "/" with the identifier, by which error reports name it, and the record ``{"@id": identifier, "@rows":
    its rows without the first variable}``. Rows in which the first variable has no value form one record with the "@id"
    "". ``variables``: the variables of the query; the first one identifies the dataset. ``rows``: bindings as in
    SPARQL's JSON results, ``{"title": {"value": "Trees", "xml:lang": "en"}}``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        identifier = row.get(variables[0], {}).get("value", "")
        found.setdefault(identifier, []).append({k: v for k, v in row.items() if k != variables[0]})
    return [(f"/{key}", {"@id": key, "@rows": found[key]}) for key in found]


def row_dataset(raw: dict[str, Any]) -> Dataset:
    """Map the rows of one dataset, from a SELECT query that the portal file states, to a :class:`Dataset`.

    ``raw``: a record of :func:`rows_by_dataset`. Variables are recognised by name ("title"), without regard to case. Of
    several values for one field, one marked as English is used, else the first; keywords, themes and languages keep
    all. Raise LostRecord if the first variable, which identifies the dataset, is empty.
    """
    if not raw["@id"]:
        raise LostRecord(
            "the first variable of the query is empty", "change the query so that its first variable is the dataset"
        )
    values: dict[str, list[dict[str, Any]]] = {}
    for row in raw["@rows"]:
        for name, value in row.items():
            held = values.setdefault(name.lower(), [])
            if value not in held:
                held.append(value)

    def one(field: str) -> str | None:
        found = next((values[name] for name in _NAMES[field] if name in values), [])
        english = [v for v in found if str(v.get("xml:lang", "")).startswith("en")]
        return next((v["value"] for v in [*english, *found] if v["value"].strip()), None)

    def many(field: str) -> tuple[str, ...]:
        return tuple(v["value"] for name in _LISTS[field] for v in values.get(name, ()) if v["value"].strip())

    publisher = one("publisher")
    fields: dict[str, Any] = {field: one(field) for field in _NAMES if field != "publisher"}
    fields |= {field: many(field) for field in _LISTS}
    return Dataset(identifier=raw["@id"], publisher=Publisher(name=publisher) if publisher else None, **fields)
