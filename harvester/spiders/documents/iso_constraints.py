"""The constraints of an ISO record, sorted by what they say: licence, access rights, other rights.

ISO 19115 has four places for them, and profiles use each for everything: a licence stands in ``otherConstraints`` under
``useConstraints`` (INSPIRE since 2017), under ``accessConstraints`` (before), in ``useLimitation`` (GeoNetwork's
editor), or in a citation (19115-3). So every text is looked at for what it is: what can be told as a licence is one,
wherever it stands. That anybody may look at the data is no licence to use it; a true limit of access stays one.
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
"""Codes that say nothing without the text beside them."""
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
"""Says that nothing limits access: no word on use."""
_ABOUT_ACCESS = re.compile(r"(?i)limitationsonpublicaccess")
_TERMS = re.compile(
    r"(?i)licen[cs]|lizenz|lisens|lisenssi|licenc|licens|terms (and conditions )?of use|conditions of use|open data"
    r"|nutzungsbe[ds]|nutzungsbestimm|conditions (générales )?d.utilisation|condiciones de uso|condizioni d.uso"
    r"|condições de u|gebruiksvoorwaarden|användarvillkor|käyttöehdot|vilkår|noconditionsapply|no conditions apply"
)
"""Speaks of use, in whatever place."""


_LONG = 1_000
"""Characters. A longer text says more than one thing."""


class StatedConstraint(NamedTuple):
    """One text of a record's constraints."""

    link: str | None
    words: str | None

    @property
    def shown(self) -> str:
        return self.words or self.link or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """What the constraints of a record say, as DCAT sorts it."""

    licence: str | None = None
    licence_title: str | None = None
    access_rights: str | None = None
    rights: str | None = None


def constraints(about: etree._Element | None) -> Constraints:
    """The constraints on a resource, by what they say."""
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
            # Where one block is for both, the text that speaks of access alone is on access.
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
    """Texts that were meant for use, as limits of it, and for access; and codes without text: what each of them is."""
    # The surest place first: use, then its limits, then what was meant for access.
    candidates = [*use, *limits, *access]
    chosen = next((one for one in candidates if is_licence(one)), None)
    if chosen is None:
        terms = [one for one in access if _TERMS.search(one.shown) and not is_of_access(one)]
        chosen = _best(use) or _best(limits) or _best(terms)
    limiting = next((one for one in access if not is_licence(one)), None)
    access_rights = (limiting.link or limiting.words) if limiting else next(iter(codes_of_access), None)
    left = [one.shown for one in candidates if one not in (chosen, limiting)] + other
    kept = [one for one in left if one and one not in (chosen or ())]
    # A sentence that holds the address says more than the address alone.
    licence, title = (None, None) if chosen is None else (chosen.link or chosen.words, chosen.words)
    return Constraints(
        licence=licence,
        licence_title=title if title != licence else None,
        access_rights=access_rights,
        rights="\n".join(dict.fromkeys(kept)) or None,
    )


def is_of_access(said: StatedConstraint) -> bool:
    """Whether a text says no more than who may look."""
    if _ABOUT_ACCESS.search(said.link or ""):
        return True
    if len(said.shown) > _LONG:
        return False
    return bool(_PUBLIC.search(said.shown)) and not _OF_USE.search(said.shown) and not is_licence(said)


def _speaks_of_access(said: StatedConstraint) -> bool:
    return bool(re.search(rf"(?i){_ACCESS}", said.shown)) and not _OF_USE.search(said.shown)


def is_licence(said: StatedConstraint) -> bool:
    """Whether a text can be told as a licence; that none is given, or that data are "open", is none."""
    found = known_licence(said.link, said.words)
    return found is not None and found.open_definition not in ("none", "declared")


def _best(candidates: list[StatedConstraint]) -> StatedConstraint | None:
    """An address says more than a name, and a name more than nothing; but each as it stands."""
    by_link = next((one for one in candidates if one.link), None)
    by_address = next((one for one in candidates if one.words and re.search(r"https?://", one.words)), None)
    return by_link or by_address or next(iter(candidates), None)


def _distinct(some: list[StatedConstraint]) -> list[StatedConstraint]:
    return list(dict.fromkeys(one for one in some if one.link or one.words))


def _stated(block: etree._Element) -> list[StatedConstraint]:
    """What stands under otherConstraints. JSON in a text, as GDI-DE has it, gives address and name."""
    found = []
    for one in find_all(block, "otherConstraints"):
        words = iso_text(one)
        said: Any = json_text(words)
        if isinstance(said, dict):
            found.append(StatedConstraint(text(said.get("url")), first(said.get("id"), said.get("name"))))
        elif words or href(one):
            found.append(StatedConstraint(href(one), words))
    # JSON is made for programs: it goes first.
    return sorted(found, key=lambda one: one.link is None)


def _references(block: etree._Element) -> list[StatedConstraint]:
    """Licences that ISO 19115-3 cites."""
    found = []
    for cited in find_all(block, "reference/CI_Citation"):
        link = first(
            iso_text(cited, "onlineResource/CI_OnlineResource/linkage"), href(find(cited, "title")),
            iso_text(cited, "identifier/MD_Identifier/code"),
        )  # fmt: skip
        found.append(StatedConstraint(link, iso_text(cited, "title")))
    return found
