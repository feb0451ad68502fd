"""How DCAT documents in RDF are recognised from outside."""

from __future__ import annotations

from typing import Any

from harvester.bounded import BoundedChild
from harvester.spiders.base.detection import CERTAIN, HINT, Detection, Probe, ProbeResponse, TypeProbes, count_of
from harvester.spiders.rdf.files import syntax_of

__all__ = ["PROBES", "dcat_rdf"]


def dcat_rdf(seen: ProbeResponse) -> Detection | None:
    """Return a "dcat-rdf" detection if the response ``seen`` is an RDF document that uses DCAT, else None.

    The number of datasets is the total that Hydra paging states. Without one, it is the number of datasets in the
    document, or None if the document has further pages, was cut off or cannot be parsed. A document known to hold no
    dataset gets a low confidence.
    """
    syntax = syntax_of(seen.body[:4_000], seen.content_type)
    if syntax is None or b"ns/dcat#" not in seen.body:
        return None
    count = _datasets(seen, syntax)
    return Detection("dcat-rdf", CERTAIN if count != 0 else HINT, count, f"a DCAT document in {syntax}")


def _datasets(seen: ProbeResponse, syntax: Any) -> int | None:
    """Return the total that Hydra paging states, or the number in a document read whole without a further page; else
    None."""
    with BoundedChild("harvester.spiders.rdf.reading:count", seconds=20) as child:
        try:
            told = child.call(seen.body, syntax=syntax.media_type, url=seen.url)
        except ValueError:
            return None
    total = count_of(told["total"])
    return total if total is not None else None if told["is_page"] or not seen.is_whole else int(told["named"])


PROBES = TypeProbes(
    probes=(
        Probe(120, "/catalog.ttl", dcat_rdf, "/catalog.ttl"),
        Probe(130, "/catalog.rdf", dcat_rdf, "/catalog.rdf"),
        Probe(140, "/catalog.xml", dcat_rdf, "/catalog.xml"),
        Probe(150, "/catalog.jsonld", dcat_rdf, "/catalog.jsonld"),
        Probe(1190, "/feeds/dcat", dcat_rdf, "/feeds/dcat"),
    ),
    recognisers=((220, dcat_rdf),),
)
