"""Tell by the words in a record what kind of date, or which role of a party, an object states."""

from __future__ import annotations

import re
from typing import Any

from harvester.facts.values import text

__all__ = ["date_fact", "is_publisher"]

_DATED = {
    "publication": "issued", "published": "issued", "released": "issued", "issued": "issued", "available": "issued",
    "revision": "modified", "revised": "modified", "lastrevision": "modified", "lastupdate": "modified",
    "updated": "modified", "modified": "modified", "veroeffentlicht": "issued", "veröffentlicht": "issued",
    "aktualisiert": "modified", "geaendert": "modified", "geändert": "modified",
}  # fmt: skip
_PUBLISHES = re.compile(
    r"(?i)publisher|ver(oe|ö)ffentlichende[_ ]stelle|herausgeber|editeur|éditeur|publicador|titolare"
)
"""Match party roles that mean publisher, in the words of ISO 19115 and DataCite and in other languages."""
_KINDS = ("type", "date_type", "dateType", "role")
"""Names of the field that says what kind of date or party an object is."""


def date_fact(item: dict[str, Any]) -> str | None:
    """Return the fact that a date means by its stated kind: "issued" or "modified"; None for another or no kind.

    ``item``: an object such as ``{"type": "revision", "value": ...}``.
    """
    kind = next((said for key in _KINDS if (said := text(item.get(key)))), "").lower()
    return _DATED.get(kind.rpartition("#")[2].rpartition("/")[2])


def is_publisher(party: Any) -> bool:
    """Return whether an object in a list of parties states the role of a publisher."""
    roles = [party.get("role"), party.get("roles")] if isinstance(party, dict) else []
    return _PUBLISHES.search(" ".join(str(role) for role in roles if role)) is not None
