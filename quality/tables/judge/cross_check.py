"""Drop findings about the first rows that the scan of all rows contradicts; values count more than names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.model import TableDefect
from quality.tables.scan.profile import ColumnProfile, TableProfile

if TYPE_CHECKING:
    from quality.tables.read.header_lines import HeaderLines

__all__ = ["contradicted"]

_AMOUNTS = frozenset(
    [
        "value",
        "amount",
        "planned",
        "actual",
        "price",
        "budget",
        "expenditure",
        "revenue",
        "count",
        "population",
        "number",
    ]
)
_DAYS = frozenset(["date", "period", "year", "month", "time"])
_PLACES = frozenset(["latitude", "longitude", "easting", "northing", "geometry"])
_WORDS = frozenset(
    ["supplier", "buyer", "recipient", "payee", "name", "description", "title", "department", "body", "authority"]
)
_COORDINATES = 2


def contradicted(defect: TableDefect, profile: TableProfile, header: HeaderLines) -> bool:
    """Return whether a defect found in the first rows is refuted by the scan of all rows and must be dropped.

    Only these rules can be refuted: an empty column that has values further below or has no name, an untidy name of a
    column without a name, a missing column for which another column has values of the right kind, and repeated rows,
    which the scan counts itself. ``profile`` is the result of the scan, ``header`` says where the header of the table
    is.
    """
    if defect.rule == "empty_column":
        columns = profile.columns
        places = [place for place, column in enumerate(columns) if column.name == defect.field]
        # A column without a name is reported only as that.
        return any(
            place in header.heading.nameless or columns[place].filled + columns[place].count("missing") > 0
            for place in places
        )
    if defect.rule == "untidy_column_name":
        return any(profile.columns[n].name == defect.field for n in header.heading.nameless if n < len(profile.columns))
    if defect.rule == "duplicate_row":
        return True  # the scan of all rows counted them
    if defect.rule == "missing_column":
        return _may_be_there(defect.field or "", profile)
    return False


def _may_be_there(roles: str, profile: TableProfile) -> bool:
    """Return whether a column of unknown name may be the missing one, because its values are of the right kind."""
    wanted = {word for role in roles.split(" or ") for word in role.replace("_", " ").split()}
    numbers = [c for c in profile.columns if _holds_amounts(c)]
    if wanted & _PLACES:
        return sum(c.kind.kind == "number" for c in profile.columns) >= _COORDINATES
    if wanted & _AMOUNTS and numbers:
        return True
    if wanted & _DAYS and any(c.kind.kind == "date" or _holds_years(c) for c in profile.columns):
        return True
    return bool(wanted & _WORDS) and sum(_holds_names(c) for c in profile.columns) > 1


def _holds_amounts(column: ColumnProfile) -> bool:
    """Return whether a column contains numbers of several sizes, mostly distinct, and no sequence or code."""
    if column.kind.kind != "number" or column.scanned["is_rising"]:
        return False
    sizes = sum(count > 0 for count in column.scanned["digits"])
    is_decimal = column.kind.detail == "number"
    return is_decimal or (sizes > 1 and column.scanned["distinct"] > 0.2 * column.filled)


def _holds_years(column: ColumnProfile) -> bool:
    low, high = column.scanned["low"][0], column.scanned["high"][0]
    return column.kind.detail == "integer" and 1900 <= low <= high <= 2100


def _holds_names(column: ColumnProfile) -> bool:
    """Return whether a column contains different words in most rows: names of firms rather than a few categories."""
    return column.kind.kind == "text" and column.scanned["distinct"] > max(5.0, 0.3 * column.filled)
