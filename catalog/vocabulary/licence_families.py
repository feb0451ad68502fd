"""Recognise licences that come in families, too large for a list of names and addresses: one rule for each family.

Only whole names and addresses are read; the remainder must be the name of a place or a version.
"""

from __future__ import annotations

import re

__all__ = ["family_in_sentence", "family_of_name", "family_of_url", "is_of_other_family"]

_ITALY = re.compile(r"w3id\.org/italia/controlled-vocabulary/licen[cs]es/[abc]\d*_([a-z0-9]+)")
"""The authority table of Italy: A21_CCBY40, A29_IODL20."""
_ITALIAN = {
    "cco10": "CC0-1.0", "cc010": "CC0-1.0", "cc0": "CC0-1.0", "pddl": "PDDL-1.0", "pddl10": "PDDL-1.0",
    "odbl": "ODbL-1.0", "odbl10": "ODbL-1.0", "odcby": "ODC-BY-1.0", "odcby10": "ODC-BY-1.0", "iodl10": "IODL-1.0",
    "iodl20": "IODL-2.0", "publicdomain": "other-pd", "attribution": "other-at", "unknown": "notspecified",
}  # fmt: skip
_ITALIAN_CC = re.compile(r"cc(by(?:nc)?(?:sa|nd)?)(\d)(\d)(?:it)?")
_OPEN_GOVERNMENT = re.compile(
    r"(?:the )?(?P<before>(?:[^\W\d_]+ ){0,4}?)(?:open government licen[cs]e|licence du gouvernement ouvert)"
    r"(?: ogl)?(?P<after>(?: [^\W\d_]+){0,6})(?: \d\.\d)?"
)
_OPEN_GOVERNMENT_URL = re.compile(r"(?:^|/)[^?#]*(?:open-government-licen[cs]e|licence-du-gouvernement-ouvert)[a-z-]*")
_OTHER_OPEN_GOVERNMENT = re.compile(r"\b(?:korea|kogl|taiwan|india|national data|type|non)\b")
"""Governments whose licences of that name have their own texts, and their types that forbid something."""
_NO_PLACE = re.compile(
    r"a|an|the|this|that|these|those|its|it|is|our|your|their|my|his|her|any|each|every|such|same|some|own|other"
    r"|another|here|see|please|new|current|latest|present|standard|general|full|official|public|free|version|terms"
    r"|conditions|term|condition|agreement|text|details|page|website|link|apply|applies|applicable|and|or|of|for"
    r"|to|in|on|with|by|under|as|at|all|data|dataset|datasets|licence|license|licensed|licences|licenses|ogl"
    r"|released|published|available|le|la|les|l|un|une|des|du|de|d|notre|nos|votre|vos|leur|leurs|son|sa|ses|cette"
    r"|ce|ces|sous|selon|et"
)
"""Articles, pronouns, prepositions and words said of any licence: beside a licence's name they are no place."""
_UNDER = re.compile(r"\b(?:under|with|by|subject to) (?:the )?(open government licen[cs]e.*)")
_ETALAB = re.compile(r"(?:[^/]*\.)?(?:etalab\.gouv\.fr|data\.gouv\.fr|github\.com/etalab)/.*")
_INSPIRE = "inspire.ec.europa.eu/metadata-codelist/conditionsapplyingtoaccessanduse/"
_OSM = re.compile(r"openstreetmap\.org/copyright(?:/[a-z-]+)?")


def family_of_url(key: str) -> str | None:
    """Return the id of a licence, such as "OGL", or of a placeholder, such as "notspecified", if an address belongs to
    a family of licences; else None.

    A family, such as the Open Government Licences, has too many addresses to list. So its addresses are recognised by a
    pattern. An id that is read from the address, such as that of a Creative Commons licence, need not exist.
    ``key``: the address as :func:`.folding.url_key` returns it.
    """
    address = key.split("?")[0].split("#")[0].rstrip("/")
    if match := _ITALY.fullmatch(address):
        return _italian(match[1])
    if address.startswith(_INSPIRE):
        code = address[len(_INSPIRE) :]
        return {"noconditionsapply": "no-conditions", "conditionsunknown": "notspecified"}.get(code)
    if _OSM.fullmatch(address):
        return "ODbL-1.0"
    if _ETALAB.fullmatch(address) and re.search(r"licen[cs]e.?ouverte|open.?licen[cs]e", address):
        version = re.search(r"(?:v|version|[/_.-])\.?-?([12])(?:[._-]0)?(?=$|[^\d])", address.partition("/")[2])
        return f"LO-FR-{version[1]}.0" if version else "LO-FR"
    return "OGL" if _OPEN_GOVERNMENT_URL.search(address) and not _OTHER_OPEN_GOVERNMENT.search(address) else None


def _italian(code: str) -> str | None:
    if match := _ITALIAN_CC.fullmatch(code):
        parts = re.findall("by|nc|sa|nd", match[1])
        return f"CC-{'-'.join(parts).upper()}-{match[2]}.{match[3]}"
    return _ITALIAN.get(code)


def family_of_name(key: str) -> str | None:
    """Return "OGL" if a name is that of an Open Government Licence with the name of a place; else None.

    Up to four words before "open government licence", or up to six after it, are taken for the place, if one of them is
    more than an article, a pronoun, a preposition or a word that is said of any licence, as in "our" or "terms and
    conditions". The result is None if one of them is a word of :func:`is_of_other_family`.
    ``key``: the name as :func:`.folding.name_key` returns it.
    """
    match = _OPEN_GOVERNMENT.fullmatch(key)
    if match is None or is_of_other_family(key):
        return None
    # Without a place the licensor is unknown.
    words = [*match["before"].split(), *match["after"].split()]
    return "OGL" if any(_NO_PLACE.fullmatch(word) is None for word in words) else None


def family_in_sentence(key: str) -> str | None:
    """Return "OGL" if a sentence says that the data are under an Open Government Licence of a stated place; else None.

    The sentence must end with the licence and its place: all that follows "under" (or "with", "by", "subject to") is
    read as :func:`family_of_name` does. ``key``: the sentence as :func:`.folding.name_key` returns it.
    """
    match = _UNDER.search(key)
    return family_of_name(match[1]) if match else None


def is_of_other_family(key: str) -> bool:
    """Return whether a text on an open government licence has a word by which that licence is not an "OGL": a place or
    scheme with texts of its own ("Korea", "KOGL", "India"), or a word of variants that forbid something ("non").

    Only these words are looked for, so "data type" gives True: call it for texts that name such a licence.
    ``key``: the text as :func:`.folding.name_key` returns it.
    """
    return _OTHER_OPEN_GOVERNMENT.search(key) is not None
