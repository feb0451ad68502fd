"""Turn one declared text into an RDF term: an address, a concept known by its name, a date, or the text itself.

Nothing declared is left out because of its form: what is none of these stays a literal with that text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache

from catalog import vocabulary
from catalog.rdf.terms import IRI, LITERAL, UNTYPED, XSD, RdfTerm, is_of_datatype

__all__ = [
    "ADMS", "DCAT", "DCATAP", "DCT", "FOAF", "LABEL", "MAX_IRI", "SKOS", "SPDX", "VCARD", "algorithm_name", "concept",
    "day", "in_language", "iri", "is_email", "is_iri", "licence", "node_of", "text", "trimmed", "untyped", "value",
]  # fmt: skip

DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
DCATAP = "http://data.europa.eu/r5r/"
FOAF = "http://xmlns.com/foaf/0.1/"
VCARD = "http://www.w3.org/2006/vcard/ns#"
ADMS = "http://www.w3.org/ns/adms#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SPDX = "http://spdx.org/rdf/terms#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_STRING = f"{XSD}string"
_MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"

_ADDRESS = re.compile(r"(?:https?|ftp|urn|mailto|doi|info|tel|ark):[^\s<>\"{}|\\^`\x00-\x20\ud800-\udfff]+", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ALGORITHM = re.compile(r"[^a-z0-9]")
_ALGORITHMS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
"""By number of hexadecimal digits: CKAN records hold only a digest, whose length identifies the algorithm."""
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")
LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_MAX_NAME = 1_000
"""Characters of a text that may be the name of a concept."""
MAX_IRI = 4_000
"""Characters of an IRI; a longer text is not an address."""


def is_iri(text: str) -> bool:
    """Return whether a text is an absolute IRI (RFC 3987) of a scheme that catalogues use, such as https or urn. A text
    of more than 4,000 characters is none."""
    return len(text) <= MAX_IRI and _ADDRESS.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Return whether a text is a plain e-mail address, without "mailto:". A text of more than 4,000 characters is
    none."""
    return len(text) <= MAX_IRI and _EMAIL.fullmatch(text) is not None


def node_of(kind: str, key: str) -> RdfTerm:
    """Return the RDF node ``urn:winnow:<kind>:<key>``, which stands for a thing of this catalogue.

    ``kind``: for example dataset, distribution, publisher or catalog. ``key``: id of the thing.
    """
    return RdfTerm(IRI, f"urn:winnow:{kind}:{key}")


def text(value: str) -> RdfTerm:
    """Return ``value`` as a literal of the datatype xsd:string."""
    return RdfTerm(LITERAL, value, _STRING)


def in_language(value: str, language: str) -> RdfTerm:
    """Return a literal in a language. ``language``: language tag; if it does not have the form of one (BCP 47), or is
    "und", the literal is plain."""
    known = _LANGUAGE.fullmatch(language) and language != "und"
    return RdfTerm(LITERAL, value, LANG_STRING, language) if known else text(value)


def value(declared: str) -> RdfTerm:
    """Return a declared text as an IRI if it is one, else as a literal. Blanks around it are removed."""
    declared = declared.strip()
    return RdfTerm(IRI, declared) if is_iri(declared) else text(declared)


@lru_cache(maxsize=4096)
def day(declared: str) -> RdfTerm:
    """Return a declared date as a literal with the datatype of its form: xsd:date, dateTime, gYearMonth or gYear.

    A text of none of these forms becomes a plain literal.
    """
    declared = declared.strip()
    for name in ("date", "dateTime", "gYearMonth", "gYear"):
        term = RdfTerm(LITERAL, declared, XSD + name)
        if is_of_datatype(term, term.datatype):
            return term
    return text(declared)


def _by_language(declared: str) -> list[str]:
    """Return the names in a text; some portals give a JSON object of names by language."""
    if declared.startswith("{"):
        try:
            found = json.loads(declared)
        except ValueError:
            return [declared]
        return [one for one in found.values() if isinstance(one, str)]
    return [declared]


@lru_cache(maxsize=4096)
def _known(kind: str, declared: str) -> str | None:
    """Return the IRI of the concept of this kind that a text names; None if it names none."""
    if kind == "format":
        found = vocabulary.file_format(declared)
        media_type = found.media_types[0] if found and found.media_types else None
        return (found and found.eu_uri) or (_MEDIA_TYPES + media_type if media_type else None)
    if kind == "media_type":
        media_type = vocabulary.known_media_type(declared)
        return _MEDIA_TYPES + media_type if media_type else None
    look_up: Callable[..., vocabulary.Concept | vocabulary.Frequency | None] = getattr(vocabulary, kind)
    term = look_up(*_by_language(declared))
    return term.eu_uri if term else None


def concept(kind: str, declared: str) -> RdfTerm:
    """Return a concept as an RDF term: the declared IRI, else that of the concept that the text names, else the text.

    ``kind``: format, media_type, theme, frequency, language or access_right.
    """
    declared = declared.strip()
    if len(declared) > _MAX_NAME or is_iri(declared):
        return value(declared)
    known = _known(kind, declared)
    return RdfTerm(IRI, known) if known else text(declared)


@lru_cache(maxsize=4096)
def _known_licence(declared: str, title: str | None) -> str | None:
    known = vocabulary.licence(declared, title)
    return (known.eu_uri or known.homepage) if known else None


def licence(declared: str, title: str | None) -> RdfTerm:
    """Return a declared licence as an RDF term: the IRI if ``declared`` is one, else the EU IRI or the home page of the
    licence that ``declared`` or, if it names none, ``title`` names. If there is neither, return ``declared`` as a text.

    ``declared``: an address or a text of any length. ``title``: code or name of the licence, if declared beside its
    address.
    """
    if is_iri(declared.strip()):
        return RdfTerm(IRI, declared.strip())
    look_up = _known_licence if len(declared) <= _MAX_NAME else _known_licence.__wrapped__
    known = look_up(declared, title)
    return RdfTerm(IRI, known) if known else text(declared)


def algorithm_name(checksum: str, declared: str | None) -> str | None:
    """Return the algorithm of a checksum: its IRI if it is known, else ``declared``, or None if that is None or "".

    ``declared``: name or address of the algorithm as declared. If it is None or "", the length of ``checksum`` decides,
    which is taken for hexadecimal digits.
    """
    name = _ALGORITHM.sub("", declared[:50].lower()) if declared else _ALGORITHMS.get(len(checksum.strip()))
    if name in _ALGORITHMS.values():
        return f"{SPDX}checksumAlgorithm_{name}"
    return declared or None


def iri(declared: str) -> RdfTerm:
    """Return a declared address as an RDF term that is an IRI. Blanks around it are removed.

    The address must be one that :func:`is_iri` accepts; that is not checked.
    """
    return RdfTerm(IRI, declared.strip())


def untyped(declared: str) -> RdfTerm:
    """Return the text ``declared`` as a literal without a fixed datatype (:data:`catalog.rdf.terms.UNTYPED`).

    It counts as being of every datatype for which the text is valid.
    """
    return RdfTerm(LITERAL, declared, UNTYPED)


def trimmed(declared: str) -> RdfTerm:
    """Return the same as :func:`untyped` for ``declared`` without the blanks around it."""
    return untyped(declared.strip())
