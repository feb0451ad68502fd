"""Read files that come back: ``findings.csv`` with replies in its last columns, and citizens' ``report.csv``.

Both have passed through spreadsheets: with or without a byte-order mark, with commas, semicolons or tabs, with the
header in any of our languages, with dates in local form, or saved as a workbook. An unusable row is reported with
its line and the remedy; the other rows are still read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path

from catalog.exports.csvfile import unguard
from catalog.repositories.reply_sheets import Row, UnusableFileError, sheets
from catalog.repositories.reply_words import day, reply_headers, reply_of, words_of
from specs.languages import languages

__all__ = ["Reply", "ParsedReplies", "Problem", "CitizenReport", "parse"]

HEADER_WITHIN = 30
"""Rows of a sheet among which the header is looked for."""
NOTE_MAX, NAME_MAX, URL_MAX = 2_000, 200, 2_000
"""Characters kept of a remark and of a name, and those of the longest address that is used."""
PROMISED_YEARS = 10
"""Calendar years ahead for which something may be promised."""
_AS_NUMBER = re.compile(r"\d+([.,]\d+)?e\+?\d+|\d{15,}", re.IGNORECASE)
"""What a spreadsheet makes of an id that it takes for a number."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A publisher's reply to a finding, or to a cause and all its findings, read from one row of a file.

    ``finding_id``: id of the finding, or of the cause, which begins with "cause-". ``reply``: acknowledged, disputed,
    will_fix_by or waived. ``promised_on``: ISO date by which it will be fixed, for will_fix_by only. ``note``: reason
    or remark, cut at 2,000 characters; ``replied_by``: name of the person, cut at 200; ``replied_on``: ISO date of the
    reply; each None if not stated. ``line``: line of the file, from 1. What is cut is among the problems.
    """

    line: int
    finding_id: str
    about: tuple[str, str, str, str] | None = None
    """If a spreadsheet may have turned the id into a number such as 1.2E+19: the id of the dataset, the rule, the field
    and the address, by which the finding can still be found. Else None."""
    reply: str
    promised_on: str | None
    note: str | None
    replied_by: str | None
    replied_on: str | None
    is_name_public: bool = False
    """Whether who replied agreed, in the column ``name_is_public``, that the name is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenReport:
    """A citizen's report of something wrong with a dataset, read from one row of a file.

    The dataset is named by ``dataset_id`` or, without that, by ``url``, an address that its record lists. ``what``:
    what is wrong, cut at 2,000 characters; ``who``: name of the citizen, cut at 200; ``is_name_public``: whether the
    citizen agreed that the name is published; ``reported_on``: ISO date; ``line``: line of the file, from 1. An address
    of more than 2,000 characters is not used. What is cut or not used is among the problems.
    """

    line: int
    dataset_id: str | None
    url: str | None
    what: str
    who: str | None
    reported_on: str | None
    is_name_public: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that could not be used, such as a row or the date in it: the line, what is wrong, and what
    the sender should do. Lines are counted from 1; a file that cannot be used at all has its problem in line 1."""

    line: int
    what: str
    remedy: str


@dataclass(slots=True)
class ParsedReplies:
    """What was read from one file: replies to findings or citizens' reports, and what could not be used."""

    replies: list[Reply] = field(default_factory=list)
    reports: list[CitizenReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blank: int = 0
    """Number of rows in which the recipient left the reply empty."""


def parse(path: Path, today: date) -> ParsedReplies:
    """Return the replies or citizens' reports in the CSV file or workbook at ``path``.

    Unusable content never raises: every row concerned is listed in ``problems`` of the result. Raise OSError if the
    file cannot be read. ``today``: the day with which dates in the file are compared.

    Rows that lack something needed, or that cannot be understood, are not used. Nor are these:

    - replies whose promised day is before the day of the reply or, if no such day is stated, before ``today``, or in
      the eleventh calendar year from now or later;
    - replies to one finding that differ from each other;
    - reports whose only address has more than 2,000 characters.

    Other rows are used without the part that is wrong: a day of the reply or report after ``today`` is left out, and of
    remarks and names that are too long the beginning is kept.
    """
    found = ParsedReplies()
    try:
        headed = _headed(path)
        if headed is None:
            remedy = "keep the first line of findings.csv; a report needs the columns url or dataset_id, what, and who"
            found.problems.append(Problem(1, "no header of findings, of causes or of reports was found", remedy))
        elif headed[0].is_of_findings:
            _replies(found, *headed, today)
        else:
            _reports(found, *headed, today)
    except UnusableFileError as error:
        what, _, remedy = str(error).partition("; ")
        found.problems.append(Problem(1, what, remedy))
    return found


def _headed(path: Path) -> tuple[_Header, Iterator[Row]] | None:
    """Return the header of the first sheet that has one, and the rows below it; None if no sheet has a header.

    Titles and notes may stand above the header. Raise UnusableFileError if the file has no row at all, or if no sheet
    can be read.
    """
    broken: UnusableFileError | None = None
    is_empty = True
    for rows in sheets(path):
        try:
            for line, cells in islice(rows, HEADER_WITHIN):
                is_empty = False
                header = _header(line, cells)
                if header is not None:
                    return header, rows
        except UnusableFileError as error:
            broken = broken or error
    if broken is not None:
        raise broken
    if is_empty:
        raise UnusableFileError("the file is empty; send findings.csv as it was, with replies in it")
    return None


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of a file that comes back."""

    line: int
    names: Sequence[str]
    """Our names of the columns; "" for a column that is none of ours."""
    is_day_first: bool | None
    """Whether dates such as 3/4/2026 begin with the day; None if the header does not tell."""
    is_of_findings: bool


def _header(line: int, cells: Sequence[str]) -> _Header | None:
    """Return the header that a row is: that of findings or causes, or that of citizens' reports; else None."""
    names, is_day_first = _names(cells)
    is_of_findings = bool({"finding_id", "cause_id"} & set(names))
    if is_of_findings or ("what" in names and {"url", "dataset_id", "resource_url"} & set(names)):
        return _Header(line, names, is_day_first, is_of_findings)
    return None


def _names(header: Sequence[str]) -> tuple[list[str], bool | None]:
    """Return the columns' names, from a header in any known language, and whether dates begin with the day.

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
    names = [name for name, _ in found]
    if "response" not in names and "answered_on" not in names:
        # A file without our columns of earlier replies, in which "answer" can only be the sender's own.
        theirs = reply_headers()
        names = ["response" if cell in theirs else name for name, cell in zip(names, plain, strict=True)]
    return names, said.pop() if len(said) == 1 and True in said else None


def _cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if name:
            found.setdefault(name, _CONTROL.sub(" ", unguard(cell.strip())).strip())
    return found


def _replies(found: ParsedReplies, header: _Header, rows: Iterator[Row], today: date) -> None:
    if "response" not in header.names:
        remedy = "name the column with the replies response, and send the file again"
        found.problems.append(Problem(header.line, "no column holds replies", remedy))
        return
    read: list[Reply] = []
    for line, cells in rows:
        row = _cells(header.names, cells)
        said = row.get("response", "")
        if not said:
            if row.get("response_note") or row.get("responder"):
                remedy = "write acknowledged, disputed, will_fix_by:YYYY-MM-DD or waived in the column response"
                found.problems.append(Problem(line, "there is a remark, and no reply", remedy))
            else:
                found.blank += 1
            continue
        try:
            reply = _reply(line, row, said, today, header.is_day_first)
        except ValueError as error:
            found.problems.append(_problem(line, error))
            continue
        found.problems += _cut(line, row, {"response_note": NOTE_MAX, "responder": NAME_MAX})
        replied_on, problem = _optional_day(line, row.get("responded_on", ""), today, header.is_day_first)
        if problem is not None:
            found.problems.append(problem)
        elif replied_on and reply.promised_on and reply.promised_on < replied_on:
            found.problems.append(_problem(line, ValueError(_PAST.format(reply.promised_on))))
            continue
        read.append(replace(reply, replied_on=replied_on))
    found.replies += _without_contradictions(found, read)


_PAST = "the day {} is past; promise a day to come"


def _reply(line: int, row: dict[str, str], said: str, today: date, is_day_first: bool | None) -> Reply:
    # A row of causes.csv has the id of a cause. In findings.csv both stand: the reply is to the finding.
    key = row.get("finding_id" if "finding_id" in row else "cause_id", "").lower()
    about = (row.get("dataset_id", ""), row.get("rule_id", ""), row.get("field", ""), row.get("resource_url", ""))
    may_be_number = bool(_AS_NUMBER.fullmatch(key) and about[0] and about[1])
    if not (may_be_number or re.fullmatch(r"(cause-)?[0-9a-f]{20}", key)):
        raise ValueError("the id of the finding is missing or was changed; copy it from the findings.csv that was sent")
    reply, rest = reply_of(said)
    note = row.get("response_note", "")[:NOTE_MAX]
    promised_on = None
    if reply == "will_fix_by":
        if not rest and _is_to_come(row.get("responded_on", ""), today, is_day_first):
            # Nobody replied on a day to come: it is the promised one, written into the column beside.
            rest = row.pop("responded_on")
        if not rest:
            raise ValueError("there is no day by which it will be fixed; write will_fix_by:2026-12-31")
        promised_on = day(rest, is_day_first)
        if promised_on < today.isoformat() and not row.get("responded_on"):
            raise ValueError(_PAST.format(promised_on))
        if int(promised_on[:4]) > today.year + PROMISED_YEARS:
            # Who promises for the year 9999 is never overdue.
            raise ValueError(f"the day {promised_on} is more than {PROMISED_YEARS} years ahead; promise a nearer one")
    elif rest:
        raise ValueError(f"the reply goes on with {rest[:40]!r}; put reasons into the column response_note")
    if reply == "disputed" and not note:
        raise ValueError("a dispute needs a reason; write it into the column response_note")
    return Reply(
        line=line,
        finding_id=key,
        about=about if may_be_number else None,
        reply=reply,
        promised_on=promised_on,
        note=note or None,
        replied_by=row.get("responder", "")[:NAME_MAX] or None,
        replied_on=None,
        is_name_public=_is_yes(row.get("name_is_public", "")),
    )


def _is_to_come(text: str, today: date, is_day_first: bool | None) -> bool:
    try:
        return day(text, is_day_first) > today.isoformat()
    except ValueError:
        return False


def _is_yes(text: str) -> bool:
    return words_of(text) in {"yes", "true", "1", *(words_of(one.values["yes"]["yes"]) for one in languages().values())}


def _without_contradictions(found: ParsedReplies, read: Sequence[Reply]) -> list[Reply]:
    """Return the replies without those to a finding that has two different ones in the file; each of these is listed
    as a problem, because nobody knows which one is meant."""
    said: dict[object, set[tuple[str, str | None]]] = defaultdict(set)
    lines: dict[object, list[int]] = defaultdict(list)
    for one in read:
        said[one.about or one.finding_id].add((one.reply, one.promised_on))
        lines[one.about or one.finding_id].append(one.line)
    kept = []
    for one in read:
        key = one.about or one.finding_id
        if len(said[key]) == 1:
            kept.append(one)
            continue
        others = ", ".join(str(line) for line in lines[key][:5] if line != one.line)
        what = f"the same finding has another reply in line {others}, and neither counts"
        found.problems.append(Problem(one.line, what, "leave one reply to each finding and send the file again"))
    return kept


def _optional_day(line: int, text: str, today: date, is_day_first: bool | None) -> tuple[str | None, Problem | None]:
    """Return the ISO date on which someone wrote, or None and what is wrong with it.

    The rest of the row counts in both cases.
    """
    if not text:
        return None, None
    try:
        found = day(text, is_day_first)
        if found > today.isoformat():
            raise ValueError(f"the day {found} is to come; write the day on which you write")
    except ValueError as error:
        problem = _problem(line, error)
        return None, replace(problem, what=f"{problem.what}: read without its day")
    return found, None


def _cut(line: int, row: Mapping[str, str], limits: Mapping[str, int]) -> list[Problem]:
    """Return a problem for each cell that is longer than is kept of it; the rest of the row counts."""
    return [
        Problem(line, f"only the first {most:,} characters of {name} are kept", "shorten it, and send the file again")
        for name, most in limits.items()
        if len(row.get(name, "")) > most
    ]


def _problem(line: int, error: ValueError) -> Problem:
    what, _, remedy = str(error).partition("; ")
    return Problem(line, what, remedy)


def _reports(found: ParsedReplies, header: _Header, rows: Iterator[Row], today: date) -> None:
    for line, cells in rows:
        row = _cells(header.names, cells)
        url, dataset_id = row.get("url") or row.get("resource_url"), row.get("dataset_id")
        if not row.get("what") or not (url or dataset_id):
            remedy = "fill in what is wrong, and the address or the id of the dataset"
            found.problems.append(Problem(line, "the report is not complete", remedy))
            continue
        if len(url or "") > URL_MAX:
            remedy = "name the dataset by its id in the column dataset_id" if not dataset_id else "leave it out"
            found.problems.append(Problem(line, f"the address has more than {URL_MAX:,} characters", remedy))
            if not dataset_id:
                # Cut off, it would be the address of something else.
                continue
            url = None
        found.problems += _cut(line, row, {"what": NOTE_MAX, "who": NAME_MAX})
        reported_on, problem = _optional_day(line, row.get("reported_on", ""), today, header.is_day_first)
        if problem is not None:
            found.problems.append(problem)
        found.reports.append(
            CitizenReport(
                line=line,
                dataset_id=dataset_id or None,
                url=url or None,
                what=row["what"][:NOTE_MAX],
                who=row.get("who", "")[:NAME_MAX] or None,
                reported_on=reported_on,
                is_name_public=_is_yes(row.get("name_is_public", "")),
            )
        )
