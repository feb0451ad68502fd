"""``croissant.json``: the package as Croissant 1.0, the description of data sets that tools of machine learning read.

Each table is a set of files and a set of records over it; the hashes of the files are in ``datapackage.json``, which is
listed with its own. See https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.files import sha256
from catalog.parquet.columns import ColumnType, PackageColumn
from catalog.parquet.descriptor import DESCRIPTOR, LICENCE, TERMS, Origin, json_text, replace_text
from catalog.parquet.tables import PackageTable

__all__ = ["CROISSANT", "write_croissant"]

CROISSANT = "croissant.json"
_TYPES: Mapping[ColumnType, str] = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "instant": "sc:DateTime",
    "day": "sc:Date",
    "texts": "sc:Text",
    "json": "sc:Text",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_croissant(
    out: Path, tables: Mapping[str, PackageTable], origin: Origin, run: Mapping[str, Any], cite_as: str
) -> Path:
    """Write ``croissant.json`` into the folder of the package and return its path.

    Call it when ``datapackage.json`` is written. ``run``: the row of the last run. ``cite_as``: how to cite the
    package.
    """
    made = run["finished_at"] or run["started_at"]
    base = f"{origin.site_url}/" if origin.site_url else ""
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "winnow-catalogue",
        "description": f"Open data portals, what they publish and what was found of it, as tables. {TERMS}",
        "license": LICENCE,
        "url": base or origin.id,
        "version": "1.0.0",
        "datePublished": made,
        "citeAs": cite_as,
        "isLiveDataset": True,
        "creator": {"@type": "sc:Organization", "name": origin.published_by or "A Winnow"},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": DESCRIPTOR,
                "name": DESCRIPTOR,
                "description": "Every file with its SHA-256, bytes, rows and schema (Data Package v2).",
                "contentUrl": DESCRIPTOR,
                "encodingFormat": "application/json",
                "sha256": sha256(out / DESCRIPTOR),
            },
            *(_files(table) for table in tables.values()),
        ],
        "recordSet": [_records(table) for table in tables.values()],
    }
    target = out / CROISSANT
    replace_text(target, json_text(described))
    return target


def _files(table: PackageTable) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{table.name}-files",
        "name": f"{table.name}-files",
        "description": f"The Parquet files of the table {table.name}.",
        "encodingFormat": "application/x-parquet",
        "includes": f"{table.name}/portal=*/*.parquet" if table.portal else f"{table.name}/*.parquet",
    }


def _records(table: PackageTable) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
        "field": [_field(table, one) for one in table.columns],
    }


def _field(table: PackageTable, one: PackageColumn) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{one.name}",
        "name": one.name,
        "description": one.description,
        "dataType": _TYPES[one.type],
        **({"repeated": True} if one.type == "texts" else {}),
        "source": {"fileSet": {"@id": f"{table.name}-files"}, "extract": {"column": one.name}},
    }
