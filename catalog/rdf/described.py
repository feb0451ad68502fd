"""Read the statements of a record that was received as RDF.

Spiders of RDF portals store a record as nested nodes: "@id", "@type", and under each prefixed property a list of
nodes and of texts with language and datatype. Beside them "@record" holds the catalogue record of the dataset, and
"@services" its data services, in the same form. So the publisher's statements can be judged as stated, with node
kinds, repeated values, and classes that the model has no place for.
"""

from __future__ import annotations

from typing import Any

from catalog.rdf.terms import BLANK, IRI, LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm

__all__ = ["described_graph", "is_described"]

_NAMESPACES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "adms": "http://www.w3.org/ns/adms#",
    "dcatap": "http://data.europa.eu/r5r/",
    "spdx": "http://spdx.org/rdf/terms#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "http://schema.org/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "time": "http://www.w3.org/2006/time#",
    "org": "http://www.w3.org/ns/org#",
    "prov": "http://www.w3.org/ns/prov#",
    "dcatapit": "http://dati.gov.it/onto/dcatapit#",
}
_DATASETS = {"dcat:Dataset", "dcat:DatasetSeries"}
_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_MAX_DEPTH = 20
_MAX_VALUES = 50_000
"""Values of one record, at most; the largest records seen have some thousands."""
_NESTED = ("@record", "@services")


def is_described(raw: Any) -> bool:
    """Return whether a raw record is a dataset that was received as RDF and is stored as nested nodes.

    The text of this module describes that form.
    """
    return (
        isinstance(raw, dict) and isinstance(raw.get("@type"), list) and bool(_DATASETS & set(map(str, raw["@type"])))
    )


def _in_full(name: str) -> str:
    prefix, _, local = name.partition(":")
    space = _NAMESPACES.get(prefix)
    # A relative name has been marked as such, and has no namespace.
    if space is None and name.startswith("xsd:"):
        return XSD + local
    return space + local if space else name


class _Reader:
    def __init__(self, key: str) -> None:
        self.graph, self.key, self.blanks, self.room = RdfGraph(), key, 0, _MAX_VALUES

    def node(self, raw: dict[str, Any], depth: int) -> RdfTerm:
        if depth > _MAX_DEPTH:
            raise RecursionError(f"nested deeper than {_MAX_DEPTH} levels")
        iri = raw.get("@id")
        if isinstance(iri, str):
            term = RdfTerm(IRI, iri)
        else:
            self.blanks += 1
            term = RdfTerm(BLANK, f"{self.key}-{self.blanks}")
        for name, values in raw.items():
            if name == "@type":
                for one in values if isinstance(values, list) else ():
                    self.graph.add(term, RDF_TYPE, RdfTerm(IRI, _in_full(str(one))))
            elif not name.startswith("@"):
                for one in values if isinstance(values, list) else ():
                    self.room -= 1
                    if self.room < 0:
                        raise RecursionError(f"more than {_MAX_VALUES:,} values")
                    if isinstance(one, dict):
                        self.graph.add(term, _in_full(name), self.value(one, depth + 1))
        return term

    def value(self, raw: dict[str, Any], depth: int) -> RdfTerm:
        if "@value" not in raw:
            return self.node(raw, depth)
        if language := raw.get("@language"):
            return RdfTerm(LITERAL, str(raw["@value"]), _LANG_STRING, str(language))
        return RdfTerm(LITERAL, str(raw["@value"]), _in_full(str(raw.get("@type") or f"{XSD}string")))


def described_graph(raw: dict[str, Any], key: str) -> tuple[RdfGraph, RdfTerm]:
    """Return the RDF statements of a record that was received as RDF, and the node of its dataset.

    Those about its catalogue record and its data services are included.

    ``raw``: the record as nested nodes, in the form that the text of this module describes. ``key``: a text that makes
    the names of its blank nodes unique, such as the dataset's id. Raise RecursionError if the record is nested deeper
    than 20 levels or has more than 50,000 values.
    """
    reader = _Reader(key)
    node = reader.node(raw, 0)
    for name in _NESTED:
        nested = raw.get(name)
        for one in nested if isinstance(nested, list) else [nested]:
            if isinstance(one, dict):
                reader.node(one, 1)
    return reader.graph, node
