"""The standards as files that any validator can run: SHACL in Turtle, JSON Schema in JSON.

They are written from the specifications, which each file names. If a file differs from the validation files that the
standard's publisher offers, it says how and why.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["SHAPES", "SCHEMAS", "schema", "shapes"]

SHAPES = ("dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd")
SCHEMAS = ("dcat_us_1_federal", "dcat_us_1", "dcat_us_3")
_FILES = {"dcat_us_1": "dcat_us_1_non_federal"}


def shapes(standard: str) -> bytes:
    """Return the SHACL shapes for a standard as Turtle. ``standard`` is one of SHAPES."""
    return files(__name__).joinpath(f"{standard}.ttl").read_bytes()


@cache
def schema(standard: str) -> dict[str, Any]:
    """Return the JSON Schema for a dataset under a standard.

    ``standard``: one of SCHEMAS. The result is cached: do not change it.
    """
    text = files(__name__).joinpath(f"{_FILES.get(standard, standard)}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
