"""What metrics see of a distribution as its record declares it."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from functools import lru_cache, partial
from typing import Any

from catalog.model import Distribution
from catalog.repositories.subjects import declared_format
from quality.evidence import claims
from quality.evidence.by_column import Looks
from quality.evidence.dates import last_day
from quality.evidence.prose import is_text
from quality.metrics.answers import present

__all__ = ["looks_of_metrics"]


@lru_cache(maxsize=4)
def looks_of_metrics(as_of: date | None) -> Looks:
    """Return, for each field of a distribution that metrics read, the field's name and a function that keeps of its
    value what they see.

    The result is a list of looks, as :func:`~quality.evidence.by_column.facts_of` takes it. Two distributions for which
    all functions give the same have the same measurements in all metrics, if nothing was observed of either and what
    metrics read of their datasets is the same, too. The last look is whether the declared format is one for written
    documents. ``as_of``: day for which they are measured; None if there is none.
    """
    return (
        ("title", _filled), ("description", _filled), ("access_url", _address), ("download_url", _address),
        ("format", None), ("media_type", None), ("licence", None), ("licence_title", None), ("rights", _filled),
        ("documentation", _filled), ("described_by", _filled), ("conforms_to", _filled), ("issued", _date),
        ("modified", partial(_modified, as_of)), ("byte_size", _size), ("status", _filled),
        ("language", None), ("checksum checksum_algorithm", _checksum), ("media_type format", _is_text),
    )  # fmt: skip


def _filled(value: Any) -> Hashable:
    return value and present(value)


def _address(url: str | None) -> Hashable:
    """Return what metrics see of an address: whether it is there, and its scheme."""
    if not url or url.startswith("https://"):
        return url and True
    scheme, colon, rest = url.strip().lower().partition(":")
    return present(url), scheme, colon, rest[:2]


def _date(text: str | None) -> Hashable:
    return text and (present(text), last_day(text) is None)


def _modified(as_of: date | None, text: str | None) -> Hashable:
    return text and (_date(text), as_of and claims.modified(text, None, as_of))


def _size(text: str | None) -> Hashable:
    return text and (present(text), claims.byte_size(text, None))


def _checksum(checksum: str | None, algorithm: str | None) -> Hashable:
    """Return what the metric of checksums says of a file that nobody has downloaded."""
    return claims.checksum(Distribution(checksum=checksum, checksum_algorithm=algorithm), None) if checksum else None


def _is_text(media_type: str | None, name: str | None) -> bool:
    found = declared_format(media_type, name)
    return found is not None and is_text(found)
