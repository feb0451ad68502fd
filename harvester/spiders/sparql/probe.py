"""How SPARQL endpoints are recognised from outside."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from harvester.spiders.base.detection import (
    CERTAIN,
    HINT,
    LIKELY,
    AsGiven,
    Detection,
    Probe,
    ProbeResponse,
    TypeProbes,
    count_of,
    without_query,
)
from harvester.spiders.sparql import queries
from harvester.spiders.sparql.results import result_of

__all__ = ["COUNT_QUERY", "IN_GRAPHS", "PROBES", "repositories", "sparql"]


_COUNT = quote(queries.count(False), safe="")
COUNT_QUERY = f"?query={_COUNT}"
"""Query string that asks how many datasets the default graph holds."""
IN_GRAPHS = tuple(
    f"?query={quote(queries.count(in_graphs, is_other), safe='')}"
    for in_graphs, is_other in ((True, False), (False, True), (True, True))
)
"""Query strings for an endpoint whose default graph holds no dataset: they search named graphs and for other types."""


def sparql(seen: ProbeResponse) -> Detection | None:
    """Return a detection of type "sparql" if the response ``seen`` is a SPARQL result, else None.

    If it answers the query that counts datasets, ``datasets`` is that count (None if it cannot be read), and the
    confidence is high if the count is above 0, else low. For any other result ``datasets`` is None; the confidence is
    low for a list of repositories, and medium otherwise.
    """
    found = _result(seen)
    if found is None:
        return None
    names, rows = found
    if names == ["n"] and rows and isinstance(rows[0].get("n"), dict):
        count = count_of(rows[0]["n"].get("value"))
        if not count:
            return Detection("sparql", HINT, count, "a SPARQL endpoint without dcat:Dataset in its default graph")
        return Detection("sparql", CERTAIN, count, "a SPARQL endpoint that holds dcat:Dataset")
    if {"uri", "id"} <= set(names):
        return Detection("sparql", HINT, None, "a list of repositories, each with an endpoint of its own")
    return Detection("sparql", LIKELY, None, "SPARQL results, though not to the question that was asked")


def repositories(seen: ProbeResponse) -> list[str]:
    """Return the addresses of the SPARQL endpoints that the response ``seen`` of a server such as RDF4J or GraphDB
    lists.

    The list is empty for any other response.
    """
    names, rows = _result(seen) or ([], [])
    if not {"uri", "id"} <= set(names):
        return []
    return [str(row["uri"]["value"]) for row in rows if isinstance(row.get("uri"), dict) and row["uri"].get("value")]


def _result(seen: ProbeResponse) -> tuple[list[str], list[dict[str, Any]]] | None:
    # Most responses are something else, and the beginning shows it.
    start = seen.body[:4_000].removeprefix(b"\xef\xbb\xbf").lstrip()
    is_xml = start[:1] == b"<" and b"sparql" in start
    if not is_xml and not (start[:1] == b"{" and b'"head"' in start):
        return None
    try:
        return result_of(seen.body)
    except ValueError:
        return None


PROBES = TypeProbes(
    probes=(
        Probe(190, f"/sparql?query={_COUNT}", sparql, "/sparql"),
        Probe(1180, f"/query?query={_COUNT}", sparql, "/query"),
    ),
    as_given=(AsGiven(10, COUNT_QUERY, sparql, ("sparql", "query", "repositories", "endpoint")),),
    recognisers=((130, sparql),),
    own_address=without_query,
    # Engines respond with a page for people where no media type is named.
    accept="application/sparql-results+json, application/sparql-results+xml;q=0.8",
)
