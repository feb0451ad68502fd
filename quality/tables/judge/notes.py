"""What is worth a word about a table and no fault: rows of its header, signs for no value; and how it is laid out."""

from __future__ import annotations

from collections import Counter
from typing import Any

from quality.tables.read.header_lines import HeaderLines
from quality.tables.scan.masking import shape
from quality.tables.scan.profile import TableProfile

__all__ = ["header_note", "layout_facts", "missing_signs_note"]

_REPEATED = 3
_SHORT = 5
"""Characters of a sign that is shown even if it stands once."""
HXL = "the row below the header holds HXL hashtags (hxlstandard.org) and was skipped"


def header_note(header: HeaderLines) -> str | None:
    """That the header takes several rows: no fault, and worth a word."""
    count = len(header.lines)
    return f"header in {count} rows: a tidy copy with one would be easier to use" if count > 1 else None


def missing_signs_note(profile: TableProfile) -> str | None:
    """The signs for no value that stand where numbers or days should, each once: they are no faults."""
    counts: Counter[str] = Counter()
    for column in profile.columns:
        for text, count in column.judged.no_values:
            counts[text[:20]] += count
    if not counts:
        return None
    # Signs are the one exception from showing no cell; a longer one that stands once or twice may be a remark.
    shown = [
        (text if count >= _REPEATED or len(text) <= _SHORT else shape(text), count) for text, count in counts.items()
    ]
    listed = ", ".join(f"{text} ({count})" for text, count in Counter(dict(shown)).most_common(8))
    return f"signs taken for no value: {listed}; say in the data dictionary what they mean (CSVW: null)"


def layout_facts(header: HeaderLines) -> dict[str, Any]:
    """How the table is laid out, as it is kept."""
    return {
        "header_rows": len(header.lines),
        "header_lines": list(header.lines),
        "extra_lines": list(header.extra),
        "extra_kind": header.heading.kind or None,
        "confidence": header.heading.confidence,
    }
