"""Sort the constraints of an ISO record by their content: licence, access rights, other rights.

ISO 19115 has four places for constraints, and profiles use each for everything. A licence stands in
``otherConstraints`` under ``useConstraints`` (INSPIRE since 2017), under ``accessConstraints`` (before), in
``useLimitation`` (GeoNetwork's editor), or in a citation (19115-3). So each text is judged by its content: a text that
is recognised as a licence is one, wherever it stands. Free access is no licence for use, and a real limit on access
stays one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from lxml import etree

from catalog.vocabulary import licence as known_licence
from harvester.facts.values import first, json_text, text
from harvester.spiders.documents.iso_text import code, codes, href, iso_text
from harvester.spiders.documents.xml_reading import find, find_all, local

__all__ = ["Constraints", "StatedConstraint", "by_content", "constraints", "is_licence", "is_of_access"]

_LICENCE_CODES = ("license", "licence", "licenceunrestricted", "licenceenduser", "licencedistributor")
_RESTRICTIONS = ("otherRestrictions", "license", "licence", "unrestricted")
"""Codes that mean nothing without the text beside them."""
_NO = r"\b(no|not|without|pas|keine?r?|aucune?s?|sans|ingen|inga|nessuna?|sin|sem|ninguna?|geen|ei|bez|brak|žádn\w+)\b"
_LIMIT = r"(limit|restri[ckz]|constrain|condition|beschränk|einschränk|beperk|begräns|begrens|rajoit|omeze|ogranicz)"
_ACCESS = r"(access|acc[eèé]s|zugang|zugriff|toegang|åtkomst|adgang|tilgang|saatavuu|saannin|pääsy|přístup|dostęp)"
_PUBLIC = re.compile(
    rf"(?is)limitationsonpublicaccess/nolimitations|{_NO}.{{0,40}}({_LIMIT}.{{0,60}}{_ACCESS}|{_ACCESS}.{{0,40}}{_LIMIT})"
    r"|(unrestricted|unlimited|free) (public )?access"
)
_OF_USE = re.compile(
    r"(?i)\b(re-?)?us(e|age|ing)\b|nutzung|verwendung|utilisation|r[ée]utilis|\buso\b|utilizz|utiliza|gebruik|använd"
    r"|bruk\b|anvendelse|käytt|použit|użyc|wykorzyst"
)
"""Match texts that say that access is not limited; they say nothing about use."""
_ABOUT_ACCESS = re.compile(r"(?i)limitationsonpublicaccess")
_TERMS = re.compile(
    r"(?i)licen[cs]|lizenz|lisens|lisenssi|licenc|licens|terms (and conditions )?of use|conditions of use|open data"
    r"|nutzungsbe[ds]|nutzungsbestimm|conditions (générales )?d.utilisation|condiciones de uso|condizioni d.uso"
    r"|condições de u|gebruiksvoorwaarden|användarvillkor|käyttöehdot|vilkår|noconditionsapply|no conditions apply"
)
"""Match texts about use, wherever they stand."""


_LONG = 1_000
"""Length in characters; a longer text usually covers more than one topic."""


class StatedConstraint(NamedTuple):
    """One statement about use or access in a record: an address (``link``), a text (``words``), or both."""

    link: str | None
    words: str | None

    @property
    def shown(self) -> str:
        """The text of the statement, or its address if it has no text."""
        return self.words or self.link or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Licence, access rights and other rights of a record, as in DCAT; each is a text or address, or None."""

    licence: str | None = None
    licence_title: str | None = None
    access_rights: str | None = None
    rights: str | None = None


def constraints(about: etree._Element | None) -> Constraints:
    """Return the licence, access rights and other rights that an ISO record states.

    ``about`` is the element with the description of the data; None gives an empty result. A text that is recognised as
    a licence or as one about access counts as that wherever it stands, because records use each element for everything.
    For other texts the element decides; see :func:`by_content`.
    """
    use: list[StatedConstraint] = []
    limits: list[StatedConstraint] = []
    access: list[StatedConstraint] = []
    codes_of_access: list[str] = []
    other: list[str] = []
    for block in find_all(about, "resourceConstraints/*"):
        limiting = [StatedConstraint(href(one), iso_text(one)) for one in find_all(block, "useLimitation")]
        if local(block) == "MD_SecurityConstraints":
            access += limiting
        else:
            limits += limiting
        stated = [*_stated(block), *_references(block)]
        of_use, of_access = (
            [one.strip() for one in codes(block, f"{name}/MD_RestrictionCode")]
            for name in ("useConstraints", "accessConstraints")
        )
        is_use = bool(find_all(block, "useConstraints")) or any(one.lower() in _LICENCE_CODES for one in of_access)
        is_access = bool(find_all(block, "accessConstraints"))
        for one in stated:
            # If one block covers both, the text that speaks only about access belongs to access.
            is_beside = is_access and len(stated) > 1 and _speaks_of_access(one) and not is_licence(one)
            (access if is_access and not is_use or is_of_access(one) or is_beside else use).append(one)
        codes_of_access += [one for one in of_access if one not in _RESTRICTIONS]
        other += [one for one in of_use if one not in _RESTRICTIONS]
        codes_of_access += [one for one in (code(find(block, "classification/MD_ClassificationCode")),) if one]
    access += [one for one in limits if is_of_access(one)]
    limits = [one for one in limits if not is_of_access(one)]
    use, limits, access = (_distinct(some) for some in (use, limits, access))
    return by_content(use, limits, access, codes_of_access, other)


def by_content(
    use: list[StatedConstraint],
    limits: list[StatedConstraint],
    access: list[StatedConstraint],
    codes_of_access: list[str],
    other: list[str],
) -> Constraints:
    """Return licence, access rights and other rights, judged first by the content of the statements.

    ``use``, ``limits`` and ``access`` are the statements found under terms of use, limits of use and access.
    ``codes_of_access`` are codes for access without a text. ``other`` are further texts and codes. The first statement
    that names a known licence is the licence, wherever it stands. Without one, it is the best of ``use``, else of
    ``limits``, else of those in ``access`` that are terms of use. The first statement in ``access`` that is no known
    licence gives the access rights, else the first of ``codes_of_access`` does. All the rest are other rights.
    """
    # The most reliable place comes first: use, then its limits, then access.
    candidates = [*use, *limits, *access]
    chosen = next((one for one in candidates if is_licence(one)), None)
    if chosen is None:
        terms = [one for one in access if _TERMS.search(one.shown) and not is_of_access(one)]
        chosen = _best(use) or _best(limits) or _best(terms)
    limiting = next((one for one in access if not is_licence(one)), None)
    access_rights = (limiting.link or limiting.words) if limiting else next(iter(codes_of_access), None)
    left = [one.shown for one in candidates if one not in (chosen, limiting)] + other
    kept = [one for one in left if one and one not in (chosen or ())]
    # A sentence that contains the address says more than the address alone.
    licence, title = (None, None) if chosen is None else (chosen.link or chosen.words, chosen.words)
    return Constraints(
        licence=licence,
        licence_title=title if title != licence else None,
        access_rights=access_rights,
        rights="\n".join(dict.fromkeys(kept)) or None,
    )


def is_of_access(said: StatedConstraint) -> bool:
    """Return whether the statement ``said`` is about access to the data and not about their use.

    It is if its address is one of INSPIRE's list LimitationsOnPublicAccess. It also is if its text, of at most 1,000
    characters, says that access is not limited, does not mention use and names no known licence.
    """
    if _ABOUT_ACCESS.search(said.link or ""):
        return True
    if len(said.shown) > _LONG:
        return False
    return bool(_PUBLIC.search(said.shown)) and not _OF_USE.search(said.shown) and not is_licence(said)


def _speaks_of_access(said: StatedConstraint) -> bool:
    return bool(re.search(rf"(?i){_ACCESS}", said.shown)) and not _OF_USE.search(said.shown)


def is_licence(said: StatedConstraint) -> bool:
    """Return whether the statement ``said`` names a known licence; "no licence" and "open data" do not count."""
    found = known_licence(said.link, said.words)
    return found is not None and found.open_definition not in ("none", "declared")


def _best(candidates: list[StatedConstraint]) -> StatedConstraint | None:
    """Return the best candidate: one with an address, else one with a name, else any."""
    by_link = next((one for one in candidates if one.link), None)
    by_address = next((one for one in candidates if one.words and re.search(r"https?://", one.words)), None)
    return by_link or by_address or next(iter(candidates), None)


def _distinct(some: list[StatedConstraint]) -> list[StatedConstraint]:
    return list(dict.fromkeys(one for one in some if one.link or one.words))


def _stated(block: etree._Element) -> list[StatedConstraint]:
    """Return the texts under otherConstraints; JSON inside a text, as GDI-DE writes it, gives address and name."""
    found = []
    for one in find_all(block, "otherConstraints"):
        words = iso_text(one)
        said: Any = json_text(words)
        if isinstance(said, dict):
            found.append(StatedConstraint(text(said.get("url")), first(said.get("id"), said.get("name"))))
        elif words or href(one):
            found.append(StatedConstraint(href(one), words))
    # JSON is meant for programs, so it comes first.
    return sorted(found, key=lambda one: one.link is None)


def _references(block: etree._Element) -> list[StatedConstraint]:
    """Return the licences cited in an ISO 19115-3 record."""
    found = []
    for cited in find_all(block, "reference/CI_Citation"):
        link = first(
            iso_text(cited, "onlineResource/CI_OnlineResource/linkage"), href(find(cited, "title")),
            iso_text(cited, "identifier/MD_Identifier/code"),
        )  # fmt: skip
        found.append(StatedConstraint(link, iso_text(cited, "title")))
    return found
