"""Build the queries that read a DCAT catalogue from a SPARQL 1.1 endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["DETAILS", "count", "counting", "identifiers", "is_iri", "known"]

_PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "adms": "http://www.w3.org/ns/adms#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "org": "http://www.w3.org/ns/org#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "time": "http://www.w3.org/2006/time#",
}
_DATASET = "VALUES ?kind { dcat:Dataset dcat:DatasetSeries } ?d a ?kind . FILTER(isIRI(?d))"
_OTHER = (
    "VALUES ?kind { <https://www.w3.org/ns/dcat#Dataset> <http://schema.org/Dataset> <https://schema.org/Dataset> } "
    "?d a ?kind . FILTER(isIRI(?d))"
)
"""Types of datasets in other vocabularies, used if the endpoint has none of DCAT's."""
_NEAR = (
    "dct:publisher|dct:creator|dct:rightsHolder|dcat:contactPoint|dct:license|dct:temporal|dct:spatial|dct:provenance|"
    "dct:conformsTo|dct:accessRights|dct:rights|dct:accrualPeriodicity|adms:identifier|prov:qualifiedAttribution"
)
"""Properties of a dataset whose nodes are read with it."""
_FARTHER = (
    "dcat:contactPoint/vcard:hasEmail|dct:publisher/org:subOrganizationOf|dct:accrualPeriodicity/rdf:value|"
    "dct:temporal/time:hasBeginning|dct:temporal/time:hasEnd|prov:qualifiedAttribution/prov:agent"
)
"""Paths to further nodes, which are read with those."""
_NEAR_FILES = (
    "dct:license|dct:format|dcat:mediaType|dcat:compressFormat|dcat:packageFormat|spdx:checksum|dcat:accessService|"
    "dct:rights|foaf:page"
)


def _query(text: str) -> str:
    """Return a query with declarations of the prefixes it uses."""
    used = [f"PREFIX {name}: <{iri}>\n" for name, iri in _PREFIXES.items() if f"{name}:" in text]
    return "".join(used) + text


def _where(pattern: str, in_graphs: bool) -> str:
    return f"GRAPH ?g {{ {pattern} }}" if in_graphs else pattern


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def count(in_graphs: bool, is_other: bool = False) -> str:
    """Return a SPARQL query that counts the datasets with an IRI.

    ``in_graphs``: search the named graphs in place of the default graph. ``is_other``: search types of datasets other
    than DCAT's, such as schema.org's.
    """
    pattern = _OTHER if is_other else _DATASET
    return _query(f"SELECT (COUNT(DISTINCT ?d) AS ?n) WHERE {{ {_where(pattern, in_graphs)} }}")


def counting(query: str) -> str:
    """Return a SPARQL query that counts the rows of ``query``, a SELECT query.

    The count shows whether the endpoint has cut off the result of that query.
    """
    prefixes, select, rest = query.partition("SELECT ")
    return f"{prefixes}SELECT (COUNT(*) AS ?n) WHERE {{ {{ {select}{rest} }} }}"


def identifiers(after: Any, rows: int, in_graphs: bool, is_other: bool = False) -> str:
    """Return a SPARQL query for the next IRIs of datasets, sorted by characters.

    ``after``: the IRI after which they begin; None for the first ones. ``rows``: the largest number of IRIs.
    ``in_graphs`` and ``is_other``: where to search, see :func:`count`.
    """
    beyond = f" FILTER(STR(?d) > {_text(str(after))})" if after is not None else ""
    where = _where((_OTHER if is_other else _DATASET) + beyond, in_graphs)
    return _query(f"SELECT DISTINCT ?d WHERE {{ {where} }} ORDER BY STR(?d) LIMIT {rows}")


def known(iri: str, in_graphs: bool) -> str:
    """Return a SPARQL query (ASK) whose result is true if the endpoint has any statement about the dataset ``iri``.

    ``iri`` is inserted into the query as it is, so it must be a valid IRI, see :func:`is_iri`. ``in_graphs``: search
    the named graphs in place of the default graph.
    """
    return f"ASK {{ {_where(f'<{iri}> ?p ?o', in_graphs)} }}"


def is_iri(text: str) -> bool:
    """Return whether ``text`` is an absolute IRI, such as ``urn:x:1``, that may stand in a SPARQL query.

    >>> is_iri("urn:x:1"), is_iri("data set")
    (True, False)
    """
    return re.fullmatch(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^`]+', text) is not None


def _values(name: str, ids: Sequence[str]) -> str:
    return f"VALUES ?{name} {{ {' '.join(f'<{one}>' for one in ids if is_iri(one))} }}"


def _own(ids: Sequence[str], in_graphs: bool) -> str:
    """Return a query for datasets, the nodes near them, their catalogue records, and the series that name them.

    Nodes are found by property paths, because some engines need a minute to join a list of properties.
    """
    parts = [
        f"{_values('s', ids)} ?s ?p ?o",
        f"{_values('x', ids)} ?x ({_NEAR}) ?s . ?s ?p ?o",
        f"{_values('x', ids)} ?x ({_FARTHER}) ?s . ?s ?p ?o",
        f"{_values('x', ids)} ?s foaf:primaryTopic ?x . ?s ?p ?o",
        f"{_values('o', ids)} ?s dcat:seriesMember ?o . BIND(dcat:seriesMember AS ?p)",
        f"{_values('x', ids)} ?s dcat:servesDataset ?x . ?s ?p ?o",
    ]
    union = " UNION ".join(f"{{ {_where(part, in_graphs)} }}" for part in parts)
    return _query(f"SELECT DISTINCT ?s ?p ?o WHERE {{ {union} }}")


def _files(ids: Sequence[str], in_graphs: bool) -> str:
    """Return a query for distributions, each with its dataset, and the nodes near them."""
    parts = [
        f"{_values('d', ids)} ?d dcat:distribution ?s . ?s ?p ?o",
        f"{_values('x', ids)} ?x dcat:distribution/({_NEAR_FILES}) ?s . ?s ?p ?o",
    ]
    union = " UNION ".join(f"{{ {_where(part, in_graphs)} }}" for part in parts)
    return _query(f"SELECT DISTINCT ?d ?s ?p ?o WHERE {{ {union} }}")


DETAILS: dict[str, Callable[[Sequence[str], bool], str]] = {"own": _own, "files": _files}
