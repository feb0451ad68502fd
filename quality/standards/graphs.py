"""Validate a dataset against the standards that are written in SHACL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from catalog.rdf.dcat import NOT_TOLD, dataset_graph
from catalog.rdf.described import described_graph, is_described
from catalog.rdf.terms import IRI, RDF_TYPE, RdfGraph, RdfTerm, prefixed
from catalog.rdf.values import node_of
from catalog.repositories.reading import StoredDataset
from quality.standards.messages import class_of, message
from quality.standards.result import Violation
from quality.standards.shacl import Result, Shapes, compile_shapes, located
from specs.standards import SHAPES, shapes

__all__ = ["HVD", "Statements", "applies", "compiled", "statements", "told", "violation", "violations"]

HVD = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
"""Implementing Regulation (EU) 2023/138 on high-value datasets, as an ELI."""

_REGULATION = "data.europa.eu/eli/reg_impl/2023/138"
"""The Regulation in any spelling: the profile itself reports a name that is not exactly the ELI."""


@dataclass(frozen=True)
class Statements:
    """What a publisher stated about a dataset, as an RDF graph."""

    graph: RdfGraph
    names: dict[RdfTerm, str]
    """By RDF node, the id of the dataset or distribution that the node stands for."""
    is_whole: bool
    """True if the portal sent the record as RDF: then whatever is missing in the graph was not stated."""


@cache
def compiled(standard: str) -> Shapes:
    """Return the SHACL shapes of ``standard``, one of :data:`specs.standards.SHAPES`, ready to validate with."""
    return compile_shapes(shapes(standard), f"{standard}.ttl")


def statements(stored: StoredDataset, raw: Any = None) -> Statements:
    """Return what a publisher stated about a dataset, as RDF.

    ``raw`` is the record as the portal sent it. If that is RDF, its statements are returned, else those made from the
    stored dataset.
    """
    if is_described(raw):
        graph, node = described_graph(raw, stored.id)
        names = {node: stored.id}
        for part in stored.distributions:
            if part.distribution.identifier:
                names.setdefault(RdfTerm(IRI, part.distribution.identifier), part.id)
        return Statements(graph, names, True)
    names = {node_of("dataset", stored.id): stored.id}
    names |= {node_of("distribution", part.id): part.id for part in stored.distributions}
    return Statements(dataset_graph(stored), names, False)


def applies(stored: StoredDataset, standard: str) -> bool:
    """Return whether a standard written in SHACL applies to a dataset; False for the name of any other standard.

    DCAT-AP 2 does not apply to dataset series, which exist only since DCAT-AP 3. The HVD profile applies to datasets
    that say they are high-value. DCAT-AP 3 applies to all.
    """
    dataset = stored.dataset
    if standard == "dcat_ap_2":
        return not dataset.is_series
    if standard == "dcat_ap_hvd":
        return bool(dataset.hvd_categories) or any(_REGULATION in one for one in dataset.applicable_legislation)
    return standard in SHAPES


def _is_told(result: Result, of: Statements) -> bool:
    """Return whether the publisher could have stated what is missing. The members of a series, for
    example, say so themselves.
    """
    if result.component not in ("minCount", "hasValue"):
        return True
    classes = [one.value for one in of.graph.values(result.focus, RDF_TYPE)]
    if of.is_whole:
        return result.path != "^dcat:inSeries"
    return not any(result.path in NOT_TOLD.get(one, ()) for one in classes)


def violations(of: Statements, standard: str) -> Iterator[Violation]:
    """Yield the requirements of a standard that a dataset does not meet, in the order of the standard's shapes.

    ``of`` are the statements about the dataset, ``standard`` is the name of a standard written in SHACL. A missing
    property does not count if the publisher could not have stated it: for example a property that the portal's
    interface does not have.
    """
    for _, result in told(of, standard):
        yield violation(result, of, standard)


def told(of: Statements, standard: str) -> Iterator[tuple[int, Result]]:
    """Yield the violations that :func:`violations` yields for the same arguments, as pairs (position, result of the
    SHACL engine).

    The position is that of the shape's target among all targets in ``standard``, from 0.
    """
    return (found for found in located(of.graph, compiled(standard)) if _is_told(found[1], of))


def violation(result: Result, of: Statements, standard: str) -> Violation:
    """Convert a result of the SHACL engine to a Violation of ``standard``, with a sentence for people.

    ``of`` are the statements that were validated.
    """
    return Violation(
        standard,
        _name(result.focus, of),
        result.path,
        result.component,
        "warning" if result.severity == "info" else result.severity,
        message(result, of.graph),
    )


def _name(node: RdfTerm, of: Statements) -> str:
    """Return the id of a dataset or distribution; for another node its class and address, or the
    dataset that it belongs to.
    """
    if node in of.names:
        return of.names[node]
    kind = class_of(of.graph, node) or "node"
    address = prefixed(node.value).removeprefix("urn:winnow:")[:300]
    return f"{kind} {address}" if node.kind == IRI else f"{kind} of {next(iter(of.names.values()))}"
