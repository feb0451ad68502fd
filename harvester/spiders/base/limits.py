"""Cut off what is too long in one record: no reader uses it, and every later step would pay for it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from catalog.model import DataService, Dataset, Distribution

__all__ = ["BIG_RECORD", "capped"]

BIG_RECORD = 100_000
"""Size in bytes; a smaller record cannot exceed any of the limits."""
MAX_TEXT = 100_000
"""Maximum length of a text in characters."""
MAX_ITEMS = 50_000
"""Maximum number of keywords, themes or languages; real records have had 34,866 keywords."""
MAX_PARTS = 20_000
"""Maximum number of distributions or services; real records have had 10,749."""


def capped(dataset: Dataset) -> tuple[Dataset, list[str]]:
    """Return ``dataset`` with overlong texts and lists cut to the limits, and a list of sentences that say what was
    cut.

    The limits are MAX_TEXT, MAX_ITEMS and MAX_PARTS. They apply to the texts and lists of the dataset, to the texts in
    these lists, and to the texts of its distributions and services. The identifier is never cut. If nothing exceeds a
    limit, the same object and an empty list are returned.
    """
    changes: dict[str, Any] = {}
    what = []
    for field in fields(dataset):
        value = getattr(dataset, field.name)
        if isinstance(value, str) and len(value) > MAX_TEXT and field.name != "identifier":
            what.append(f"{field.name} has {len(value):,} characters, {MAX_TEXT:,} are used")
            changes[field.name] = value[:MAX_TEXT]
        elif isinstance(value, tuple):
            most = MAX_PARTS if field.name in ("distributions", "data_services") else MAX_ITEMS
            if len(value) > most:
                what.append(f"{field.name} has {len(value):,} entries, {most:,} are used")
                value = value[:most]
                changes[field.name] = value
            short = tuple(_short(one) for one in value)
            if short != value:
                what.append(f"{field.name} has a text of over {MAX_TEXT:,} characters, which is cut")
                changes[field.name] = short
    return replace(dataset, **changes) if changes else dataset, what


def _short(value: Any) -> Any:
    """Return a text within the limit; distributions and services are returned with their texts cut."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if not isinstance(value, Distribution | DataService):
        return value
    texts = {f.name: text for f in fields(value) if isinstance(text := getattr(value, f.name), str)}
    long = {name: text[:MAX_TEXT] for name, text in texts.items() if len(text) > MAX_TEXT}
    return replace(value, **long) if long else value  # type: ignore[arg-type]
