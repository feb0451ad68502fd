"""Check whether XML documents are well-formed, and nothing more."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from catalog.model import TableReport
from quality.tables.file_at_hand import FileAtHand
from quality.tables.judge.whole_file import spoiled
from quality.tables.limits import MAX_XML_BYTES, UnreadableError

__all__ = ["judge_xml"]

_XML_LIMITS = {
    *(etree.ErrorTypes.ERR_ENTITY_LOOP, etree.ErrorTypes.ERR_RESOURCE_LIMIT),
    *(etree.ErrorTypes.ERR_NO_MEMORY, etree.ErrorTypes.ERR_INTERNAL_ERROR),
}
"""Recursive entities, documents beyond the parser's limits, and failures of the parser itself."""


def judge_xml(file: FileAtHand, base: TableReport) -> TableReport:
    """Return the report on an XML document, which says only whether the document is well-formed.

    ``base`` is the report with what is already known about the file. A document that was downloaded in part or is too
    large is not checked, and a note says so. Entities are not resolved, and no other file is loaded. Raise
    UnreadableError if the document exceeds a limit of the parser.
    """
    if file.is_cut:
        return replace(base, note="downloaded in part: its syntax was not checked")
    if file.size_bytes > MAX_XML_BYTES:
        return replace(base, note="too large: its syntax was not checked")
    try:
        for _, element in etree.iterparse(file.path, resolve_entities=False, no_network=True, load_dtd=False):
            element.clear()
            # Emptied elements stay in the tree, millions of them in a long document: remove them.
            above = element.getparent()
            while above is not None and element.getprevious() is not None:
                del above[0]
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", None) in _XML_LIMITS:
            raise UnreadableError("its syntax was not checked to the end: it is larger than its size") from error
        # The parser's own message quotes names and values.
        return spoiled(base, "invalid_xml", error.lineno)
    return base
