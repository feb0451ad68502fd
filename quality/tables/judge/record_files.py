"""Judge files of records without lines: JSON, Parquet, GeoPackage and shapefiles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from catalog.model import TableReport
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.parts import TablePart, together
from quality.tables.judge.records import judge_records
from quality.tables.judge.whole_file import spoiled
from quality.tables.limits import MAX_JSON_BYTES, MAX_RECORD_CHARS, UnreadableError
from quality.tables.read.archives import printable, shapefiles, unpacked_shapefile
from quality.tables.read.dialect import decode
from quality.tables.read.geo_layers import read_layers
from quality.tables.read.json_records import RecordTable, check_syntax, parse, records_of
from quality.tables.read.parquet import read_parquet

__all__ = ["judge_geopackage", "judge_json", "judge_parquet", "judge_shapefiles"]


def judge_json(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on a JSON or JSON Lines file: on its syntax, and on the tables in it.

    ``base`` is the report with what is already known about the file. A file that was downloaded in part or is too large
    is not checked, and a note says so. If the file is not in UTF-8 or UTF-16, or its syntax is faulty, that is the only
    defect. Of JSON-LD, and of what is beyond the limit for tables, only the syntax is checked. Raise UnreadableError if
    the syntax cannot be checked to the end.
    """
    if file.is_cut:
        return replace(base, note="downloaded in part: its syntax was not checked")
    if file.size_bytes > MAX_JSON_BYTES:
        return replace(base, note="too large: its syntax was not checked")
    raw = file.path.read_bytes()
    text = decode(raw, "utf-8")
    base = replace(base, encoding=text.encoding, encoding_confidence=text.confidence)
    if not text.encoding.startswith("utf-") or text.bad_bytes:
        # RFC 8259 section 8.1: JSON is UTF-8
        return spoiled(
            base, "encoding_error", text.first_bad_line, "The file is not written in UTF-8, as JSON has to be."
        )
    is_lines = base.format == "JSON_LINES"
    pieces = text.text.splitlines() if is_lines else [text.text]
    documents: list[Any] = []
    kept = 0
    for number, piece in enumerate(pieces, start=1):
        try:
            if not piece.strip():
                continue
            kept += len(piece)
            if kept > MAX_RECORD_CHARS or base.format == "JSON_LD":
                check_syntax(piece)
            else:
                documents.append(parse(piece))
        except json.JSONDecodeError as error:
            return spoiled(base, "invalid_json", number if is_lines else error.lineno)
        except (RecursionError, ValueError) as error:
            # Nested too deeply, or numbers of thousands of digits: valid JSON, but more than is read here.
            why = "it is nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
            raise UnreadableError(f"its syntax was not checked to the end: {why}") from error
    if not documents:
        is_long = base.format != "JSON_LD"
        return replace(base, note="too large: its syntax alone was checked" if is_long else base.note)
    is_features = is_lines and all(isinstance(one, dict) and one.get("type") == "Feature" for one in documents)
    document = {"features": documents} if is_features else documents if is_lines else documents[0]
    del documents
    tables = records_of(document)
    return _judged_records(file, base, [replace(one, is_sample=kept > MAX_RECORD_CHARS) for one in tables])


def judge_parquet(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on a Parquet file. Raise UnreadableError if it cannot be read.

    ``base`` is the report with what is already known about the file.
    """
    return _judged_records(file, base, [read_parquet(file.path)])


def judge_geopackage(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on the layers of a GeoPackage. Raise UnreadableError if they cannot be read.

    ``base`` is the report with what is already known about the file.
    """
    if file.is_cut:
        raise UnreadableError("a GeoPackage that was downloaded in part cannot be read")
    with TemporaryDirectory(prefix="winnow-") as folder:
        # The copy has a name with the right ending, and a folder of its own: SQLite may write files beside a database.
        return _judged_records(file, base, read_layers(Path(shutil.copyfile(file.path, Path(folder) / "layers.gpkg"))))


def judge_shapefiles(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on the shapefiles in a ZIP archive. Raise UnreadableError if they cannot be read.

    ``base`` is the report with what is already known about the file.
    """
    if file.is_cut:
        raise UnreadableError("a shapefile that was downloaded in part cannot be read")
    tables = []
    for name, infos in shapefiles(file.path).items():
        with unpacked_shapefile(file.path, infos, file.context.unpacked_bytes) as layer:
            tables += [replace(one, name=printable(name)) for one in read_layers(layer)]
    return _judged_records(file, base, tables)


def _judged_records(file: FileAtHand, base: TableReport, tables: Sequence[RecordTable]) -> TableReport:
    """Return the report on tables of records, or the report on the file as it is if there are none."""
    if not tables:
        return base
    if len(tables) == 1:
        return judge_records(base, tables[0], file.context)
    previous = file.context.previous.get("table")
    parts = []
    for one in tables:
        own = file.context if previous == one.name else replace(file.context, previous={})
        parts.append(TablePart(one.name or "", judge_records(base, one, own)))
    return together(parts)
