"""How a web-accessible folder or a single metadata record is recognised from outside."""

from __future__ import annotations

import re

from harvester.spiders.base.detection import BEGINNING, HINT, LIKELY, Detection, Probe, ProbeResponse, TypeProbes
from harvester.spiders.documents import any_xml
from harvester.spiders.documents.xml_reading import local, parse_xml

__all__ = ["PROBES", "metadata_document", "waf"]


def waf(seen: ProbeResponse) -> Detection | None:
    """Return a "waf" detection if the response ``seen`` is a directory listing with links to XML files, else None.

    A listing is recognised by words such as "Index of /" in an HTML page with at least one such link. An HTML page
    without these words and with at least two such links gets a low confidence. The number of datasets is that of the
    links.
    """
    if "html" not in seen.content_type.lower() and not seen.body.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return None
    linked = re.findall(rb"""(?i)\bhref\s{0,5}=\s{0,5}["']?([^"'<>\s]+)""", seen.body)
    links = [one for one in linked if one.lower().endswith(b".xml")]
    start = seen.body[:BEGINNING]
    is_listing = re.search(rb"(?i)index of /|directory listing|\[to parent directory\]|<title>[^<]* - /", start)
    if len(links) >= 1 and is_listing:
        return Detection("waf", LIKELY, len(links), f"a directory listing with {len(links)} XML files")
    return (
        Detection("waf", HINT, len(links), f"a page with {len(links)} links to XML files") if len(links) >= 2 else None
    )


def metadata_document(seen: ProbeResponse) -> Detection | None:
    """Return a "waf" detection of one dataset if the response ``seen`` is a single metadata record, else None.

    The record may be in ISO 19139 (or a profile of it), ISO 19115-3, FGDC CSDGM or ArcGIS's own format.
    """
    try:
        root = parse_xml(seen.body)
    except ValueError:
        return None
    if local(root) in any_xml.CSW_ROOTS or not any_xml.is_record(root):
        return None
    return Detection("waf", LIKELY, 1, f"one metadata record, {local(root)}")


PROBES = TypeProbes(
    probes=(
        Probe(1240, "/waf/", waf, "/waf/"),
        Probe(1250, "/metadata/", waf, "/metadata/"),
    ),
    recognisers=(
        (250, waf),
        (170, metadata_document),
    ),
)
