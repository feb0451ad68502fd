"""Report records that only the lenient RDF parser could read: they are kept, and the portal is told why."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model import HarvestError
from harvester.spiders.base.losses import cut
from harvester.spiders.rdf.nodes import RELATIVE

__all__ = ["Lenient", "lenient"]


@dataclass(frozen=True, slots=True)
class Lenient:
    """A record of an RDF document that the strict parser refused and the lenient parser could read.

    It stands among the datasets of the document, so that the record is reported.
    """

    message: str
    """Message of the strict parser."""
    about: str | None
    """IRI of the record, if it has one."""
    index: int = -1
    """Position before the first dataset, so that a resumed harvest does not report the record again."""


def lenient(found: Lenient, url: str) -> HarvestError:
    """Return the harvest error for a record that only the lenient RDF parser could read.

    The record is stored all the same. ``found`` is the record, ``url`` the address of the document.
    """
    return HarvestError(
        kind="lenient",
        message=f"the record is malformed RDF and was parsed leniently: {found.message}",
        remedy="correct the record where the message points: strict programs cannot read it",
        url=url,
        record_id=cut(found.about.removeprefix(RELATIVE)) if found.about else None,
        is_lost=False,
    )
