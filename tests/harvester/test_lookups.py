"""A portal that is never complete does not keep for ever what it has withdrawn: each dataset is looked for alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, ckan_search, harvest, harvested, spec

from catalog.db.store import Catalog

SEARCH, SHOW = "/api/3/action/package_search", "/api/3/action/package_show"


def package(n: int) -> dict[str, Any]:
    return {"id": f"{n:04}", "name": f"p{n}", "title": f"P {n}"}


def broken_search(packages: dict[str, dict[str, Any]]) -> Any:
    """Return a search whose total is one more than the records it lists."""

    def respond(asked: Asked) -> Response:
        found = list(packages.values()) if asked.query["start"] == "0" else []
        return as_json({"success": True, "result": {"count": len(packages) + 1, "results": found}})

    return respond


def show(packages: dict[str, dict[str, Any]], refusal: Response) -> Any:
    def respond(asked: Asked) -> Response:
        found = packages.get(asked.query["id"])
        return as_json({"success": True, "result": found}) if found else refusal

    return respond


def says(kind: str, status: int) -> Response:
    return as_json({"success": False, "error": {"__type": kind, "message": "no"}}, status)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (says("Not Found Error", 404), "retired"),
        (says("Authorization Error", 403), "retired"),
        # A wall, and a server in trouble, say nothing.
        (Response(403, "text/html", b"<html>Forbidden</html>"), "present"),
        (Response(400, body=b"{}"), "present"),
    ],
    ids=["not found", "no longer public", "wall", "bad request"],
)
def test_what_is_looked_for_alone_and_not_found_is_missing(refusal: Response, status: str, catalog: Catalog) -> None:
    packages = {one["id"]: one for one in map(package, range(6))}
    listed = dict(packages)
    with PortalServer({SEARCH: broken_search(listed), SHOW: show(packages, refusal)}) as server:
        portal = spec("p", "ckan", server.url, retire={"grace_runs": 2}, schedule={"full_every": 1})
        harvest(catalog, portal)
        # One is withdrawn; of another the search alone knows no more.
        del listed["0002"], packages["0002"], listed["0004"]
        for _ in range(2):
            harvest(catalog, portal)
            assert harvested(catalog, "p")["verdict"] == "partial"
    found = {r["identifier"]: r["status"] for r in catalog.rows("select identifier, status from datasets")}
    assert found == {f"{n:04}": "present" for n in range(6)} | {"0002": status}


def test_an_interface_that_finds_nothing_is_not_believed(catalog: Catalog) -> None:
    packages = {one["id"]: one for one in map(package, range(4))}
    with PortalServer({SEARCH: broken_search(packages), SHOW: says("Not Found Error", 404)}) as server:
        portal = spec("p", "ckan", server.url, retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        del packages["0002"]
        harvest(catalog, portal)
        assert len(server.asked(SHOW)) == 1
    assert catalog.value("select count(*) from datasets where status = 'present'") == 4


def test_a_folder_with_one_bad_file_lets_go_of_those_that_are_gone(catalog: Catalog) -> None:
    def record(name: str) -> Response:
        body = f"<MD_Metadata><fileIdentifier>{name}</fileIdentifier></MD_Metadata>"
        return Response(200, "application/xml", body.encode())

    def index(*names: str) -> Response:
        links = "".join(f'<a href="{name}.xml">{name}</a>' for name in names)
        return Response(200, "text/html", f"<title>Index of /</title>{links}".encode())

    routes: dict[str, Any] = {f"/{name}.xml": record(name) for name in "abc"}
    routes["/bad.xml"] = Response(200, "application/xml", b"<MD_Metadata><broken")
    with PortalServer(routes | {"/": index("a", "b", "c", "bad")}) as server:
        portal = spec("p", "waf", server.url + "/", retire={"grace_runs": 1})
        harvest(catalog, portal)
        # b is withdrawn, c is only listed no more.
        server.routes["/"] = index("a", "bad")
        del server.routes["/b.xml"]
        harvest(catalog, portal)
    assert harvested(catalog, "p")["verdict"] == "partial"
    found = {r["identifier"]: r["status"] for r in catalog.rows("select identifier, status from datasets")}
    assert found == {"a": "present", "b": "retired", "c": "present"}


@pytest.mark.parametrize(("comes_back", "verdict"), [(True, "complete"), (False, "partial")])
def test_a_server_that_is_restarted_in_the_middle_is_waited_for(
    comes_back: bool, verdict: str, catalog: Catalog
) -> None:
    """The socket is closed after the first page, and opened again on the same port in a while."""
    packages = [package(n) for n in range(6)]
    steps = (0.1, 0.2, 0.4, 0.8, 1.6) if comes_back else (0.05, 0.1)
    followers: list[PortalServer] = []

    def again(port: int) -> None:
        follower = PortalServer({SEARCH: ckan_search(packages)}, port=port)
        followers.append(follower)
        follower.__enter__()

    with PortalServer() as server:
        port = int(server.url.rpartition(":")[2])

        def first(asked: Asked) -> Response:
            response = ckan_search(packages)(asked)
            server.stop_listening()
            if comes_back:
                threading.Timer(0.5, again, [port]).start()
            return replace(response, headers={"Connection": "close"})

        server.routes[SEARCH] = first
        harvest(catalog, spec("p", "ckan", server.url, limits={"page_rows": 3, "reconnect_s": steps}))
    for follower in followers:
        follower.__exit__(None, None, None)
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, 6 if comes_back else 3), row["reasons"]


CSW = 'xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/"'
OAI = 'xmlns="http://www.openarchives.org/OAI/2.0/"'


def xml(text: str) -> Response:
    return Response(200, "application/xml", text.encode())


def catalogue(ids: list[str]) -> Any:
    """Return a catalogue service whose total is one more than the records it sends."""

    def respond(asked: Asked) -> Response:
        if asked.query.get("request") == "GetRecordById":
            found = [one for one in ids if one == asked.query["id"]]
            inner = "".join(f"<csw:BriefRecord><dc:identifier>{one}</dc:identifier></csw:BriefRecord>" for one in found)
            return xml(f"<csw:GetRecordByIdResponse {CSW}>{inner}</csw:GetRecordByIdResponse>")
        record = "<csw:Record><dc:identifier>{0}</dc:identifier><dc:title>{0}</dc:title></csw:Record>"
        told = f'numberOfRecordsMatched="{len(ids) + 1}" numberOfRecordsReturned="{len(ids)}" nextRecord="0"'
        inner = "".join(map(record.format, ids))
        return xml(f"<csw:GetRecordsResponse {CSW}><csw:SearchResults {told}>{inner}</csw:SearchResults>"
                   "</csw:GetRecordsResponse>")  # fmt: skip

    return respond


def repository(ids: list[str]) -> Any:
    """Return a repository whose total is one more than the records it lists."""
    record = (
        "<record><header><identifier>{0}</identifier></header><metadata><dc><title>{0}</title></dc></metadata></record>"
    )

    def respond(asked: Asked) -> Response:
        verb, inner = asked.query.get("verb"), ""
        if verb == "ListMetadataFormats":
            inner = f"<{verb}><metadataFormat><metadataPrefix>oai_dc</metadataPrefix></metadataFormat></{verb}>"
        elif verb == "GetRecord":
            named = asked.query["identifier"]
            known = f"<{verb}>{record.format(named)}</{verb}>"
            inner = known if named in ids else '<error code="idDoesNotExist">no such record</error>'
        elif verb == "ListRecords":
            more = f'<resumptionToken completeListSize="{len(ids) + 1}"/>'
            inner = f"<{verb}>{''.join(map(record.format, ids))}{more}</{verb}>"
        else:
            inner = "<Identify><repositoryName>R</repositoryName></Identify>"
        return xml(f"<OAI-PMH {OAI}>{inner}</OAI-PMH>")

    return respond


@pytest.mark.parametrize(("portal_type", "made"), [("csw", catalogue), ("oai-pmh", repository)])
def test_interfaces_that_answer_200_for_what_they_do_not_know(portal_type: str, made: Any, catalog: Catalog) -> None:
    ids = [f"r{n}" for n in range(5)]
    with PortalServer({"/in": made(ids)}) as server:
        portal = spec("p", portal_type, server.url + "/in", retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        assert harvested(catalog, "p")["verdict"] == "partial", harvested(catalog, "p")
        ids.remove("r2")
        harvest(catalog, portal)
    found = {r["identifier"]: r["status"] for r in catalog.rows("select identifier, status from datasets")}
    assert found == {f"r{n}": "present" for n in range(5)} | {"r2": "retired"}, harvested(catalog, "p")
