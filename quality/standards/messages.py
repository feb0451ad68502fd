"""Turn results of the SHACL engine into sentences that a clerk can act on."""

from __future__ import annotations

from catalog.rdf.terms import RDF_TYPE, XSD, RdfGraph, RdfTerm, expanded, prefixed
from quality.standards.shacl import Result

__all__ = ["class_of", "message"]

MAX_VALUE = 80
"""Most characters of a value that are quoted."""
_THINGS = {
    "dcat:Dataset": "dataset",
    "dcat:DatasetSeries": "series",
    "dcat:Distribution": "distribution",
    "dcat:DataService": "data service",
    "dcat:Catalog": "catalogue",
    "dcat:CatalogRecord": "catalogue record",
    "dcat:Relationship": "relation",
    "foaf:Agent": "publisher",
    "vcard:Kind": "contact point",
    "dct:PeriodOfTime": "period",
    "dct:Location": "place",
    "dct:LicenseDocument": "licence document",
    "skos:Concept": "concept",
    "skos:ConceptScheme": "concept scheme",
    "spdx:Checksum": "checksum",
    "adms:Identifier": "other identifier",
}
_NAMES = {expanded(name): name for name in _THINGS}
_FORMS = {
    "decimal": "a number such as 2048",
    "nonNegativeInteger": "a whole number of bytes such as 2048, without a unit",
    "duration": "a duration such as P1Y or P1D",
    "hexBinary": "hexadecimal digits only",
}


def class_of(graph: RdfGraph, node: RdfTerm) -> str:
    """Return the class (rdf:type) of ``node`` in ``graph`` as a prefixed name such as "dcat:Dataset"; "" without one.

    Of several classes, one that messages have a word for comes first.
    """
    classes = graph.values(node, RDF_TYPE)
    known = next((name for one in classes if (name := _NAMES.get(one.value))), None)
    return known or next((prefixed(one.value) for one in classes), "")


def _quoted(value: RdfTerm | None) -> str:
    if value is None:
        return ""
    text = " ".join(value.value[: 4 * MAX_VALUE].split())
    return f"“{text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + '…'}”"


def message(result: Result, graph: RdfGraph) -> str:
    """Return one sentence about ``result``, a violation found by the SHACL engine: what is wrong, where, what to do.

    ``graph`` is the graph that was validated.
    """
    shape = result.shape
    if shape.message:
        return shape.message
    thing = _THINGS.get(class_of(graph, result.focus), "description")
    what = shape.name or result.path or "description"
    where = f"{what} ({result.path})" if result.path else what
    value = _quoted(result.value)
    match result.component:
        case "minCount" if result.severity == "warning":
            return f"The {thing} has no {where}: it is recommended to give one."
        case "minCount":
            return f"The {thing} has no {where}, which it must have: add one."
        case "maxCount":
            return f"The {thing} has more than one {where}: keep one."
        case "nodeKind" if shape.expects["nodeKind"] == "Literal":
            return f"The {where} of the {thing} is the address {value} where text is wanted: write the text."
        case "nodeKind":
            return (
                f"The {where} of the {thing} is {value}, which is no valid address (IRI): give one, such as that of "
                "the concept in the vocabulary, without blanks."
            )
        case "datatype":
            form = _FORMS.get(shape.expects["datatype"].removeprefix(XSD), prefixed(shape.expects["datatype"]))
            return f"The {where} of the {thing} is {value}: write it as {form}."
        case "node" if shape.expects["node"].endswith("#Date"):
            return f"The {where} of the {thing} is {value}, which is no date: write it as 2024-05-31."
        case "hasValue":
            return f"The {where} of the {thing} does not name {prefixed(shape.expects['hasValue'])}: add it."
        case "or":
            return f"The {where} of the {thing} fits none of the forms allowed: see the standard for those."
        case _:
            return f"The {where} of the {thing} is {value}, which the standard does not allow: see its text."
