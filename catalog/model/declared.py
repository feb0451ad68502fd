"""What one distribution declares and RDF can say, as a plain tuple: there can be hundreds of thousands."""

from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

from catalog.model.dcat import Distribution

__all__ = ["DeclaredPart", "declared_part"]


class DeclaredPart(NamedTuple):
    """The fields of a :class:`catalog.model.Distribution` that the catalogue in RDF has a place for, as declared.

    None or () means not declared. Those from ``checksum`` on are rare.
    """

    title: str | None
    description: str | None
    access_url: str | None
    download_url: str | None
    format: str | None
    media_type: str | None
    byte_size: str | None
    issued: str | None
    modified: str | None
    licence: str | None
    licence_title: str | None
    checksum: str | None
    checksum_algorithm: str | None
    rights: str | None
    language: tuple[str, ...] | None
    conforms_to: tuple[str, ...] | None
    documentation: str | None
    status: str | None
    availability: str | None


_FIELDS = attrgetter(*DeclaredPart._fields)


def declared_part(distribution: Distribution) -> DeclaredPart:
    """Return those values of ``distribution`` that a :class:`DeclaredPart` holds."""
    return DeclaredPart._make(_FIELDS(distribution))
