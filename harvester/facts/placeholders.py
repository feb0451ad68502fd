"""Remove placeholders from a finished dataset, whatever portal type it came from.

A title may be any word: only a template that nobody filled in is removed there.
"""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, TypeVar

from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from harvester.facts.meaning import NOTHING_NAMED, meant
from harvester.facts.record import REPEATS

__all__ = ["without_placeholders"]

T = TypeVar("T", Dataset, Distribution, DataService, Contact, Publisher)

_KEPT = ("identifier", "is_series", "distributions", "data_services", "publisher", "contact", "translations",
         "contradictions", "not_carried", "harvested_from", "relations")  # fmt: skip
_NAMES = {
    kind: tuple(f.name for f in fields(kind) if f.name not in _KEPT)
    for kind in (Dataset, Distribution, DataService, Contact, Publisher)
}
_GETTERS = {kind: attrgetter(*names) for kind, names in _NAMES.items()}
_AS = {"email": "contact_email", "endpoint_url": "access_url", "licence_title": "licence", "name": "publisher"}
"""Fields that are judged by the rules of another fact."""


def without_placeholders(dataset: Dataset) -> Dataset:
    """Return ``dataset`` without placeholders ("N/A", "unknown"), in its own fields and in those of its parts.

    The parts are distributions, data services, contact and publisher. A field that held only a placeholder becomes
    None, and lists lose theirs. A contact of which nothing is left becomes None too, and so does a publisher whose name
    is a placeholder. Identifiers, relations, translations and ``harvested_from`` stay as they are. A repetition
    interval in "modified" ("R/P1D") moves to "frequency" if that is empty, and is dropped otherwise. If there is
    nothing to change, the same object is returned.
    """
    found = _own(dataset)
    changes: dict[str, Any] = {}
    for name in ("distributions", "data_services"):
        parts = getattr(found, name)
        without = tuple(map(_own, parts))
        if any(new is not old for new, old in zip(without, parts, strict=True)):
            changes[name] = without
    if found.contact is not None and (contact := _own(found.contact)) is not found.contact:
        changes["contact"] = contact if contact != Contact() else None
    if (publisher := found.publisher) is not None:
        if not meant("publisher", publisher.name):
            changes["publisher"] = None
        elif (real_publisher := _own(publisher)) is not publisher:
            changes["publisher"] = real_publisher
    if found.modified is not None and found.modified[:1] in "Rr" and REPEATS.fullmatch(found.modified.strip()):
        changes |= {"modified": None, "frequency": found.frequency or found.modified}
    return replace(found, **changes) if changes else found


def _own(noun: T) -> T:
    kind = type(noun)
    changes: dict[str, Any] = {}
    for name, value in zip(_NAMES[kind], _GETTERS[kind](noun), strict=True):
        if value is None or value == ():
            continue
        if type(value) is str:
            if len(value) > 60 and "{" not in value and not value.endswith(NOTHING_NAMED):
                continue
            if name == "name":
                # A publisher's name was already checked above.
                if kind is Contact and not meant("contact_name", value):
                    changes[name] = None
            elif not meant(_AS.get(name, name), value):
                changes[name] = None
        elif type(value) is tuple:
            kept = tuple(one for one in value if type(one) is not str or meant(name, one))
            if len(kept) != len(value):
                changes[name] = kept
    return replace(noun, **changes) if changes else noun
