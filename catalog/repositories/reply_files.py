"""Read files that come back: ``findings.csv`` with replies in its last columns, and citizens' ``report.csv``.

Both have passed through spreadsheets: with or without a byte-order mark, with commas, semicolons or tabs, with the
header in any of our languages, with dates in local form, or saved as a workbook. An unusable row is reported with
its line and the remedy; the other rows are still read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from catalog.exports.csvfile import unguard
from catalog.repositories.reply_words import day, reply_of, words_of
from specs.languages import languages

__all__ = ["Reply", "ParsedReplies", "Problem", "CitizenReport", "parse"]

BYTES_MAX = 100_000_000
"""Bytes of a file; nothing we send is nearly as long."""
NOTE_MAX, NAME_MAX = 2_000, 200
"""Characters kept of a remark, and of a name."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A publisher's reply to a finding, or to a cause and all its findings, read from one row of a file.

    ``finding_id``: id of the finding, or of the cause, which begins with "cause-".
    ``reply``: acknowledged, disputed, will_fix_by or waived. ``promised_on``: ISO date by which it will be fixed, for
    will_fix_by only. ``line``: line of the file, from 1.
    """

    line: int
    finding_id: str
    reply: str
    promised_on: str | None
    note: str | None
    replied_by: str | None
    replied_on: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenReport:
    """A citizen's report of something wrong with a dataset, read from one row of a file.

    The dataset is named by ``dataset_id`` or by ``url``, an address that its record lists. ``what``: what is wrong;
    ``who``: name of the citizen; ``reported_on``: ISO date; ``line``: line of the file, from 1.
    """

    line: int
    dataset_id: str | None
    url: str | None
    what: str
    who: str | None
    reported_on: str | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of a file that could not be used: its line, from 1, what is wrong with it, and what the sender should
    do."""

    line: int
    what: str
    remedy: str


@dataclass(slots=True)
class ParsedReplies:
    """What was read from one file: replies to findings or citizens' reports, and the rows that could not be used."""

    replies: list[Reply] = field(default_factory=list)
    reports: list[CitizenReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blank: int = 0
    """Number of rows in which the recipient left the reply empty."""


def parse(path: Path, today: date) -> ParsedReplies:
    """Return the replies or citizens' reports in a CSV file or workbook.

    ``today``: a reply or report dated later is refused. Unusable content never raises; it is listed in ``problems``.
    Raise OSError if the file cannot be read.
    """
    found = ParsedReplies()
    try:
        rows = _rows(path)
        header = next(rows, None)
        if header is None:
            found.problems.append(Problem(1, "the file is empty", "send findings.csv as it was, with replies in it"))
            return found
        names, is_day_first = _names(header[1])
        if {"finding_id", "cause_id"} & set(names):
            _replies(found, names, rows, today, is_day_first)
        elif "what" in names and ({"url", "dataset_id", "resource_url"} & set(names)):
            _reports(found, names, rows, today, is_day_first)
        else:
            remedy = "keep the first line of findings.csv; a report needs the columns url or dataset_id, what, and who"
            found.problems.append(Problem(header[0], "the header is neither that of findings nor of reports", remedy))
    except _UnreadableError as error:
        found.problems.append(Problem(1, str(error), "save it as CSV (UTF-8) or XLSX and send it again"))
    return found


class _UnreadableError(Exception):
    pass


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV or workbook with their line numbers, without blank rows."""
    if path.stat().st_size > BYTES_MAX:
        raise _UnreadableError(f"the file has more than {BYTES_MAX:,} bytes")
    content = path.read_bytes()
    if content[:4] == b"PK\x03\x04":
        yield from _sheet_rows(content)
        return
    text = _text(content)
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise _UnreadableError(f"the file breaks off in line {reader.line_num}: {error}") from error


def _sheet_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, load_workbook

    try:
        rows = load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise _UnreadableError(f"the workbook cannot be read: {error}") from error
    for number, row in enumerate(rows, 1):
        # Whole numbers and dates are wanted in their plain spelling only.
        cells = [str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in row]
        if any(cell.strip() for cell in cells):
            yield number, cells


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's encoding for "CSV" in western Europe and the Americas.
        return content.decode("cp1252", "replace")


def _delimiter(text: str) -> str:
    line = re.sub(r'"[^"]*"', "", text.lstrip("\r\n")[:20_000].split("\n", 1)[0])
    return max(",;\t", key=line.count)


def _names(header: Sequence[str]) -> tuple[list[str], bool | None]:
    """Return the columns' names, whatever language the header is in, and whether dates begin with the day.

    The latter is None if the language of the header does not tell.
    """
    known: dict[str, tuple[str, bool | None]] = {}
    # If two languages share a word, the one whose header fits best decides about dates.
    plain = [words_of(unguard(cell)) for cell in header]
    spoken = max(languages().values(), key=lambda one: len({words_of(v) for v in one.columns.values()} & set(plain)))
    for name, label in spoken.columns.items():
        known.setdefault(words_of(label), (name, spoken.day_first))
    for name in spoken.columns:
        # Technical column names do not show which program saved the file.
        known[words_of(name)] = (name, None)
    found = [known.get(cell, ("", None)) for cell in plain]
    said = {one[1] for one in found if one[1] is not None}
    return [name for name, _ in found], said.pop() if len(said) == 1 and True in said else None


def _cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if name:
            found.setdefault(name, _CONTROL.sub(" ", unguard(cell.strip())).strip())
    return found


def _replies(
    found: ParsedReplies,
    names: Sequence[str],
    rows: Iterator[tuple[int, list[str]]],
    today: date,
    is_day_first: bool | None,
) -> None:
    for line, cells in rows:
        row = _cells(names, cells)
        said = row.get("response", "")
        if not said:
            if row.get("response_note") or row.get("responder"):
                remedy = "write acknowledged, disputed, will_fix_by:YYYY-MM-DD or waived in the column response"
                found.problems.append(Problem(line, "there is a remark, and no reply", remedy))
            else:
                found.blank += 1
            continue
        try:
            found.replies.append(_reply(line, row, said, today, is_day_first))
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            found.problems.append(Problem(line, what, remedy))


def _reply(line: int, row: dict[str, str], said: str, today: date, is_day_first: bool | None) -> Reply:
    # A row of causes.csv has the id of a cause. In findings.csv both stand: the reply is to the finding.
    key = row.get("finding_id" if "finding_id" in row else "cause_id", "")
    if not re.fullmatch(r"(cause-)?[0-9a-f]{20}", key):
        raise ValueError("the id of the finding is missing or was changed; copy it from the findings.csv that was sent")
    reply, rest = reply_of(said)
    note = row.get("response_note", "")[:NOTE_MAX]
    replied_on = _past_day(row.get("responded_on", ""), today, is_day_first)
    promised_on = None
    if reply == "will_fix_by":
        if not rest:
            raise ValueError("there is no day by which it will be fixed; write will_fix_by:2026-12-31")
        promised_on = day(rest, is_day_first)
        if promised_on < (replied_on or today.isoformat()):
            raise ValueError(f"the day {promised_on} is past; promise a day to come")
    elif rest:
        raise ValueError(f"the reply goes on with {rest[:40]!r}; put reasons into the column response_note")
    if reply == "disputed" and not note:
        raise ValueError("a dispute needs a reason; write it into the column response_note")
    return Reply(
        line=line,
        finding_id=key,
        reply=reply,
        promised_on=promised_on,
        note=note or None,
        replied_by=row.get("responder", "")[:NAME_MAX] or None,
        replied_on=replied_on,
    )


def _past_day(text: str, today: date, is_day_first: bool | None) -> str | None:
    if not text:
        return None
    found = day(text, is_day_first)
    if found > today.isoformat():
        raise ValueError(f"the day of the reply, {found}, is to come; write the day on which you reply")
    return found


def _reports(
    found: ParsedReplies,
    names: Sequence[str],
    rows: Iterator[tuple[int, list[str]]],
    today: date,
    is_day_first: bool | None,
) -> None:
    for line, cells in rows:
        row = _cells(names, cells)
        url, dataset_id = row.get("url") or row.get("resource_url"), row.get("dataset_id")
        if not row.get("what") or not (url or dataset_id):
            remedy = "fill in what is wrong, and the address or the id of the dataset"
            found.problems.append(Problem(line, "the report is not complete", remedy))
            continue
        try:
            reported_on = _past_day(row.get("reported_on", ""), today, is_day_first)
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            found.problems.append(Problem(line, what, remedy))
            continue
        found.reports.append(
            CitizenReport(
                line=line,
                dataset_id=dataset_id or None,
                url=(url or "")[:2_000] or None,
                what=row["what"][:NOTE_MAX],
                who=row.get("who", "")[:NAME_MAX] or None,
                reported_on=reported_on,
            )
        )
