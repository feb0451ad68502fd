"""Group the rows of an inventory into datasets, on disk, because rows of one dataset may stand far apart."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from harvester.facts.values import first
from harvester.spiders.inventory.columns import FURTHER

__all__ = ["grouped", "name_of"]

_FILE = ("file_title", "download_url", "access_url", "format", "media_type", "byte_size")


def grouped(
    rows: Iterable[tuple[int, list[str]]], fields: Mapping[str, int], url: str, scratch: IO[bytes]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Group the rows of a table into datasets, and yield each as (line number of its first row, record).

    ``rows``: pairs of line number and cells; blank rows are skipped. ``fields``: the column number of each field.
    ``url``: the address of the table, stored in the records. ``scratch``: a file open for reading and writing, which
    holds the rows meanwhile, so that only their positions are in memory.

    What makes several rows one dataset depends on what they have:

    - Rows with an identifier are one dataset if it is the same.
    - Rows without one, but with a landing page or, failing that, the address of a file, are one dataset if they have
      the same address and the same title. A row without a title gets the last new title before it at that address.
    - Rows with none of these are one dataset if they have the same title, and if no row has another value in a field
      than the first of them.
    """
    groups: dict[Any, array[int]] = {}
    titled: dict[str, dict[str, Any]] = {}
    """For each page, or else file, the keys of its groups by title."""
    said: dict[Any, dict[str, int]] = {}
    """For groups identified only by a title: hashes of what their first rows say."""
    for line, cells in rows:
        row = {field: cells[place].strip() for field, place in fields.items() if place < len(cells)}
        row = {field: cell for field, cell in row.items() if cell}
        if not row:
            continue
        # Many datasets may share a page or file; only an identifier proves that two rows are one dataset.
        key: Any = row.get("identifier")
        if key is None and (shared := name_of(row)) is not None:
            titles = titled.setdefault(shared, {})
            # A row without a title belongs to the row above.
            title = row.get("title") or next(reversed(titles), "")
            key = titles.setdefault(title, (shared, title))
        elif key is None:
            key = ("", row.get("title") or line)
            hashes = {field: hash(cell) for field, cell in row.items()}
            known = said.setdefault(key, {field: one for field, one in hashes.items() if not _is_of_file(field)})
            if key in groups and {field: one for field, one in known.items() if field in row} != hashes:
                # Two rows with the same title but different descriptions are two datasets.
                key = ("", row.get("title") or line, _digest(row))
                row["@digest"] = _digest(row)
        groups.setdefault(key, array("Q")).append(scratch.tell())
        scratch.write(json.dumps([line, row]).encode("ascii") + b"\n")
    for places in groups.values():
        start, raw = _merged(places, scratch, url)
        if len(titled.get(raw.get("landing_page") or "", ())) > 1:
            raw["@page_of_many"] = True
        yield start, raw


def _merged(places: array[int], scratch: IO[bytes], url: str) -> tuple[int, dict[str, Any]]:
    """Return the rows at some positions of the file as one record, with the line of the first."""
    raw: dict[str, Any] = {}
    for place in places:
        scratch.seek(place)
        line, row = json.loads(scratch.readline())
        own = {field: cell for field, cell in row.items() if not _is_of_file(field)}
        file = {field: cell for field, cell in row.items() if field in _FILE}
        # The first row with a value counts; the others repeat it or leave it out.
        raw = {**own, **raw} if raw else {**own, "files": [], "@line": line, "@url": url}
        if file:
            raw["files"].append(file)
        for field, cell in row.items():
            if field.startswith(FURTHER) and re.match(r"(?i)(https?|ftps?)://|www\.", cell):
                raw["files"].append({"file_title": field.removeprefix(FURTHER), "download_url": cell})
    return raw["@line"], raw


def _is_of_file(field: str) -> bool:
    return field in _FILE or field.startswith(FURTHER)


def name_of(row: dict[str, Any]) -> str | None:
    """Return what identifies the dataset of ``row``: its identifier, else its landing page, else the address of its
    first file; None if it has none of these.

    ``row``: a record that :func:`grouped` yields, or one row of the file by field name. The landing page is not used if
    :func:`grouped` found it in several datasets, which it notes in the record under "@page_of_many".
    """
    file = next(iter(row.get("files") or ()), {} if "files" in row else row)
    page = None if row.get("@page_of_many") else row.get("landing_page")
    return first(row.get("identifier"), page, file.get("download_url"), file.get("access_url"))


def _digest(row: dict[str, str]) -> str:
    said = "\x1f".join(f"{field}={cell}" for field, cell in sorted(row.items()))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:8]
