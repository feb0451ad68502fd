"""Read texts and codes of ISO 19139 and 19115-3 from their various wrappers.

A text is a CharacterString, an Anchor (its address replaces a missing text), or a free text in several languages with
the record's own first. A code stands in ``codeListValue``. The North American profile (HNAP) puts a number there, and
the code in English and French beside it: "publication; publication". ``gco:nilReason`` says why a text is missing; it
is no text itself.
"""

from __future__ import annotations

import re

from lxml import etree

from harvester.facts.values import first
from harvester.spiders.documents.xml_reading import attribute, children, find, find_all, local, value

__all__ = ["code", "codes", "href", "iso_text", "iso_texts", "localised", "own_text"]

_NIL = ("missing", "unknown", "inapplicable", "template", "withheld", "other", "unpopulated")
_FREE = ("PT_FreeText", "PT_FreeURL")
_LOCALISED = ("PT_FreeText/textGroup/LocalisedCharacterString", "PT_FreeURL/URLGroup/LocalisedURL")


def iso_text(element: etree._Element | None, path: str = "") -> str | None:
    """Return the text of ``element`` or, if ``path`` is given, of the first element at ``path`` below it that has one.

    The text in the record's own language is preferred, then a translation, then the address of an anchor. The result is
    None if there is no text.
    """
    if element is None:
        return None
    return first(*(_text(one) for one in (find_all(element, path) if path else [element])))


def own_text(element: etree._Element) -> str | None:
    """Return the text of ``element`` in the record's own language; None if it has only translations or no text.

    A word such as "unknown" is no text if the element has a ``nilReason``, the reason why the text is missing.
    """
    plain = [value(child) for child in children(element) if local(child) not in _FREE]
    found = first(*plain, None if len(element) else value(element))
    return found if found and not (attribute(element, "nilReason") and found.lower() in _NIL) else None


def _text(element: etree._Element) -> str | None:
    if (found := own_text(element)) is not None:
        return found
    # The text in the record's own language may be blank.
    return first(*(value(element, path) for path in _LOCALISED)) or _address(element)


def _address(element: etree._Element) -> str | None:
    """Return the address of an anchor without text; of the element itself if it is empty."""
    anchored = attribute(find(element, "Anchor"), "href")
    return anchored or (None if len(element) else attribute(element, "href"))


def localised(element: etree._Element | None) -> dict[str, str]:
    """Return the translations of the text of ``element``, as a mapping from locale id to text.

    The id is the one in ``locale="#DE"``, without the "#". Which language it stands for is declared elsewhere in the
    record.
    """
    found: dict[str, str] = {}
    for path in _LOCALISED:
        for one in find_all(element, path):
            words, locale = value(one), (attribute(one, "locale") or "").rpartition("#")[2]
            if words and locale:
                found.setdefault(locale, words)
    return found


def iso_texts(element: etree._Element | None, path: str) -> tuple[str, ...]:
    """Return the texts of all elements at ``path`` below ``element``, each once, as :func:`iso_text` reads them."""
    return tuple(dict.fromkeys(found for one in find_all(element, path) if (found := iso_text(one)) is not None))


def href(element: etree._Element | None) -> str | None:
    """Return the ``xlink:href`` address of ``element``, or of an Anchor directly inside it; None if there is none."""
    return first(attribute(element, "href"), attribute(find(element, "Anchor"), "href"))


def code(element: etree._Element | None) -> str | None:
    """Return the code that ``element`` states, such as "publication"; None if it states none.

    It is the value of ``codeListValue`` without the address before it. If that value is missing or only a number, as in
    the North American profile, it is the text of the element up to the first semicolon.
    """
    listed = attribute(element, "codeListValue")
    if listed and not re.fullmatch(r"RI_\d+", listed):
        if "#" not in listed and "/" not in listed:
            return listed
        # The code may be an address: ".../ResourceType/dataset", "...#MD_ScopeCode_dataset".
        named = re.split(r"[/#]", listed.rstrip("/#"))[-1]
        return re.sub(r"^[A-Z]{2}_\w+Code_", "", named)
    words = value(element)
    return (words.partition(";")[0].strip() or None) if words else listed


def codes(element: etree._Element | None, path: str) -> list[str]:
    """Return the codes of all elements at ``path`` below ``element``, in the order of the record."""
    return [found for one in find_all(element, path) if (found := code(one)) is not None]
