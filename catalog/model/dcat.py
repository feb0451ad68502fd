"""DCAT's classes: a portal's catalogue, its datasets and how to get them, as the publisher declares them.

A field holds what the publisher declared, verbatim (``licence="see website"`` stays that). ``None`` and ``()`` mean
that the publisher declared nothing. Dates stay text for the same reason.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Contact",
    "DataService",
    "Dataset",
    "Distribution",
    "Portal",
    "Publisher",
    "joined",
    "stable_id",
]


def stable_id(*parts: str) -> str:
    """Return an id of 20 hexadecimal digits that depends only on the texts in ``parts`` and their order.

    The texts are hashed with a separator between them, so ("a", "bc") and ("ab", "c") give different ids.
    """
    return hashlib.sha256(joined(*parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def joined(*parts: str) -> str:
    """Return the text of which :func:`stable_id` makes the hash: ``parts`` with U+001F between them.

    In the parts themselves that character becomes a blank.
    """
    return "\x1f".join([part.replace("\x1f", " ") for part in parts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A registered site that publishes a catalogue of datasets (dcat:Catalog).

    ``id``: name of its portal file; ``type``: its software or interface, such as "ckan"; ``url``: base address.
    """

    id: str
    type: str
    title: str
    url: str
    government: str | None = None
    """Display name of the government responsible for the portal."""
    country: str | None = None
    """ISO 3166-1 alpha-3 code."""
    contact_email: str | None = None
    """E-mail address that scorecards are sent to."""
    language: str | None = None
    """Language of the scorecards: code of a file in ``specs/languages``."""
    is_local: bool = False
    """Whether the portal file declares that the address may resolve to a loopback or private network address."""
    portal_file: dict[str, Any] | None = None
    """Settings of the portal file that differ from the defaults, without webhooks; None if not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom to ask about a dataset (dcat:contactPoint): name, e-mail address and web page, each None if not declared."""

    name: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The organisation or person responsible for a dataset (dct:publisher)."""

    name: str
    identifier: str | None = None
    """The portal's own id of the organisation."""
    email: str | None = None
    url: str | None = None
    parent: str | None = None
    """Name of the organisation it belongs to."""
    ancestors: tuple[str, ...] = ()
    """Names of the organisations above the parent, the nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One way to get the data of a dataset, usually a file (dcat:Distribution)."""

    identifier: str | None = None
    """The portal's own id of the resource."""
    title: str | None = None
    description: str | None = None
    access_url: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    byte_size: str | None = None
    """As declared: bytes if the portal follows the standard, but also "20 KB"."""
    checksum: str | None = None
    checksum_algorithm: str | None = None
    licence: str | None = None
    licence_title: str | None = None
    """Code or name of the licence, if declared beside its address."""
    rights: str | None = None
    issued: str | None = None
    modified: str | None = None
    language: tuple[str, ...] = ()
    conforms_to: tuple[str, ...] = ()
    described_by: str | None = None
    """Address of a data dictionary or Table Schema."""
    described_by_type: str | None = None
    documentation: str | None = None
    """Address of its documentation as declared (foaf:page)."""
    status: str | None = None
    """Its maturity as declared (adms:status), such as completed or withdrawn."""
    availability: str | None = None
    """How long it is meant to be available, as declared (dcatap:availability)."""

    @property
    def url(self) -> str | None:
        """Return the download URL, else the access URL; None if both are empty.

        The view ``current_distributions`` has the same rule for stored distributions.
        """
        return self.download_url or self.access_url or None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataService:
    """An API that serves a dataset (dcat:DataService)."""

    identifier: str | None = None
    title: str | None = None
    description: str | None = None
    endpoint_url: str | None = None
    endpoint_description: str | None = None
    licence: str | None = None
    access_rights: str | None = None
    documentation: str | None = None
    conforms_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A collection of data that a publisher describes as one thing (dcat:Dataset), as its record at the portal declares
    it.

    ``identifier``: the portal's own identifier. Other fields hold what is declared, verbatim; None or () means not
    declared.
    """

    identifier: str
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    publisher: Publisher | None = None
    contact: Contact | None = None
    licence: str | None = None
    licence_title: str | None = None
    """Code or name of the licence, if declared beside its address."""
    access_rights: str | None = None
    rights: str | None = None
    issued: str | None = None
    """dct:issued as declared."""
    modified: str | None = None
    """When the *data* last changed, as declared (dct:modified). Never the record's date."""
    record_modified: str | None = None
    """When the portal last touched the catalogue record (dcat:CatalogRecord)."""
    frequency: str | None = None
    """Update frequency as declared (dct:accrualPeriodicity)."""
    spatial: tuple[str, ...] = ()
    temporal_start: str | None = None
    temporal_end: str | None = None
    language: tuple[str, ...] = ()
    landing_page: str | None = None
    conforms_to: tuple[str, ...] = ()
    applicable_legislation: tuple[str, ...] = ()
    hvd_categories: tuple[str, ...] = ()
    provenance: str | None = None
    relations: tuple[str, ...] = ()
    other_identifiers: tuple[str, ...] = ()
    """Further identifiers as declared (adms:identifier), such as a DOI."""
    documentation: tuple[str, ...] = ()
    described_by: str | None = None
    described_by_type: str | None = None
    """Media type of the data dictionary."""
    bureau_codes: tuple[str, ...] = ()
    """Bureaus of the United States, by the codes of OMB Circular A-11: "015:11"."""
    program_codes: tuple[str, ...] = ()
    """Programs of the Federal Program Inventory: "015:001"."""
    is_part_of: str | None = None
    """Identifier of the parent dataset or series, as the record names it."""
    is_series: bool = False
    """dcat:DatasetSeries: a group of datasets; the files belong to its members."""
    harvested_from: str | None = None
    """Where the portal itself got the record, if it says so; the record is then a copy."""
    translations: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    """Title, description and keywords in the other languages of the record, by language code in lower case: ``{"en":
    {"title": "Trees", "description": "...", "keywords": ["tree"]}}``. The portal's own language is not included,
    because the fields above hold it."""
    contradictions: tuple[str, ...] = ()
    """Values elsewhere in the record that contradict the value taken for a field: "licence at /extras/3/value:
    ODbL"."""
    not_carried: tuple[str, ...] = ()
    """Names of fields ("licence", "byte_size") that the API or a conversion cannot transport, or that we failed to
    read. If such a field is empty, that says nothing about the publisher."""
    distributions: tuple[Distribution, ...] = ()
    data_services: tuple[DataService, ...] = ()
