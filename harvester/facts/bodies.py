"""Read publishers and contacts from objects, from separate fields, or from JSON inside a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from catalog.model import Contact, Publisher
from catalog.vocabulary import is_no_value
from harvester.facts.names import field_name
from harvester.facts.values import email, json_text, text

__all__ = ["Party", "bodies", "contact_of", "person_of", "publisher_of"]

_MAIL = re.compile(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+\.[^@\s<>.,;:\"()]+")
_ADDRESS = re.compile(r"(?i)(?:https?|ftp)://\S+|www\.\S+")
_ACCOUNT = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+|[a-z]+(?:-[a-z]+)*-?\d+")
"""Match account names that software makes from a person's name: ada_quill, ada-quill-672."""
_DEEPEST = 6
Words = Callable[[Any], str | None]


class Party(NamedTuple):
    """A person or an organisation as named in a record; a field is None if the record does not state it."""

    name: str | None = None
    email: str | None = None
    url: str | None = None
    identifier: str | None = None
    parents: tuple[str, ...] = ()
    """Names of the organisations above it, the nearest first."""


NOBODY = Party()


def said(value: Any, words: Words = text) -> str | None:
    """Return ``value`` as text; None if it has no text or is a placeholder such as "N/A".

    ``words`` is the function that turns a JSON value into a text; it may choose a language.
    """
    found = words(value)
    return None if found is None or is_no_value(found) else found


def bodies(value: Any, words: Words = text, depth: int = 0) -> list[Party]:
    """Return the persons and organisations named in a JSON value, such as the content of a "publisher" field.

    ``value`` is an object, a list, a name, an email address, or a text that holds one of these as JSON. A value without
    usable content, such as a placeholder ("N/A"), gives none. The result keeps the order of ``value``, and a party that
    is named twice is in it twice. ``words`` is the function that turns a JSON value into a text; it may choose a
    language. ``depth`` is the number of lists and objects around ``value``; a list within six others gives none.
    """
    value = json_text(value)
    if isinstance(value, list):
        return [body for item in value for body in bodies(item, words, depth + 1)] if depth < _DEEPEST else []
    if isinstance(value, dict):
        body = _of_object(value, words, depth)
    else:
        name = said(value, words)
        mail = email(name) if name and _MAIL.fullmatch(email(name) or "") else None
        body = NOBODY if name is None else Party(email=mail) if mail else Party(name=name)
    return [body] if body != NOBODY else []


def _of_object(value: dict[str, Any], words: Words, depth: int) -> Party:
    """Read one object; of several name fields the first usable one in the order of ``specs/field_names.toml`` wins."""
    found: dict[str, tuple[int, Any]] = {}
    for key, one in value.items():
        name = field_name(str(key), "agent")
        if name is None or one in (None, "", [], {}):
            continue
        if name.fact != "parent" and said(one, words) is None:
            continue
        if name.fact not in found or name.rank < found[name.fact][0]:
            found[name.fact] = (name.rank, one)
    texts = {fact: said(one, words) for fact, (_, one) in found.items() if fact != "parent"}
    if not texts:
        # A name in several languages: {"de": "Amt", "fr": "Office"}.
        name_alone = said(value, words)
        return Party(name=name_alone) if name_alone else NOBODY
    above = bodies(found["parent"][1], words, depth + 1) if "parent" in found and depth < _DEEPEST else []
    parents = tuple(name for body in above[:1] if body.name for name in (body.name, *body.parents))
    mail = email(texts.get("email"))
    return Party(texts.get("name"), mail, texts.get("url"), texts.get("identifier"), parents)


def publisher_of(found: Iterable[Party]) -> Publisher | None:
    """Return the first party in ``found`` that has a name, as a publisher; None if none has a name."""
    for body in found:
        if body.name:
            parents = body.parents
            return Publisher(
                name=body.name,
                identifier=body.identifier,
                email=body.email,
                url=body.url,
                parent=parents[0] if parents else None,
                ancestors=parents[1:],
            )
    return None


def contact_of(found: Iterable[Party]) -> Contact | None:
    """Return the contact for a dataset, made from the parties in ``found``; None if none has a name, a page, or an
    email address with an "@".

    The first party with an email address is taken; if there is none, the first with a web page; then the first with
    anything. If it has no name, it gets that of a party with the same email address or, failing that, of the first
    named party without one. If it has no page, it gets that of the first party with only a page. A user account
    ("ada_quill") does not count as a name.
    """
    people = [one._replace(name=None) if one.name and _ACCOUNT.fullmatch(one.name) else one for one in found]
    best = next((one for one in people if one.email and "@" in one.email), None)
    best = best or next((one for one in people if one.url and _ADDRESS.match(one.url)), None)
    best = best or next((one for one in people if one.name or one.url), None)
    if best is None:
        return None
    name, url = best.name, best.url
    if name is None:
        # Parties with the same address, or with none, may be the same person.
        same = [one.name for one in people if one.name and one.email and one.email == best.email]
        name = next(iter(same), next((one.name for one in people if one.name and not one.email), None))
    if url is None:
        url = next((one.url for one in people if one.url and not one.name and not one.email), None)
    return Contact(name=name, email=best.email, url=url)


def person_of(named: list[Party], address: str | None, url: str | None) -> list[Party]:
    """Return the parties that separate fields for name, e-mail address and page state.

    ``named``: what the field for the name holds, as :func:`bodies` reads it: usually one party with a name; parties
    from JSON may have more. A single party without an e-mail address becomes one with the name and with ``address`` and
    ``url``. Several parties, or one with an e-mail address, are returned as they are, followed by a party of
    ``address`` and ``url`` if either is stated. The result is empty if nothing is stated.
    """
    if len(named) <= 1 and not any(body.email for body in named):
        own = Party(named[0].name if named else None, address, url or (named[0].url if named else None))
        return [own] if own != Party() else []
    return [*named, *([Party(email=address, url=url)] if address or url else [])]
