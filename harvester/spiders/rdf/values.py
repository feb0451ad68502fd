"""Read texts, names and addresses from the nodes of :mod:`~harvester.spiders.rdf.nodes`, and order texts by
language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urljoin

from catalog import vocabulary
from harvester.facts.languages import first_language
from harvester.spiders.rdf.nodes import RELATIVE

__all__ = [
    "by_language", "duration", "label", "label_or_name", "language_of", "name", "names", "nodes", "ordered",
    "preferred_of", "resolved", "text", "texts", "words_of",
]  # fmt: skip

LABELS = ("skos:prefLabel", "dct:title", "foaf:name", "rdfs:label", "vcard:fn", "dc:title", "schema:name")
_ADDRESSES = (
    "dcat:accessURL", "dcat:accessUrl", "dcat:downloadURL", "dcat:downloadUrl", "dcat:landingPage", "foaf:page",
    "foaf:homepage", "dcat:endpointURL", "dcat:endpointDescription", "vcard:hasURL", "schema:url", "schema:contentUrl",
    "dcat:distribution", "dcat:distributions", "schema:distribution", "dcat:inSeries", "dct:isPartOf", "@record",
    "@services",
)  # fmt: skip


def resolved(node: Any, base: str, is_address: bool = True) -> Any:
    """Return ``node`` with relative IRIs made absolute in properties that hold addresses.

    In any other property a relative IRI was meant as a text, such as the format "CSV", and becomes that text again.
    ``base`` is the address of the document. ``is_address`` says whether ``node`` itself is the value of a property that
    holds addresses.
    """
    if isinstance(node, list):
        return [resolved(one, base, is_address) for one in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for key, value in node.items():
        if key == "@id" and value.startswith(RELATIVE):
            said = value.removeprefix(RELATIVE)
            found[key] = _joined(base, said) if is_address else said.replace("%20", " ")
        elif key == "@member_of":
            found[key] = [_joined(base, one.removeprefix(RELATIVE)) for one in value]
        else:
            is_plain = key.startswith("@") and key not in _ADDRESSES
            found[key] = value if is_plain else resolved(value, base, key in _ADDRESSES)
    return found


def _joined(base: str, said: str) -> str:
    if said.lower().startswith("www."):
        return f"http://{said}"
    try:
        return urljoin(base, said)
    except ValueError:
        return said


# Languages


def language_of(value: Any) -> str | None:
    """Return the language code of the text ``value``, a dict with "@value" and "@language"; None if it states none.

    A language tag that the vocabulary does not know is returned in lower case.
    """
    tag = value.get("@language")
    return (vocabulary.language_code(tag) or str(tag).lower()) if tag else None


def by_language(node: Any, *properties: str) -> dict[str | None, str]:
    """Return the texts of the first of ``properties`` of ``node`` that has any, as a mapping from language code to
    text.

    For each language the first text counts. The key None holds a text without a language. The mapping is empty if no
    property has a text.
    """
    for one in properties:
        found: dict[str | None, str] = {}
        for value in node.get(one, ()):
            if "@value" in value and value["@value"].strip():
                found.setdefault(language_of(value), value["@value"])
        if found:
            return found
    return {}


def words_of(node: Any, *properties: str) -> dict[str | None, list[str]]:
    """Return the texts of all ``properties`` of ``node``, as a mapping from language code to a list without repetition.

    A value that is a node is represented by its label, else by its IRI. Texts without a language, labels and IRIs stand
    under the key None.
    """
    found: dict[str | None, list[str]] = {}
    for one in properties:
        for value in node.get(one, ()):
            said = value["@value"] if "@value" in value else label(value) or value.get("@id")
            if said and said.strip():
                words = found.setdefault(language_of(value) if "@value" in value else None, [])
                if said not in words:
                    words.append(said)
    return found


def preferred_of(node: Any, portal: Sequence[str]) -> list[str]:
    """Return the language codes in which to show the texts of the dataset ``node``, the most preferred first.

    First come the languages in ``portal`` (codes from the portal file), then the language that the dataset states in
    ``dct:language``, if it states exactly one. If neither title nor description has a text without a language, the
    language that most of title, description and keywords have comes last; among equals it is English, else the first
    code.
    """
    own = [code for one in names(node, "dct:language", "dc:language") if (code := vocabulary.language_code(one))]
    found = [*portal, *(own if len(own) == 1 else ())]
    said = [by_language(node, one) for one in ("dct:title", "dct:description", "dcat:keyword")]
    counts = {code: sum(code in texts for texts in said) for texts in said for code in texts if code}
    if counts and not any(None in texts for texts in said[:2]):
        most = max(counts.values())
        found += [code for code in ("en", *sorted(counts)) if counts.get(code) == most][:1]
    return found


def ordered(node: Any, preferred: Sequence[str]) -> Any:
    """Return ``node`` with every list of texts sorted by language; nested nodes are sorted too.

    ``preferred`` are language codes, the best one first. Their texts come first, then texts without a language, then
    English, then all others in their old order.
    """
    if isinstance(node, list):
        if len(node) > 1 and any("@language" in one for one in node if isinstance(one, dict)):
            codes = [language_of(one) if "@value" in one else None for one in node if isinstance(one, dict)]
            first = first_language(codes, preferred)
            rank = {code: place for place, code in enumerate([first, *preferred, None, "en"][::-1])}
            node = sorted(node, key=lambda one: -rank.get(language_of(one) if "@value" in one else None, -1))
        return [ordered(one, preferred) for one in node]
    if not isinstance(node, dict) or "@value" in node:
        return node
    return {
        key: value if key[0] == "@" and key not in ("@record", "@services") else ordered(value, preferred)
        for key, value in node.items()
    }


# Values of nodes whose texts are ordered


def nodes(node: Any, *properties: str) -> list[Any]:
    """Return the values of ``properties`` of ``node`` that are nodes; texts are left out."""
    return [one for name in properties if name in node for one in node[name] if "@value" not in one]


def text(node: Any, *properties: str) -> str | None:
    """Return the first text among the values of ``properties`` of ``node``; None if there is none.

    The properties are tried in their order. If a property has nodes but no text, the first label or IRI of these nodes
    counts as its text.
    """
    for one in properties:
        if one not in node:
            continue
        for value in node[one]:
            if "@value" in value and value["@value"].strip():
                return str(value["@value"])
        for value in node[one]:
            if "@value" not in value and (found := label(value) or value.get("@id")):
                return str(found)
    return None


def texts(node: Any, *properties: str) -> tuple[str, ...]:
    """Return the texts of all ``properties`` of ``node`` without repetition.

    A value that is a node is represented by its label, else by its IRI.
    """
    return tuple(dict.fromkeys(word for words in words_of(node, *properties).values() for word in words))


def label(node: Any) -> str | None:
    """Return the label of ``node``: the first text in ``skos:prefLabel``, ``dct:title``, ``foaf:name`` or a similar
    property.

    Return None if none of these properties has a text.
    """
    if len(node) == 1 and "@id" in node:
        return None
    for one in LABELS:
        if one in node:
            for value in node[one]:
                if "@value" in value and value["@value"].strip():
                    return str(value["@value"])
    return None


def names(node: Any, *properties: str) -> tuple[str, ...]:
    """Return the values of the first of ``properties`` that ``node`` has, each as a text, without repetition.

    A value that is a node is represented by its IRI, else by its label, its value or its code. Blank texts are left
    out.
    """
    for one in properties:
        if values := node.get(one):
            break
    else:
        return ()
    found = []
    for value in values:
        if "@value" in value:
            found.append(value["@value"])
        else:
            found.append(
                value.get("@id") or label(value) or text(value, "rdf:value", "dct:identifier", "skos:notation")
            )
    return tuple(dict.fromkeys([word for word in found if word and word.strip()]))


def name(node: Any, *properties: str) -> str | None:
    """Return the first text that :func:`names` returns for ``properties`` of ``node``; None if it returns none."""
    found = names(node, *properties)
    return found[0] if found else None


def label_or_name(node: Any, *properties: str) -> str | None:
    """Return a readable text for the value of ``properties``: the label of the first node that has one, else a text or
    IRI.

    Return None if ``node`` has no value in any of these properties.
    """
    said = next((found for one in nodes(node, *properties) if (found := label(one) or text(one, "rdf:value"))), None)
    return said or text(node, *properties)


_DURATIONS = {"years": "Y", "months": "M", "weeks": "W", "days": "D", "hours": "H", "minutes": "M"}


def duration(node: Any) -> str | None:
    """Return ``node``, a ``time:DurationDescription``, as an ISO 8601 duration such as "P1M".

    Only the largest unit with a positive whole number counts, from years to minutes. The result is None if there is
    none.
    """
    for unit, letter in _DURATIONS.items():
        said = text(node, f"time:{unit}")
        if said and re.fullmatch(r"\d{1,4}(\.0+)?", said.strip()) and float(said) > 0:
            return f"P{'T' if unit in ('hours', 'minutes') else ''}{int(float(said))}{letter}"
    return None
