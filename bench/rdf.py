"""Measure how fast a DCAT catalogue in Turtle is read, compared with rdflib's parser alone, in one run.

    python bench/rdf.py [datasets]

Measured is what a harvest does with the document: triples to disk or memory, one description for each dataset, and the
mapping. rdflib only parses, into memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from pyoxigraph import RdfFormat
from rdflib import Graph

from harvester.spiders.dcat_rdf.record import to_dataset
from harvester.spiders.rdf.files import load
from harvester.spiders.rdf.nodes import datasets_of, describe

PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"


def write(path: Path, count: int) -> None:
    """Write a catalogue of datasets with two files each."""
    with path.open("w", encoding="utf-8") as file:
        file.write(PREFIXES)
        for n in range(count):
            name = f"http://bench.example/{n:07}"
            file.write(
                f'<{name}> a dcat:Dataset ; dct:title "Dataset {n}" ; dct:description "{"word " * 40}" ; '
                f'dcat:keyword "a", "b", "c" ; dcat:distribution <{name}/1>, <{name}/2> .\n'
                f'<{name}/1> a dcat:Distribution ; dcat:accessURL <{name}/1.csv> ; dct:format "CSV" .\n'
                f'<{name}/2> a dcat:Distribution ; dcat:accessURL <{name}/2.csv> ; dct:format "CSV" .\n'
            )


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.ttl"
        write(path, count)
        begun = time.perf_counter()
        graph = load(path, RdfFormat.TURTLE, Path(folder) / "graph")
        found = sum(1 for one in datasets_of(graph.store) if to_dataset(describe(graph.store, one, "")).distributions)
        own = time.perf_counter() - begun
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        assert found == count
        begun = time.perf_counter()
        triples = len(Graph().parse(path))
        other = time.perf_counter() - begun
        print(f"{count:,} datasets, {path.stat().st_size / 1e6:.0f} MB, {triples:,} triples")
        print(f"read, described, mapped: {own:.1f} s, {count / own:,.0f} datasets/s, {memory} MB")
        print(f"rdflib, parsed alone:    {other:.1f} s; ratio {own / other:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
