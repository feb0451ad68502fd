"""What people see of scores on the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from catalog.db.store import open_catalog
from catalog.rdf.syntaxes import SYNTAXES
from harvester.cli.main import cli
from quality.systems.agreement import agreement, write_agreement
from quality.systems.entities import bootstrap, score_entities
from quality.systems.rank_correlation import coded
from quality.systems.stage import score_portal
from specs.systems import systems
from tests.making import datasets, key_of, observe, portal, store

RUN = "20261120T010000Z"
FOUND = list(datasets(30))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    with open_catalog(folder / "catalog.db") as catalog:
        catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id=RUN)
        store(catalog, RUN, "p", FOUND)
        observe(catalog, RUN, "p", FOUND, random.Random(1))
        score_portal(catalog, RUN, "p")
        write_agreement(catalog, RUN, "p")
        score_entities(catalog, RUN)
    return folder


def winnow(data: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *words])


@pytest.mark.parametrize("system", ["winnow", *sorted(systems())])
def test_a_dataset_is_explained_under_every_system(data: Path, system: str) -> None:
    key = key_of("p", FOUND[3])
    result = winnow(data, "explain", key, "--system", system, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["system"] == system and found["lines"]
    if found["total"] is not None:
        assert sum(line["points"] for line in found["lines"]) == pytest.approx(found["total"])
    shown = winnow(data, "explain", key, "--system", system)
    assert shown.exit_code == 0 and found["lines"][0]["metric"] in shown.output
    with open_catalog(data / "catalog.db") as catalog:
        column = "score" if system == "winnow" else system
        stored = catalog.value(f"select {column} from dataset_quality where dataset_id = ?", [key])  # noqa: S608
    assert found["total"] == pytest.approx(stored, abs=1e-4)


def test_what_cannot_be_explained_is_said(data: Path) -> None:
    for words in (
        ("explain", "nothing"),
        ("explain", key_of("p", FOUND[0]), "--system", "mqa"),
        ("compare", "nothing"),
    ):
        result = winnow(data, *words)
        assert result.exit_code == 2 and "is n" in result.output, result.output
    assert winnow(data, "compare", "p", "--systems", "winnow").exit_code == 2
    assert "up to" in winnow(data, "explain", "link_ok").output


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_dataset_is_shown_as_a_graph_in_every_syntax(data: Path, syntax: str) -> None:
    from pyoxigraph import CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad, RdfFormat, parse

    def same(term: Any) -> Any:
        is_number = isinstance(term, Literal) and term.datatype.value.endswith("#double")
        return Literal(float(term.value)) if is_number else term

    def read(name: str) -> set[Quad]:
        result = winnow(data, "explain", key, "--rdf", name)
        assert result.exit_code == 0, result.output
        quads = list(parse(result.output, format=forms[name]))
        if name == "trig":
            assert {quad.graph_name for quad in quads} == {NamedNode("urn:winnow:catalog:p")}
        # Numbers are written in more than one form.
        found = Dataset(Quad(quad.subject, quad.predicate, same(quad.object)) for quad in quads)
        found.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
        return set(found)

    key = key_of("p", FOUND[3])
    forms = {"turtle": RdfFormat.TURTLE, "xml": RdfFormat.RDF_XML, "json-ld": RdfFormat.JSON_LD}
    forms |= {"n-triples": RdfFormat.N_TRIPLES, "trig": RdfFormat.TRIG}
    plain = read("n-triples")
    assert len(plain) > 20 and read(syntax) == plain
    assert winnow(data, "explain", "link_ok", "--rdf", syntax).exit_code == 2


def test_systems_side_by_side_and_where_they_disagree(data: Path) -> None:
    result = winnow(data, "compare", key_of("p", FOUND[3]), "--json")
    assert {row["system"] for row in json.loads(result.output)} == {"winnow", *systems()}
    found = json.loads(winnow(data, "compare", "p", "--systems", "winnow,mqa_v1", "--json").output)
    pairs = {(row["system_a"], row["system_b"]): row for row in found["agreement"]}
    assert len(pairs) == (len(systems()) + 1) * len(systems()) / 2
    # Two rules over the same items agree more than two systems.
    assert pairs["mqa_v1", "mqa_v1_coverage"]["spearman"] > 0.6
    far = found["farthest"]
    assert len(far) == 10 and all(one["reasons"] for one in far)
    gaps = [abs(one["rank_a"] - one["rank_b"]) for one in far]
    assert gaps == sorted(gaps, reverse=True) and gaps[0] > 20
    assert "weighs more" in winnow(data, "compare", "p").output


def test_rank_correlations_are_those_of_the_textbook() -> None:
    up = [1.0, 2.0, 3.0, 4.0, 5.0]

    def agree(a: list[float], b: list[float]) -> tuple[float | None, float | None]:
        return agreement(coded(np.array(a)), coded(np.array(b)))

    assert agree(up, [3 * one for one in up]) == (1.0, 1.0) and agree(up, up[::-1]) == (-1.0, -1.0)
    assert agree(up, [1.0] * 5) == (None, None)
    # Ties: by hand, tau-b of (1,2,3,4) and (1,1,2,3) is 5 / sqrt(6 * 5).
    assert agree(up[:4], [1.0, 1.0, 2.0, 3.0])[1] == pytest.approx(5 / 30**0.5, abs=1e-4)


def test_the_interval_of_a_mean_holds_it_and_is_the_same_every_time() -> None:

    values = np.array([20.0, 40.0, 60.0, 80.0, 90.0, 95.0, 30.0])
    low, high = bootstrap(values, "city")
    assert low < values.mean() < high and bootstrap(values, "city") == (low, high)
    assert bootstrap(np.full(9, 50.0), "x") == (50.0, 50.0)
    many = np.tile(values, 100)
    assert bootstrap(many, "x")[1] - bootstrap(many, "x")[0] < (high - low) / 5


def test_methodology_is_printed() -> None:
    result = CliRunner().invoke(cli, ["methodology"])
    assert result.exit_code == 0 and result.output.startswith("# How Winnow measures")
