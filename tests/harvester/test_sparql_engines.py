"""SPARQL endpoints as engines and gateways behave: slow, strict about the length of a question, answering in XML."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import pyoxigraph
import pytest
from portal_server import Answer, Asked, PortalServer, Route, harvest, harvested, spec

from catalog.reading import datasets
from catalog.store import Catalog
from harvester.spiders.sparql_results import result_of

DCAT = "http://www.w3.org/ns/dcat#"
JSON, XML = pyoxigraph.QueryResultsFormat.JSON, pyoxigraph.QueryResultsFormat.XML


def store_of(count: int, kind: str = f"{DCAT}Dataset", graph: str | None = None) -> pyoxigraph.Store:
    lines = [
        f'<http://x.example/{n:03}> a <{kind}> ; <http://purl.org/dc/terms/title> "Set {n}"@en ; '
        f'<http://purl.org/dc/terms/publisher> [ <http://xmlns.com/foaf/0.1/name> "Office {n}" ] ; '
        f"<{DCAT}distribution> [ <{DCAT}accessURL> <http://x.example/{n}.csv> ] ."
        for n in range(count)
    ]
    store = pyoxigraph.Store()
    to_graph = pyoxigraph.NamedNode(graph) if graph else None
    store.load("\n".join(lines).encode(), format=pyoxigraph.RdfFormat.TURTLE, to_graph=to_graph)
    return store


def endpoint(
    store: pyoxigraph.Store,
    refuse: Callable[[Asked, str], Answer | None] = lambda asked, query: None,
    form: pyoxigraph.QueryResultsFormat = JSON,
) -> Route:
    def answer(asked: Asked) -> Answer:
        query = parse_qs(asked.body.decode())["query"][0] if asked.body else asked.query["query"]
        if refusal := refuse(asked, query):
            return refusal
        return Answer(200, form.media_type, store.query(query).serialize(format=form) or b"")

    return answer


def too_long(asked: Asked, query: str) -> Answer | None:
    return Answer(400, "text/plain", b"query too long") if query.count("<http://x.example/") > 60 else None


def out_of_time(asked: Asked, query: str) -> Answer | None:
    return Answer(503, "text/plain", b"timeout") if query.count("<http://x.example/") > 100 else None


def no_post(asked: Asked, query: str) -> Answer | None:
    return Answer(405) if asked.body else None


def short_lists(asked: Asked, query: str) -> Answer | None:
    return Answer(500, "text/plain", b"too many rows") if "LIMIT 300" in query else None


@pytest.mark.parametrize("refuse", [too_long, out_of_time, no_post, short_lists])
def test_whatever_an_endpoint_refuses_it_is_read_whole(
    refuse: Callable[[Asked, str], Answer | None], catalog: Catalog
) -> None:
    limits = {"page_rows": 30}
    with PortalServer({"/sparql": endpoint(store_of(40), refuse)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql", limits=limits))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["reasons"]) == ("complete", 40, [])
    found = list(datasets(catalog, "p"))
    assert all(one.dataset.publisher and len(one.distributions) == 1 for one in found)


def test_answers_in_xml_and_datasets_in_words_of_schema_org(catalog: Catalog) -> None:
    store = store_of(7, "http://schema.org/Dataset", "http://x.example/graph")
    with PortalServer({"/sparql": endpoint(store, form=XML)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 7, 7)
    assert {one.dataset.title for one in datasets(catalog, "p")} == {f"Set {n}" for n in range(7)}


def test_both_forms_of_results_are_the_same() -> None:
    query = 'SELECT * { VALUES (?a ?b ?c) { (<http://x/> "t"@en 5) (UNDEF "<&>" UNDEF) } }'
    answers = [pyoxigraph.Store().query(query).serialize(format=form) or b"" for form in (JSON, XML)]
    assert result_of(answers[0]) == result_of(answers[1])
    for bad in (b"", b"<html/>", b"{}", b"[]", b'{"results": 3}', b"<sparql/>", answers[1][:-20]):
        with pytest.raises(ValueError, match=r"."):
            result_of(bad)


def test_entities_of_an_answer_in_xml_are_not_unfolded() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!-- <!DOCTYPE a> --><!DOCTYPE sparql [<!ENTITY e0 "haha">{levels}]>'
    row = '<result><binding name="d"><literal>&e11;</literal></binding></result>'
    body = f'{head}<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><results>{row}</results></sparql>'
    try:
        _, rows = result_of(body.encode())
    except ValueError:
        return
    assert len(str(rows)) < 10_000
