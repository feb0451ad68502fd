"""The vocabularies as tables: one CSV each, UTF-8, list-valued cells separated by `` | ``.

``sources.csv`` says where each table comes from and what it may be used for.
"""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

__all__ = ["dcat_context", "read"]


@lru_cache(maxsize=32)
def read(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of the vocabulary ``<name>.csv`` as mappings from column to cell. The result is cached: do not
    change it."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@lru_cache(maxsize=1)
def dcat_context() -> dict[str, Any]:
    """Return the JSON-LD context with the terms that DCAT catalogues use, for documents that refer to their context but
    do not include it. The result is cached: do not change it."""
    found: dict[str, Any] = json.loads(files(__name__).joinpath("dcat_context.json").read_text(encoding="utf-8"))
    return found
