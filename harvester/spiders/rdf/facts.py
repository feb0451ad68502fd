"""Read DCAT facts that stand in several places or several times: collect all candidates, then choose the best."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from catalog import vocabulary
from catalog.model import Contact, Publisher
from catalog.vocabulary import is_no_value
from harvester.facts.bodies import Party, contact_of
from harvester.facts.candidates import Candidate, FactScope
from harvester.facts.choice import Choice, choose
from harvester.facts.periods import OPEN, Period, periods, span
from harvester.facts.record import REPEATS
from harvester.facts.values import email
from harvester.spiders.rdf.values import duration, label, name, names, nodes, text
from quality.evidence.dates import last_day

__all__ = [
    "access_rights", "areas", "contact", "date", "file_format", "frequency", "is_open_licence", "licence", "media_type",
    "most_specific", "period", "publisher",
]  # fmt: skip

_LICENCES = ("dct:license", "dcat:license", "schema:license", "cc:license", "dct:licence", "odrl:hasPolicy")
_RIGHTS = ("dct:rights", "dc:rights", "dct:accessRights", "odrs:dataLicense")
_ARCHIVES = ("ZIP", "GZIP", "TAR", "TAR_GZ", "TAR_XZ", "7Z", "RAR", "BZIP2", "OCTET", "BIN")
_PLAIN = ("XML", "JSON", "TXT", "HTML")


# Licences


def _statements(node: Any, *properties: str) -> Iterator[tuple[str, list[str], str | None]]:
    """Yield for each value its property, its texts with the address first, and its label."""
    for one in properties:
        if one not in node:
            continue
        for value in node[one]:
            if "@value" in value:
                yield one, [value["@value"]], None
                continue
            said = label(value) or text(value, "dct:identifier", "rdf:value", "dct:description")
            page = name(
                value, "foaf:page", "foaf:homepage", "dct:source", "rdfs:seeAlso", "owl:sameAs", "skos:exactMatch"
            )
            words = (value["@id"], said, page) if value.get("@id") else (page, said)
            yield one, [word for word in words if word], said


def licence(node: Any, scope: FactScope) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Return the licence (as stated), its name, and the statements that contradict it; (None, None, ()) without a
    licence.

    ``node`` is a dataset or distribution, as ``scope`` says. Some profiles put the terms of use under ``dct:rights``:
    open terms count as a licence there, reserved rights do not.
    """
    # For each candidate, the text to show and its name.
    found: dict[Candidate, tuple[str, str | None]] = {}
    if not any(one in node for one in (*_LICENCES, *_RIGHTS)):
        return None, None, ()
    for rank, properties in enumerate((_LICENCES, _RIGHTS)):
        for path, said, called in _statements(node, *properties):
            words = [word for word in said if not is_no_value(word)]
            # A text that resolves says more than an address of the portal's own.
            best = next((word for word in words if vocabulary.licence(word)), words[0] if words else None)
            if best is None or (rank and not is_open_licence(best)):
                continue
            title = best if best != words[0] else called if called != best else None
            found.setdefault(Candidate("licence", best, path, scope, rank=rank * 10), (words[0], title))
    chosen = choose("licence", found)
    return (None, None, ()) if chosen is None else (*found[chosen.candidate], chosen.contradictions)


def is_open_licence(said: str) -> bool:
    """Return whether ``said``, a text or address, names a known licence that is not closed, and no restriction."""
    found = vocabulary.licence(said)
    if found is None or found.open_definition == "none" or vocabulary.is_restrictive(said):
        return False
    return found.is_open is not False


# Formats


def _level(said: str) -> int:
    found = vocabulary.file_format(said)
    if found is None:
        return 1
    # The format inside an archive says more than the archive, and a format more than its family.
    return 2 if found.id in _ARCHIVES else 3 if found.id in _PLAIN else 4


def _format_names(node: Any, *properties: str) -> list[str]:
    """Return for each value its most informative name: the address in the EU's table, its label, or its address."""
    found = []
    for one in properties:
        for value in node.get(one, ()):
            if "@value" in value:
                said = [value["@value"]]
            else:
                said = [
                    word for word in (label(value), text(value, "rdf:value", "skos:notation"), value.get("@id")) if word
                ]
                iri = value.get("@id") or ""
                if "/authority/file-type/" in iri or "/media-types/" in iri:
                    said.insert(0, iri)
            said = [word for word in said if word.strip() and not is_no_value(word)]
            if said:
                # Of equally informative names, the first counts.
                found.append(max(said, key=_level))
    return found


def most_specific(found: list[str], hints: tuple[str | None, ...]) -> str | None:
    """Return the most specific of the format names in ``found``; None if it is empty.

    For example, "GeoJSON" is more specific than "JSON" or "ZIP". Of equally specific names, one that ``hints``
    (addresses and media types of the same file) confirm is returned, else the first by alphabet. If no name is
    recognised as a format, the hints are not used.
    """
    if not found:
        return None
    most = max(map(_level, found))
    best = sorted({one for one in found if _level(one) == most})
    if len(best) > 1 and most > 1:
        kinds = {
            known.id for hint in hints if (known := vocabulary.format_of_url(hint) or vocabulary.file_format(hint))
        }
        best = [one for one in best if (known := vocabulary.file_format(one)) and known.id in kinds] or best
    return best[0]


def file_format(node: Any) -> str | None:
    """Return the most specific format that the distribution ``node`` states, as written; None if it states none."""
    hints = (name(node, "dcat:downloadURL"), name(node, "dcat:accessURL"), *_format_names(node, "dcat:mediaType"))
    stated = _format_names(node, "dct:format", "dc:format", "schema:encodingFormat", "dcat:format")
    packed = () if stated else _format_names(node, "dcat:packageFormat", "dcat:compressFormat")
    return most_specific([*stated, *packed] if not node.get("dcat:mediaType") else stated, hints)


def media_type(node: Any) -> str | None:
    """Return the most specific media type that the distribution ``node`` states, as written; None if it states none."""
    hints = (name(node, "dcat:downloadURL"), name(node, "dcat:accessURL"), *_format_names(node, "dct:format"))
    return most_specific(_format_names(node, "dcat:mediaType", "schema:fileFormat"), hints)


# Times


def date(node: Any, is_last: bool, *properties: str) -> str | None:
    """Return a date, as written, from the first of ``properties`` of ``node`` with a text that can be read as one: the
    latest if ``is_last``, else the earliest.

    If no text of any of them can be read, the first text is returned. A repetition interval such as "R/P1D" and a word
    for "nothing" do not count as texts. The result is None if there is no text.
    """
    unreadable: str | None = None
    for one in properties:
        values = node.get(one, ())
        said = [value["@value"] if "@value" in value else text(value, "rdf:value", "dct:date") for value in values]
        found = [word for word in said if word and word.strip() and not is_no_value(word) and not REPEATS.match(word)]
        read = [(day, word) for word in found if (day := last_day(word)) is not None]
        if read:
            return (max if is_last else min)(read)[1]
        if found and unreadable is None:
            unreadable = str(found[0])
    return unreadable


def frequency(node: Any) -> str | None:
    """Return the update frequency that the dataset ``node`` states (a code, address, text or interval such as "R/P1D");
    None if it states none.
    """
    found: list[Candidate] = []
    for value in node.get("dct:accrualPeriodicity", ()):
        if "@value" in value:
            found.append(Candidate("frequency", value["@value"], rank=1))
            continue
        inner = [value, *nodes(value, "rdf:value")]
        said = [value.get("@id"), *(duration(one) for one in inner), *(label(one) for one in inner)]
        said += [text(value, "skos:notation", "dct:identifier", "rdf:value")]
        # A program built ".../frequency/null" from a missing value.
        said = [word for word in said if word and not is_no_value(word.rpartition("/")[2], by_program=True)]
        # A node's address says nothing if its description states the frequency.
        known = [word for word in said if word and vocabulary.frequency(word)]
        found += [Candidate("frequency", word, rank=n) for n, word in enumerate(known or said[:1])]
    for value in node.get("dct:modified", ()):
        if REPEATS.match(value.get("@value", "")):
            found.append(Candidate("frequency", value["@value"], "dct:modified", rank=5))
    chosen = choose("frequency", found)
    return chosen.text if chosen else None


_START = (
    "dcat:startDate",
    "schema:startDate",
    "dcatapit:startDate",
    "time:hasBeginning",
    "schema:validFrom",
    "dct:start",
)
_END = ("dcat:endDate", "schema:endDate", "dcatapit:endDate", "time:hasEnd", "schema:validThrough", "dct:end")
_INSTANT = (
    "time:inXSDDate", "time:inXSDDateTime", "time:inXSDDateTimeStamp", "time:inXSDgYearMonth", "time:inXSDgYear",
    "time:inDateTime", "time:year", "rdf:value", "rdfs:label",
)  # fmt: skip
_YEAR_IRI = re.compile(r"/(?:gregorian-)?(?:year|interval)/((?:1[0-9]|20|21)\d\d)(?:[/#]|$)")


def period(node: Any) -> Period:
    """Return the earliest start and the latest end of all periods that the dataset ``node`` states for its data.

    Both are dates as written. None means not stated, or open in one of the periods.
    """
    found: list[Period] = []
    for value in [*node.get("dct:temporal", ()), *node.get("schema:temporalCoverage", ())]:
        if "@value" in value:
            found += periods(value["@value"])
            continue
        start, end = _end(value, _START), _end(value, _END)
        if start or end:
            # A period with only a start has not ended.
            found.append((start or OPEN, end or OPEN))
        elif said := label(value) or text(value, "rdf:value", "dct:description"):
            found += periods(said)
        elif match := _YEAR_IRI.search(value.get("@id", "")):
            found.append((match[1], match[1]))
    start, end = span(found)
    return (None if any(first == OPEN for first, _ in found) else start), end


def _end(period: Any, properties: tuple[str, ...]) -> str | None:
    for one in properties:
        values = period.get(one, ())
        said = [value["@value"] if "@value" in value else text(value, *_INSTANT) for value in values]
        if found := [word for word in said if word and re.search(r"\d", word) and not word.startswith("http")]:
            return min(found)
    return None


# Places

_SHAPES = ("dcat:bbox", "locn:geometry", "geosparql:hasGeometry", "geosparql:asWKT", "dcat:centroid", "schema:box")
_INNER = ("geosparql:asWKT", "geosparql:asGeoJSON", "locn:geometry", "rdf:value", "schema:box", "schema:polygon")


def areas(node: Any) -> tuple[str, ...]:
    """Return the areas that the data of ``node`` cover, as texts: for each its IRI or name, and its shape (box, WKT or
    GeoJSON).
    """
    found: list[str | None] = []
    for one in [*node.get("dct:spatial", ()), *node.get("schema:spatialCoverage", ())]:
        if "@value" in one:
            found.append(one["@value"])
            continue
        said = one.get("@id") or label(one) or text(one, "locn:geographicName", "dcatapit:geographicalIdentifier")
        found += [said, _shape(one)]
        # A portal's own node is shown by its name; the address of a gazetteer's node is enough.
        if one.get("@id") and (called := label(one)):
            found.append(called)
    return tuple(dict.fromkeys(word for word in found if word and word.strip() and not is_no_value(word)))


def _shape(place: Any) -> str | None:
    """Return the box of a place, else its geometry, else its centre, as WKT or GeoJSON."""
    for one in _SHAPES:
        said: list[str] = []
        for value in place.get(one, ()):
            said += [value["@value"]] if "@value" in value else [v for name in _INNER if (v := text(value, name))]
        if shapes := [word for word in said if re.search(r"\d", word)]:
            return min(shapes, key=lambda word: (word.lstrip()[:1] not in "{[", len(word)))
    inner = [shape for geo in nodes(place, "schema:geo") if (shape := text(geo, "schema:box", "schema:polygon"))]
    lat, lon = text(place, "wgs84:lat", "schema:latitude"), text(place, "wgs84:long", "schema:longitude")
    return inner[0] if inner else f"POINT({lon} {lat})" if lat and lon else None


def access_rights(node: Any) -> str | None:
    """Return who may access the dataset ``node``, as stated; None if this is not stated.

    If the dataset itself states nothing, what all its distributions state in the same way is returned (GeoDCAT-AP).
    """
    own = _access_rights(node)
    files = nodes(node, "dcat:distribution")
    if own is not None or not files:
        return own
    said = {_access_rights(one) for one in files}
    return said.pop() if len(said) == 1 else None


def _access_rights(node: Any) -> str | None:
    found = [Candidate("access_rights", one) for one in names(node, "dct:accessRights") if not is_no_value(one)]
    found += [Candidate("access_rights", said, rank=1) for v in nodes(node, "dct:accessRights") if (said := label(v))]
    chosen: Choice | None = choose("access_rights", found)
    return chosen.text if chosen else None


# Parties

_MAIL = ("vcard:hasEmail", "vcard:email", "foaf:mbox", "schema:email", "vcard:mbox")
_PAGE = ("vcard:hasURL", "vcard:url", "foaf:homepage", "foaf:page", "schema:url", "dcat:landingPage")
_CALLED = (
    "vcard:fn",
    "vcard:hasFN",
    "vcard:organization-name",
    "vcard:hasOrganizationName",
    "foaf:name",
    "schema:name",
)
_ABOVE = ("org:subOrganizationOf", "org:unitOf", "schema:parentOrganization")


def _mail(node: Any) -> str | None:
    inner = [said for one in nodes(node, *_MAIL) if (said := text(one, "vcard:value", "rdf:value"))]
    found = [*inner, *(said for one in _MAIL for said in names(node, one))]
    mails = [mail for one in found if (mail := email(one)) and not is_no_value(mail)]
    return next((mail for mail in mails if "@" in mail), mails[0] if mails else None)


def _body(one: Any) -> Party:
    """Return a person or organisation described in FOAF, vCard, ORG or schema.org, or by name or address alone."""
    if "@value" in one or set(one) == {"@id"}:
        said = one.get("@value") or one.get("@id", "")
        if not said.strip() or is_no_value(said):
            return Party()
        mail = email(said) if re.match(r"(?i)mailto:|[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+\Z", said) else None
        is_page = re.match(r"https?://", said) is not None
        return Party(email=mail) if mail else Party(url=said) if is_page else Party(name=said)
    # GeoNetwork writes the organisation's name in the field for a person's position.
    called = text(one, *_CALLED) or label(one) or text(one, "vcard:title")
    inner = [said for part in nodes(one, "vcard:hasURL") if (said := text(part, "vcard:value"))]
    iri = one.get("@id")
    above = [found for part in nodes(one, *_ABOVE) if (found := _above(part, 0))]
    return Party(
        name=None if called and is_no_value(called) else called,
        email=_mail(one),
        url=inner[0] if inner else name(one, *_PAGE),
        identifier=iri or text(one, "dct:identifier", "schema:identifier"),
        parents=tuple(above[0]) if above else (),
    )


def _above(node: Any, depth: int) -> list[str]:
    called = label(node) or node.get("@id")
    higher = [found for part in nodes(node, *_ABOVE) if depth < 4 and (found := _above(part, depth + 1))]
    return [called, *(higher[0] if higher else ())] if called else []


_PUBLISHERS = (
    "dct:publisher", "schema:publisher", "dc:publisher", "dct:rightsHolder", "@attributed", "dct:creator",
    "schema:creator", "dc:creator",
)  # fmt: skip
_ROLES = re.compile(r"(?i)publish|owner|custodian|rightsholder|herausgeber|verantwort|responsib")


def publisher(node: Any) -> Publisher | None:
    """Return the publisher of the dataset ``node``, or None: the first with a name or an address as IRI, else the first
    with a code. A publisher known only by an IRI has that IRI as its name.
    """
    found = {**node, "@attributed": _attributed(node)}
    last: Publisher | None = None
    for one in [value for role in _PUBLISHERS for value in found.get(role, ())]:
        body, iri = _body(one), one.get("@id")
        called = body.name or text(one, "skos:notation", "dct:identifier") or iri
        if not called or is_no_value(called):
            continue
        whole = Publisher(
            name=called,
            identifier=iri or body.identifier,
            email=body.email,
            url=None if body.url == iri else body.url,
            parent=body.parents[0] if body.parents else None,
            ancestors=body.parents[1:],
        )
        if body.name or "//" in called:
            return whole
        # This is only a code; another statement may say more.
        last = last or whole
    return last


def _attributed(node: Any) -> list[Any]:
    """Return the agents of prov:qualifiedAttribution whose role means publisher."""
    found = []
    for one in nodes(node, "prov:qualifiedAttribution"):
        roles = [*names(one, "dcat:hadRole"), *(label(role) or "" for role in nodes(one, "dcat:hadRole"))]
        if any(_ROLES.search(role.rpartition("/")[2]) for role in roles):
            found += one.get("prov:agent", ())
    found += [one for one in nodes(node, "dcat:contactPoint") if _ROLES.search(text(one, "vcard:role") or "")]
    return found


def contact(node: Any) -> Contact | None:
    """Return the contact for the dataset ``node``, chosen by :func:`contact_of` from its contact points, or None."""
    found = [
        _body(one)
        for name in ("dcat:contactPoint", "adms:contactPoint", "schema:contactPoint")
        for one in node.get(name, ())
    ]
    return contact_of(found)
