"""Read the Open Government Partnership's commitment exports: CSV with the damage that spreadsheets have done to it.

Examples are years turned into dates of 1905 (7/19/1905 is the serial number 2027), numbers with binary rounding
errors (8.1999999999999993 is 8.2) and dates in four styles. NA, ND and NR stand for not applicable, no data and not
reviewed (the meaning is inferred). Prefixes of ids are not ISO codes (MO is Morocco); the column Code holds the ISO
code.
"""

from __future__ import annotations

import csv
import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from specs.commitments.persons import EMAIL, PERSON, TELEPHONE, without_persons
from specs.commitments.policy_areas import AREAS, suggested_clauses, suggested_measures
from specs.errors import SpecError
from specs.vocabularies.countries import alpha3

__all__ = ["OgpCommitment", "commitment_number", "draft", "iso3", "read_date", "read_export", "write_draft"]

SENTINELS = frozenset({"", "NA", "ND", "NR", "N/A", "NULL"})
NEEDED = ("Commitment Unique Identifier", "Code", "Country/Locality", "Commitment Title", "Full Text", "URL")
_EXCEL = date(1899, 12, 30)
"""Day 0 of spreadsheets' serial numbers, for days after February 1900."""
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")
_QUARTER = re.compile(r"(?:quarter (\d)|(iv|i{1,3}) quarter)(?: of)? (\d{4})")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_SEASONS = {"winter": 1, "spring": 4, "summer": 7, "autumn": 10, "fall": 10}
_COMPLETION = {
    "Withdrawn": "withdrawn", "Unclear": "unclear", "No Evidence Available": "unclear", "Not Started": "not_started",
    "Limited": "limited", "Substantial": "substantial", "Complete": "complete",
}  # fmt: skip
_AMBITION = {"None": "none", "Minor": "minor", "Moderate": "moderate", "Transformative": "transformative"}
_OPENED = {
    "Worsens": "worsened", "Worsened": "worsened", "Did Not Change": "did_not_change", "Marginal": "marginal",
    "Major": "major", "Outstanding": "outstanding",
}  # fmt: skip
_EARLY = {"No notable results": "none", "Moderate": "moderate", "Significant": "significant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OgpCommitment:
    """One row of OGP's export of commitments.

    A field is None if its cell is empty or missing, or holds NA, ND or NR. A date, a year or a verdict (``verifiable``
    to ``opened_government``) is None also if its cell cannot be understood. Persons, e-mail addresses and telephone
    numbers are cut from ``text`` and ``lead``, see :mod:`.persons`.
    """

    id: str
    """OGP's own id: UK0098."""
    number: str | None
    country: str
    code: str
    """OGP's code of the member; four letters for a local member."""
    iso3: str | None
    """Code of the country; None if ``code`` names none."""
    plan: str | None
    title: str
    """The title or, without one, the short title; "untitled" without both."""
    text: str | None
    lead: str | None
    url: str | None
    start: date | None
    end: date | None
    start_text: str | None
    end_text: str | None
    """``start_text`` and ``end_text`` are the cells of the two dates as they are written, such as "Ongoing"."""
    plan_start_year: int | None
    plan_end_year: int | None
    is_open_data: bool
    verifiable: bool | None
    potential_for_results: str | None
    completion: str | None
    early_results: str | None
    ambition: str | None = None
    relevance: bool | None = None
    opened_government: str | None = None
    flags: tuple[str, ...] = ()
    """OGP's policy areas that are marked for it, such as "Health & Nutrition"; only those in :mod:`.policy_areas`."""


def read_export(path: Path) -> list[OgpCommitment]:
    """Return all commitments in the CSV file ``path``, in its order; rows without an id are left out.

    Raise SpecError if the file cannot be read as CSV in UTF-8, or is not an export of OGP's commitments; in this case
    the message names the missing columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpecError(f"{path}: cannot be read as CSV in UTF-8: {error}; save the export anew") from None
    missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
    if missing:
        raise SpecError(f"{path}: columns missing: {', '.join(missing)}; is it an export of OGP's commitments?")
    return [_exported(row) for row in rows if _cell(row, "Commitment Unique Identifier")]


def _cell(row: Mapping[str, str | None], name: str) -> str | None:
    """Return the text of a cell with its lines joined; None for the sentinels."""
    text = " ".join((row.get(name) or "").split())
    return None if text in SENTINELS else text


def _exported(row: Mapping[str, str | None]) -> OgpCommitment:
    code = _cell(row, "Code") or ""
    completion = next(
        (
            found
            for name in ("Completion (End Of Term)", "Completion (Progress Report)")
            if (found := _COMPLETION.get(_cell(row, name) or ""))
        ),
        None,
    )
    potential = (_cell(row, "Potential for Results") or "").lower()
    return OgpCommitment(
        id=_cell(row, "Commitment Unique Identifier") or "",
        number=commitment_number(_cell(row, "Commitment Number")),
        # A member's name is never a sentinel, whatever it looks like.
        country=" ".join((row.get("Country/Locality") or "").split()),
        code=code,
        iso3=iso3(code),
        plan=_cell(row, "Action Plan ID"),
        title=_cell(row, "Commitment Title") or _cell(row, "Short Title") or "untitled",
        text=_impersonal(row, "Full Text"),
        lead=_impersonal(row, "Lead Institution"),
        url=_cell(row, "URL"),
        start=read_date(_cell(row, "Start Date")),
        end=read_date(_cell(row, "End Date"), is_end=True),
        start_text=_cell(row, "Start Date"),
        end_text=_cell(row, "End Date"),
        plan_start_year=_year(_cell(row, "Year Of Submission")),
        plan_end_year=_year(_cell(row, "Action Plan End Year")),
        is_open_data=_cell(row, "Open Data") == "1",
        verifiable={"Yes": True, "1": True, "No": False, "0": False}.get(_cell(row, "Verifiable") or ""),
        potential_for_results=potential if potential in ("unclear", "modest", "substantial") else None,
        completion=completion,
        early_results=_EARLY.get(_cell(row, "Early Results") or ""),
        ambition=_AMBITION.get(_cell(row, "Potential Impact") or ""),
        relevance={"1": True, "0": False}.get(_cell(row, "_Relevant") or ""),
        opened_government=_OPENED.get(_cell(row, "Did It Open Government (Overall)") or ""),
        flags=tuple(name for name in AREAS if _cell(row, name) == "1"),
    )


def _impersonal(row: Mapping[str, str | None], name: str) -> str | None:
    """Return the text of a cell without persons; its lines, which tell labels from names, are joined afterwards."""
    return _cell({name: without_persons(row.get(name) or "")}, name)


def iso3(code: str) -> str | None:
    """Return the three-letter country code (ISO 3166-1) for OGP's code of a member; None if there is none.

    Three capital letters are returned unchecked; any other text of three characters has no country. Of a code of
    another length, such as the four-letter code of a local member, the first two letters name the country: ARBA is in
    Argentina.
    """
    if len(code) == 3:
        return code if code.isalpha() and code.isupper() else None
    return alpha3(code[:2])


def commitment_number(text: str | None) -> str | None:
    """Return the number of a commitment as it was typed, before a spreadsheet changed it: "8.1999999999999993" gives
    "8.2". Other texts, such as "3.2.5", and None are returned as they are."""
    if text and re.fullmatch(r"\d+\.\d{9,}", text):
        return f"{round(float(text), 6):g}"
    return text


def _year(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"(19|20)\d\d", text) else None


def read_date(text: str | None, *, is_end: bool = False) -> date | None:
    """Return the date in ``text``, a cell of the export; None if it holds no date that can be understood ("Ongoing").

    A cell that names a longer period gives its first day, or its last if ``is_end``: 2027, "March 2027", "Spring 2027",
    "Quarter 2 of 2027". In "3/4/2027" the first number is the month unless it is above 12. Serial numbers of
    spreadsheet programs are dates too, and a date before 1911 that such a program made of a year is that year.
    """
    value = (text or "").strip().casefold()
    if match := _SLASHES.fullmatch(value):
        return _slashes(int(match[1]), int(match[2]), match[3], is_end=is_end)
    if re.fullmatch(r"(19|20)\d\d", value):
        return date(int(value), 12, 31) if is_end else date(int(value), 1, 1)
    if re.fullmatch(r"[34]\d{4}", value):
        return _EXCEL + timedelta(days=int(value))
    if match := _QUARTER.fullmatch(value):
        quarter = int(match[1] or ["i", "ii", "iii", "iv"].index(match[2]) + 1)
        return _span(int(match[3]), 3 * quarter - 2, 3, is_end=is_end) if 1 <= quarter <= 4 else None
    if match := re.fullmatch(r"([a-z]+) (\d{4})", value):
        if match[1] in _MONTHS:
            return _span(int(match[2]), _MONTHS.index(match[1]) + 1, 1, is_end=is_end)
        if match[1] in _SEASONS:
            return _span(int(match[2]), _SEASONS[match[1]], 3, is_end=is_end)
    return None


def _slashes(first: int, second: int, year_text: str, *, is_end: bool) -> date | None:
    year = int(year_text) + (2000 if len(year_text) == 2 else 0)
    # The export uses American dates; a first number above 12 shows that this cell does not.
    month, day = (second, first) if first > 12 else (first, second)
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    serial = (found - _EXCEL).days
    if found.year < 1911 and 1990 <= serial <= 2100:
        return date(serial, 12, 31) if is_end else date(serial, 1, 1)
    return found


def _span(year: int, month: int, months: int, *, is_end: bool) -> date:
    last = month + months - 1
    return date(year, last, monthrange(year, last)[1]) if is_end else date(year, month, 1)


_FIRST_YEAR = 2011
"""OGP began in this year; no plan is older."""


def draft(row: OgpCommitment, portals: Sequence[str] = ()) -> str:
    """Return the text of a draft commitment file made from ``row``, a commitment of OGP's export.

    Comments list what a person must add, with suggestions for scope and measures from the policy areas that OGP marks.
    Where the export has nothing usable, something is filled in and a comment says so: dates from the years of the plan
    or, if these are not stated, a start on 2011-01-01, the year OGP began, and a deadline at the end of the year after
    the start; "XXX" for the country, the title as the quote, and OGP's home page as the address. ``portals``: ids of
    the portals of the same country, which are suggested too.
    """
    todo = [
        "scope: which datasets the promise is about (portal, publisher, theme, keyword, title, ...)",
        "indicators: a measure, a baseline and a target for each figure that was promised; milestones for the rest",
    ]
    start, end = row.start, row.end
    if start is None:
        start = date(row.plan_start_year or (row.plan_end_year or _FIRST_YEAR + 1) - 1, 1, 1)
        origin = (
            "this is the plan's first year" if row.plan_start_year
            else "this is the year before the plan's last" if row.plan_end_year
            else "no year of the plan is known either, and this day only fills the place"
        )  # fmt: skip
        todo.append(f"period.start: the export says {row.start_text or 'nothing'!r}; {origin}")
    if end is None or end <= start:
        said = row.end_text or "nothing"
        end = date(max(row.plan_end_year or 0, start.year + 1), 12, 31)
        is_of_plan = row.plan_end_year == end.year
        origin = "this is taken from the plan" if is_of_plan else "this is the year after the start, and only a guess"
        todo.append(f"period.deadline: the export says {said!r}; {origin}")
    if row.iso3 is None:
        todo.append(f"government.iso3: the code {row.code!r} is of no country")
    if row.text is not None and (PERSON in row.text or EMAIL in row.text or TELEPHONE in row.text):
        todo.append("source.quote: persons and numbers were cut; look for names that are left")
    if row.text is None or row.url is None:
        todo.append("source: the export gives no text or no address")
    plan = ", ".join(part for part in (row.plan, f"commitment {row.number}" if row.number else None) if part)
    lines = [f"# {row.country}{', ' + plan if plan else ''}. To fill in:", *(f"# - {one}" for one in todo)]
    lines += [
        f"id = {_text(f'ogp/{row.id}')}",
        f"title = {_text(row.title)}",
        "draft = true",
        f"government = {{ name = {_text(row.country)}, iso3 = {_text(row.iso3 or 'XXX')} }}",
    ]
    lines += [f"lead = {_text(row.lead)}"] if row.lead else []
    lines += ["", "[source]", f"url = {_text(row.url or 'https://www.opengovpartnership.org/')}"]
    lines += [f"quote = {_text(row.text or row.title)}", "", "[irm]"]
    if row.verifiable is not None:
        lines.append(f"verifiable = {str(row.verifiable).lower()}")
    if row.relevance is not None:
        lines.append(f"relevance = {str(row.relevance).lower()}")
    for name in ("potential_for_results", "ambition", "completion", "early_results", "opened_government"):
        if value := getattr(row, name):
            lines.append(f"{name} = {_text(value)}")
    lines += ["", "[period]", f"start = {start}", f"deadline = {end}", "", "[scope]", 'mode = "current"']
    if row.flags:
        lines.append(f"# OGP marks it as: {', '.join(row.flags)}.")
    where = [f"portal = {_text(one)}" for one in portals] or [f"country = {_text(row.iso3 or 'XXX')}"]
    lines += [f"# all = [{{ {one} }}]" for one in where]
    clauses = [f"{{ {key} = {_text(value)} }}" for key, value in suggested_clauses(row.flags)]
    lines += [f"# any = [{', '.join(clauses)}]"] if clauses else []
    lines.append("")
    for measure, target in suggested_measures(row.flags):
        name = measure.partition(".")[2]
        lines += ["# [[indicators]]", f"# id = {_text(name)}", '# kind = "measured"', f"# measure = {_text(measure)}"]
        lines += ['# params = { standard = "ocds" }'] if measure == "dataset.conforms_to" else []
        lines += ['# direction = "increase"', "# baseline = 0", f"# target = {target:g}", "#"]
    return "\n".join(lines[:-1]) + "\n"


def _text(value: str) -> str:
    # A JSON string is a TOML string, except for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_draft(row: OgpCommitment, folder: Path, portals: Sequence[str] = ()) -> Path | None:
    """Write a draft commitment file for ``row``, a commitment of OGP's export, into ``folder``. Return its path, or
    None if a file of that name exists: it is left unchanged, because a person may have edited it.

    ``portals``: ids of portals to suggest, see :func:`draft`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", row.id)
    path = folder / f"ogp-{name}.toml"
    if path.exists():
        return None
    path.write_text(draft(row, portals), encoding="utf-8")
    return path
