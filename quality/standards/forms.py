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
from quality.evidence.by_column import Looks, facts_of

__all__ = ["LOOKS", "form_of_dataset", "form_of_distribution"]

_IRI = ""
"""Stands for an address that is a valid IRI; no text in a form is empty."""
_LABELLED = "label"
_DIGESTS = (32, 40, 56, 64, 96, 128)
"""Lengths of the digests whose algorithm is recognised by it."""


def form_of_distribution(d: Distribution) -> Hashable:
    """Return a cache key: distributions with equal keys violate the same requirements of the SHACL standards.

    This holds only if the licences of their datasets are equal, too. The key holds what ``LOOKS`` says of the fields.
    """
    return facts_of(d, LOOKS)


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


def _dates(issued: str | None, modified: str | None) -> Hashable:
    return issued and _day(issued), modified and _day(modified)


LOOKS: Looks = (
    ("title", _is_said), ("description", _is_said), ("access_url", lambda url: url and _value(url)),
    ("download_url", lambda url: url and _value(url)), ("format", None), ("media_type", None), ("licence", None),
    ("licence_title", None), ("byte_size", lambda size: size and _size(size)),
    ("checksum checksum_algorithm", lambda one, algorithm: (_digest(one), algorithm) if one else None),
    ("issued modified", _dates), ("language", None), ("rights", lambda text: text and _thing(text)),
    ("conforms_to", lambda found: found and _things(found)), ("documentation", lambda text: text and _values(text)),
    ("status", lambda text: text and _value(text)), ("availability", lambda text: text and _value(text)),
)  # fmt: skip
"""What the SHACL standards see of a distribution. Of most fields it is only whether they are filled, or the type of the
value. It is the value itself if that is invalid, or if the requirements depend on it, as with format, licence and
language."""
