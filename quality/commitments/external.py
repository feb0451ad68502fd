"""Read figures that no catalogue holds from CSV files: a series of values, or the list of all datasets
that should exist.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from catalog.repositories.commitment_rows import Member
from catalog.vocabulary.folding import name_key
from quality.commitments.measures import Context, MeasureReading, ScopeMeasure, ScopeMember
from specs.errors import SpecError

__all__ = ["of_list", "series_value"]


def _rows(path: Path, *columns: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file that must have the given columns. Raise SpecError with file, place and remedy."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpecError(f"{path}: cannot be read as CSV in UTF-8: {error}; fix the file") from None
    for column in columns:
        if column not in (reader.fieldnames or ()):
            raise SpecError(f"{path}: column {column}: missing; its first line must name {', '.join(columns)}")
    return rows


def series_value(path: Path, day: date) -> tuple[float, date] | None:
    """Return the latest value that a CSV file states on or before ``day``, with the date of that value.

    The file at ``path`` has the columns ``date`` (2026-01-31) and ``value``. The result is None if the file has no date
    up to ``day``. Raise SpecError, which says what to correct, if the file cannot be read, lacks one of these columns,
    or has a line without a date and a finite number.
    """
    found: list[tuple[date, float]] = []
    for line, row in enumerate(_rows(path, "date", "value"), 2):
        try:
            at, value = date.fromisoformat((row["date"] or "").strip()), float(row["value"])
        except ValueError:
            raise SpecError(f"{path}: line {line}: wants a date as 2026-01-31 and a number; correct it") from None
        if not math.isfinite(value):
            raise SpecError(f"{path}: line {line}: {row['value']} is no number to reckon with; correct it")
        if at <= day:
            found.append((at, value))
    if not found:
        return None
    at, value = max(found, key=lambda one: one[0])
    return value, at


def of_list(path: Path) -> ScopeMeasure:
    """Return the measure "which share of the datasets in a given list is published?".

    ``path`` is a CSV file whose column ``id`` lists the datasets that should exist. An entry counts as published if it
    is the id, identifier, title, landing page or distribution URL of a dataset that is in the scope of the commitment
    now. Case, accents and punctuation are ignored. Without entries, the value of the measure is None. Raise SpecError,
    which names the file and the remedy, if the file cannot be read or has no such column.
    """
    listed = sorted({text for row in _rows(path, "id") if (text := (row["id"] or "").strip())})

    def look(member: Member, context: Context) -> frozenset[str]:
        names = [member.id, member.identifier, member.title, member.landing_page, *(part.url for part in member.parts)]
        return frozenset(name_key(name) for name in names if name)

    def add_up(kept: Mapping[str, ScopeMember], context: Context) -> MeasureReading:
        if not listed:
            return MeasureReading(
                value=None, coverage=0.0, note=f"{path.name} lists nothing: the denominator is missing"
            )
        there = {key for one in kept.values() if not one.is_gone for key in (one.seen or ())}
        missing = [text for text in listed if name_key(text) not in there]
        return MeasureReading(
            value=1 - len(missing) / len(listed),
            numerator=len(listed) - len(missing),
            denominator=len(listed),
            coverage=sum(one.is_fresh or one.is_gone for one in kept.values()) / len(kept),
            note=f"not there: {'; '.join(missing[:20])}" if missing else None,
        )

    return ScopeMeasure(look, add_up)
