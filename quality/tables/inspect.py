"""Inspect one downloaded file and report what is wrong with it.

The format is recognised from the first bytes. Then the reader for that format reads the file, scans all of it and
judges it. Runs in the child processes of :mod:`.pool`, because its libraries are heavy and the files are hostile.
"""

from __future__ import annotations

import time
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from python_calamine import CalamineError

from catalog.model import TableContext, TableReport
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.archive_members import judge_archive
from quality.tables.judge.record_files import judge_geopackage, judge_json, judge_parquet, judge_shapefiles
from quality.tables.judge.text_file import judge_text
from quality.tables.judge.whole_file import not_looked_into, spoiled
from quality.tables.judge.workbook import judge_spreadsheet
from quality.tables.judge.xml_syntax import judge_xml
from quality.tables.limits import UnreadableError
from quality.tables.messages import FAULT
from quality.tables.read.declared_format import declares_file
from quality.tables.read.sniff import HEAD_BYTES, sniff

__all__ = ["inspect"]


def inspect(context: TableContext) -> TableReport:
    """Inspect one file and return the report on the tables in it.

    All rows of a table are scanned in one pass. Expectations are checked on the first ``context.max_rows`` rows. It
    never raises because of the content of the file: if the inspection itself fails, the status is "unknown", with a
    note.
    """
    started = time.monotonic()
    try:
        report = _look_into(FileAtHand(context.path, context, is_cut=context.is_truncated))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError:
        why = "it takes more memory than is given to the look into one file"
        report = TableReport(status="unknown", note=f"{FAULT}{why}", defects=(not_looked_into(why),))
    except BaseException as error:  # noqa: BLE001 -- our own failure is not the file's; Rust panics are caught too
        report = TableReport(status="unknown", note=f"{FAULT}{_place(error)}")
    if report.status == "unknown" and report.note and not report.note.startswith(FAULT) and not report.defects:
        report = replace(report, defects=(not_looked_into(report.note),))
    return replace(report, elapsed_ms=round((time.monotonic() - started) * 1000))


def _place(error: BaseException) -> str:
    """Return the type of an error and where it was raised, but not its message, which may quote a cell."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "quality" in Path(frame.filename).parts]
    return type(error).__name__ + (f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "")


def _look_into(file: FileAtHand) -> TableReport:
    """Return the report on a file or on the member of an archive."""
    if not file.path.is_file():
        return TableReport(status="unknown", note="there is no such file, or it is not a regular one")
    size = file.size_bytes
    with file.path.open("rb") as stream:
        found = sniff(stream.read(HEAD_BYTES), size, file.path)
    base = TableReport(
        status="not_a_table",
        format=found.format,
        media_type=found.media_type,
        is_sample=file.is_cut,
        note=found.note,
    )
    if size == 0 or found.note == "nothing but blanks":
        return spoiled(base, "empty_file")
    if (found.format == "HTML" or found.is_error) and declares_file(file.promised):
        rule = "html_instead_of_file" if found.format == "HTML" else "error_instead_of_file"
        return replace(spoiled(base, rule), status="wrong_content")
    if found.is_error or found.format is None and found.media_type != "application/vnd.sqlite3":
        defects = (not_looked_into(found.note or "", found.rule),) if found.rule else ()
        return replace(base, status="unknown" if found.format is None else "not_a_table", defects=defects)
    try:
        return _by_format(file, base)
    except UnreadableError as refusal:
        note = str(refusal)[:200]
        return replace(base, status="unknown", note=note, defects=(not_looked_into(note, refusal.rule),))
    except CalamineError:
        # The message of the error may quote content of the file.
        note = f"the workbook cannot be read as {base.format}"
        return replace(base, status="unknown", note=note, defects=(not_looked_into(note),))


def _by_format(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on a file of a recognised format; ``base`` unchanged if that format holds no tables."""
    if base.format == "SHP" and not zipfile.is_zipfile(file.path):
        return base  # only the shapes, without the table that belongs to them
    if base.format in ("ZIP", "GZIP"):
        if file.is_member:
            return replace(base, defects=(not_looked_into("", "nested_archive"),))
        return judge_archive(file, base, _look_into)
    judge = _JUDGES.get(base.format or "")
    return judge(file, base) if judge else base


_JUDGES: dict[str, Callable[[FileAtHand, TableReport], TableReport]] = {
    **dict.fromkeys(("CSV", "TSV", "TXT"), judge_text),
    **dict.fromkeys(("XLSX", "XLS", "XLSM", "XLSB", "ODS"), judge_spreadsheet),
    **dict.fromkeys(("JSON", "GEOJSON", "JSON_LD", "JSON_LINES"), judge_json),
    **dict.fromkeys(("XML", "KML", "GML", "RSS", "ATOM", "RDF_XML"), judge_xml),
    "PARQUET": judge_parquet,
    "GPKG": judge_geopackage,
    "SHP": judge_shapefiles,
}
"""The function that reads, scans and judges a file, by format id."""
