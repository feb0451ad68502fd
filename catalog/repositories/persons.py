"""Decide which e-mail addresses and names of a record are public: those of offices and bodies, never those of persons.

The public file, RDF, Parquet and scorecards all ask here, so that no form of the data lets out what another keeps. In
a field for an address, one in which :func:`catalog.repositories.recipients.is_only_role` finds nothing but an office is
public. In any other text every address is replaced. The name of a contact is public where it is that of the publisher
or of a body above it; any other may be a person's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

from catalog.model import Contact, Dataset, Publisher
from catalog.repositories.recipients import addresses_in, is_only_role

__all__ = [
    "ADDRESS",
    "bodies_of",
    "has_addresses",
    "public_contact",
    "public_dataset",
    "public_email",
    "public_name",
    "public_publisher",
    "public_record",
    "public_texts",
    "without_addresses",
    "without_addresses_in_json",
]

ADDRESS = "[e-mail address]"
"""What stands in place of an e-mail address."""
_FROM_SIGN = re.compile(r"(?:@|%(?:25)?40| ?[(\[](?:at|AT)[)\]] ?)[\w-]+(?:\.[\w-]+)+")
_OF_PERSONS = re.compile(
    r"author(?!i)|maintainer|creator|contributor|contact|person|responsib|individual|owner(?!.?org)|user|curator|steward"
    r"|submitter|given.?name|family.?name|first.?name|last.?name|sur.?name|phone|telefon|e.?mail"
    r"|(?:^|[:_/#])(?:fn|tel|mail|mbox)",
    re.IGNORECASE,
)
"""Part of the name of a field whose texts, and those of all fields inside it, may be a person's."""
_OWN_KEYS = frozenset({"@type", "@language"})
"""Keys of RDF that say what a node is, and hold nothing of a person."""
_DEEPEST = 60
"""Levels of a record that are read; what is nested deeper is left out."""


@lru_cache(maxsize=4096)
def public_email(declared: str | None) -> str | None:
    """Return the first e-mail address of an office in a field for addresses; None if it has none.

    ``declared``: the field as its publisher filled it; several addresses may be separated by commas, semicolons or
    blanks, each with "mailto:" or without. An address that is not an office's by
    :func:`catalog.repositories.recipients.is_only_role` counts as a person's. SQL queries call it by the same name.

    >>> public_email("jane.doe@example.org; mailto:opendata@example.org")
    'opendata@example.org'
    """
    return next((one for one in addresses_in(declared)[0] if is_only_role(one)), None)


def bodies_of(publisher: Publisher | None) -> tuple[str, ...]:
    """Return the names of a publisher and of the bodies above it, the nearest first; () for None."""
    if publisher is None:
        return ()
    return tuple(name for name in (publisher.name, publisher.parent, *publisher.ancestors) if name)


def public_name(declared: str | None, bodies: Iterable[str]) -> str | None:
    """Return the name of a contact where it is one of ``bodies``, else None: it may be that of a person.

    ``declared``: the name as its publisher gave it, None if it gave none. ``bodies``: names of the publisher and of the
    bodies above it, see :func:`bodies_of`. Capitals and blanks do not matter.
    """
    if not declared or not (own := _folded(declared)):
        return None
    return declared if any(own == _folded(one) for one in bodies) else None


def public_contact(contact: Contact | None, publisher: Publisher | None) -> Contact | None:
    """Return what is public of the contact point of a dataset; None if nothing is, or if ``contact`` is None.

    That is the address of an office, the name of a body, and the web address without e-mail addresses in it.
    ``publisher``: the publisher of the dataset, None if none is known: then no name is public.
    """
    if contact is None:
        return None
    name = without_addresses(public_name(contact.name, bodies_of(publisher)))
    found = Contact(name=name, email=public_email(contact.email), url=without_addresses(contact.url))
    return found if any((found.name, found.email, found.url)) else None


def public_publisher(publisher: Publisher | None) -> Publisher | None:
    """Return a publisher with its e-mail address only where it is an office's, and without addresses in its other
    texts; None for None."""
    if publisher is None:
        return None
    return replace(
        publisher,
        name=without_addresses(publisher.name) or "",
        identifier=without_addresses(publisher.identifier),
        email=public_email(publisher.email),
        url=without_addresses(publisher.url),
        parent=without_addresses(publisher.parent),
        ancestors=tuple(without_addresses(one) or "" for one in publisher.ancestors),
    )


def public_texts(value: Any) -> Any:
    """Return a value of a record without e-mail addresses in its texts.

    ``value``: a text, or a tuple, list, dictionary or dataclass (such as :class:`catalog.model.Dataset`) with texts
    inside. One without any address is returned itself. The fields of a contact or a publisher are treated as texts,
    too: use :func:`public_contact` and :func:`public_publisher` for them.
    """
    if isinstance(value, str):
        return without_addresses(value)
    if isinstance(value, tuple):
        told = [public_texts(one) for one in value]
        if all(new is old for new, old in zip(told, value, strict=True)):
            return value
        return type(value)._make(told) if hasattr(value, "_make") else tuple(told)
    if isinstance(value, list):
        return [public_texts(one) for one in value]
    if isinstance(value, dict):
        return {public_texts(key): public_texts(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        before = {field.name: getattr(value, field.name) for field in fields(value)}
        after = {name: public_texts(one) for name, one in before.items()}
        changed = {name: one for name, one in after.items() if one is not before[name] and one != before[name]}
        return replace(value, **changed) if changed else value
    return value


def public_dataset(dataset: Dataset) -> Dataset:
    """Return a dataset as its record declares it, without addresses and names of persons in any field; what is public
    of its contact and its publisher stays. Its contradictions, which quote contacts, are left out."""
    bare: Dataset = public_texts(replace(dataset, contact=None, publisher=None, contradictions=()))
    return replace(
        bare,
        contact=public_contact(dataset.contact, dataset.publisher),
        publisher=public_publisher(dataset.publisher),
    )


def public_record(raw: Any, bodies: Collection[str] = ()) -> Any:
    """Return what is public of a record as it was received: the same JSON value without addresses and names of persons.

    In fields that may tell of a person (author, maintainer, contact, creator and the like, with all inside them) a text
    stays where it is the address of an office, the name of a body or the address of a web page; any other becomes
    null. In all other texts and keys each e-mail address is replaced by :data:`ADDRESS`. ``raw``: the value of JSON;
    it is not changed. ``bodies``: names of the publisher and of the bodies above it, see :func:`bodies_of`. What is
    nested deeper than 60 levels becomes null.
    """
    return _public(raw, frozenset(map(_folded, bodies)), of_person=False, depth=0)


def _public(value: Any, bodies: frozenset[str], *, of_person: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        # CKAN's extras: the name of the field is a text beside its value.
        named = value.get("key") if "value" in value else None
        is_persons = of_person or (isinstance(named, str) and _OF_PERSONS.search(named) is not None)
        return {
            without_addresses(key): _public(
                one,
                bodies,
                of_person=key not in _OWN_KEYS
                and not (named is not None and key == "key")
                and (is_persons or _OF_PERSONS.search(key) is not None),
                depth=depth + 1,
            )
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_public(one, bodies, of_person=of_person, depth=depth + 1) for one in value]
    if not isinstance(value, str):
        # A number in such a field may be one to call.
        return None if of_person and not isinstance(value, bool) else value
    if not of_person:
        return _public_text(value)
    if email := public_email(value):
        return email
    is_kept = _folded(value) in bodies or _is_page(value)
    return without_addresses(value) if is_kept else None


def _public_text(text: str) -> str | None:
    """Return a text without addresses; one that holds JSON, as CKAN's extras do, is read as a record of its own."""
    return without_addresses_in_json(text) if text[:1] in ("{", "[") else without_addresses(text)


def _is_page(text: str) -> bool:
    """Return whether a text is the address of a web page, and not of one about a person."""
    return text.lower().startswith(("http://", "https://")) and "orcid.org" not in text.lower() and " " not in text


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def has_addresses(*values: object) -> bool:
    """Return whether one of the values is a text that may have an e-mail address in it.

    It is quick, and wrong about some texts that have none: :func:`without_addresses` leaves those as they are.
    """
    # One test after the other in plain sight: it is asked for each row of the public file.
    for value in values:
        if isinstance(value, str) and (
            "@" in value
            or ("%" in value and ("%40" in value or "%2540" in value))
            or ("at)" in value or "at]" in value or "AT)" in value or "AT]" in value)
        ):
            return True
    return False


def without_addresses(text: str | None) -> str | None:
    """Return a text with ``ADDRESS`` in place of each e-mail address; None for None.

    >>> without_addresses("Write to jane.doe@example.org, or see https://example.org/@news")
    'Write to [e-mail address], or see https://example.org/@news'
    """
    if not isinstance(text, str) or not has_addresses(text):
        return text
    kept, end = [], 0
    for found in _FROM_SIGN.finditer(text):
        # Backwards from the sign: a pattern that begins with the name takes hours on a long text without spaces.
        start = found.start()
        while start > end and (text[start - 1].isalnum() or text[start - 1] in "_.+%-"):
            start -= 1
        if start < found.start() and text[found.start() - 1] not in ".+%-":
            kept += [text[end:start], ADDRESS]
            end = found.end()
    return "".join([*kept, text[end:]])


def without_addresses_in_json(text: str | None) -> str | None:
    """Return a JSON text with ``ADDRESS`` in place of each e-mail address in its texts and keys; None for None.

    It stays JSON: in the text itself an address may stand right behind an escape such as ``\\n``. What is no JSON is
    treated as a plain text.
    """
    if not isinstance(text, str) or not has_addresses(text):
        return text
    try:
        return json.dumps(_cleaned(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return without_addresses(text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {without_addresses(key): _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else without_addresses(value)
