"""What is said of a record that only the lenient parser of RDF could read: it is kept, and the portal is told why."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.model import HarvestError
from harvester.spiders.base.losses import cut
from harvester.spiders.rdf.nodes import RELATIVE

__all__ = ["Lenient", "lenient"]


@dataclass(frozen=True, slots=True)
class Lenient:
    """A record that the strict parser refused and the lenient one has read, in the stream of a document's elements."""

    message: str
    """What the strict parser said."""
    about: str | None
    """The IRI of the record, if it has one."""
    index: int = -1
    """It stands before the first dataset: a harvest that goes on where it stopped has said it already."""


def lenient(found: Lenient, url: str) -> HarvestError:
    """Return the harvest error of such a record. Nothing is lost with it; ``url`` is the document's."""
    return HarvestError(
        kind="lenient",
        message=f"the record is malformed RDF and was parsed leniently: {found.message}",
        remedy="correct the record where the message points: programs that read strictly lose it",
        url=url,
        record_id=cut(found.about.removeprefix(RELATIVE)) if found.about else None,
        is_lost=False,
    )
