"""A record that came as XML text, by the name of its root: ISO 19139 and 19115-3, or Dublin Core of a catalogue."""

from __future__ import annotations

from lxml import etree

from catalog.model import Dataset
from harvester.spiders import dublin_core_record, iso_record
from harvester.spiders.xml_reading import local, parse_xml, value, values

__all__ = ["CSW_ROOTS", "ISO_ROOTS", "other_id", "root_of", "to_dataset"]

ISO_ROOTS = ("MD_Metadata", "MI_Metadata")
CSW_ROOTS = ("Record", "SummaryRecord", "BriefRecord")


def root_of(raw: str) -> etree._Element:
    """The root of a record's text. Raises ValueError."""
    return parse_xml(raw.encode("utf-8", "surrogatepass"), may_be_page=False)


def to_dataset(raw: str, default_id: str | None = None) -> Dataset:
    """The dataset of a record. Raises LostRecord where it has no identity, ValueError where its kind is not known."""
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return iso_record.to_dataset(root, default_id)
    if local(root) in CSW_ROOTS:
        return dublin_core_record.from_csw(root)
    raise ValueError(f"it is <{local(root)}>, which cannot be read")


def other_id(raw: str) -> str | None:
    """The identity of a record that describes no data: a service, a map, a feature type."""
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return None if iso_record.is_dataset(root) else iso_record.identity(root) or raw
    if local(root) in CSW_ROOTS and not dublin_core_record.is_dataset(values(root, "type")):
        return value(root, "identifier") or raw
    return None
