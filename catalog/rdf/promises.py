"""Commitments of governments as quality policies (DQV), with what was last read of them as measurements.

A commitment is a dqv:QualityPolicy at the address of its page, in its own words. Each of its indicators is a
dqv:Metric; its last reading gives the value in the unit of the measure, the way covered from baseline to target, and
the status in words. Examples that come with the program are nobody's promises and are left out.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import Any

from catalog.rdf.dcat import GraphSink, Term, TermSink
from catalog.rdf.metrics import OVERALL
from catalog.rdf.names import ResourceNames
from catalog.rdf.quality import DQV, PROV, add_measurement
from catalog.rdf.terms import RDF_TYPE, XSD, RdfGraph
from catalog.rdf.values import DCAT, DCT, FOAF, SKOS, day, in_language, iri, text, value
from catalog.repositories.commitment_slugs import commitment_slugs
from catalog.repositories.measured_datasets import NOTHING
from specs.languages import languages
from specs.measures import measures

__all__ = ["add_promise", "promises_graph"]

_COLUMNS = ("id", "title", "government", "lead", "source_url", "source_quote", "source_note", "start", "deadline")
_READ = ("indicator_id", "measure", "value", "progress", "timing_status", "run_id", "is_observed")
_VALUES = {"": "value", "-progress": "progress", "-status": "timing_status"}
"""What is measured of each indicator, by the end of the metric's IRI: the column of ``commitment_readings``."""


def promises_graph(conn: Connection, names: ResourceNames) -> RdfGraph:
    """Return all commitments with their last readings as a graph. ``conn``: connection to a catalogue or to the public
    file of the site."""
    graph = RdfGraph()
    for (key,) in conn.execute("select id from commitments where not coalesce(is_example, 0) order by id").fetchall():
        add_promise(conn, key, GraphSink(graph), names)
    return graph


def add_promise(conn: Connection, key: str, sink: TermSink[Term], names: ResourceNames) -> bool:
    """Add the commitment with the id ``key``, such as "ogp/KE0034", and its last readings to ``sink``; return False,
    and add nothing, if there is none. ``conn``: as for :func:`promises_graph`."""
    found = conn.execute(f"select {', '.join(_COLUMNS)} from commitments where id = ?", [key]).fetchone()  # noqa: S608  # constants
    if found is None:
        return False
    row: dict[str, str | None] = dict(zip(_COLUMNS, found, strict=True))
    own = names.of("commitment", commitment_slugs(conn)[key])
    node, add, term = sink.term(iri, own), sink.add, sink.term
    add(node, RDF_TYPE, term(iri, f"{DQV}QualityPolicy"))
    add(node, f"{DCT}identifier", term(text, key))
    for predicate, said in (("title", row["title"]), ("description", row["source_quote"])):
        if said:
            add(node, f"{DCT}{predicate}", term(text, said))
    if row["source_note"]:
        add(node, f"{SKOS}note", term(text, row["source_note"]))
    if row["source_url"]:
        add(node, f"{DCT}source", term(value, row["source_url"]))
    if said := row["lead"] or row["government"]:
        agent = sink.blank(f"promise-{key.replace('/', '-')}")
        add(node, f"{PROV}wasAttributedTo", agent)
        add(agent, RDF_TYPE, term(iri, f"{FOAF}Agent"))
        add(agent, f"{FOAF}name", term(text, said))
    for predicate, when in (("startDate", row["start"]), ("endDate", row["deadline"])):
        if when:
            add(node, f"{DCAT}{predicate}", term(day, when))
    for reading in _last_readings(conn, key):
        _add_reading(reading, own, row["title"] or key, sink, names)
    return True


def _last_readings(conn: Connection, key: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        f"""select {", ".join(_READ)} from commitment_readings where commitment_id = :id and run_id =
              (select max(run_id) from commitment_readings where commitment_id = :id) order by indicator_id""",  # noqa: S608  # constants
        {"id": key},
    )
    return [dict(zip(_READ, row, strict=True)) for row in rows.fetchall()]


def _add_reading(reading: dict[str, Any], policy: str, title: str, sink: TermSink[Term], names: ResourceNames) -> None:
    """Add the metrics of an indicator and its last reading, computed on the policy."""
    indicator = str(reading["indicator_id"])
    for end, column in _VALUES.items():
        metric = _part(policy, f"{indicator}{end}", names)
        node = sink.term(iri, metric)
        sink.add(node, RDF_TYPE, sink.term(iri, f"{DQV}Metric"))
        sink.add(node, f"{DQV}inDimension", sink.term(iri, names.dimension(OVERALL)))
        sink.add(
            node,
            f"{DQV}expectedDataType",
            sink.term(iri, f"{XSD}{'string' if column == 'timing_status' else 'double'}"),
        )
        for tag, words in languages().items():
            said = words.phrase("quality.policy_reading", title=title, indicator=f"{indicator}{end}")
            sink.add(node, f"{SKOS}definition", sink.term(in_language, said, tag))
        if not end and reading["measure"] in measures():
            sink.add(node, f"{SKOS}note", sink.term(in_language, measures()[reading["measure"]].rule, "en"))
        # What was not observed in this run keeps the last figures: they are not of this run.
        seen = reading[column] if reading["is_observed"] or column == "timing_status" else None
        own = _part(policy, f"{indicator}{end}-reading", names)
        add_measurement(sink, names, policy, own, metric, seen, NOTHING, reading["run_id"])


def _part(policy: str, name: str, names: ResourceNames) -> str:
    return f"{policy}#{name}" if names.site is not None else f"{policy}:{name}"
