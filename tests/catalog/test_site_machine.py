"""The site for programs: things in RDF by content negotiation, and the catalogue page by page over one run's file."""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import rdflib

from catalog.db.store import Catalog, open_catalog
from catalog.rdf.ntriples import n_triples
from catalog.rdf.syntaxes import transcribed
from catalog.rdf.terms import IRI, RdfGraph, RdfTerm
from catalog.rdf.values import text
from catalog.site.machine import paging
from catalog.site.machine.negotiation import form_for
from catalog.site.machine.snapshots import FORMER, former_file, former_size
from catalog.site.mirror import write_mirror
from catalog.site.pages import SiteOptions
from catalog.site.serve import publish
from tests.catalog.browsing import OF_THE_SITE, Site, raw

pytestmark = OF_THE_SITE

HOME = "https://data.example.org"
HYDRA = rdflib.Namespace("http://www.w3.org/ns/hydra/core#")
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
FIRST, SECOND, THIRD, FOURTH = (f"2026112{day}T010000Z" for day in range(1, 5))
COUNT, MOST = 100, 40
FORMATS = {"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml", "nt": "nt"}


def harvest(catalog: Catalog, run: str, datasets: dict[str, str], *, changed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    """Store what a harvest of the run found: datasets by id with their titles; those that it did not see are gone."""
    with catalog.writing():
        catalog.upsert("runs", [{"id": run, "status": "complete"}])
        catalog.upsert("portals", [{"id": "p", "title": "Portal", "url": "https://p.example"}])
        found = {"id": f"{run}/p", "run_id": run, "portal_id": "p", "verdict": "complete"}
        catalog.upsert("harvests", [found])
        catalog.upsert("publishers", [{"id": "p-o", "portal_id": "p", "name": "Office", "email": "data@p.example"}])
        execute = catalog.db.conn.execute
        known = {row[0] for row in execute("select id from datasets")}
        execute("update datasets set status = 'missing' where status = 'present'")
        for key, title in datasets.items():
            row = {
                "id": key, "portal_id": "p", "identifier": key, "title": title, "status": "present",
                "publisher_id": "p-o", "last_seen_run": run,
            }  # fmt: skip
            row |= {"changed_run": run} if key in changed or key not in known else {}
            row |= {} if key in known else {"first_seen_run": run}
            catalog.upsert("datasets", [row])
            file = {"id": f"{key}-f", "dataset_id": key, "portal_id": "p", "access_url": f"https://p.example/{key}.csv"}
            catalog.upsert("distributions", [file | {"format": "CSV", "is_retired": 0}])


def names(count: int = COUNT) -> dict[str, str]:
    return {f"p-{number:04}": f"Data set {number}" for number in range(count)}


@pytest.fixture(scope="module", autouse=True)
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "MOST", MOST)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public file of a catalogue with 100 datasets, after one night."""
    folder = tmp_path_factory.mktemp("machine")
    with open_catalog(folder / "catalog.db") as catalog:
        harvest(catalog, FIRST, names())
    publish(folder / "catalog.db", folder / "site" / "catalog.db", nights=2)
    return folder / "site" / "catalog.db"


@pytest.fixture(scope="module")
def served(published: Path) -> Iterator[Site]:
    with closing(Site(published, public_url=HOME)) as site:
        yield site


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    """A data folder of its own with that catalogue, published."""
    shutil.copy(published.parent.parent / "catalog.db", tmp_path)
    (tmp_path / "site").mkdir()
    shutil.copy(published, tmp_path / "site")
    return tmp_path


def graph_in(body: bytes, form: str) -> rdflib.Graph:
    with warnings.catch_warnings():
        # rdflib uses functions that it has itself deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        return rdflib.Graph().parse(data=body, format=form)


def parsed(site: Site, address: str, form: str = "turtle") -> rdflib.Graph:
    url = urlsplit(address)
    response = site.get(f"{url.path}?{url.query}" if url.query else url.path)
    assert response.status_code == 200, (address, response.text)
    return graph_in(response.content, form)


def one(graph: rdflib.Graph, predicate: rdflib.URIRef) -> str | None:
    found = {str(value) for value in graph.objects(None, predicate)}
    assert len(found) < 2, found
    return found.pop() if found else None


def ids_of(graph: rdflib.Graph) -> list[str]:
    return [str(node).rpartition("/")[2] for node in graph.subjects(rdflib.RDF.type, DCAT.Dataset)]


def followed(site: Site, address: str | None = "/catalog.ttl") -> Iterator[rdflib.Graph]:
    """Follow the links to the next page, as a harvester does."""
    for _ in range(20):
        if address is None:
            return
        graph = parsed(site, address)
        yield graph
        address = one(graph, HYDRA.next)
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "html"),
        ("*/*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html"),
        ("text/turtle", "ttl"),
        ("TEXT/Turtle; charset=utf-8", "ttl"),
        ("application/ld+json, text/html;q=0.5", "jsonld"),
        ("text/html;q=0.5, application/rdf+xml;q=0.6", "rdf"),
        ("application/rdf+xml, */*", "rdf"),
        ("text/turtle, text/html", "html"),
        ("text/turtle;q=0, */*", "html"),
        ("text/html;q=0, */*;q=0.1", "ttl"),
        ("text/*", "html"),
        ("application/n-triples;q=0.001", "nt"),
        ("application/x-turtle", "ttl"),
        ("image/png", "html"),
        ("text/turtle;q=2, nonsense;;q=, /,", "html"),
        ("application/rdf+xml,text/rdf+n3;q=0.9,application/xhtml+xml;q=0.5, */*;q=0.1", "rdf"),
    ],
)
def test_the_form_that_a_request_asks_for(accept: str, form: str) -> None:
    assert form_for(accept) == form


@pytest.mark.parametrize("ext", FORMATS)
def test_a_dataset_can_be_had_in_each_syntax_by_extension_and_by_negotiation(served: Site, ext: str) -> None:
    address = rdflib.URIRef(f"{HOME}/dataset/p-0007")
    graph = parsed(served, f"/dataset/p-0007.{ext}", FORMATS[ext])
    assert [str(value) for value in graph.objects(address, DCT.title)] == ["Data set 7"]
    assert list(graph.objects(address, DCAT.distribution)) == [rdflib.URIRef(f"{HOME}/file/p-0007-f")]
    media_type = {"ttl": "text/turtle", "jsonld": "application/ld+json", "rdf": "application/rdf+xml"}
    kind = media_type.get(ext, "application/n-triples")
    status, headers, body = raw(served, "/es/dataset/p-0007", accept=kind)
    assert (status, headers[b"content-type"].partition(b";")[0]) == (200, kind.encode())
    assert b"Accept" in headers[b"vary"].split(b", ")
    assert len(graph_in(body, FORMATS[ext])) == len(graph)


def test_a_page_names_its_forms_and_no_cache_takes_one_for_another(served: Site) -> None:
    status, page, body = raw(served, "/dataset/p-0007", accept="text/html")
    assert status == 200 and body.lstrip().startswith(b"<!")
    assert f'<{HOME}/dataset/p-0007.ttl>; rel="alternate"; type="text/turtle"'.encode() in page[b"link"]
    assert page[b"vary"] == b"Accept, Accept-Encoding"
    _, graph, _ = raw(served, "/dataset/p-0007", accept="text/turtle")
    assert page[b"etag"] != graph[b"etag"]
    for headers, accept in ((page, "text/html"), (graph, "text/turtle")):
        tag = headers[b"etag"].decode()
        assert raw(served, "/dataset/p-0007", accept=accept, if_none_match=tag)[0] == 304
    assert raw(served, "/dataset/p-0007", accept="text/turtle", if_none_match=page[b"etag"].decode())[0] == 200


def test_publishers_portals_and_the_whole_catalogue_are_described(served: Site) -> None:
    publisher = parsed(served, "/publisher/p-o.ttl")
    foaf = rdflib.Namespace("http://xmlns.com/foaf/0.1/")
    node = rdflib.URIRef(f"{HOME}/publisher/p-o")
    assert [str(value) for value in publisher.objects(node, foaf.name)] == ["Office"]
    assert [str(value) for value in publisher.objects(node, foaf.mbox)] == ["mailto:data@p.example"]
    portal = parsed(served, "/portal/p.ttl")
    assert (rdflib.URIRef(f"{HOME}/portal/p"), rdflib.RDF.type, DCAT.Catalog) in portal
    for address in ("/index.ttl", "/index.nt"):
        whole = parsed(served, address, FORMATS[address.rpartition(".")[2]])
        assert rdflib.URIRef(f"{HOME}/portal/p") in set(whole.objects(None, DCT.hasPart))
        assert one(whole, HYDRA.view) == f"{HOME}/catalog.ttl"
    assert 'href="/catalog.ttl"' in served.page("/downloads") and 'href="/changes.xml"' in served.page("/downloads")
    assert raw(served, "/", accept="text/turtle")[1][b"content-type"].startswith(b"text/turtle")
    for nothing in (
        "/dataset/none.ttl",
        "/publisher/none.rdf",
        "/portal/none.nt",
        "/metric/none.ttl",
        "/dataset/x.owl",
    ):
        assert served.get(nothing).status_code == 404, nothing


def test_the_pages_have_every_dataset_once_and_link_first_next_and_last(served: Site) -> None:
    pages = list(followed(served))
    found = [key for graph in pages for key in ids_of(graph)]
    assert sorted(found) == sorted(names()) and len(pages) == 3
    files = {str(node) for graph in pages for node in graph.subjects(rdflib.RDF.type, DCAT.Distribution)}
    assert len(files) == COUNT
    for graph in pages:
        (view,) = graph.subjects(rdflib.RDF.type, HYDRA.PagedCollection)
        assert (view, rdflib.RDF.type, HYDRA.PartialCollectionView) in graph
        assert one(graph, HYDRA.totalItems) == str(COUNT)
        # Harvesters read the name of an earlier draft, too.
        assert [*graph.objects(view, HYDRA.nextPage)] == [*graph.objects(view, HYDRA.next)]
        first = one(graph, HYDRA.first)
        assert first == f"{HOME}/catalog.ttl?page={FIRST}"
        assert sorted(ids_of(parsed(served, str(first)))) == sorted(names(MOST))
        last = parsed(served, str(one(graph, HYDRA.last)))
        assert f"p-{COUNT - 1:04}" in ids_of(last) and one(last, HYDRA.next) is None


def test_the_last_page_ends_where_files_bound_the_pages(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "_FILES", 15)
    with closing(sqlite3.connect(published)) as conn:
        first = paging.page_of(conn, paging.read_request({}))
        last = paging.page_of(conn, paging.read_request(dict(parse_qsl(first.last))))
    assert [len(first.ids), len(last.ids)] == [15, 15]
    assert (last.ids[-1], last.next) == (f"p-{COUNT - 1:04}", None)


@pytest.mark.parametrize("ext", FORMATS)
def test_a_page_says_the_same_in_each_syntax(served: Site, ext: str) -> None:
    graph = parsed(served, f"/catalog.{ext}", FORMATS[ext])
    assert len(ids_of(graph)) == MOST
    assert str(one(graph, HYDRA.next)).startswith(f"{HOME}/catalog.{ext}?page={FIRST}~")


def test_a_page_is_sent_again_only_if_the_file_has_changed(served: Site) -> None:
    status, headers, _ = raw(served, "/catalog.ttl")
    assert status == 200 and b'rel="next"' in headers[b"link"]
    assert raw(served, "/catalog.ttl", if_none_match=headers[b"etag"].decode())[0] == 304
    assert raw(served, "/catalog.ttl", if_modified_since=headers[b"last-modified"].decode())[0] == 304
    assert raw(served, "/catalog.ttl", if_modified_since="Tue, 01 Dec 2020 00:00:00 GMT")[0] == 200
    assert raw(served, "/catalog.ttl", if_modified_since="tomorrow")[0] == 200
    _, packed, body = raw(served, "/catalog.ttl", accept_encoding="gzip")
    assert packed[b"content-encoding"] == b"gzip" and body[:2] == b"\x1f\x8b"
    assert packed[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize(
    "query", [b"page=a~b~c", b"page=/etc", b"page=2", b"modified_since=yesterday", b"modified_since=2026-13-01"]
)
def test_what_cannot_be_read_is_refused_in_words(served: Site, query: bytes) -> None:
    status, _, body = raw(served, "/catalog.ttl", query)
    assert status == 400 and body.startswith(query.partition(b"=")[0] + b":")


@pytest.mark.parametrize("name", ["1", "first"])
def test_the_first_page_has_the_name_that_other_catalogues_give_it(served: Site, name: str) -> None:
    first, named = (parsed(served, f"/catalog.ttl{query}") for query in ("", f"?page={name}"))
    assert ids_of(named) == ids_of(first) and one(named, HYDRA.next) == one(first, HYDRA.next)


def test_a_harvest_ends_on_the_file_it_began_on(data: Path) -> None:
    """Between its pages one dataset is deleted, one added and one changed: it sees none of it, and the next one all."""
    public = data / "site" / "catalog.db"
    later = names() | {"p-0000a": "New", "p-0099": "Changed"}
    del later["p-0060"]
    with closing(Site(public, public_url=HOME)) as site:
        pages = followed(site)
        seen = ids_of(next(pages))
        with open_catalog(data / "catalog.db") as catalog:
            harvest(catalog, SECOND, later, changed={"p-0099"})
        publish(data / "catalog.db", public, nights=2)
        site.datasette.get_database("catalog").looked_at = 0
        titles = set()
        for graph in pages:
            seen += ids_of(graph)
            titles |= {str(title) for title in graph.objects(None, DCT.title)}
        assert sorted(seen) == sorted(names()) and "Changed" not in titles
        again = [graph for graph in followed(site)]
        assert sorted(key for graph in again for key in ids_of(graph)) == sorted(later)
        since = parsed(site, "/catalog.ttl?modified_since=2026-11-22")
        assert sorted(ids_of(since)) == ["p-0000a", "p-0099"] and one(since, HYDRA.totalItems) == "2"
        assert "modified_since=2026-11-22" in str(one(since, HYDRA.first))
        assert ids_of(parsed(site, "/catalog.ttl?modified_since=2026-11-22T02:00:01%2B01:00")) == []
        assert len(ids_of(parsed(site, "/catalog.ttl?portal=p"))) == MOST
        assert ids_of(parsed(site, "/catalog.ttl?portal=none")) == []


def test_files_are_kept_for_two_nights_and_an_older_run_is_gone(data: Path) -> None:
    public = data / "site" / "catalog.db"
    inode = public.stat().st_ino
    for run in (SECOND, THIRD, FOURTH):
        with open_catalog(data / "catalog.db") as catalog:
            harvest(catalog, run, names(3))
        publish(data / "catalog.db", public, nights=2)
        if run == SECOND:
            # It is the same file under another name.
            kept = former_file(public, FIRST)
            assert kept is not None and kept.stat().st_ino == inode
    assert sorted(path.stem for path in (data / "site" / FORMER).iterdir()) == [SECOND, THIRD]
    assert former_size(public)[0] == 2
    with closing(Site(public, public_url=HOME)) as site:
        gone = site.get(f"/catalog.ttl?page={FIRST}~p-0001")
        assert gone.status_code == 410 and f"Begin again at {HOME}/catalog.ttl" in gone.text
        assert len(ids_of(parsed(site, f"/catalog.ttl?page={SECOND}"))) == 3
        assert former_file(public, "../catalog") is None
        # One that a version before this one wrote cannot be read as ours.
        with closing(sqlite3.connect(data / "site" / FORMER / f"{SECOND}.db")) as older:
            older.execute("drop view shown_datasets")
        assert site.get(f"/catalog.ttl?page={SECOND}&portal=p").status_code == 410
    # The same run again takes the place of its own file; no night keeps any.
    publish(data / "catalog.db", public, nights=2)
    assert former_size(public)[0] == 2
    publish(data / "catalog.db", public)
    assert former_size(public) == (0, 0) and not (data / "site" / FORMER).exists()


def test_the_pages_are_found_by_an_index(published: Path) -> None:
    with closing(sqlite3.connect(published)) as conn:
        sql = f"explain query plan select d.id {paging._CHOSEN} order by d.id limit 101"
        told = [row[3] for row in conn.execute(sql, {"after": "", "portal": None, "since": None})]
    assert "USING COVERING INDEX public_datasets_feed (status=? AND id>?)" in told[0]
    assert not [step for step in told if "TEMP B-TREE" in step]


def test_quick_syntaxes_hold_every_character(tmp_path: Path) -> None:
    graph, node = RdfGraph(), RdfTerm(IRI, "https://x.example/a")
    said = ["a\x00b", "a\\u0000b", "\x1f\ufffe\\", 'é\n"x"']
    for value in said:
        graph.add(node, str(DCT.title), text(value))
    for syntax, form in (("turtle", "turtle"), ("json-ld", "json-ld"), ("n-triples", "nt"), ("xml", "xml")):
        read = graph_in(transcribed(n_triples(graph), syntax), form)
        shown = (
            [one.translate({0: "\ufffd", 31: "\ufffd", 0xFFFE: "\ufffd"}) for one in said] if form == "xml" else said
        )
        assert sorted(map(str, read.objects())) == sorted(shown), syntax
    with pytest.raises(ValueError, match="no syntax"):
        transcribed(b"", "n3")


def test_the_mirror_has_turtle_beside_its_pages(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog:
        harvest(catalog, FIRST, names(2))
    public, out = tmp_path / "site" / "catalog.db", tmp_path / "out"
    publish(tmp_path / "catalog.db", public)
    write_mirror(public, out, SiteOptions(public_url=HOME), ["en"])
    graph = graph_in((out / "dataset" / "p-0001.ttl").read_bytes(), "turtle")
    node = rdflib.URIRef(f"{HOME}/dataset/p-0001")
    assert [str(one) for one in graph.objects(node, DCT.title)] == ["Data set 1"]
    assert '<link rel="alternate" type="text/turtle" href="/dataset/p-0001.ttl">' in (
        (out / "dataset" / "p-0001" / "index.html").read_text("utf-8")
    )
    beside = {path.relative_to(out).as_posix(): path.stat().st_mtime_ns for path in out.rglob("*.ttl")}
    assert {"index.ttl", "publisher/p-o.ttl", "portal/p.ttl", "metric/title_present.ttl"} < beside.keys()
    again = write_mirror(public, out, SiteOptions(public_url=HOME), ["en"])
    assert again.written == again.removed == 0
    assert all((out / name).stat().st_mtime_ns == when for name, when in beside.items())
