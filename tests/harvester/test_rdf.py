"""RDF as portals serve it: damaged, cut short, paged in circles, long; and endpoints that cut responses off."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.parse import parse_qs
from urllib.request import urlopen

import pyoxigraph
import pytest
from portal_server import Asked, PortalServer, Response, Route, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.rdf import files as rdf_files
from harvester.spiders.rdf.nodes import BASE, datasets_of, describe

PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"
TURTLE = "text/turtle"


def turtle(first: int, count: int, extra: str = "") -> bytes:
    """Return datasets in Turtle, numbered from ``first``."""
    lines = []
    for n in range(first, first + count):
        name = f"http://x.example/{n:05}"
        lines.append(f'<{name}> a dcat:Dataset ; dct:title "Dataset {n}" ; dcat:distribution <{name}/f> .')
        lines.append(f"<{name}/f> a dcat:Distribution ; dcat:accessURL <{name}.csv> .")
    return (PREFIXES + "\n".join(lines) + "\n" + extra).encode()


def one(catalog: Catalog, body: bytes, content_type: str = TURTLE, **values: object) -> dict[str, object]:
    with PortalServer({"/c.ttl": Response(200, content_type, body)}) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl", **values))
    return harvested(catalog, "p")


def test_document_cut_short_is_partial(catalog: Catalog) -> None:
    row = one(catalog, turtle(0, 30)[:-40])
    assert row["verdict"] == "partial" and "breaks off" in str(row["reasons"])
    assert row["datasets"] in (28, 29)


def test_dataset_whose_statement_is_damaged_is_lost_and_not_judged_by_the_rest(catalog: Catalog) -> None:
    damaged = '<http://x.example/bad> a dcat:Dataset ; dct:title "T" ; nope:x "no such prefix" ; dct:modified "x" .\n'
    row = one(catalog, turtle(0, 3) + damaged.encode() + turtle(5, 3))
    assert row["verdict"] == "partial"
    kept = {stored.dataset.identifier for stored in datasets(catalog, "p")}
    assert "http://x.example/bad" not in kept and {"http://x.example/00000", "http://x.example/00007"} <= kept
    error = catalog.rows("select * from harvest_errors where pointer = 'http://x.example/bad'")
    assert len(error) == 1 and "a statement cannot be read" in error[0]["message"]


def test_a_document_without_datasets_is_empty_and_waits_for_a_word(catalog: Catalog) -> None:
    row = one(catalog, (PREFIXES + "<http://x.example/> a dcat:Catalog .").encode())
    assert (row["verdict"], row["datasets"], row["reasons"][0]) == ("suspect", 0, "the portal lists no datasets")


@pytest.mark.parametrize("body", [b"", b"   ", PREFIXES.encode(), b'{"@context": "http://x.example/c"}'])
def test_a_document_without_statements_is_no_catalogue(body: bytes, catalog: Catalog) -> None:
    assert one(catalog, body)["verdict"] == "failed"


def test_entities_are_not_unfolded_and_files_not_read(catalog: Catalog) -> None:
    body = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/hostname">]>
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/"
      xmlns:dcat="http://www.w3.org/ns/dcat#"><dcat:Dataset rdf:about="http://x.example/1"><dct:title>&f;</dct:title>
    <dct:description>&c;</dct:description></dcat:Dataset></rdf:RDF>"""
    one(catalog, body, "application/rdf+xml")
    host = socket.gethostname()
    assert host not in json.dumps(catalog.rows("select title, description from datasets"))


@pytest.mark.parametrize("name", ["next", "nextPage"])
def test_hydra_links_that_go_in_circles_are_said(name: str, catalog: Catalog) -> None:
    def page(number: int, following: int) -> Response:
        extra = f"<p> <http://www.w3.org/ns/hydra/core#{name}> '?page={following}' ."
        return Response(200, TURTLE, turtle(number * 10, 10, extra))

    routes = {"/c.ttl": page(0, 2), "/c.ttl?page=2": page(1, 3), "/c.ttl?page=3": page(2, 2)}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 30)
    assert "circles" in str(row["reasons"])


def test_page_that_a_link_names_must_be_there(catalog: Catalog) -> None:
    extra = "<p> <http://www.w3.org/ns/hydra/core#next> <c.ttl?page=2> ."
    row = one(catalog, turtle(0, 5, extra))  # the server gives the same document whatever the page
    assert row["verdict"] == "partial" and "circles" in str(row["reasons"])
    with PortalServer({"/c.ttl?page=1": Response(200, TURTLE, turtle(0, 5, extra))}) as server:
        harvest(catalog, spec("q", "dcat-rdf", server.url + "/c.ttl?page=1"))
    row = harvested(catalog, "q")
    assert row["verdict"] == "partial" and "404" in str(row["reasons"])


def test_page_past_the_end_without_datasets_is_the_end(catalog: Catalog) -> None:
    first = turtle(0, 5, "<p> <http://www.w3.org/ns/hydra/core#next> <c.ttl?page=2> .")
    last = (PREFIXES + "<http://x.example/> a dcat:Catalog .").encode()
    with PortalServer({"/c.ttl": Response(200, TURTLE, first), "/c.ttl?page=2": Response(200, TURTLE, last)}) as server:
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl"))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 5)


def test_the_same_description_is_the_same_node_whatever_its_order(tmp_path: Path) -> None:
    body = '<a> a dcat:Dataset ; dct:publisher [ dct:title "B" ] , [ dct:title "A" ] ; dct:title "x"@fr , "x"@en .'
    other = '<a> dct:title "x"@en , "x"@fr ; dct:publisher [ dct:title "A" ] , [ dct:title "B" ] ; a dcat:Dataset .'
    nodes = []
    for text in (body, other):
        file = tmp_path / "a.ttl"
        file.write_text(PREFIXES + text)
        graph = rdf_files.load(file, pyoxigraph.RdfFormat.TURTLE, tmp_path / "graph")
        nodes.append(describe(graph.store, datasets_of(graph.store)[0], "http://x.example/"))
    assert nodes[0] == nodes[1] and nodes[0]["@id"] == "relative:a" and BASE not in json.dumps(nodes[0])


def rdf_xml(count: int) -> bytes:
    """Return datasets in RDF/XML, each complete in itself."""
    spaces = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dct="http://purl.org/dc/terms/"'
    head = f'<?xml version="1.0"?><rdf:RDF {spaces} xmlns:dcat="http://www.w3.org/ns/dcat#">\n'
    line = '<dcat:Dataset rdf:about="http://x.example/{}"><dct:title>{}</dct:title></dcat:Dataset>\n'
    lines = [line.format(n, n) for n in range(count)]
    body = "".join(lines)
    return f"{head}{body}</rdf:RDF>\n".encode()


def test_rdf_xml_that_ends_between_two_datasets_is_cut_short(catalog: Catalog) -> None:
    whole = rdf_xml(10)
    assert one(catalog, whole, "application/rdf+xml")["verdict"] == "complete"
    row = one(catalog, whole[: whole.rindex(b"<dcat:Dataset")], "application/rdf+xml")
    assert (row["verdict"], row["datasets"]) == ("partial", 9)


def test_entities_within_entities_are_not_unfolded(catalog: Catalog) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "lol">{levels}]>'.encode()
    body = rdf_xml(1).replace(b'<?xml version="1.0"?>', bomb).replace(b"<dct:title>0", b"<dct:title>&e11;")
    row = one(catalog, body, "application/rdf+xml")
    assert (row["verdict"], row["datasets"]) == ("failed", 0)
    names = b'<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY xsd "http://www.w3.org/2001/XMLSchema#">]>'
    row = one(catalog, rdf_xml(2).replace(b'<?xml version="1.0"?>', names), "application/rdf+xml")
    assert (row["verdict"], row["datasets"]) == ("complete", 2)


def test_what_cannot_be_read_is_said_of_the_right_dataset(catalog: Catalog) -> None:
    bad = b'<http://x.example/bad> nope:x "no such prefix" ; a dcat:Dataset ; dct:title "B" .\n'
    row = one(catalog, turtle(0, 2) + bad + turtle(5, 1))
    kept = {stored.dataset.identifier for stored in datasets(catalog, "p")}
    assert row["verdict"] == "partial" and len(kept) == 3
    assert catalog.value("select pointer from harvest_errors") == "http://x.example/bad"


def test_words_of_a_text_are_no_language_tag(catalog: Catalog) -> None:
    text = b'<http://x.example/1> a dcat:Dataset ; dct:title "Follow \\"@stadt_wien\\" now"@de_AT ; dct:x "<html>" .'
    assert one(catalog, PREFIXES.encode() + text)["verdict"] == "complete"
    assert next(datasets(catalog, "p")).dataset.title == 'Follow "@stadt_wien" now'


def test_two_datasets_may_share_an_identifier(catalog: Catalog) -> None:
    """Tonight or tomorrow: the IRI is what names a dataset."""
    first = b'<http://x.example/a> a dcat:Dataset ; dct:identifier "1" ; dct:title "A" .\n'
    second = b'<http://x.example/b> a dcat:Dataset ; dct:identifier "1" ; dct:title "B" .\n'
    one(catalog, PREFIXES.encode() + first)
    row = one(catalog, PREFIXES.encode() + first + second)
    assert (row["verdict"], row["datasets"], row["added"], row["removed"]) == ("complete", 2, 1, 0)


@pytest.mark.parametrize("head", ['hydra:next "http://[bad"', "hydra:totalItems '\u00b2'"])
def test_odd_words_of_hydra_end_nothing(head: str, catalog: Catalog) -> None:
    space = "@prefix hydra: <http://www.w3.org/ns/hydra/core#> . "
    row = one(catalog, turtle(0, 3, f"{space} <p> {head} ."))
    assert row["datasets"] == 3
    assert (row["verdict"] == "partial") == ("next" in head)


def test_relative_addresses_are_resolved_wherever_they_stand(catalog: Catalog) -> None:
    body = PREFIXES + (
        '<s/1> a dcat:DatasetSeries ; dct:title "S" ; dcat:seriesMember <d/1> . <d/1> a dcat:Dataset ; dct:title "D" . '
        "<api> a dcat:DataService ; dcat:endpointURL </api/v1> ; dcat:servesDataset <d/1> ."
    )
    one(catalog, body.encode())
    child = next(stored.dataset for stored in datasets(catalog, "p") if stored.dataset.title == "D")
    assert child.data_services[0].endpoint_url == child.identifier.replace("/d/1", "/api/v1")
    assert child.is_part_of == child.identifier.replace("/d/1", "/s/1")
    assert catalog.value("select count(*) from datasets where parent_id is not null") == 1


# SPARQL, with a real engine


def endpoint(store: pyoxigraph.Store, *, cap: int = 10**9) -> Route:
    """Return a SPARQL endpoint over a store that cuts responses at a number of rows, as some engines do."""

    def respond(asked: Asked) -> Response:
        query = parse_qs(asked.body.decode())["query"][0] if asked.body else asked.query["query"]
        found = json.loads(store.query(query).serialize(format=pyoxigraph.QueryResultsFormat.JSON) or b"{}")
        found["results"]["bindings"] = found["results"]["bindings"][:cap]
        return as_json(found)

    return respond


def filled(body: bytes, graph: str | None = None) -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    to_graph = pyoxigraph.NamedNode(graph) if graph else None
    store.load(body, format=pyoxigraph.RdfFormat.TURTLE, base_iri="http://x.example/", to_graph=to_graph)
    return store


@pytest.mark.parametrize("graph", [None, "http://x.example/graph"])
def test_endpoint_is_read_by_key_from_whatever_graph(graph: str | None, catalog: Catalog) -> None:
    with PortalServer({"/sparql": endpoint(filled(turtle(0, 57), graph))}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql", limits={"page_rows": 10}))
        asked = "".join(path for _, path in server.requests)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 57, 57)
    assert "OFFSET" not in asked
    assert all(len(stored.distributions) == 1 for stored in datasets(catalog, "p"))


def test_answers_that_look_cut_off_are_asked_for_in_halves(catalog: Catalog) -> None:
    words = " ; ".join(f'dcat:keyword "w{n}"' for n in range(150))
    body = PREFIXES + "\n".join(
        f'<http://x.example/{n}> a dcat:Dataset ; dct:title "{n}" ; {words} .' for n in range(20)
    )
    with PortalServer({"/sparql": endpoint(filled(body.encode()), cap=1_000)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 20)
    assert all(len(stored.dataset.keywords) == 150 for stored in datasets(catalog, "p"))


def test_dataset_that_fits_into_no_response_is_lost_alone(catalog: Catalog) -> None:
    words = " ; ".join(f'dcat:keyword "w{n}"' for n in range(1_100))
    body = turtle(0, 9) + f'<http://x.example/huge> a dcat:Dataset ; dct:title "huge" ; {words} .'.encode()
    with PortalServer({"/sparql": endpoint(filled(body), cap=1_000)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 9)
    assert "cut off at 1,000 rows" in catalog.value("select message from harvest_errors")


def test_own_query_of_the_operator(catalog: Catalog) -> None:
    dataset, title = "<http://www.w3.org/ns/dcat#Dataset>", "<http://purl.org/dc/terms/title>"
    query = f"SELECT ?d ?title ?x WHERE {{ ?d a {dataset} ; {title} ?title }}"
    with PortalServer({"/sparql": endpoint(filled(turtle(0, 3)))}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql", query=query))
    assert {stored.dataset.title for stored in datasets(catalog, "p")} == {"Dataset 0", "Dataset 1", "Dataset 2"}


def test_own_query_that_is_refused_or_cut_off_is_no_other_query(catalog: Catalog) -> None:
    store, query = filled(turtle(0, 1_000)), "SELECT ?d ?title WHERE { ?d <http://purl.org/dc/terms/title> ?title }"
    with PortalServer({"/sparql": endpoint(store, cap=1_000), "/broken": Response(500)}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql", query=query))
        harvest(catalog, spec("q", "sparql", server.url + "/broken", query=query))
        asked = [path for path in server.asked("/broken") if "dcat" in path]
    assert harvested(catalog, "p")["verdict"] == "partial"
    assert harvested(catalog, "q")["verdict"] == "failed" and not asked


def test_answer_in_part_is_none(catalog: Catalog) -> None:
    """Virtuoso answers 206 with what it has found when its time is up."""
    whole = endpoint(filled(turtle(0, 9)))
    assert callable(whole)

    def partly(asked: Asked) -> Response:
        found = whole(asked)
        is_long = b"00003" in asked.body and b"00004" in asked.body
        nothing = b'{"head": {"vars": []}, "results": {"bindings": []}}'
        return Response(206, found.content_type, nothing) if is_long else found

    with PortalServer({"/sparql": partly}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 9)
    assert all(stored.dataset.title for stored in datasets(catalog, "p"))


def test_iri_that_is_none_is_lost_alone(catalog: Catalog) -> None:
    store = filled(turtle(0, 3))
    kind = pyoxigraph.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    dataset = pyoxigraph.NamedNode("http://www.w3.org/ns/dcat#Dataset")
    good = endpoint(store)
    assert callable(good)
    store.add(pyoxigraph.Quad(pyoxigraph.NamedNode("http://x.example/zz"), kind, dataset))

    def respond(asked: Asked) -> Response:
        found = good(asked)
        assert isinstance(found.body, bytes)
        return Response(200, found.content_type, found.body.replace(b"x.example/zz", b"x.example/z z"))

    with PortalServer({"/sparql": respond}) as server:
        harvest(catalog, spec("p", "sparql", server.url + "/sparql"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 3)
    assert "none that can be asked for" in catalog.value("select message from harvest_errors where is_lost")


@pytest.fixture
def rdflib_endpoint(tmp_path: Path) -> Iterator[str]:
    """A real rdflib-endpoint over 25 datasets."""
    file = tmp_path / "c.ttl"
    file.write_bytes(turtle(0, 25))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "import sys, uvicorn, rdflib\nfrom rdflib_endpoint import SparqlEndpoint\n"
        "graph = rdflib.Dataset(default_union=True)\ngraph.parse(sys.argv[1])\n"
        "app = SparqlEndpoint(graph=graph, path='/sparql')\n"
        "uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[2]), log_level='error')"
    )
    server = subprocess.Popen([sys.executable, "-c", script, str(file), str(port)])
    try:
        for _ in range(150):
            try:
                urlopen(f"http://127.0.0.1:{port}/sparql?query=ASK%20%7B%7D", timeout=1).close()
                break
            except (URLError, OSError):
                assert server.poll() is None, "rdflib-endpoint did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/sparql"
    finally:
        server.terminate()
        server.wait(10)


def test_real_rdflib_endpoint(rdflib_endpoint: str, catalog: Catalog) -> None:
    harvest(catalog, spec("p", "sparql", rdflib_endpoint, limits={"page_rows": 10}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["reasons"]) == ("complete", 25, [])
    assert all(len(stored.distributions) == 1 for stored in datasets(catalog, "p"))


LISTED = PREFIXES + "<{base}/c> a dcat:Catalog ; dcat:dataset {members} .\n"


def about_nine(statements: str) -> Response:
    return Response(200, TURTLE, (PREFIXES + statements).encode())


@pytest.mark.parametrize(
    ("alone", "verdict", "count", "word"),
    [
        # Described at its own address, gone from there, broken, a page for readers, and about something else.
        (about_nine('<BASE/9> a dcat:Dataset ; dct:title "Nine" .'), "complete", 3, ""),
        (Response(410), "complete", 2, "1 addresses that are listed are gone"),
        (Response(500), "partial", 2, "1 records were lost"),
        (Response(200, "text/html", b"<html>Nine</html>"), "partial", 2, "1 records were lost"),
        (about_nine('<BASE/9> dct:title "Nine" .'), "partial", 2, "1 records were lost"),
    ],
)
def test_what_a_catalogue_lists_and_does_not_describe_is_looked_up_alone(
    alone: Response, verdict: str, count: int, word: str, catalog: Catalog
) -> None:
    with PortalServer() as server:
        base = server.url
        members = ", ".join(f"<{base}/{n}>" for n in (1, 2, 9))
        body = LISTED.format(base=base, members=members)
        # A member that says nothing of its type is a dataset all the same.
        body += f'<{base}/1> a dcat:Dataset ; dct:title "One" . <{base}/2> dct:title "Two" .'
        assert isinstance(alone.body, bytes)
        server.routes["/9"] = Response(alone.status, alone.content_type, alone.body.replace(b"BASE", base.encode()))
        server.routes["/c.ttl"] = Response(200, TURTLE, body.encode())
        for _ in range(2):
            harvest(catalog, spec("p", "dcat-rdf", base + "/c.ttl", limits={"max_wait_s": 1}))
            row = harvested(catalog, "p")
            assert (row["verdict"], row["datasets"]) == (verdict, count), row["reasons"]
            assert word in " ".join(row["reasons"])


def test_members_that_a_later_page_describes_are_not_asked_for(catalog: Catalog) -> None:
    hydra = "<#page> <http://www.w3.org/ns/hydra/core#next> {} .\n"
    members = ", ".join(f"<http://x.example/{n:05}>" for n in range(4))
    listed = LISTED.format(base="http://x.example", members=members).removeprefix(PREFIXES)
    pages = {
        "/c.ttl": turtle(0, 2, listed + hydra.format("<c.html?page=2>") + hydra.format("<c.ttl?page=2>")),
        "/c.ttl?page=2": turtle(2, 2),
    }
    routes: dict[str, Route] = {path: Response(200, TURTLE, body) for path, body in pages.items()}
    with PortalServer(routes) as server:
        for _ in range(2):
            harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl"))
            row = harvested(catalog, "p")
            assert (row["verdict"], row["datasets"]) == ("complete", 4), row["reasons"]
        server.routes["/c.ttl?page=2"] = Response(200, TURTLE, turtle(2, 1))
        harvest(catalog, spec("p", "dcat-rdf", server.url + "/c.ttl"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["removed"]) == ("partial", 0) and "x.example" in row["reasons"][0]
