"""Build the errors for records that were lost or kept only in part; errors are plain data."""

from __future__ import annotations

from typing import Any

from catalog.model import Dataset, HarvestError, Record
from catalog.model.canonical import json_text

__all__ = ["LostRecord", "PassedOver", "cut", "cut_off", "duplicate", "lost", "masked", "poisoned", "twin"]


_IDS = ("identifier", "id", "global_id", "dataset_id", "uuid", "@id", "name")
"""Keys under which records of many kinds hold their identifier."""


class LostRecord(Exception):
    """Raised for a record without usable identifier, which cannot be stored.

    ``remedy`` is advice to the portal, ``pointer`` a JSON pointer within the record, ``value`` the faulty value or
    None.
    """

    def __init__(self, message: str, remedy: str, pointer: str = "", value: Any = None) -> None:
        super().__init__(message)
        self.remedy, self.pointer, self.value = remedy, pointer, value


class PassedOver(LostRecord):
    """Raised for an item in a listing that is not a readable record, for example a file of another kind.

    ``place`` names the kind of item. If the portal file declares that kind under ``outside``, such items are expected.
    """

    def __init__(self, message: str, remedy: str, place: str) -> None:
        super().__init__(message, remedy)
        self.place = place


def cut(value: Any, length: int = 500) -> str | None:
    """Return ``value`` as a text of at most ``length`` characters, to be shown in an error report; None stays None.

    A value that is no text is written as JSON. A text that was cut ends in "…".
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else json_text(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def duplicate(record: Record) -> HarvestError:
    """Return the error for ``record``, which is not stored: a record with the same identifier was read before."""
    return HarvestError(
        kind="duplicate",
        message="the identifier came before in this harvest: the first record was kept, this one was not",
        remedy="give every dataset an identifier of its own, and list it once",
        url=record.url,
        record_id=cut(record.dataset.identifier),
        title=cut(record.dataset.title),
        pointer=record.pointer,
        value=cut(record.dataset.identifier),
    )


def masked(dataset: Dataset, pointer: str, url: str) -> HarvestError:
    """Return the error for ``dataset``, whose record contains a login or key in an address.

    The address is stored with the key masked, and is never requested. ``pointer`` is the place of the record in the
    response of ``url``.
    """
    return HarvestError(
        kind="credential",
        message="an address of the record holds a login or a key: it is masked, and not used",
        remedy="publish the file at a public address, and change the key: everyone who read the record knows it",
        url=url,
        record_id=dataset.identifier,
        title=dataset.title,
        pointer=pointer,
        is_lost=False,
    )


def twin(record: Record, identifier: str) -> HarvestError:
    """Return the error for ``record``, which has the same identifier as another dataset; both are stored.

    ``identifier`` is the new identifier under which ``record`` is stored.
    """
    return HarvestError(
        kind="duplicate",
        message="another dataset has the same identifier: both are kept, this one under a name of its own",
        remedy="give every dataset an identifier of its own",
        url=record.url,
        record_id=cut(identifier),
        title=cut(record.dataset.title),
        pointer=record.pointer,
        value=cut(record.dataset.identifier),
        is_lost=False,
    )


def cut_off(dataset: Dataset, what: str, pointer: str, url: str) -> HarvestError:
    """Return the error for ``dataset``, which was stored without what exceeds the limits; ``what`` describes that.

    ``pointer`` is the place of the record in the response of ``url``.
    """
    return HarvestError(
        kind="record",
        message=f"the record is larger than any program can use: {what}",
        remedy="shorten the value; the record is stored as received",
        url=url,
        record_id=cut(dataset.identifier),
        title=cut(dataset.title, 200),
        pointer=pointer,
        is_lost=False,
    )


def poisoned(why: str, pointer: str, url: str) -> HarvestError:
    """Return the error for a record that the server cannot send: every page that contains it fails.

    ``why`` is the fault of the request for this record alone, ``pointer`` its place in the listing, ``url`` the
    address.
    """
    place = pointer.rpartition("/")[2]
    return HarvestError(
        kind="poison",
        message=f"the record at place {place} cannot be sent, alone or with others: {why}",
        remedy="check the portal's log for this address; the records around it were kept",
        url=url,
        pointer=pointer,
    )


def lost(error: Exception, raw: Any, pointer: str, url: str) -> HarvestError:
    """Return the error for the record ``raw``, which could not be stored.

    ``error`` is the exception that its mapping raised; a LostRecord means a missing identifier. ``pointer`` is the
    place of the record in the response of ``url``.
    """
    record = raw if isinstance(raw, dict) else {}
    if isinstance(error, LostRecord):
        kind, message, remedy = "identifier", str(error), error.remedy
        pointer, value = pointer + error.pointer, cut(_shown(error.value if error.value is not None else raw))
    else:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else f"{type(error).__name__}: {error}"
        kind, message = "record", f"the record could not be read: {why}"
        remedy, value = "fix the record; if nothing is wrong with it, tell the makers of this program", _shown(raw)
    return HarvestError(
        kind=kind,
        message=message,
        remedy=remedy,
        url=url,
        record_id=cut(_shown(next((record[key] for key in _IDS if record.get(key)), None))),
        title=cut(_shown(record.get("title"))),
        pointer=pointer,
        value=cut(value),
    )


def _shown(value: Any) -> Any:
    """Return a value as text; for a value nested too deeply, only its type."""
    try:
        return value if value is None or isinstance(value, str) else json_text(value)
    except RecursionError:
        return f"({type(value).__name__})"
