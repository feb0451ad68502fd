"""Metrics of soundness: is the table well-formed? They apply only to tables that were served and read.

A defect counts by the share of bad rows: one bad row in a thousand leaves 0.9, one in a hundred leaves 0.
"""

from __future__ import annotations

from catalog.model import TableReport
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement, Unknown
from quality.metrics.answers import NOTHING_MORE, yes
from quality.tables.judge.wording import what_and_why
from specs.table_rules import table_rules

__all__ = ["RULES"]

RULES = {
    metric: frozenset(rule.id for rule in table_rules().values() if rule.metric == metric)
    for metric in {rule.metric for rule in table_rules().values() if rule.metric}
}
"""The rules of table reports that count for each metric. ``table_expectations_met`` counts those of Great Expectations
instead."""
WORST_RATE = 0.01
"""Share of bad rows at which the measurement reaches 0."""


def _report(s: DistributionSubject) -> TableReport | Unknown | None:
    """Return the report if it is about a table, UNKNOWN if a declared table was not read, None if there is no table."""
    if s.table is None or s.table.status == "unknown":
        is_table = s.declared_format is not None and s.declared_format.kind in ("table", "spreadsheet")
        lost = s.check is not None and s.check.outcome in ("broken", "invalid")
        return UNKNOWN if is_table and not lost else None
    return s.table if s.table.status in ("valid", "invalid") and s.table.format is not None else None


def _count(report: TableReport, rules: frozenset[str]) -> int:
    return sum(defect.count for defect in report.defects if defect.rule in rules)


def _rate(report: TableReport, metric: str) -> float | Unknown:
    bad = _bad(report, metric)
    return bad if isinstance(bad, Unknown) else max(0.0, 1.0 - bad / max(report.row_count or 0, 1) / WORST_RATE)


def table_not_empty(s: DistributionSubject) -> Measurement:
    """Return 1 if the table has rows of data, 0 if it has only column names or the whole file is empty.

    Unknown if a table is declared but no file was read, unless its address is broken or invalid. None in all other
    cases in which there is no table.
    """
    if s.table is not None and any(defect.rule == "empty_file" for defect in s.table.defects):
        return 0.0
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    return yes(not _count(report, RULES["table_not_empty"]))


def _bad(report: TableReport, metric: str) -> int | Unknown:
    """Return how many defects count for a metric; UNKNOWN if there are none because the layout was not understood."""
    found = _count(report, RULES[metric])
    return found if found or _is_understood(report) else UNKNOWN


def _is_understood(report: TableReport) -> bool:
    """Return whether the layout of the table was understood. If not, its rows and cells are not judged."""
    return not any(defect.rule == "layout_not_understood" for defect in report.defects)


def _has_rows(report: TableReport) -> bool:
    return bool(report.row_count) and bool(report.column_count)


def table_rectangular(s: DistributionSubject) -> Measurement:
    """Return 1 if all rows have as many cells as the header; less by the share of bad rows, and 0 if that is 1 % or
    more.

    Blank rows, rows too long to be read and quotation marks that are never closed count as bad rows, too. Unknown if
    the layout was not understood and no bad row was found, or if a table is declared but no file was read, unless its
    address is broken or invalid. None in all other cases in which there is no table with rows and columns.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    return _rate(report, "table_rectangular") if _has_rows(report) else None


def table_header_clean(s: DistributionSubject) -> Measurement:
    """Return 1 if the table has a row of column names, with a name for every column and no name twice, else 0.

    Lines above that row do not matter. Unknown if the layout was not understood and no fault was found, or if a table
    is declared but no file was read, unless its address is broken or invalid. None in all other cases in which there is
    no table with rows and columns.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    if not _has_rows(report):
        return None
    bad = _bad(report, "table_header_clean")
    return bad if isinstance(bad, Unknown) else yes(not bad)


def table_types_consistent(s: DistributionSubject) -> Measurement:
    """Return 1 if all cells of each column have the same type and the same notation; the more cells differ, the less.

    These cells count as different: a type other than that of the rest of the column, a date that does not exist, dates
    or numbers written in different ways within a column, and errors of a spreadsheet program such as #REF!. The
    measurement falls linearly with their number, and is 0 from one such cell for every hundred rows on.

    Unknown if the layout was not understood and no such cell was found, or if a table is declared but no file was read,
    unless its address is broken or invalid. None in all other cases in which there is no table with rows and columns.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    return _rate(report, "table_types_consistent") if _has_rows(report) else None


def table_encoding_utf8(s: DistributionSubject) -> Measurement:
    """Return 1 if the file is encoded in UTF-8 (or ASCII) and all its characters are sound, else 0.

    Characters that cannot be decoded, null characters and garbled letters (Ã© for é) are not sound. Unknown if a table
    is declared but no file was read, unless its address is broken or invalid. None in all other cases in which there is
    no table, and for tables without an encoding of their own, such as spreadsheets.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    if report.encoding is None:
        return None
    is_utf8 = report.encoding.lower().replace("_", "-").startswith(("utf-8", "ascii", "us-ascii"))
    return yes(is_utf8 and not _count(report, RULES["table_encoding_utf8"]))


def table_encoding_utf8_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``table_encoding_utf8``.

    For example "the encoding is cp1252", or the defect of a text in UTF-8; "no" if the file was not inspected.
    """
    if s.table is None:
        return NOTHING_MORE
    found = next((one for one in s.table.defects if one.rule in RULES["table_encoding_utf8"]), None)
    return what_and_why(found) if found else f"the encoding is {s.table.encoding}"


def table_matches_schema(s: DistributionSubject) -> Measurement:
    """Return 1 if the table matches its declared schema; the more violations of the schema, the less.

    The measurement falls linearly with the number of violations, and is 0 from one for every hundred rows on. Unknown
    if the layout was not understood, so that the table was not compared, or if a table is declared but no file was
    read, unless its address is broken or invalid. None in all other cases in which there is no table with rows and
    columns, and if no schema is declared or it could not be read.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    if not report.profile.get("has_schema") or not _has_rows(report):
        return None
    return _rate(report, "table_matches_schema")


def table_expectations_met(s: DistributionSubject) -> Measurement:
    """Return which share of the expectations in ``specs/expectations`` that apply to the table it meets, 0 to 1.

    Unknown if the layout was not understood, because then its cells are not judged, or if a table is declared but no
    file was read, unless its address is broken or invalid. None in all other cases in which there is no table with rows
    and columns, and if no expectation applies.
    """
    report = _report(s)
    if not isinstance(report, TableReport):
        return report
    if not _is_understood(report):
        return UNKNOWN if _has_rows(report) else None
    if not report.expectations_total or not _has_rows(report):
        return None
    return (report.expectations_passed or 0) / report.expectations_total
