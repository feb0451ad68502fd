"""Look into one downloaded file and report what is wrong with it.

Meant for the child processes of :mod:`.pool`: the libraries behind it are heavy, and files are hostile.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import traceback
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxml import etree
from python_calamine import CalamineError

from catalog.model import TableContext, TableDefect, TableReport
from quality.tables.archives import shapefiles, tables_in, unpacked_gzip, unpacked_member, unpacked_shapefile
from quality.tables.defects import defect
from quality.tables.dialect import decode
from quality.tables.encoding import Encoding
from quality.tables.heading import heading_of
from quality.tables.json_records import RecordTable, check_syntax, parse, records_of
from quality.tables.judge import (
    MOST_DECLARED_ROWS,
    ScannedTable,
    encoding_defects,
    judge,
    judge_workbook,
    spoiled,
)
from quality.tables.layers import read_layers
from quality.tables.limits import MAX_JSON_BYTES, MAX_RECORD_CHARS, MAX_XML_BYTES, Refused
from quality.tables.parquet import read_parquet
from quality.tables.parts import Part, together
from quality.tables.promise import charset_of, promised_formats, promises_file
from quality.tables.quoted import is_quoted_by_lines, without_quotes
from quality.tables.record_table import judge_records
from quality.tables.sheets import read_workbook
from quality.tables.sniff import HEAD_BYTES, MEDIA_TYPES, Sniffed, sniff
from quality.tables.stacked import parted, whole_enough
from quality.tables.structure import Table
from quality.tables.text import first_rows, head_of, open_text, scan_text
from quality.tables.wire import FAULT

__all__ = ["inspect"]

_SPREADSHEETS = {"XLSX", "XLS", "XLSM", "XLSB", "ODS"}
_TEXT = {"CSV", "TSV", "TXT"}
_XML = {"XML", "KML", "GML", "RSS", "ATOM", "RDF_XML"}
_XML_LIMITS = {
    *(etree.ErrorTypes.ERR_ENTITY_LOOP, etree.ErrorTypes.ERR_RESOURCE_LIMIT),
    *(etree.ErrorTypes.ERR_NO_MEMORY, etree.ErrorTypes.ERR_INTERNAL_ERROR),
}
"""Entities that call one another, what is larger than the parser takes, and faults of its own."""
_JSON = {"JSON", "GEOJSON", "JSON_LD", "JSON_LINES"}


def inspect(context: TableContext) -> TableReport:
    """Recognise a file, and check it where it is a table: the whole of it in one pass, and its first
    ``context.max_rows`` rows by expectations.

    Never raises for what a file holds: a fault of ours is status "unknown" with a note.
    """
    started = time.monotonic()
    try:
        report = _Inspection(context).at(context.path)
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError:
        why = "it takes more memory than is given to the look into one file"
        report = TableReport(status="unknown", note=f"{FAULT}{why}", defects=(refused(why),))
    except BaseException as error:  # noqa: BLE001 -- a fault of ours is no fault of the file; panics of Rust too
        report = TableReport(status="unknown", note=f"{FAULT}{_place(error)}")
    if report.status == "unknown" and report.note and not report.note.startswith(FAULT) and not report.defects:
        report = replace(report, defects=(refused(report.note),))
    return replace(report, elapsed_ms=round((time.monotonic() - started) * 1000))


def refused(why: str, rule: str = "not_looked_into") -> TableDefect:
    """That a file was not looked into is said, with the reason; it costs nothing."""
    message = f"Not looked into: {why}." if rule == "not_looked_into" else None
    return replace(defect(rule, 1, message=message), source="sniff")


class _Inspection:
    """How far the inspection of one file has come, which may lead to the files in an archive."""

    def __init__(self, context: TableContext) -> None:
        self.context = context
        """Of the file, or of the member of an archive that is looked into."""
        self.promised = promised_formats(context.declared_format, context.declared_media_type)
        self.is_file_promised = promises_file(self.promised)
        self.is_truncated = context.is_truncated
        """Whether the bytes at hand are only the beginning of a file: so may be those that an archive holds."""
        self.is_unquoted = False
        """Whether the quotes around its lines were taken away."""

    def at(self, path: Path, is_inside: bool = False) -> TableReport:
        if not path.is_file():
            return TableReport(status="unknown", note="there is no such file, or it is not a regular one")
        size = path.stat().st_size
        with path.open("rb") as stream:
            found = sniff(stream.read(HEAD_BYTES), size, path)
        base = TableReport(
            status="not_a_table",
            format=found.format,
            media_type=found.media_type,
            is_sample=self.is_truncated,
            note=found.note,
        )
        if size == 0 or found.note == "nothing but blanks":
            return spoiled(base, "empty_file")
        if (found.format == "HTML" or found.is_error) and self.is_file_promised:
            return self._wrong_content(base, found)
        if found.is_error or found.format is None and found.media_type != "application/vnd.sqlite3":
            defects = (refused(found.note or "", found.rule),) if found.rule else ()
            return replace(base, status="unknown" if found.format is None else "not_a_table", defects=defects)
        try:
            return self._judged(path, base, size, is_inside)
        except Refused as refusal:
            note = str(refusal)[:200]
            return replace(base, status="unknown", note=note, defects=(refused(note, refusal.rule),))
        except CalamineError:
            # Its words may quote what it could not read.
            note = f"the workbook cannot be read as {base.format}"
            return replace(base, status="unknown", note=note, defects=(refused(note),))

    def _judged(self, path: Path, base: TableReport, size: int, is_inside: bool) -> TableReport:
        if base.format in _TEXT:
            return self._text(path, base)
        if base.format in _SPREADSHEETS:
            return self._spreadsheet(path, base)
        if base.format in _JSON:
            return self._json(path, base, size)
        if base.format in _XML:
            return self._xml(path, base, size)
        if base.format == "PARQUET":
            return self._records(base, [read_parquet(path)])
        if base.format == "GPKG":
            return self._geopackage(path, base)
        if base.format == "SHP" and zipfile.is_zipfile(path):
            return self._shapefiles(path, base)
        if base.format in ("ZIP", "GZIP"):
            return (
                self._archive(path, base) if not is_inside else replace(base, defects=(refused("", "nested_archive"),))
            )
        return base

    def _wrong_content(self, base: TableReport, found: Sniffed) -> TableReport:
        if found.format == "HTML":
            return replace(spoiled(base, "html_instead_of_file"), status="wrong_content")
        return replace(spoiled(base, "error_instead_of_file"), status="wrong_content")

    def _text(self, path: Path, base: TableReport) -> TableReport:
        opened = open_text(path, charset_of(self.context.content_type), self.is_truncated)
        if opened is None:
            return spoiled(base, "empty_file")
        if not self.is_unquoted and is_quoted_by_lines(head_of(path, opened.encoding, self.is_truncated)):
            return self._unquoted(path, base, opened.encoding)
        delimiter = opened.dialect.delimiter
        if delimiter is None and base.format == "TXT" and not self.promised & {"CSV", "TSV"}:
            return base
        format_id = "TSV" if delimiter == "\t" else "CSV"
        base = replace(
            base,
            format=format_id,
            media_type=MEDIA_TYPES[format_id],
            encoding=opened.encoding.name,
            encoding_confidence=opened.encoding.confidence,
            delimiter=delimiter,
        )
        scan, around = scan_text(path, opened, is_cut=self.is_truncated)
        most = MOST_DECLARED_ROWS if self.context.schema_path else self.context.max_rows
        table, _ = first_rows(path, opened, most, is_cut=self.is_truncated)
        found = list(encoding_defects(opened.encoding))
        if around.note_rows and len(table.rows) > scan["rows"]:
            # Notes below the table are no rows of it.
            table = Table(table.header, table.header_line, table.rows[: scan["rows"]], table.lines[: scan["rows"]])
        longer = whole_enough(path, opened, table, scan, is_cut=self.is_truncated)
        longer, scan, around, stacked = parted(longer, scan, around)
        table = Table(table.header, table.header_line, longer.rows[:most], longer.lines[:most])
        return judge(base, ScannedTable(table, scan, around, [*found, *stacked], heading_of(opened)), self.context)

    def _unquoted(self, path: Path, base: TableReport, encoding: Encoding) -> TableReport:
        """The report on the table within lines that are quoted as wholes, with that fault."""
        self.is_unquoted = True
        with without_quotes(path, encoding) as plain:
            if plain is None:
                return self._text(path, base)
            report = self._text(plain, base)
        told = replace(defect("whole_line_quoted", report.row_count or 1), source="scan")
        return replace(
            report,
            encoding=encoding.name,
            encoding_confidence=encoding.confidence,
            defects=(told, *encoding_defects(encoding), *report.defects),
        )

    def _spreadsheet(self, path: Path, base: TableReport) -> TableReport:
        if self.is_truncated:
            raise Refused("a spreadsheet that was downloaded in part cannot be read")
        if base.format == "XLS" and base.note:
            raise Refused(f"{base.note}: too old for the reader used here")
        return judge_workbook(base, read_workbook(path), self.context)

    def _json(self, path: Path, base: TableReport, size: int) -> TableReport:
        if self.is_truncated:
            return replace(base, note="downloaded in part: its syntax was not checked")
        if size > MAX_JSON_BYTES:
            return replace(base, note="too large: its syntax was not checked")
        raw = path.read_bytes()
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
                # Nested too deeply, or numbers of thousands of digits: JSON, and more than is read here.
                why = "it is nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
                raise Refused(f"its syntax was not checked to the end: {why}") from error
        if not documents:
            is_long = base.format != "JSON_LD"
            return replace(base, note="too large: its syntax alone was checked" if is_long else base.note)
        is_features = is_lines and all(isinstance(one, dict) and one.get("type") == "Feature" for one in documents)
        document = {"features": documents} if is_features else documents if is_lines else documents[0]
        del documents
        tables = records_of(document)
        return self._records(base, [replace(one, is_sample=kept > MAX_RECORD_CHARS) for one in tables])

    def _records(self, base: TableReport, tables: Sequence[RecordTable]) -> TableReport:
        """The report on tables of records; the one on the file as it is, where there is none."""
        if not tables:
            return base
        if len(tables) == 1:
            return judge_records(base, tables[0], self.context)
        previous = self.context.previous.get("table")
        parts = []
        for one in tables:
            own = self.context if previous == one.name else replace(self.context, previous={})
            parts.append(Part(one.name or "", judge_records(base, one, own)))
        return together(parts)

    def _geopackage(self, path: Path, base: TableReport) -> TableReport:
        if self.is_truncated:
            raise Refused("a GeoPackage that was downloaded in part cannot be read")
        with TemporaryDirectory(prefix="winnow-") as folder:
            # Under a name that says what it is; beside a database others may be written.
            return self._records(base, read_layers(Path(shutil.copyfile(path, Path(folder) / "layers.gpkg"))))

    def _shapefiles(self, path: Path, base: TableReport) -> TableReport:
        if self.is_truncated:
            raise Refused("a shapefile that was downloaded in part cannot be read")
        tables = []
        for name, infos in shapefiles(path).items():
            with unpacked_shapefile(path, infos, self.context.unpacked_bytes) as layer:
                tables += [replace(one, name=_printable(name)) for one in read_layers(layer)]
        return self._records(base, tables)

    def _xml(self, path: Path, base: TableReport, size: int) -> TableReport:
        """Only whether it is well-formed. Entities are not resolved, and nothing else is loaded."""
        if self.is_truncated:
            return replace(base, note="downloaded in part: its syntax was not checked")
        if size > MAX_XML_BYTES:
            return replace(base, note="too large: its syntax was not checked")
        try:
            for _, element in etree.iterparse(path, resolve_entities=False, no_network=True, load_dtd=False):
                element.clear()
                # What is empty now stays in the tree: of a long document it is millions.
                above = element.getparent()
                while above is not None and element.getprevious() is not None:
                    del above[0]
        except etree.XMLSyntaxError as error:
            if getattr(error, "code", None) in _XML_LIMITS:
                raise Refused("its syntax was not checked to the end: it is larger than its size") from error
            # The parser's own words quote names and values.
            return spoiled(base, "invalid_xml", error.lineno)
        return base

    def _archive(self, path: Path, base: TableReport) -> TableReport:
        try:
            if base.format == "GZIP":
                with unpacked_gzip(path, self.context.unpacked_bytes) as (member, is_cut):
                    self.is_truncated = self.is_truncated or is_cut
                    return _from_archive(base, self.at(member, is_inside=True), "a GZIP file with")
            found = tables_in(path)
            if isinstance(found, str):
                return replace(base, note=found)
            self.is_truncated = False
            return self._members(path, base, found)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            if self.is_truncated or isinstance(error, NotImplementedError):
                why = "it was downloaded in part" if self.is_truncated else "its method is unknown"
                raise Refused(f"the archive cannot be unpacked: {why}") from error
            return spoiled(base, "broken_archive")

    def _members(self, path: Path, base: TableReport, infos: Sequence[zipfile.ZipInfo]) -> TableReport:
        """The report on the tables in an archive, one after the other."""
        left, parts, context = self.context.unpacked_bytes, [], self.context
        for info in infos:
            name = _printable(info.filename)
            if len(infos) > 1:
                is_main = context.previous.get("member") == name
                self.context = replace(context, file_name=Path(name).name, previous=context.previous if is_main else {})
            try:
                with unpacked_member(path, info, left) as member:
                    left -= member.stat().st_size
                    self.is_unquoted = False
                    report = self.at(member, is_inside=True)
            except Refused as refusal:
                if len(infos) == 1:
                    raise
                report = replace(
                    base, status="unknown", note=str(refusal), defects=(refused(str(refusal), refusal.rule),)
                )
            parts.append(Part(name, report, is_member=True))
        one = together(parts)
        words = f"a ZIP archive with {len(infos)} tables:" if len(infos) > 1 else f"a ZIP archive with {parts[0].name}:"
        kept = _from_archive(base, one, words)
        return replace(kept, profile=kept.profile | {"format": one.format} if kept.profile else kept.profile)


def _printable(name: str) -> str:
    """The name of a member: names in archives hold anything."""
    return re.sub(r"[^\w .()/-]", "_", name)[-120:].lstrip("./")


def _place(error: BaseException) -> str:
    """The kind of an error and where it arose. Its words may quote a cell."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "quality" in Path(frame.filename).parts]
    return type(error).__name__ + (f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "")


def _from_archive(outer: TableReport, inner: TableReport, words: str) -> TableReport:
    """The report on the file inside, under the format of the archive: that is what the address serves."""
    note = f"{words} {inner.format or 'something unknown'}"
    return replace(
        inner,
        format=outer.format,
        media_type=outer.media_type,
        note=f"{note}; {inner.note}" if inner.note else note,
    )
