"""pyshacl with the official shapes: what our results are compared with."""

from __future__ import annotations

import io
import logging
from functools import cache
from typing import Any

from catalog.rdf.terms import BLANK, RdfGraph, RdfTerm, prefixed

SH = "http://www.w3.org/ns/shacl#"
Key = tuple[str, str, str, str, str]
"""Focus node, path, constraint, severity, value. Blank nodes by what is said of them."""


def n3(term: RdfTerm, names: dict[str, str]) -> str:
    """Return a term as N-Triples; blank nodes keep their label."""
    if term.kind == BLANK:
        return f"_:{names.setdefault(term.value, f'b{len(names)}')}"
    if term.kind == "iri":
        return f"<{term.value}>"
    text = term.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    if term.language:
        return f'"{text}"@{term.language}'
    return f'"{text}"^^<{term.datatype}>'


def n_triples(graph: RdfGraph, datatype_of: Any) -> bytes:
    """Return a graph as N-Triples; blank nodes are named b0, b1 in the order in which they occur."""
    names: dict[str, str] = {}
    lines = [f"{n3(s, names)} <{p}> {n3(o, names)} .\n" for s, p, o in graph.quads(datatype_of)]
    return "".join(lines).encode()


@cache
def official(*files: str) -> Any:
    """Return the official files of shapes as one graph of rdflib."""
    from rdflib import Graph

    graph = Graph()
    for file in files:
        graph.parse(file, format="turtle")
    return graph


def _named(node: Any) -> str:
    from rdflib import BNode

    return "blank" if isinstance(node, BNode) else str(node)


def expected(data: bytes, form: str, *shape_files: str) -> list[Key]:
    """Return the results of pyshacl, run for each file of shapes alone, because files use the same names for different
    shapes."""
    import pyshacl
    from rdflib import BNode, Graph, Namespace

    # One traceback for every literal that fits its datatype badly: they are there on purpose.
    logging.getLogger("rdflib.term").setLevel(logging.CRITICAL)
    sh = Namespace(SH)
    graph = Graph().parse(io.BytesIO(data), format=form)
    found: list[Key] = []
    for file in shape_files:
        _, report, _ = pyshacl.validate(graph, shacl_graph=official(file), advanced=False, inplace=True)
        # What stands under sh:detail explains a result and is none.
        for result in report.objects(None, sh.result):
            path = report.value(result, sh.resultPath)
            component = str(report.value(result, sh.sourceConstraintComponent)).removeprefix(SH)
            component = component.removesuffix("ConstraintComponent")
            value = report.value(result, sh.value)
            found.append(
                (
                    _named(report.value(result, sh.focusNode)),
                    _path(report, path, sh) if isinstance(path, BNode) else prefixed(str(path)) if path else "",
                    component[0].lower() + component[1:],
                    str(report.value(result, sh.resultSeverity)).removeprefix(SH).lower(),
                    # A shape with sh:or for the node itself gives the node as value.
                    "" if value is None else _named(value),
                )
            )
    return sorted(found)


def _path(report: Any, path: Any, sh: Any) -> str:
    inverse = report.value(path, sh.inversePath)
    return f"^{prefixed(str(inverse))}" if inverse is not None else "complex"


def ours(graph: RdfGraph, standard: str) -> list[Key]:
    """Return the results of our own engine in the same form."""
    from quality.standards.shacl import compile_shapes, validate
    from specs.standards import shapes

    def named(term: RdfTerm | None) -> str:
        return "" if term is None else "blank" if term.kind == BLANK else term.value

    return sorted(
        (named(r.focus), "complex" if "|" in r.path else r.path, r.component, r.severity, named(r.value))
        for r in validate(graph, compile_shapes(shapes(standard), standard))
    )
