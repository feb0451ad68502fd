"""What the public file shows of profiles of tables and of changes of records: no value of a cell, no private field.

E-mail addresses in texts are removed by :mod:`catalog.repositories.persons`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from catalog.repositories.persons import without_addresses

__all__ = ["without_cells", "without_private_fields"]

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
