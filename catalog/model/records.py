"""What queries ask of records as received, noted when a record is stored: the record itself is compressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["FEDERAL", "record_facts"]

FEDERAL = ("bureauCode", "programCode")
"""Fields of DCAT-US 1.1 that only United States federal agencies fill."""
_REDACTED = "[[redacted"


def record_facts(raw: Any, text: str) -> dict[str, Any]:
    """Return the values of the columns ``name``, ``is_federal`` and ``is_redacted`` of the table ``records`` for a raw
    record.

    They are the text in its field "name" (None without one), whether it has a bureauCode or programCode as the records
    of United States federal agencies do, and whether it contains a mark of Project Open Data for redacted text. The
    last two are 0 or 1. ``raw``: the record as parsed, None if it cannot be parsed; ``text``: the same as JSON text.

    >>> record_facts({"name": "trees", "bureauCode": ["015:11"]}, '{"name":"trees","bureauCode":["015:11"]}')
    {'name': 'trees', 'is_federal': 1, 'is_redacted': 0}
    """
    fields = raw if isinstance(raw, Mapping) else {}
    name = fields.get("name")
    return {
        "name": name if isinstance(name, str) else None,
        "is_federal": int(any(fields.get(one) for one in FEDERAL)),
        # Few texts have two brackets, and only those are folded.
        "is_redacted": int("[[" in text and _REDACTED in text.lower()),
    }
