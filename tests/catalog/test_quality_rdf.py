"""Quality as data: what was measured comes back from the graph, and what is unknown has a reason and no value."""

from __future__ import annotations

import gzip
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
from pyoxigraph import RdfFormat
from rdflib import RDF, SKOS, Graph, Literal, Namespace, URIRef

from catalog.db.rows import dataset_id
from catalog.db.store import Catalog, open_catalog
from catalog.exports.job import ExportJob
from catalog.exports.options import ExportOptions
from catalog.exports.quality_files import QualityFiles, full_size
from catalog.parquet.package import all_tables
from catalog.parquet.public_file import public_file
from catalog.rdf.metrics import metric_graph, metric_ids, metrics_graph
from catalog.rdf.names import ResourceNames
from catalog.rdf.promises import promises_graph
from catalog.rdf.quality import quality_graph
from catalog.rdf.syntaxes import serialize
from catalog.rdf.terms import IRI, RdfTerm
from catalog.repositories.measured_datasets import REASONS, SCORES, measured_datasets
from catalog.site.pages.dataset import PAGES
from catalog.site.pages.page import SiteOptions, Visit
from catalog.site.serve import publish
from harvester.cli.sizes import say_full_size
from quality.systems.stage import score_portal
from specs.languages import language, languages
from specs.metrics import metrics
from tests.catalog.carding import PORTALS, insert
from tests.making import changed, datasets, observe, store

DQV, PROV = Namespace("http://www.w3.org/ns/dqv#"), Namespace("http://www.w3.org/ns/prov#")
STATUS = URIRef("http://purl.org/linked-data/sdmx/2009/attribute#obsStatus")
SITE = "https://data.example.org"
NAMES = ResourceNames(SITE)
RUNS = ("20261120T010000Z", "20261121T010000Z")


def read(graph: Any) -> Graph:
    return Graph().parse(data=serialize(graph, "n-triples", name=RdfTerm(IRI, SITE)), format="nt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalogue of two portals, scored in one night, and its public file."""
    folder = tmp_path_factory.mktemp("dqv")
    with open_catalog(folder / "catalog.db") as catalog:
        catalog.begin_run("test", PORTALS[:2], version="0", methodology="2.1.0", run_id=RUNS[0])
        rng = random.Random(3)
        for number, one in enumerate(PORTALS[:2]):
            found = list(datasets(12, number + 1))
            store(catalog, RUNS[0], one.id, found)
            # The files of the last dataset were never asked for.
            observe(catalog, RUNS[0], one.id, found[:-1], rng)
            score_portal(catalog, RUNS[0], one.id)
        catalog.set_run(RUNS[0], status="complete", finished_at="2026-11-20T02:00:00Z")
        promise = {"title": "Open the books", "government": "A", "source_quote": "All books by June", "lead": "Trésor"}
        insert(catalog, "commitments", {"id": "ogp/CH1", **promise, "is_example": 0, "deadline": "2026-06-30"})
        for indicator, value in (("_overall", None), ("books", 0.5)):
            row = {"id": indicator, "run_id": RUNS[0], "commitment_id": "ogp/CH1", "indicator_id": indicator}
            row |= {"value": value, "progress": 0.25, "timing_status": "at_risk", "is_observed": 1}
            insert(catalog, "commitment_readings", row)
        publish(folder / "catalog.db", folder / "public" / "catalog.db")
    return folder


@pytest.fixture(scope="module")
def public(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{folder / 'public' / 'catalog.db'}?mode=ro", uri=True)) as conn:
        conn.row_factory = sqlite3.Row
        yield conn


def keys(conn: sqlite3.Connection) -> list[str]:
    """Some datasets, one of them without any check."""
    found = [row[0] for row in conn.execute("select id from present_datasets order by id")]
    return [dataset_id("a", "1-11"), *found[::8]]


def values(graph: Graph, on: str) -> dict[str, Any]:
    """Return value by metric of what was measured of a thing; None without a value."""
    found = {}
    for one in graph.objects(URIRef(on), DQV.hasQualityMeasurement):
        metric = str(graph.value(one, DQV.isMeasurementOf)).rpartition("/")[2]
        value = graph.value(one, DQV.value)
        assert metric not in found and graph.value(one, DQV.computedOn) == URIRef(on)
        found[metric] = None if value is None else value.toPython()  # type: ignore[attr-defined]
    return found


def test_every_score_of_a_dataset_page_is_in_the_graph(public: sqlite3.Connection) -> None:
    for key in keys(public):
        shown = PAGES[0].read(Visit(public, language("en"), SiteOptions(), key))
        graph = quality_graph(public, key, NAMES)
        assert isinstance(shown, dict) and graph is not None
        found, quality = values(read(graph), f"{SITE}/dataset/{key}"), shown["quality"]
        told = {"winnow": "score", "winnow_low": "score_low", "winnow_high": "score_high", "grade": "grade"}
        assert {name: found[name] for name in told} == {name: quality[column] for name, column in told.items()}
        assert {row["id"]: found[row["id"]] for row in shown["dimensions"]} == {
            row["id"]: row["value"] for row in shown["dimensions"]
        }
        for line in shown["metrics"]:
            if metrics()[line["metric"]].subject == "dataset":
                answer = {1.0: "ok", 0.0: "bad", None: "unknown"}.get(found[line["metric"]], "part")
                assert answer == line["answer"], (key, line)
        systems = public.execute(
            f"select {', '.join(SCORES.values())} from dataset_quality where dataset_id = ?",  # noqa: S608  # names of the schema
            [key],
        )
        assert tuple(found[name] for name in SCORES) == tuple(systems.fetchone())


def test_measurements_of_files_are_those_of_the_catalogue(public: sqlite3.Connection) -> None:
    asked = [one.id for one in metrics().values() if one.subject == "distribution"]
    for key in keys(public):
        graph = read(quality_graph(public, key, NAMES))
        for row in map(dict, public.execute("select * from distribution_quality where dataset_id = ?", [key])):
            found = values(graph, f"{SITE}/file/{row['distribution_id']}")
            unknown = set((row["unknown"] or "").split(",")) - {""}
            assert {name for name, value in found.items() if value is None} == unknown
            assert {name: found[name] for name in asked if row[name] is not None} == {
                name: row[name] for name in asked if row[name] is not None
            }
            # What does not apply has no measurement.
            assert len(found) == len(unknown) + sum(row[name] is not None for name in asked)


def test_what_is_unknown_has_a_reason_and_no_value(public: sqlite3.Connection) -> None:
    said, unknown = set(), 0
    for key in keys(public):
        graph = read(quality_graph(public, key, NAMES))
        for one in graph.subjects(RDF.type, DQV.QualityMeasurement):
            reasons = [str(reason).rpartition("#")[2] for reason in graph.objects(one, STATUS)]
            assert (graph.value(one, DQV.value) is None) == (len(reasons) == 1)
            said |= {*reasons}
            unknown += bool(reasons)
            assert graph.value(one, PROV.wasGeneratedBy) == URIRef(f"{SITE}/night/{RUNS[0]}")
            assert str(graph.value(one, PROV.generatedAtTime)) == "2026-11-20T01:00:00+00:00"
    assert unknown > 50 and said <= {*REASONS} and {"not_asked", "refused", "not_read"} <= said


def test_the_tables_of_the_package_give_the_same_reasons(folder: Path) -> None:
    path = folder / "public" / "catalog.db"
    tables, told, found = all_tables(), {}, set()
    with public_file(path) as opened:
        for name, key in (("dataset_metrics", "dataset_id"), ("file_metrics", "distribution_id")):
            opened.row_factory = sqlite3.Row
            rows = [dict(row) for row in opened.execute(tables[name].sql)]
            told[name] = {row[key]: json.loads(row["unknown_reasons"] or "{}") for row in rows}
            for row in rows:
                unknown = {*filter(None, (row["unknown"] or "").split(","))}
                assert told[name][row[key]].keys() == unknown and not any(row[one] is not None for one in unknown)
        opened.row_factory = None
        for portal in PORTALS[:2]:
            for one in measured_datasets(opened, portal_id=portal.id, is_full=True):
                assert told["dataset_metrics"][one.id] == one.unknown
                assert {file.id: told["file_metrics"][file.id] for file in one.files} == {
                    file.id: file.unknown for file in one.files
                }
                found |= {*one.unknown.values(), *(why for file in one.files for why in file.unknown.values())}
    assert {"not_asked", "refused", "not_read"} <= found
    assert found <= {row[1] for row in tables["reasons"].rows()}  # type: ignore[misc]


def test_the_run_says_when_and_by_what_it_measured(public: sqlite3.Connection) -> None:
    graph = read(quality_graph(public, keys(public)[0], NAMES))
    run = URIRef(f"{SITE}/night/{RUNS[0]}")
    assert (run, RDF.type, PROV.Activity) in graph and graph.value(run, PROV.endedAtTime) is not None
    assert graph.value(run, PROV.used) == URIRef(f"{SITE}/method/2.1.0")
    licence = graph.value(
        URIRef(f"{SITE}/dataset/{keys(public)[0]}#quality"), URIRef("http://purl.org/dc/terms/license")
    )
    assert licence == URIRef("https://creativecommons.org/licenses/by/4.0/")


def test_no_graph_of_what_was_never_measured(public: sqlite3.Connection) -> None:
    assert quality_graph(public, "nothing", NAMES) is None and metric_graph("nothing", NAMES) is None


def test_every_term_is_described_in_all_languages(public: sqlite3.Connection) -> None:
    graph, tags = read(metrics_graph(NAMES)), {*languages()}
    described = {
        kind: [*graph.subjects(RDF.type, kind)] for kind in (DQV.Metric, DQV.Dimension, DQV.Category, SKOS.Concept)
    }
    assert [len(described[kind]) for kind in (DQV.Metric, DQV.Category, SKOS.Concept)] == [
        len(metric_ids()),
        1,
        len(REASONS),
    ]
    for node in (one for nodes in described.values() for one in nodes):
        labels = [label.language for label in graph.objects(node, SKOS.prefLabel)]  # type: ignore[attr-defined]
        assert sorted(labels) == sorted(tags), node
    for node in (*described[DQV.Metric], *described[DQV.Dimension], *described[SKOS.Concept]):
        assert {text.language for text in graph.objects(node, SKOS.definition)} == tags, node  # type: ignore[attr-defined]
    for node in described[DQV.Metric]:
        assert graph.value(node, DQV.expectedDataType) is not None
        own = [one for one in graph.objects(node, DQV.inDimension) if str(one).startswith(SITE)]
        assert len(own) == 1 and own[0] in described[DQV.Dimension]
    # Nothing is measured that is not described.
    graph = read(quality_graph(public, keys(public)[0], NAMES))
    assert {str(one).rpartition("/")[2] for one in graph.objects(None, DQV.isMeasurementOf)} <= {*metric_ids()}


def test_the_reference_names_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "quality-data.md").read_text("utf-8")
    rows = page.partition("| reason |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", rows, re.MULTILINE) == [*REASONS]


def test_terms_of_the_mqa_are_named() -> None:
    graph = read(metric_graph("keyword_present", NAMES))
    node, mqa = URIRef(f"{SITE}/metric/keyword_present"), Namespace("https://piveau.eu/ns/voc#")
    assert graph.value(node, SKOS.exactMatch) == mqa.keywordAvailability
    assert mqa.findability in {*graph.objects(node, DQV.inDimension)}


def test_promises_are_policies_with_their_last_reading(public: sqlite3.Connection) -> None:
    graph, own = read(promises_graph(public, NAMES)), f"{SITE}/commitment/ogp-CH1"
    assert (URIRef(own), RDF.type, DQV.QualityPolicy) in graph
    read_of = {
        str(graph.value(one, DQV.isMeasurementOf)).rpartition("#")[2]: graph.value(one, DQV.value)
        for one in graph.objects(URIRef(own), DQV.hasQualityMeasurement)
    }
    assert read_of["books"].toPython() == 0.5 and read_of["_overall"] is None  # type: ignore[union-attr]
    assert read_of["books-status"] == Literal("at_risk")


def exported(catalog: Catalog, out: Path, run_id: str, **options: Any) -> dict[str, bytes]:
    job = ExportJob(catalog, run_id, out, ExportOptions(site_url=SITE, **options), due={out: ""})
    out.mkdir(exist_ok=True)
    paths = list(QualityFiles().write(job))
    job.parts.write()
    assert {*paths} == {*(out / "rdf" / "quality").iterdir()}
    return {path.name: path.read_bytes() for path in paths}


def test_files_hold_scores_and_in_full_all(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_catalog(folder / "catalog.db") as catalog:
        with caplog.at_level("INFO"):
            files = exported(catalog, tmp_path / "out", RUNS[0], dqv="full")
        (said,) = [one.message for one in caplog.records if "every measurement" in one.message]
        size = full_size(catalog, NAMES)
        assert said == str(size) and size.datasets == 24
        # The estimate comes before the files, and they are as it says.
        text = b"".join(gzip.decompress(files[f"{one}.full.nq.gz"]) for one in "ab")
        assert abs(size.statements / text.count(b"\n") - 1) < 0.1 and abs(size.size / len(text) - 1) < 0.1
        packed = sum(len(files[f"{one}.full.nq.gz"]) for one in "ab")
        assert abs(size.packed / packed - 1) < 0.3
        text, graph = gzip.decompress(files["a.nq.gz"]), f" <{SITE}/portal/a#quality> .\n".encode()
        assert text.count(graph) == text.count(b"\n") == len(list(pyoxigraph.parse(text, format=RdfFormat.N_QUADS)))
        flat = Graph().parse(data=text.replace(graph, b" .\n"), format="nt")
        for one in measured_datasets(catalog.db.conn, portal_id="a"):
            assert values(flat, f"{SITE}/dataset/{one.id}") == one.scores
        # Without the option they go.
        assert "a.full.nq.gz" not in exported(catalog, tmp_path / "out", RUNS[0])


def test_the_command_says_the_size_before_anything_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say_full_size(tmp_path)
    assert capsys.readouterr() == ("", "")
    say_full_size(folder)
    out, err = capsys.readouterr()
    assert not out and err.startswith("every measurement of 24 datasets as RDF: about ")


def test_a_portal_of_which_nothing_changed_keeps_its_bytes(folder: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "catalog.db") as copy, closing(sqlite3.connect(folder / "catalog.db")) as source:
        source.backup(copy)
    copy.close()
    with open_catalog(tmp_path / "catalog.db") as catalog:
        before = exported(catalog, tmp_path / "out", RUNS[0])
        catalog.begin_run("test", PORTALS[:2], version="0", methodology="2.1.0", run_id=RUNS[1])
        for number, one in enumerate(PORTALS[:2]):
            found = list(datasets(12, number + 1))
            if one.id == "b":
                found[0] = replace(changed(found[0], random.Random(1)), title="Another title")
            store(catalog, RUNS[1], one.id, found)
            score_portal(catalog, RUNS[1], one.id, is_full=False)
        catalog.set_run(RUNS[1], status="complete")
        after = exported(catalog, tmp_path / "out", RUNS[1])
    assert after["a.nq.gz"] == before["a.nq.gz"] and after["b.nq.gz"] != before["b.nq.gz"]
