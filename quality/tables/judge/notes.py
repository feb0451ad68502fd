"""Write notes about a table that are not faults: rows of its header, signs for missing values, and its layout."""

from __future__ import annotations

from collections import Counter
from typing import Any

from quality.tables.read.header_lines import HeaderLines
from quality.tables.scan.masking import shape
from quality.tables.scan.profile import TableProfile

__all__ = ["header_note", "layout_facts", "missing_signs_note"]

_REPEATED = 3
_SHORT = 5
"""Longest sign, in characters, that is shown although it occurs only once."""
HXL = "the row below the header holds HXL hashtags (hxlstandard.org) and was skipped"


def header_note(header: HeaderLines) -> str | None:
    """Return a note if the header has several rows, which is not a fault; else None."""
    count = len(header.lines)
    return f"header in {count} rows: a tidy copy with one would be easier to use" if count > 1 else None


def missing_signs_note(profile: TableProfile) -> str | None:
    """Return a note that lists the signs in a table that stand in place of numbers and dates; None without any.

    Such signs are not a fault. The eight most frequent are listed. Signs that are known in advance
    (:data:`~quality.tables.scan.column_kinds.MISSING`), such as "n/a", are left out. A long sign that occurs only once
    or twice is masked.
    """
    counts: Counter[str] = Counter()
    for column in profile.columns:
        for text, count in column.judged.no_values:
            counts[text[:20]] += count
    if not counts:
        return None
    # Signs are the only cells that are ever shown; a longer one that occurs once or twice may be a remark.
    shown = [
        (text if count >= _REPEATED or len(text) <= _SHORT else shape(text), count) for text, count in counts.items()
    ]
    listed = ", ".join(f"{text} ({count})" for text, count in Counter(dict(shown)).most_common(8))
    return f"signs taken for no value: {listed}; say in the data dictionary what they mean (CSVW: null)"


def layout_facts(header: HeaderLines) -> dict[str, Any]:
    """Return where the header of a table is, as plain JSON values in the form that is stored in the profile."""
    return {
        "header_rows": len(header.lines),
        "header_lines": list(header.lines),
        "extra_lines": list(header.extra),
        "extra_kind": header.heading.kind or None,
        "confidence": header.heading.confidence,
    }
