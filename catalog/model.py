"""The nouns of the catalogue: frozen records in DCAT's words.

A field holds what the publisher declared, as it stands (``licence="see website"`` stays that): looking it up
in a vocabulary, or judging it, happens elsewhere. ``None`` and ``()`` mean that the publisher said nothing.
Dates stay text for the same reason. What *we* observed has classes of its own: :class:`ResourceCheck` and
:class:`TableReport`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "Answer",
    "Contact",
    "DataService",
    "Dataset",
    "Distribution",
    "HarvestError",
    "Page",
    "Portal",
    "Publisher",
    "Record",
    "ResourceCheck",
    "TableDefect",
    "TableReport",
    "stable_id",
]


def stable_id(*parts: str) -> str:
    """An id of 20 hexadecimal digits that depends on nothing but ``parts``.

    The separator cannot occur in a part, so ("a", "bc") and ("ab", "c") differ.
    """
    joined = "\x1f".join(part.replace("\x1f", " ") for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:20]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """A registered site that publishes a catalogue (dcat:Catalog)."""

    id: str
    type: str
    title: str
    url: str
    government: str | None = None
    """Display name of the government answerable for the portal."""
    country: str | None = None
    """ISO 3166-1 alpha-3 code."""
    contact_email: str | None = None
    """Where scorecards are sent."""
    language: str | None = None
    """Language in which they are sent: code of a file in ``specs/languages``."""
    is_local: bool = False
    """Declared local: may resolve to a loopback or private address."""
    portal_file: dict[str, Any] | None = None
    """What its file says beyond the defaults, without webhooks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """vcard:Kind behind dcat:contactPoint."""

    name: str | None = None
    email: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """foaf:Agent behind dct:publisher."""

    name: str
    identifier: str | None = None
    """The portal's own id of the organisation."""
    email: str | None = None
    url: str | None = None
    parent: str | None = None
    """Name of the organisation it belongs to."""
    ancestors: tuple[str, ...] = ()
    """Names of those that the parent belongs to, the nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """dcat:Distribution: one way to get at a dataset."""

    identifier: str | None = None
    """The portal's own id of the resource."""
    title: str | None = None
    description: str | None = None
    access_url: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    byte_size: str | None = None
    """As declared: bytes where the portal follows the standard, but also "20 KB"."""
    checksum: str | None = None
    checksum_algorithm: str | None = None
    licence: str | None = None
    licence_title: str | None = None
    """Code or name of the licence beside its address, where both are declared."""
    rights: str | None = None
    issued: str | None = None
    modified: str | None = None
    language: tuple[str, ...] = ()
    conforms_to: tuple[str, ...] = ()
    described_by: str | None = None
    """Address of a data dictionary or Table Schema."""
    described_by_type: str | None = None
    documentation: str | None = None
    """foaf:page."""
    status: str | None = None
    """adms:status."""
    availability: str | None = None
    """dcatap:availability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataService:
    """dcat:DataService: an API that serves a dataset."""

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
    """dcat:Dataset."""

    identifier: str
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    publisher: Publisher | None = None
    contact: Contact | None = None
    licence: str | None = None
    licence_title: str | None = None
    """Code or name of the licence beside its address, where both are declared."""
    access_rights: str | None = None
    rights: str | None = None
    issued: str | None = None
    """dct:issued as declared."""
    modified: str | None = None
    """When the *data* last changed, as declared (dct:modified). Never the record's date."""
    record_modified: str | None = None
    """When the portal last touched the catalogue record (dcat:CatalogRecord)."""
    frequency: str | None = None
    """dct:accrualPeriodicity."""
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
    """adms:identifier."""
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
    """dcat:DatasetSeries: a group of datasets, which has its files in its members."""
    harvested_from: str | None = None
    """Where the portal itself got the record, if it says so: then this is a copy."""
    translations: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    """Title, description and keywords in the other languages of the record, by language code in lower case:
    ``{"en": {"title": "Trees", "description": "...", "keywords": ["tree"]}}``. The portal's own language is not in it:
    it has the fields above."""
    contradictions: tuple[str, ...] = ()
    """What the record states elsewhere and contradicts what was chosen: "licence at /extras/3/value: ODbL"."""
    not_carried: tuple[str, ...] = ()
    """Names of facts ("licence", "byte_size") that the interface or a conversion could not carry, or that our reading
    lost: where such a field is empty, that says nothing of the publisher."""
    distributions: tuple[Distribution, ...] = ()
    data_services: tuple[DataService, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a spider yields: one dataset, beside the payload it was read from."""

    dataset: Dataset
    raw: Any
    """The record as received, parsed from JSON (or text where the wire format is not JSON)."""
    url: str
    """Address of the page the record came with."""
    pointer: str
    """JSON pointer of the record in that page."""
    raw_hash: str
    """See :func:`catalog.canonical.record_hash`."""
    exchange: str | None = None
    """WARC-Record-ID of the answer it came with, where exchanges are archived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestError:
    """Something that was lost or odd, as inert data: what, where, and the next step."""

    kind: str
    """A short code: "record", "duplicate", "identifier", "page", "dns", "tls", "timeout", "blocked", ..."""
    message: str
    remedy: str
    url: str | None = None
    record_id: str | None = None
    title: str | None = None
    pointer: str | None = None
    value: str | None = None
    """The offending value, cut at 500 characters."""
    is_lost: bool = True
    """True where a record was lost with it; False where it was kept and is only odd."""
    is_fatal: bool = False
    """True where the rest of the portal could not be read because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is remembered of a page or feed, so that it need not be sent again while nothing changes."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None
    identifiers: tuple[str, ...] = ()
    """The portal's identifiers of the datasets in it."""
    state: dict[str, Any] = field(default_factory=dict)
    """What the spider needs to go on from it. JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one answer of a portal brought. Written as one transaction."""

    records: tuple[Record, ...] = ()
    errors: tuple[HarvestError, ...] = ()
    unchanged: tuple[str, ...] = ()
    """Identifiers of datasets that an answer vouches for without sending them again."""
    answer: Answer | None = None
    checkpoint: dict[str, Any] | None = None
    """Where reading stands after this page. JSON; None leaves the stored one as it is."""


Outcome = Literal["ok", "failing", "broken", "unknown", "invalid"]
ChangeSign = Literal["harvest_date", "last_modified", "length", "checksum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCheck:
    """What one address answered.

    ``outcome`` is the verdict on the address: "ok" (2xx), "failing" (the server says it is not there, or its name
    does not exist), "broken" (failing for so many checks and days that it can be said), "invalid" (no request can be
    made of it: no scheme, spaces, a template), "unknown" (bot wall, time-out, robots, server error, a fault of ours).
    Unknown and failing are no observation yet, and never a failure.
    """

    url: str
    outcome: Outcome
    fault: str | None = None
    """Why it is not ok: a kind of ``harvester.checks.faults``, such as "gone", "dns", "tls", "timeout", "blocked"."""
    detail: str | None = None
    method: str | None = None
    status: int | None = None
    final_url: str | None = None
    redirects: int = 0
    redirect_chain: tuple[str, ...] = ()
    """Addresses that led on to the next one, in their order; the last one is ``final_url``."""
    content_type: str | None = None
    charset: str | None = None
    """Of the Content-Type, in lower case."""
    content_language: str | None = None
    script: str | None = None
    """Writing system of nearly all letters at the beginning of the file, where it is other than Latin: "Cyrillic"."""
    size_bytes: int | None = None
    """Content-Length or Content-Range as served; None where the server did not say."""
    last_modified: str | None = None
    etag: str | None = None
    cors: str | None = None
    """Access-Control-Allow-Origin, as answered to a request that named an origin. None where the header was not sent,
    or no request with an origin was answered."""
    first_byte_ms: int | None = None
    """Milliseconds from the request to the first byte of its answer."""
    elapsed_ms: int | None = None
    checked_at: str = ""
    """UTC instant, ISO 8601."""
    file_path: str | None = None
    """Where the download lies, relative to the data folder; None where nothing was downloaded."""
    sha256: str | None = None
    downloaded_bytes: int | None = None
    is_truncated: bool = False
    """True where the download stopped at a cap: what is there is the beginning of the file."""
    sha256_undated: str | None = None
    """SHA-256 of the bytes downloaded without the dates and times near the moment of the download."""
    checksums: dict[str, str] = field(default_factory=dict)
    """Digests of the whole file by the algorithms that publishers declare for it: {"md5": "..."}."""
    declared_modified: str | None = None
    """The publisher's date of change of the file, as it was declared when the address was asked."""
    changed_at: str | None = None
    """When the data last changed, as far as can be told: UTC instant; a day where the publisher's date decided."""
    change_decided_by: ChangeSign | None = None
    """What told: the publisher's date, the server's, the length or the checksum. A change by length or checksum took
    place between ``unchanged_until`` and ``changed_at``, which is the check that saw it."""
    unchanged_until: str | None = None
    """The check before the one that saw a change by length or checksum."""
    is_changed: bool = False
    """True where the data had changed since the check before."""
    is_volatile: bool = False
    """True where the bytes differ from check to check in nothing but a date or time of making: no change of data."""
    stable_checks: int = 0
    """Checks in a row with the same answer, beside the first of them."""
    next_check_at: str | None = None
    """UTC instant from which on the address is asked again."""
    failed_checks: int = 0
    """Checks in a row that failed, this one included. Unknown ones are passed over."""
    failing_since: str | None = None
    """UTC instant of the first of them."""
    tls_fault: str | None = None
    """Why the server's certificate cannot be verified; None where it can, or there is none."""
    tls_version: str | None = None
    """Such as "TLSv1.3"; None where the address is not asked over TLS."""
    certificate_expires_on: str | None = None
    """Last day of the server's certificate, ISO 8601."""
    exchange: str | None = None
    """WARC-Record-ID of the answer, where exchanges are archived."""

    @property
    def is_known(self) -> bool:
        """Whether the check says anything of the address."""
        return self.outcome in ("ok", "broken", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefect:
    """One kind of defect in one file: counts and positions, never cell values."""

    rule: str
    """Rule id such as "ragged_row", "type_error", "duplicate_column", "html_instead_of_file"."""
    count: int
    message: str
    field: str | None = None
    first_row: int | None = None
    """1-based line of the file, the header being line 1 where nothing stands before it."""
    source: Literal["sniff", "scan", "frictionless", "great_expectations", "drift"] = "scan"
    """What found it: the first bytes, the pass over the whole file, a declared schema, an expectation, or the
    comparison with the version before."""
    severity: Literal["error", "warning", "info"] = "error"
    rows: tuple[int, ...] = ()
    """Lines of the first ten, where lines are concerned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """What was found in one downloaded file.

    ``status``: "valid", "invalid" (defects), "not_a_table" (recognised, and no table: nothing to judge),
    "wrong_content" (an error page or the like where a file was promised), "unknown" (our own fault: the checker
    crashed, ran out of time, or the file is in a form we cannot read).
    """

    status: Literal["valid", "invalid", "not_a_table", "wrong_content", "unknown"]
    format: str | None = None
    """Format id of ``specs/vocabularies/formats.csv``, recognised from the bytes."""
    media_type: str | None = None
    encoding: str | None = None
    encoding_confidence: float | None = None
    """1.0 for a byte-order mark or strict UTF-8, lower where it was guessed."""
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    row_count: int | None = None
    """Rows checked, without the header."""
    column_count: int | None = None
    columns: tuple[str, ...] = ()
    is_sample: bool = False
    """True where only the first rows were checked."""
    defects: tuple[TableDefect, ...] = ()
    expectations_passed: int | None = None
    expectations_total: int | None = None
    note: str | None = None
    elapsed_ms: int | None = None
    report: dict[str, Any] = field(default_factory=dict)
    """A report in frictionless' form, without cell values: its own where a schema is declared."""
    profile: dict[str, Any] = field(default_factory=dict)
    """The whole table and each column: counts, extremes, distinct values; see ``quality.tables.profile``."""
    kind: str | None = None
    """Kind of table recognised by its header, an id of ``specs/expectations``."""
