"""SPARQL endpoints as engines and gateways behave: slow, strict about the length of a question, answering in XML."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pyoxigraph
import pytest
from portal_server import Asked, PortalServer, Response, Route, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.detect import detect
from harvester.spiders.sparql.results import result_of

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
    refuse: Callable[[Asked, str], Response | None] = lambda asked, query: None,
    form: pyoxigraph.QueryResultsFormat = JSON,
    cap: int | None = None,
) -> Route:
    """Return an endpoint that cuts every response at ``cap`` rows without saying so."""

    def respond(asked: Asked) -> Response:
        found = parse_qs(asked.body.decode()) if asked.body else {}
        query = found["query"][0] if found else asked.query.get("query")
        if query is None:
            return Response(400, "text/plain", b"no query")
        if refusal := refuse(asked, query):
            return refusal
        body = store.query(query).serialize(format=form) or b""
        if cap is not None:
            result = json.loads(body)
            result["results"]["bindings"] = result["results"]["bindings"][:cap]
            body = json.dumps(result).encode()
        return Response(200, form.media_type, body)

    return respond


def too_long(asked: Asked, query: str) -> Response | None:
    return Response(400, "text/plain", b"query too long") if query.count("<http://x.example/") > 60 else None


def out_of_time(asked: Asked, query: str) -> Response | None:
    return Response(503, "text/plain", b"timeout") if query.count("<http://x.example/") > 100 else None


def no_post(asked: Asked, query: str) -> Response | None:
    return Response(405) if asked.body else None


def short_lists(asked: Asked, query: str) -> Response | None:
    return Response(500, "text/plain", b"too many rows") if "LIMIT 300" in query else None


def out_of_time_by_429(asked: Asked, query: str) -> Response | None:
    """Respond as QLever does when its time limit has ended."""
    body = b'{"exception": "Operation timed out.", "status": "ERROR"}'
    return Response(429, "application/json", body) if query.count("<http://x.example/") > 100 else None


def answered_in_part(asked: Asked, query: str) -> Response | None:
    """Respond as Virtuoso does when an anytime query runs out of time: with a part of the rows, and a header that says
    so."""
    empty = b'{"head": {"vars": ["s", "p", "o"]}, "results": {"bindings": []}}'
    is_long = query.count("<http://x.example/") > 100
    return Response(200, JSON.media_type, empty, {"X-SQL-State": "S1TAT"}) if is_long else None


def no_count(asked: Asked, query: str) -> Response | None:
    said = b"Virtuoso 42000 Error The estimated execution time 945 (sec) exceeds the limit of 400 (sec)."
    return Response(400, "text/plain", said) if "COUNT(" in query else None


def sorted_top(asked: Asked, query: str) -> Response | None:
    """Refuse, as Virtuoso does, to sort more rows than it is configured for."""
    said = b"Virtuoso 22023 Error SR353: Sorted TOP clause specifies more then 300 rows to sort."
    return Response(500, "text/plain", said) if "LIMIT 300" in query else None


@pytest.mark.parametrize(
    "refuse",
    [
        too_long, out_of_time, no_post, short_lists, out_of_time_by_429, answered_in_part, no_count, sorted_top,
    ],
)  # fmt: skip
def test_whatever_an_endpoint_refuses_it_is_read_whole(
    refuse: Callable[[Asked, str], Response | None], catalog: Catalog
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


def test_entities_of_a_response_in_xml_are_not_unfolded() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<?xml version="1.0"?><!-- <!DOCTYPE a> --><!DOCTYPE sparql [<!ENTITY e0 "haha">{levels}]>'
    row = '<result><binding name="d"><literal>&e11;</literal></binding></result>'
    body = f'{head}<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head/><results>{row}</results></sparql>'
    try:
        _, rows = result_of(body.encode())
    except ValueError:
        return
    assert len(str(rows)) < 10_000


@pytest.mark.parametrize("cap", [100, 33])
def test_cap_on_rows_is_found_by_counting(cap: int, catalog: Catalog) -> None:
    """Nothing in a response says that it was cut; that it has a round number of rows, or as many as a list, may."""
    with PortalServer({"/sparql": endpoint(store_of(40), cap=cap)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["reasons"]) == ("complete", 40, [])
    found = list(datasets(catalog, "p"))
    assert all(one.dataset.title and one.dataset.publisher and len(one.distributions) == 1 for one in found)


def test_what_is_more_than_a_cap_is_lost_and_said(catalog: Catalog) -> None:
    files = " , ".join(f"[ <{DCAT}accessURL> <http://x.example/f{n}> ]" for n in range(60))
    store = store_of(12)
    extra = f"<http://x.example/big> a <{DCAT}Dataset> ; <{DCAT}distribution> {files} ."
    store.load(extra.encode(), format=pyoxigraph.RdfFormat.TURTLE)
    with PortalServer({"/sparql": endpoint(store, cap=50)}) as server:
        # The cap shows itself on a list that comes shorter than it was asked for.
        store.load(
            "\n".join(f"<http://x.example/a{n:02}> a <{DCAT}Dataset> ." for n in range(50)).encode(),
            format=pyoxigraph.RdfFormat.TURTLE,
        )
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 62)
    told = catalog.rows("select * from harvest_errors")
    assert any("cut off at 50 rows" in one["message"] and "operator" in one["remedy"] for one in told)


def test_datasets_named_by_urn_are_asked_for(catalog: Catalog) -> None:
    store = pyoxigraph.Store()
    lines = [f'<urn:uuid:{n}> a <{DCAT}Dataset> ; <http://purl.org/dc/terms/title> "Set {n}" .' for n in range(5)]
    store.load("\n".join(lines).encode(), format=pyoxigraph.RdfFormat.TURTLE)
    with PortalServer({"/sparql": endpoint(store)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["reasons"]) == ("complete", 5, [])


def test_endpoint_behind_a_login_is_no_empty_catalogue(catalog: Catalog) -> None:
    refuse = Response(401, "application/json", b'{"message": "Unauthorized"}')
    with PortalServer({"/db/query": endpoint(store_of(3), lambda asked, query: refuse)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/db/query"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("failed", 0) and "401" in str(row["reasons"])


def by_accept(store: pyoxigraph.Store) -> Route:
    """Respond in XML unless JSON is requested, and with a web page if there is no query."""

    def respond(asked: Asked) -> Response:
        if not asked.query.get("query") and not asked.body:
            return Response(200, "text/html", b"<html><title>Query editor</title></html>")
        form = JSON if "json" in asked.headers.get("Accept", "") else XML
        return endpoint(store, form=form)(asked)  # type: ignore[operator,no-any-return]

    return respond


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/sparql", by_accept(store_of(3))),
        ("/", by_accept(store_of(3))),
        ("/", endpoint(store_of(3), form=XML)),
        ("/ds/query", endpoint(store_of(3, graph="http://x.example/graph"))),
    ],
)
def test_endpoint_is_detected_whatever_it_answers_in_and_wherever_it_keeps_datasets(path: str, route: Route) -> None:
    with PortalServer({path: route}) as server:
        found = detect(server.url + path, allow_local=True, delay_s=0)
    assert found.best is not None and (found.best.type, found.best.datasets) == ("sparql", 3)
    assert found.best.tried == "a record of it was read"


def test_repositories_that_a_server_lists_are_looked_into() -> None:
    with PortalServer(
        {"/repositories/town": endpoint(store_of(4)), "/repositories/x": endpoint(store_of(0))}
    ) as server:
        rows = [
            {
                "uri": {"type": "uri", "value": f"{server.url}/repositories/{name}"},
                "id": {"type": "literal", "value": name},
            }
            for name in ("x", "town")
        ]
        listed = {"head": {"vars": ["uri", "id", "title"]}, "results": {"bindings": rows}}
        server.routes["/repositories"] = as_json(listed)
        found = detect(server.url + "/repositories", allow_local=True, delay_s=0)
        assert found.best is not None and found.best.url == f"{server.url}/repositories/town"
        assert found.best.datasets == 4


def test_engine_that_heeds_no_path_is_offered_once() -> None:
    route = endpoint(store_of(3))
    with PortalServer({"/ds": route, "/ds/sparql": route, "/ds/query": route}) as server:
        found = detect(server.url + "/ds", allow_local=True, delay_s=0)
    assert [one.url for one in found.endpoints if one.type == "sparql"] == [f"{server.url}/ds"]
