"""The metrics, dimensions and scoring systems as DQV, described in all languages of the program.

A metric is in one or more dimensions (``dqv:inDimension``), a dimension in a category (``dqv:inCategory``). Those of
Winnow are in the six dimensions of the Winnow score; what the MQA of data.europa.eu measures too is also in the MQA's
dimension and names the MQA's metric. The total of a scoring system is a metric of its own, in the dimension "overall".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from catalog.rdf.dcat import GraphSink, Term, TermSink
from catalog.rdf.mqa_terms import MQA, MQA_CLOSE, MQA_DIMENSIONS, MQA_EXACT
from catalog.rdf.names import ResourceNames
from catalog.rdf.quality import DQV, LICENCE, reason_iri, value_type
from catalog.rdf.terms import RDF_TYPE, RdfGraph
from catalog.rdf.values import DCT, SKOS, in_language, iri, text
from catalog.repositories.measured_datasets import BOUNDS, REASONS, SCORES
from specs.languages import Language, languages
from specs.metrics import dimensions, metrics
from specs.systems import systems

__all__ = ["OVERALL", "add_dimensions", "add_metric", "add_reasons", "metric_graph", "metric_ids", "metrics_graph"]

OVERALL = "overall"
"""Id of the dimension of the totals of scoring systems."""
_MISSING = "http://purl.org/linked-data/sdmx/2009/code#obsStatus-M"
_OF_MQA = ("mqa_v1", "mqa_v2")


def metric_ids() -> list[str]:
    """Return the ids of all metrics that measurements in RDF name: those of ``metrics.toml`` that are stored, then the
    scores, the dimensions and the totals of scoring systems, then their bounds."""
    return [*(one.id for one in metrics().values() if one.subject != "service"), *SCORES, *BOUNDS]


def metric_graph(metric: str, names: ResourceNames) -> RdfGraph | None:
    """Return the description of a metric, with its dimensions, as a graph; None if there is no metric ``metric``."""
    if metric not in metric_ids():
        return None
    graph = RdfGraph()
    add_metric(metric, GraphSink(graph), names)
    add_dimensions(GraphSink(graph), names)
    return graph


def metrics_graph(names: ResourceNames) -> RdfGraph:
    """Return all metrics, dimensions and reasons as one graph."""
    graph = RdfGraph()
    sink = GraphSink(graph)
    add_dimensions(sink, names)
    add_reasons(sink, names)
    for metric in metric_ids():
        add_metric(metric, sink, names)
    return graph


def add_metric(metric: str, sink: TermSink[Term], names: ResourceNames) -> None:
    """Add the description of a dqv:Metric: what it asks in all languages, its datatype, its dimensions, its source.

    ``metric``: one of :func:`metric_ids`; raise KeyError for any other.
    """
    node = sink.term(iri, names.metric(metric))
    sink.add(node, RDF_TYPE, sink.term(iri, f"{DQV}Metric"))
    sink.add(node, f"{DCT}identifier", sink.term(text, metric))
    sink.add(node, f"{DQV}expectedDataType", sink.term(iri, value_type(metric)))
    _say(node, "prefLabel", lambda words: _question(metric, words), sink)
    _say(node, "definition", lambda words: _question(metric, words), sink)
    for dimension in _dimensions_of(metric, names):
        sink.add(node, f"{DQV}inDimension", sink.term(iri, dimension))
    for relation, terms in (("exactMatch", MQA_EXACT), ("closeMatch", MQA_CLOSE)):
        if metric in terms:
            sink.add(node, f"{SKOS}{relation}", sink.term(iri, MQA + terms[metric]))
    if metric in metrics():
        spec = metrics()[metric]
        _say(node, "note", lambda words: words.rationales.get(metric, ""), sink)
        _say(node, "example", lambda words: spec.example if words.code == "en" else "", sink)
        sink.add(node, f"{DCT}source", sink.term(text, spec.source))
    elif metric in systems():
        sink.add(node, f"{DCT}source", sink.term(text, systems()[metric].source))
        sink.add(node, "http://www.w3.org/2002/07/owl#versionInfo", sink.term(text, systems()[metric].version))


def add_dimensions(sink: TermSink[Term], names: ResourceNames) -> None:
    """Add the dimensions and their category, each named and explained in all languages."""
    category = sink.term(iri, names.of("category", "winnow"))
    sink.add(category, RDF_TYPE, sink.term(iri, f"{DQV}Category"))
    _say(category, "prefLabel", lambda words: words.phrase("quality.category"), sink)
    for dimension in (*dimensions(), OVERALL):
        node = sink.term(iri, names.dimension(dimension))
        sink.add(node, RDF_TYPE, sink.term(iri, f"{DQV}Dimension"))
        sink.add(node, f"{DQV}inCategory", category)
        _say(node, "prefLabel", lambda words, name=dimension: _dimension(name, words), sink)  # type: ignore[misc]
        _say(node, "definition", lambda words, name=dimension: words.phrase(f"quality.define_{name}"), sink)  # type: ignore[misc]


def add_reasons(sink: TermSink[Term], names: ResourceNames) -> None:
    """Add the skos:ConceptScheme of the reasons why a measurement has no value, in all languages.

    Each is narrower than "missing value" of SDMX, except that nothing of a score was measured, which may also be
    because nothing in it applies.
    """
    scheme = sink.term(iri, reason_iri("reasons", names))
    sink.add(scheme, RDF_TYPE, sink.term(iri, f"{SKOS}ConceptScheme"))
    sink.add(scheme, f"{DCT}license", sink.term(iri, LICENCE))
    _say(scheme, "prefLabel", lambda words: words.phrase("quality.reasons"), sink)
    for reason in REASONS:
        node = sink.term(iri, reason_iri(reason, names))
        sink.add(node, RDF_TYPE, sink.term(iri, f"{SKOS}Concept"))
        sink.add(node, f"{SKOS}inScheme", scheme)
        sink.add(scheme, f"{SKOS}hasTopConcept", node)
        sink.add(node, f"{SKOS}notation", sink.term(text, reason))
        if reason != REASONS[-1]:
            sink.add(node, f"{SKOS}broadMatch", sink.term(iri, _MISSING))
        for name, key in (("prefLabel", "reason"), ("definition", "define")):
            _say(node, name, lambda words, of=f"quality.{key}_{reason}": words.phrase(of), sink)  # type: ignore[misc]


def _say(node: Term, name: str, said: Callable[[Language], str], sink: TermSink[Term]) -> None:
    """Add a text of SKOS in every language that has words for it."""
    for tag, words in languages().items():
        if found := said(words):
            sink.add(node, f"{SKOS}{name}", sink.term(in_language, found, tag))


def _dimension(name: str, words: Language) -> str:
    return words.phrase("quality.overall") if name == OVERALL else words.value("dimension", name)


def _question(metric: str, words: Language) -> str:
    """Return what a metric asks, or what a score is, in one language."""
    if metric in BOUNDS:
        of, _, end = metric.rpartition("_")
        return words.phrase(f"quality.{end}", of=_question(of, words))
    if metric in systems():
        system = systems()[metric]
        return words.phrase(
            "quality.system", title=system.title, maximum=words.number(system.maximum, int(system.maximum % 1 > 0))
        )
    if metric in dimensions():
        return words.phrase("quality.dimension", name=_dimension(metric, words))
    if metric in SCORES:
        return words.phrase(f"quality.{metric}")
    return words.questions[metric]


def _dimensions_of(metric: str, names: ResourceNames) -> Iterator[str]:
    if metric in metrics():
        yield names.dimension(metrics()[metric].dimension)
        yield from _of_mqa().get(metric, ())
    else:
        yield names.dimension(metric if metric in dimensions() else OVERALL)


@cache
def _of_mqa() -> dict[str, tuple[str, ...]]:
    """Return the MQA's dimensions of a metric; more than one where its two versions differ."""
    found: dict[str, dict[str, None]] = {}
    for name in _OF_MQA:
        for item in systems()[name].item:
            if item.dimension in MQA_DIMENSIONS:
                found.setdefault(item.metric, {})[MQA + MQA_DIMENSIONS[item.dimension]] = None
    return {metric: tuple(terms) for metric, terms in found.items()}
