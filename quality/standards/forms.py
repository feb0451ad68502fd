"""Return the forms of records: two of the same form violate the same requirements of a standard.

The standards in SHACL ask whether a property is there, whether its value is an address, a date or a number, and which
concept it is; they never read a title. So records have few forms. A value that is not of the form that is asked for
stands in the form itself, because the sentence about it quotes it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from catalog.model import Contact, Distribution
from catalog.rdf.terms import IRI, XSD
from catalog.rdf.values import concept, day, is_email, is_iri
from catalog.repositories.reading import StoredDataset

__all__ = ["form_of_dataset", "form_of_distribution"]

_IRI = ""
"""Stands for an address that is a valid IRI; no text in a form is empty."""
_LABELLED = "label"
_DIGESTS = (32, 40, 56, 64, 96, 128)
"""Lengths of the digests whose algorithm is recognised by it."""


def form_of_distribution(d: Distribution) -> Hashable:
    """Return a cache key: distributions with equal keys violate the same requirements of the SHACL standards.

    This holds only if the licences of their datasets are equal, too. Of most fields, the key contains only whether they
    are filled, or the type of the value. It contains the value itself if the value is invalid, or if the requirements
    depend on it, as with format, licence and language.
    """
    access, download = d.access_url, d.download_url
    of_access = access and _value(access)
    return (
        _is_said(d.title), _is_said(d.description), of_access,
        of_access if download == access else download and _value(download),
        d.format, d.media_type, d.licence, d.licence_title, d.byte_size and _size(d.byte_size),
        (_digest(d.checksum), d.checksum_algorithm) if d.checksum else None,
        d.issued and _day(d.issued), d.modified and _day(d.modified), d.language, d.rights and _thing(d.rights),
        d.conforms_to and _things(d.conforms_to), d.documentation and _values(d.documentation),
        d.status and _value(d.status), d.availability and _value(d.availability),
    )  # fmt: skip


def form_of_dataset(stored: StoredDataset) -> Hashable:
    """Return a cache key: datasets with equal keys violate the same requirements of the SHACL standards.

    This leaves out what their distributions violate; see :func:`form_of_distribution`. Of most fields, the key contains
    only whether they are filled, or the type of the value. It contains the value itself if the value is invalid, or if
    the requirements depend on it, as with licence, language and frequency.
    """
    d = stored.dataset
    return (
        d.is_series, _is_said(d.identifier), _is_said(d.title), _is_said(d.description), len(d.keywords[:2]),
        _translated(d.translations) if d.translations else None, d.themes and _themes(d.themes),
        d.frequency, d.licence, d.licence_title, d.access_rights, d.language,
        d.issued and _day(d.issued), d.modified and _day(d.modified), d.landing_page and _value(d.landing_page),
        d.documentation and _values(d.documentation), d.relations and _values(d.relations),
        d.is_part_of and _value(d.is_part_of), d.applicable_legislation, d.hvd_categories,
        d.rights and _thing(d.rights), d.provenance and _thing(d.provenance),
        d.conforms_to and _things(d.conforms_to), d.spatial and _things(d.spatial), len(d.other_identifiers),
        d.temporal_start and _day(d.temporal_start), d.temporal_end and _day(d.temporal_end),
        _publisher(stored), d.contact and _contact(d.contact), d.data_services,
    )  # fmt: skip


def _translated(translations: Mapping[str, Mapping[str, Any]]) -> Hashable:
    return tuple(
        [
            (code, _is_said(words.get("title")), _is_said(words.get("description")))
            for code, words in translations.items()
        ]
    )


@lru_cache(maxsize=4096)
def _themes(declared: tuple[str, ...]) -> Hashable:
    return tuple([_theme(one) for one in dict.fromkeys(declared)])


def _is_said(text: object) -> bool:
    return isinstance(text, str) and bool(text) and not text.isspace()


def _value(declared: str | None) -> str | None:
    """Return the form of what becomes an address, or else a text."""
    if not declared or not (declared := declared.strip()):
        return None
    return _IRI if is_iri(declared) else declared


def _values(declared: Iterable[str]) -> tuple[str | None, ...]:
    return tuple([_value(one) for one in dict.fromkeys(declared)]) if declared else ()


def _thing(declared: str | None) -> str | None:
    """Return the form of what becomes an address, or else a node with that label."""
    found = _value(declared)
    return _LABELLED if found else found


def _things(declared: Iterable[str]) -> tuple[str | None, ...]:
    return tuple([_thing(one) for one in declared]) if declared else ()


def _theme(declared: str) -> Hashable:
    if not declared.strip():
        return None
    found = concept("theme", declared)
    return found if found.kind == IRI else declared


@lru_cache(maxsize=16384)
def _day(declared: str | None) -> str | None:
    if not declared or not declared.strip():
        return None
    found = day(declared)
    return found.datatype if found.datatype != f"{XSD}string" else declared


def _size(declared: str | None) -> str | None:
    if not declared or not (declared := declared.strip()):
        return None
    return "0" if declared.isdigit() and declared.isascii() and len(declared) < 20 else declared


def _digest(declared: str) -> str | int:
    text = declared.strip()
    try:
        return len(bytes.fromhex(text)) if len(text) in _DIGESTS and text.isalnum() else declared
    except ValueError:
        return declared


def _publisher(stored: StoredDataset) -> Hashable:
    publisher = stored.dataset.publisher
    return None if publisher is None or not stored.publisher_id else (True, _value(publisher.url))


def _contact(contact: Contact) -> Hashable:
    email = contact.email
    return (
        bool(contact.name),
        (_IRI if is_email(email) else _value(email)) if email and email.strip() else None,
        _value(contact.url),
    )
