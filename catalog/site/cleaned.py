"""What the public file shows of texts that strangers wrote: no e-mail address, no value of a cell, no private field."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = [
    "ADDRESS",
    "has_addresses",
    "without_addresses",
    "without_addresses_in_json",
    "without_cells",
    "without_private_fields",
]

ADDRESS = "[e-mail address]"
"""What stands in place of an e-mail address."""
_FROM_SIGN = re.compile(r"(?:@|%(?:25)?40| ?[(\[](?:at|AT)[)\]] ?)[\w-]+(?:\.[\w-]+)+")

_WORDS = """accessrights accessurl accrualperiodicity byte_size bytesize checksum conformsto created description
    documentation downloadurl extent format frequency hash identifier issued keyword keywords landingpage language
    last_modified license license_id license_title license_url licence mediatype metadata_created metadata_modified
    mimetype mimetype_inner modified notes num_resources num_tags package_id position private rights size spatial state
    tags temporal temporal_coverage theme themes title type update_frequency url url_type version"""
_SHOWN_FIELDS = frozenset(_WORDS.split())
"""Last parts of the paths of fields, in lower case, whose old and new values are public: those that describe data."""
_LISTS = frozenset({"resources", "distribution", "distributions", "tags", "groups", "keywords", "theme", "themes"})
"""Lists of a record whose members are no persons, so that the whole path is public."""
_NAME = re.compile(r"[\w:@$-]{1,60}")

_OF_PROFILE = ("row_count", "is_sample")
_OF_COLUMN = ("name", "kind", "filled", "nulls", "blanks", "distinct", "is_distinct_exact", "is_key")
_ENOUGH = 10
"""Different values of a column from which its range is shown."""
_MASKED = 3000
"""Numbers below it are stored unrounded (they may be years): as an end of a range they would be the text of a cell."""


def has_addresses(*values: object) -> bool:
    """Return whether one of the values is a text that may have an e-mail address in it.

    It is quick, and wrong about some texts that have none: :func:`without_addresses` leaves those as they are.
    """
    # One test after the other in plain sight: it is asked for each row of the public file.
    for value in values:
        if isinstance(value, str) and (
            "@" in value
            or ("%" in value and ("%40" in value or "%2540" in value))
            or ("at)" in value or "at]" in value or "AT)" in value or "AT]" in value)
        ):
            return True
    return False


def without_addresses(text: str | None) -> str | None:
    """Return a text with ``ADDRESS`` in place of each e-mail address; None for None.

    >>> without_addresses("Write to jane.doe@example.org, or see https://example.org/@news")
    'Write to [e-mail address], or see https://example.org/@news'
    """
    if not isinstance(text, str) or not has_addresses(text):
        return text
    kept, end = [], 0
    for found in _FROM_SIGN.finditer(text):
        # Backwards from the sign: a pattern that begins with the name takes hours on a long text without spaces.
        start = found.start()
        while start > end and (text[start - 1].isalnum() or text[start - 1] in "_.+%-"):
            start -= 1
        if start < found.start() and text[found.start() - 1] not in ".+%-":
            kept += [text[end:start], ADDRESS]
            end = found.end()
    return "".join([*kept, text[end:]])


def without_addresses_in_json(text: str | None) -> str | None:
    """Return a JSON text with ``ADDRESS`` in place of each e-mail address in its texts and keys; None for None.

    It stays JSON: in the text itself an address may stand right behind an escape such as ``\\n``. What is no JSON is
    treated as a plain text.
    """
    if not isinstance(text, str) or not has_addresses(text):
        return text
    try:
        return json.dumps(_cleaned(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return without_addresses(text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {without_addresses(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else without_addresses(value)


def without_private_fields(text: str | None) -> str | None:
    """Return the JSON list of a record's changed fields with old and new values only where they describe data.

    ``text``: the list as :func:`catalog.model.canonical.differences` returns it, as JSON. Any other field keeps the
    first part of its path, and its values are null. What is no such list is not public at all: the result is "[]".
    """
    return json.dumps([_field(one) for one in _list(text)], ensure_ascii=False) if text else text


def _field(one: dict[str, Any]) -> dict[str, Any]:
    path = str(one.get("field") or "").removesuffix(": order")
    if re.fullmatch(r"\d+ more fields", path):
        return {"field": path, "old": None, "new": None}
    first, _, last = re.sub(r"\[.*?\]", "", path).partition(".")
    name = last.rpartition(".")[2] or first
    is_list = first.lower() in _LISTS or not last and "[" not in path
    if is_list and name.lower() in _SHOWN_FIELDS:
        values = {side: without_addresses(one.get(side)) for side in ("old", "new")}
        return {"field": without_addresses(str(one["field"])), **values}
    shown = _NAME.match(first)
    return {"field": shown[0] if shown and "@" not in shown[0] else "record", "old": None, "new": None}


def without_cells(text: str | None) -> str | None:
    """Return the profile of a table, as JSON, without what repeats a cell or lets one be guessed.

    ``text``: profile as :class:`quality.tables.scan.profile.TableProfile` gives it. Kept are the numbers of rows, and
    of each column name, kind and counts; its range, in rounded numbers and months, only where it has ten different
    values at least, and no end of the range that is stored unrounded.
    """
    if not text:
        return text
    try:
        profile = json.loads(text)
        columns = [_column(one) for one in profile["columns"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return json.dumps({name: profile.get(name) for name in _OF_PROFILE} | {"columns": columns}, ensure_ascii=False)


def _column(one: dict[str, Any]) -> dict[str, Any]:
    kept = {name: one.get(name) for name in _OF_COLUMN}
    kept["name"] = without_addresses(kept["name"])
    has_range = isinstance(one.get("distinct"), int) and one["distinct"] >= _ENOUGH
    for end in ("minimum", "maximum"):
        value = one.get(end)
        is_exact = isinstance(value, int | float) and abs(value) < _MASKED
        kept[end] = value if has_range and not is_exact else None
    return kept


def _list(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
