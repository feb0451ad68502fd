"""Map an OAI-PMH record to a dataset: the header gives identity and date, the metadata everything else.

The header's identifier is the record's identity, whatever the metadata say. ``about`` may say that the repository has
itself harvested the record ("provenance"); then it is a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from catalog.model import Dataset
from harvester.spiders.base.losses import LostRecord
from harvester.spiders.documents import datacite, ddi, dublin_core, iso
from harvester.spiders.documents.any_xml import CSW_ROOTS, ISO_ROOTS, root_of
from harvester.spiders.documents.xml_reading import attribute, children, find, local, value, values

__all__ = ["identifier_of", "is_deleted", "non_dataset_id", "stamp_of", "to_dataset"]


def identifier_of(record: etree._Element) -> str | None:
    """Return the identifier in the header of the OAI-PMH ``record``; None if it is missing."""
    return value(record, "header/identifier")


def stamp_of(record: etree._Element) -> str | None:
    """Return the date of the last change in the header of the OAI-PMH ``record``, as written; None if it is missing.

    The element is ``datestamp``, or ``dateStamp`` in pycsw.
    """
    return value(record, "header/datestamp") or value(record, "header/dateStamp")


def is_deleted(record: etree._Element) -> bool:
    """Return whether the OAI-PMH ``record`` is only a notice that the record was deleted (``status="deleted"`` in its
    header).
    """
    return (attribute(find(record, "header"), "status") or "").lower() == "deleted"


def _metadata(record: etree._Element) -> etree._Element | None:
    return find(record, "metadata/*")


def non_dataset_id(raw: str) -> str | None:
    """Return the identifier of the record ``raw`` if it is a deletion notice or its metadata say that it is no dataset.

    ``raw``: the record as XML text, which is the result itself if such a record has no identifier. The result is None
    for any other record, also for one without metadata.
    """
    record = root_of(raw)
    said = _metadata(record)
    if is_deleted(record):
        is_other = True
    elif said is None:
        is_other = False
    elif local(said) in ISO_ROOTS:
        is_other = not iso.is_dataset(said)
    elif local(said) in ("oai_datacite", "resource"):
        is_other = not datacite.is_dataset(said)
    elif local(said) in ("codeBook", "DDIInstance"):
        is_other = False
    else:
        is_other = not dublin_core.is_dataset(values(said, "type"))
    return (identifier_of(record) or raw) if is_other else None


def to_dataset(raw: str, languages: Sequence[str | None] = ()) -> Dataset:
    """Map an OAI-PMH record to a :class:`Dataset`.

    The metadata may be in ISO 19139 or 19115-3, DataCite, DDI Codebook, Dublin Core, or a Record of a CSW. ``raw``: the
    record as XML text. ``languages``: the portal's language codes, the preferred one first; they matter for ISO only.
    Raise LostRecord if the header has no identifier, ValueError if there are no metadata or only in another format.
    """
    record = root_of(raw)
    identifier, stamp, said = identifier_of(record), stamp_of(record), _metadata(record)
    if identifier is None:
        raise LostRecord("the header has no identifier", "give every record an identifier", "/header/identifier")
    if said is None:
        raise ValueError("it has no metadata")
    name = local(said)
    if name in ISO_ROOTS:
        found = iso.to_dataset(said, identifier, languages)
    elif name in ("oai_datacite", "resource"):
        found = datacite.to_dataset(said, identifier)
    elif name == "codeBook":
        found = ddi.to_dataset(said, identifier)
    elif name == "dc" or name in CSW_ROOTS:
        found = dublin_core.from_oai(said, identifier, stamp)
    else:
        raise ValueError(f"its metadata is <{name}>, which cannot be read")
    others = dict.fromkeys([*([found.identifier] if found.identifier != identifier else []), *found.other_identifiers])
    return replace(
        found,
        identifier=identifier,
        other_identifiers=tuple(others),
        record_modified=stamp or found.record_modified,
        harvested_from=_origin(record),
    )


def _origin(record: etree._Element) -> str | None:
    """Return the address of the first repository that the record was harvested from."""
    origin = find(record, "about/provenance/originDescription")
    while origin is not None and (inner := next(children(origin, "originDescription"), None)) is not None:
        origin = inner
    return value(origin, "baseURL")
