"""Read a record given as XML text, by the name of its root: ISO 19139 and 19115-3, FGDC CSDGM, or Dublin Core.

National profiles of ISO 19139 replace classes of the standard by their own. They state the original class in
``gco:isoType`` or within the name, as Switzerland's ``CHE_MD_Metadata``. Such classes are read under the standard's
names.
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
"""Match a profile's class: the class of the standard after the letters of a country or organisation."""


def root_of(raw: str) -> etree._Element:
    """Return the root element of the XML text ``raw``.

    Elements of national profiles ("CHE_MD_Metadata") get the names of the standard ("MD_Metadata"). Raise ValueError if
    the text is not XML.
    """
    root = parse_xml(raw.encode("utf-8", "surrogatepass"), may_be_page=False)
    # Searching the text first is cheaper than checking every element.
    if "isoType" in raw or (("_MD_" in raw or "_CI_" in raw) and _PROFILED.search(raw)):
        for one in root.iter():
            if isinstance(one.tag, str) and (name := _standard(one)) != local(one):
                one.tag = name
    return root


def _standard(element: etree._Element) -> str:
    """Return the standard's class for an element of a profile; else the element's own name."""
    declared = (attribute(element, "isoType") or "").rpartition(":")[2].removesuffix("_Type")
    if re.fullmatch(r"[A-Z]{2}_\w+", declared):
        return declared
    profiled = _PROFILED.fullmatch(local(element))
    return profiled[1] if profiled else local(element)


def is_iso(element: etree._Element) -> bool:
    """Return whether ``element`` is the root of an ISO 19139 or 19115-3 record, also of a national profile."""
    name = local(element)
    return name in ISO_ROOTS or (name.endswith("_Metadata") and _standard(element) in ISO_ROOTS)


def is_record(root: etree._Element) -> bool:
    """Return whether ``root`` is, by its name, the root of a metadata record that :func:`to_dataset` reads.

    These are ISO 19139 and 19115-3 (also of a national profile), FGDC, ArcGIS metadata, and the Record, SummaryRecord
    and BriefRecord of a CSW. The namespace is not looked at.
    """
    return is_iso(root) or local(root) in CSW_ROOTS or fgdc.is_fgdc(root)


def to_dataset(raw: str, default_id: str | None = None, languages: Sequence[str | None] = ()) -> Dataset:
    """Return the dataset that the XML text ``raw`` describes, a record of one of the kinds that :func:`is_record`
    names.

    ``default_id`` identifies an ISO, FGDC or ArcGIS record without an identifier of its own. ``languages`` are language
    codes, the portal's first; of an ISO record, texts in the first one that occurs become title and description. Raise
    LostRecord without an identifier, ValueError for other kinds of XML.
    """
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return iso.to_dataset(root, default_id, languages)
    if local(root) in CSW_ROOTS:
        return dublin_core.from_csw(root)
    if fgdc.is_fgdc(root):
        return fgdc.to_dataset(root, default_id)
    raise ValueError(f"it is <{local(root)}>, which cannot be read")


def non_dataset_id(raw: str) -> str | None:
    """Return the identifier of the record ``raw`` if it describes something else than a dataset.

    ``raw`` is XML text that describes, for example, a service or a map. If such a record has no identifier, the text
    itself is returned. The result is None if the record may describe a dataset.
    """
    root = root_of(raw)
    if local(root) in ISO_ROOTS:
        return None if iso.is_dataset(root) else iso.identity(root) or raw
    if local(root) in CSW_ROOTS and not dublin_core.is_dataset(values(root, "type")):
        return value(root, "identifier") or raw
    return None
