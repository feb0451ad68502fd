"""What was measured as RDF: the W3C's Data Quality Vocabulary (DQV), with PROV for the run that measured it.

A measurement that could not be made, *unknown*, is a ``dqv:QualityMeasurement`` without a ``dqv:value``. Its
``sdmx-attribute:obsStatus`` (a quality measurement is an observation of the RDF Data Cube) is one of the reasons that
:func:`catalog.rdf.metrics.add_reasons` describes. What does not apply to a dataset or file has no measurement at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from sqlite3 import Connection

from catalog.rdf.dcat import GraphSink, Term, TermSink
from catalog.rdf.names import ResourceNames
from catalog.rdf.terms import LITERAL, RDF_TYPE, XSD, RdfGraph, RdfTerm
from catalog.rdf.values import DCT, LABEL, iri, text
from catalog.repositories.measured_datasets import NOTHING, MeasuredDataset, measured_datasets

__all__ = [
    "DQV", "LICENCE", "PROV", "QB", "add_measurement", "add_run", "measurement_iri", "quality_graph", "quality_of",
    "reason_iri", "run_instant", "value_type",
]  # fmt: skip

DQV = "http://www.w3.org/ns/dqv#"
PROV = "http://www.w3.org/ns/prov#"
QB = "http://purl.org/linked-data/cube#"
_STATUS = "http://purl.org/linked-data/sdmx/2009/attribute#obsStatus"
_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
"""Licence of our own measurements. What portals declared stays under their terms."""


def quality_of(measured: MeasuredDataset, sink: TermSink[Term], names: ResourceNames) -> None:
    """Add to ``sink`` the quality measurements of one dataset, at its IRI, and those of its files at theirs.

    ``measured``: as :func:`catalog.repositories.measured_datasets.measured_datasets` yields it; what it holds decides
    whether only scores are stated, or every single measurement. With ``scores={"winnow": score}`` and nothing else it
    is the overall score alone. ``names``: the IRIs of things. Metrics, reasons and the run are named but not described,
    see :mod:`catalog.rdf.metrics` and :func:`add_run`.
    """
    node = names.dataset(measured.id)
    whole = sink.term(iri, measurement_iri(measured.id, "quality", names))
    sink.add(whole, RDF_TYPE, sink.term(iri, f"{DQV}QualityMeasurementDataset"))
    sink.add(whole, _ON, sink.term(iri, node))
    sink.add(whole, f"{DCT}license", sink.term(iri, LICENCE))
    sink.add(whole, f"{DCT}publisher", sink.term(iri, names.operator))

    def add(of: str, key: str, metric: str, value: float | str | None, reason: str, is_file: bool = False) -> None:
        own = measurement_iri(key, metric, names, is_file=is_file)
        made = add_measurement(sink, names, of, own, names.metric(metric), value, reason, measured.run_id)
        sink.add(made, _WITHIN, whole)

    for metric, score in measured.scores.items():
        add(node, measured.id, metric, score, NOTHING)
    for metric, value in _both(measured.values, measured.unknown):
        add(node, measured.id, metric, value, measured.unknown.get(metric, ""))
    for file in measured.files:
        on = names.file(file.id)
        for metric, value in _both(file.values, file.unknown):
            add(on, file.id, metric, value, file.unknown.get(metric, ""), is_file=True)


def quality_graph(conn: Connection, dataset_id: str, names: ResourceNames) -> RdfGraph | None:
    """Return all measurements of a present dataset and its files as a graph, with the run that made them; None if there
    are none.

    ``conn``: connection to a catalogue or to the public file of the site.
    """
    measured = next(iter(measured_datasets(conn, dataset_id=dataset_id, is_full=True)), None)
    if measured is None:
        return None
    graph = RdfGraph()
    quality_of(measured, GraphSink(graph), names)
    add_run(conn, measured.run_id, GraphSink(graph), names)
    return graph


def add_run(conn: Connection, run_id: str, sink: TermSink[Term], names: ResourceNames) -> None:
    """Add the description of a run to ``sink``, a prov:Activity: begin, end, program and method. An unknown run is
    stated to be an activity, and nothing more."""
    node = sink.term(iri, names.night(run_id))
    sink.add(node, RDF_TYPE, sink.term(iri, f"{PROV}Activity"))
    row = conn.execute(
        "select started_at, finished_at, winnow_version, methodology_version from runs where id = ?", [run_id]
    ).fetchone()
    for predicate, instant in zip(("startedAtTime", "endedAtTime"), row or (), strict=False):
        if instant:
            sink.add(node, f"{PROV}{predicate}", sink.term(_instant, instant))
    program, method = (row[2], row[3]) if row else (None, None)
    if program:
        agent = sink.term(iri, names.of("program", program))
        sink.add(node, f"{PROV}wasAssociatedWith", agent)
        sink.add(agent, RDF_TYPE, sink.term(iri, f"{PROV}SoftwareAgent"))
        sink.add(agent, LABEL, sink.term(text, f"Winnow {program}"))
    if method:
        plan = sink.term(iri, names.of("method", method))
        sink.add(node, f"{PROV}used", plan)
        sink.add(plan, RDF_TYPE, sink.term(iri, f"{PROV}Plan"))
        sink.add(plan, "http://www.w3.org/2002/07/owl#versionInfo", sink.term(text, method))


def value_type(metric: str) -> str:
    """Return the IRI of the datatype of the values of a metric: xsd:string for the grade, else xsd:double."""
    return f"{XSD}string" if metric == "grade" else f"{XSD}double"


def reason_iri(reason: str, names: ResourceNames) -> str:
    """Return the IRI of one of :data:`catalog.repositories.measured_datasets.REASONS`, a skos:Concept."""
    return f"{names.site}/method#{reason}" if names.site is not None else names.of("reason", reason)


def run_instant(run_id: str) -> str | None:
    """Return the instant at which a run began as xsd:dateTime in UTC, from its id; None if the id holds none.

    >>> run_instant("20261201T020000Z")
    '2026-12-01T02:00:00Z'
    """
    found = _STAMP.match(run_id)
    return "{}-{}-{}T{}:{}:{}Z".format(*found.groups()) if found else None


def measurement_iri(key: str, metric: str, names: ResourceNames, *, is_file: bool = False) -> str:
    """Return the IRI of a measurement. ``key``: id of the dataset or, if ``is_file``, of the file."""
    return f"{names.file(key)}#{metric}" if is_file and names.site is not None else names.measurement(key, metric)


def _double(number: str) -> RdfTerm:
    return RdfTerm(LITERAL, number, f"{XSD}double")


def _instant(when: str) -> RdfTerm:
    return RdfTerm(LITERAL, when, f"{XSD}dateTime")


_HAS, _OF, _ON = f"{DQV}hasQualityMeasurement", f"{DQV}isMeasurementOf", f"{DQV}computedOn"
_VALUE, _BY, _AT, _WITHIN = f"{DQV}value", f"{PROV}wasGeneratedBy", f"{PROV}generatedAtTime", f"{QB}dataSet"


def add_measurement(
    sink: TermSink[Term],
    names: ResourceNames,
    subject: str,
    own: str,
    metric: str,
    value: float | str | None,
    reason: str,
    run_id: str,
) -> Term:
    """Add one dqv:QualityMeasurement to ``sink`` and return its node.

    ``subject``: IRI of what was measured. ``own``: IRI of the measurement. ``metric``: IRI of the metric. ``value``: a
    number or a text; None if it is unknown, then ``reason`` is one of
    :data:`catalog.repositories.measured_datasets.REASONS`. ``run_id``: the run that measured it.
    """
    node, on, add = sink.term(iri, own), sink.term(iri, subject), sink.add
    add(on, _HAS, node)
    add(node, RDF_TYPE, sink.term(iri, f"{DQV}QualityMeasurement"))
    add(node, _OF, sink.term(iri, metric))
    add(node, _ON, on)
    add(node, _BY, sink.term(iri, names.night(run_id)))
    if when := run_instant(run_id):
        add(node, _AT, sink.term(_instant, when))
    if value is None:
        add(node, _STATUS, sink.term(iri, reason_iri(reason, names)))
    else:
        add(node, _VALUE, sink.term(text, value) if isinstance(value, str) else sink.term(_double, repr(float(value))))
    return node


def _both(values: Mapping[str, float], unknown: Mapping[str, str]) -> Iterator[tuple[str, float | None]]:
    yield from values.items()
    yield from ((metric, None) for metric in unknown)
