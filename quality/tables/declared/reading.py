"""Read a declaration about a table from a local JSON document, whichever of the three standards it follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quality.tables.declared.csvw import read_csvw
from quality.tables.declared.schema import (
    MAX_BYTES,
    DeclaredSchema,
    is_package,
    is_table_schema,
    read_package,
    read_table_schema,
)

__all__ = ["read_schema"]


def read_schema(path: Path, file: str | None = None) -> DeclaredSchema | None:
    """Read what a JSON document declares about a table: a Table Schema, a Data Package or CSVW metadata.

    ``path`` is the document. ``file`` is the name, path or URL of the table, which identifies it among several tables
    in the document; None if unknown. The result is None if there is no such document, if it is too large, not JSON or
    none of these, or if it is not clear which of its tables is meant.
    """
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return None
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    if _is_csvw(document):
        return read_csvw(document, file)
    if is_package(document):
        return read_package(document, file)
    return read_table_schema(document) if is_table_schema(document) else None


def _is_csvw(document: Mapping[str, Any]) -> bool:
    context = document.get("@context")
    contexts = context if isinstance(context, list) else [context]
    return any(isinstance(one, str) and one.rstrip("#/").endswith("//www.w3.org/ns/csvw") for one in contexts)
