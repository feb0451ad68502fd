"""SHACL property paths (SHACL 2.3.1): predicate, inverse, alternative and sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from catalog.rdf.terms import IRI, RdfGraph, RdfTerm, prefixed

__all__ = ["Path", "compile_path"]

SH = "http://www.w3.org/ns/shacl#"
_FIRST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first"


@dataclass(frozen=True)
class Path:
    """A SHACL property path, which leads from a node to the values of a property."""

    name: str
    """The path in SPARQL syntax: "dct:title", "^dcat:inSeries", "dcat:distribution/dcat:accessService", "a|b"."""
    step: Callable[[RdfGraph, RdfTerm], Iterable[RdfTerm]]
    """Function (graph, node) that yields the nodes at the end of the whole path, each once."""
    predicate: str | None = None
    """IRI of the property, if the path is a single property in forward direction."""

    def values(self, graph: RdfGraph, focus: RdfTerm) -> Sequence[RdfTerm]:
        """Return the nodes that the path reaches from ``focus`` in ``graph``, each once."""
        return tuple(self.step(graph, focus))


def compile_path(node: RdfTerm, graph: RdfGraph, members: Callable[[RdfTerm], list[RdfTerm]]) -> Path:
    """Compile a SHACL property path from its description in RDF.

    ``node`` is the node that describes the path in the graph of shapes, ``graph``. ``members`` returns the elements of
    an RDF list. Raise ValueError for a kind of path that this engine does not support.
    """
    if node.kind == IRI:
        iri = node.value
        return Path(prefixed(iri), lambda graph, focus: graph.values(focus, iri), iri)
    properties = graph.nodes.get(node, {})
    if _FIRST in properties:
        steps = [compile_path(one, graph, members) for one in members(node)]
        return Path("/".join(step.name for step in steps), _sequence(steps))
    kinds = {key.removeprefix(SH): next(iter(values)) for key, values in properties.items()}
    if set(kinds) == {"inversePath"} and kinds["inversePath"].kind == IRI:
        iri = kinds["inversePath"].value
        return Path(f"^{prefixed(iri)}", lambda graph, focus: dict.fromkeys(graph.subjects(iri, focus)))
    if set(kinds) == {"alternativePath"}:
        ways = [compile_path(one, graph, members) for one in members(kinds["alternativePath"])]
        return Path(
            "|".join(way.name for way in ways),
            lambda graph, focus: dict.fromkeys(one for way in ways for one in way.step(graph, focus)),
        )
    raise ValueError(
        f"a path with {', '.join(f'sh:{kind}' for kind in kinds)} is not known to this engine: use another"
    )


def _sequence(steps: Sequence[Path]) -> Callable[[RdfGraph, RdfTerm], Iterable[RdfTerm]]:
    def walk(graph: RdfGraph, focus: RdfTerm) -> Iterable[RdfTerm]:
        nodes: dict[RdfTerm, None] = {focus: None}
        for step in steps:
            nodes = dict.fromkeys(one for node in nodes for one in step.step(graph, node))
        return nodes

    return walk
