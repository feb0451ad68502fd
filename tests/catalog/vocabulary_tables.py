"""What the tests of the vocabularies share: folders, tables and look-ups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog.vocabulary import (
    access_right,
    file_format,
    format_of_url,
    frequency,
    known_media_type,
    language,
    licence,
    theme,
)

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
ORACLES = SHARED / "oracles"
EU = "http://publications.europa.eu/resource/authority/"
TABLES = ("licences", "formats", "frequencies", "themes", "access_rights", "languages")
LOOK_UPS: dict[str, Callable[..., Any]] = {
    "licence": licence,
    "file_format": file_format,
    "format_of_url": format_of_url,
    "known_media_type": known_media_type,
    "frequency": frequency,
    "theme": theme,
    "access_right": access_right,
    "language": language,
}


def _id(entry: Any) -> str | None:
    return None if entry is None else str(entry.id)
