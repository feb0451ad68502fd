"""A record that came as XML text, by the name of its root: ISO 19139 and 19115-3, FGDC CSDGM, or Dublin Core.

National profiles of ISO 19139 put classes of their own in the place of the standard's and say so in ``gco:isoType``, or
by the name: ``CHE_MD_Metadata`` of Switzerland. They are read by the names of the standard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from catalog.model import Dataset
from harvester.spiders.documents import dublin_core, fgdc, iso
from harvester.spiders.documents.xml_reading import attribute, local, parse_xml, value, values

__all__ = ["CSW_ROOTS", "ISO_ROOTS", "is_iso", "is_record", "non_dataset_id", "root_of", "to_dataset"]

ISO_ROOTS = ("MD_Metadata", "MI_Metadata")
CSW_ROOTS = ("Record", "SummaryRecord", "BriefRecord")
_PROFILED = re.compile(r"[A-Z]{2,6}_((CI|DQ|DS|EX|GM|LI|MD|MI|PT|RS|SV)_\w+)")
"""A class of a profile: that of the standard behind a country's or a body's letters."""


def root_of(raw: str) -> etree._Element:
    """The root of a record's text, by the names of the standard. Raises ValueError."""
    root = parse_xml(raw.encode("utf-8", "surrogatepass"), may_be_page=False)
    # A look at the text is cheaper than one at every element.
    if "isoType" in raw or (("_MD_" in raw or "_CI_" in raw) and _PROFILED.search(raw)):
        for one in root.iter():
            if isinstance(one.tag, str) and (name := _standard(one)) != local(one):
                one.tag = name
    return root


def _standard(element: etree._Element) -> str:
    """The name of the class of the standard that an element stands for; else its own."""
    declared = (attribute(element, "isoType") or "").rpartition(":")[2].removesuffix("_Type")
    if re.fullmatch(r"[A-Z]{2}_\w+", declared):
        return declared
    profiled = _PROFILED.fullmatch(local(element))
    return profiled[1] if profiled else local(element)


def is_iso(element: etree._Element) -> bool:
    """Whether an element is the root of an ISO record, be it of a profile."""
    name = local(element)
    return name in ISO_ROOTS or (name.endswith("_Metadata") and _standard(element) in ISO_ROOTS)


def is_record(root: etree._Element) -> bool:
    """Whether a root is that of a metadata record of a kind that is read."""
    return is_iso(root) or local(root) in CSW_ROOTS or fgdc.is_fgdc(root)


def to_dataset(raw: str, default_id: str | None = None, languages: Sequence[str | None] = ()) -> Dataset:
    """The dataset of a record; ``languages`` are those of the portal, its own first.

    Raises LostRecord where it has no identity, ValueError where its kind is not known."""
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return iso.to_dataset(root, default_id, languages)
    if local(root) in CSW_ROOTS:
        return dublin_core.from_csw(root)
    if fgdc.is_fgdc(root):
        return fgdc.to_dataset(root, default_id)
    raise ValueError(f"it is <{local(root)}>, which cannot be read")


def non_dataset_id(raw: str) -> str | None:
    """The identity of a record that describes no data: a service, a map, a feature type."""
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return None if iso.is_dataset(root) else iso.identity(root) or raw
    if local(root) in CSW_ROOTS and not dublin_core.is_dataset(values(root, "type")):
        return value(root, "identifier") or raw
    return None
