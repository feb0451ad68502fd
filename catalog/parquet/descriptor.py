"""``datapackage.json`` of the Parquet package (Data Package v2): every file with hash, bytes, rows and schema.

The member ``winnow`` says what a program needs that takes the package in: the version of the format, whose catalogue it
is, how it was made, and each portal's last complete harvest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from catalog.files import write_whole
from catalog.parquet.columns import ColumnType
from catalog.parquet.partitions import Partition
from catalog.parquet.tables import PackageTable

__all__ = [
    "DESCRIPTOR", "FORMAT", "LICENCE", "TERMS", "Origin", "json_text", "known_partitions", "layout_of",
    "replace_text", "run_of", "write_descriptor",
]  # fmt: skip

DESCRIPTOR = "datapackage.json"
FORMAT = 1
"""Version of the layout of the package. It rises when a reader of the last version would read something wrong; a new
table or column does not raise it."""
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
"""Licence of the measurements."""
TERMS = (
    "Measurements, scores and findings are under CC BY 4.0. What publishers declare (titles, descriptions, addresses) "
    "stays under the terms that they state: see the columns licence and rights."
)
_TYPES: Mapping[ColumnType, dict[str, str]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "instant": {"type": "datetime"},
    "day": {"type": "date"},
    "texts": {"type": "array"},
    "json": {"type": "string"},
}
"""Types of fields of Table Schema, by type of column."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose catalogue a package is of."""

    id: str
    """Id that the catalogue keeps for ever: an IRI."""
    site_url: str | None = None
    """Web address of its site, without a slash at its end; None where it has none."""
    published_by: str | None = None
    """Name of who publishes it; None where it is not told."""


def _table_schema(table: PackageTable) -> dict[str, Any]:
    fields = []
    for one in table.columns:
        about: dict[str, Any] = {"name": one.name, **_TYPES[one.type], "description": one.description}
        if one.type == "json":
            about["winnow:holds"] = "JSON"
        if one.references:
            about["winnow:references"] = one.references
        fields.append(about)
    return {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": fields,
        "primaryKey": [*table.key],
    }


def _resource(table: PackageTable, part: Partition, shown: str) -> dict[str, Any]:
    return {
        "name": f"{table.name}.{part.portal}".lower() if part.portal else table.name,
        "path": part.path,
        "title": f"{table.name}: {part.portal}" if part.portal else table.name,
        "description": table.description,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": part.bytes,
        "hash": f"sha256:{part.sha256}",
        "schema": shown,
        "winnow:table": table.name,
        "winnow:portal": part.portal,
        "winnow:rows": part.rows,
        "winnow:source": part.source,
    }


def write_descriptor(
    out: Path,
    tables: Mapping[str, PackageTable],
    parts: Iterable[Partition],
    origin: Origin,
    run: Mapping[str, Any],
    portals: Sequence[Mapping[str, Any]],
    public_file: str,
    left_out: Mapping[str, str],
    taken_in: Sequence[Mapping[str, Any]] = (),
) -> Path:
    """Write ``datapackage.json`` and ``schemas/<table>.json`` into the folder of the package, and return the path of
    the former.

    ``tables``: by name. ``parts``: all files. ``run``: the row of the last run. ``portals``: rows of the table portals
    with ``last_complete_run`` and ``last_complete_at``. ``public_file``: SHA-256 of the public file behind the package.
    ``left_out``: why a table has no rows although there are some, by its name. ``taken_in``: ``id``, ``site_url`` and
    ``published_by`` of the catalogues whose packages were imported; what they measured is not in ours.
    """
    (out / "schemas").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        replace_text(out / "schemas" / f"{name}.json", json_text(_table_schema(table)))
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "winnow-catalogue",
        "id": origin.id,
        "title": f"Open data portals as Winnow found them{f': {origin.published_by}' if origin.published_by else ''}",
        "description": f"The catalogue of a Winnow as tables in Parquet. {TERMS}",
        **({"homepage": origin.site_url} if origin.site_url else {}),
        "version": run["id"],
        "created": run["finished_at"] or run["started_at"],
        "licenses": [{"name": "CC-BY-4.0", "path": LICENCE, "title": "Creative Commons Attribution 4.0"}],
        "sources": [
            {"title": one["title"] or one["id"], **({"path": one["url"]} if one["url"] else {})} for one in portals
        ],
        **({"contributors": [{"title": origin.published_by, "roles": ["publisher"]}]} if origin.published_by else {}),
        "winnow": {
            "format": FORMAT,
            "catalogue": asdict(origin),
            "run": run["id"],
            "winnow_version": run["winnow_version"],
            "methodology_version": run["methodology_version"],
            "public_file": public_file,
            "layout": layout_of(tables),
            "left_out": left_out,
            "taken_in": [*taken_in],
            "portals": [
                {
                    "id": one["id"],
                    "type": one["type"],
                    "url": one["url"],
                    "last_complete_run": one["last_complete_run"],
                    "last_complete_at": one["last_complete_at"],
                    "origin": [asdict(origin)],
                }
                for one in portals
            ],
        },
        "resources": [_resource(tables[part.table], part, f"schemas/{part.table}.json") for part in parts],
    }
    target = out / DESCRIPTOR
    replace_text(target, json_text(package))
    return target


def layout_of(tables: Mapping[str, PackageTable]) -> str:
    """Return a digest of the names, types and descriptions of all columns of the tables, and of the rows of those that
    come with the program, in hexadecimal."""
    said = repr(
        [
            (
                *(name, table.description, [(c.name, c.type, c.description, c.sql) for c in table.columns]),
                [*table.rows()] if table.rows is not None and table.portal is None else None,
            )
            for name, table in tables.items()
        ]
    )
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def known_partitions(out: Path) -> tuple[dict[str, Partition], tuple[str, str]]:
    """Return the partitions that the present ``datapackage.json`` lists, by path, and what they were made from: the
    SHA-256 of the public file and the digest of the columns. If there is no such file that can be read, these are none
    and empty texts."""
    try:
        package = json.loads((out / DESCRIPTOR).read_text("utf-8"))
        if package["winnow"]["format"] != FORMAT:
            return {}, ("", "")
        parts = [
            Partition(
                str(one["winnow:table"]), one["winnow:portal"], str(one["path"]), int(one["winnow:rows"]),
                int(one["bytes"]), str(one["hash"]).removeprefix("sha256:"), str(one["winnow:source"]),
            )
            for one in package["resources"]
        ]  # fmt: skip
        return {part.path: part for part in parts}, (
            str(package["winnow"]["public_file"]),
            str(package["winnow"]["layout"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return {}, ("", "")


def run_of(out: Path) -> str | None:
    """Return the id of the last run in the package in the folder ``out``; None if there is no package that can be
    read."""
    try:
        run = json.loads((out / DESCRIPTOR).read_text("utf-8"))["winnow"]["run"]
        return str(run) if re.fullmatch(r"\d{8}T\d{6}Z", str(run)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def replace_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, unless it has this text already; it is never half written."""
    if path.is_file() and path.read_text("utf-8") == text:
        return
    write_whole(path, text)


def json_text(value: Any) -> str:
    """Return a value as JSON with line breaks and a line break at its end."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
