"""What a partial harvest did not see is asked for alone, in the way of each interface; a feed has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyoxigraph
import pytest
from portal_server import Asked, PortalServer, Response, Route, as_json, harvest, harvested, spec
from test_sparql_engines import DCAT, endpoint

from catalog.db.store import Catalog

IDS = [f"{n:08x}-0000-4000-8000-00000000000{n}" for n in range(5)]
GONE, UNLISTED = IDS[2], IDS[4]


class Town:
    """A portal whose total is always one more than the datasets it sends, so that no harvest of it is complete."""

    def __init__(self) -> None:
        self.listed, self.held = list(IDS), set(IDS)

    def withdraw(self) -> None:
        """Remove one dataset, and remove another from the listing alone."""
        self.listed = [one for one in self.listed if one not in (GONE, UNLISTED)]
        self.held.discard(GONE)

    @property
    def total(self) -> int:
        return len(self.listed) + 1

    def alone(self, path: str, shown: Callable[[str], Any], refusal: Response | None = None) -> dict[str, Route]:
        """Return a route for the address of each dataset."""

        def route(name: str) -> Route:
            return lambda asked: as_json(shown(name)) if name in self.held else refusal or Response(404)

        return {path.format(name): route(name) for name in IDS}


def hub(town: Town) -> tuple[str, dict[str, Route]]:
    def feature(name: str) -> dict[str, Any]:
        return {"id": name, "properties": {"title": name, "modified": 1, "orgId": "o"}}

    path = "/api/search/v1/collections/dataset/items"
    return "", {
        path: lambda asked: as_json({"features": list(map(feature, town.listed)), "numberMatched": town.total}),
        **town.alone(path + "/{}", feature),
    }


def arcgis_portal(town: Town) -> tuple[str, dict[str, Route]]:
    def item(name: str) -> dict[str, Any]:
        return {"id": name, "type": "CSV", "title": name, "created": 1}

    unknown = {"code": 400, "messageCode": "CONT_0001", "message": "Item does not exist or is inaccessible."}
    return "", {
        "/sharing/rest/portals/self": as_json({"isPortal": True}),
        "/sharing/rest/search": lambda asked: as_json(
            {"total": town.total, "nextStart": -1, "results": list(map(item, town.listed))}
        ),
        **town.alone("/sharing/rest/content/items/{}", item, as_json({"error": unknown})),
    }


def arcgis_server(town: Town) -> tuple[str, dict[str, Route]]:
    def services(asked: Asked) -> Response:
        named = [{"name": name, "type": "MapServer"} for name in [*town.listed, "broken"]]
        return as_json({"folders": [], "services": named})

    unknown = as_json({"error": {"code": 500, "message": "Service x/MapServer not found", "details": []}})
    stopped = as_json({"error": {"code": 500, "message": "Service broken/MapServer not started"}})
    root = "/arcgis/rest/services"
    shown = town.alone(root + "/{}/MapServer", lambda name: {"mapName": name}, unknown)
    return "", {root: services, f"{root}/broken/MapServer": stopped, **shown}


def geonode(town: Town) -> tuple[str, dict[str, Route]]:
    def respond(asked: Asked) -> Response:
        one = asked.query.get("filter{uuid}")
        found = town.listed if one is None else [one] if one in town.held else []
        total = town.total if one is None else len(found)
        return as_json({"total": total, "datasets": [{"uuid": name, "title": name} for name in found]})

    return "", {"/api/v2/datasets/": respond}


def geonode_3(town: Town) -> tuple[str, dict[str, Route]]:
    def respond(asked: Asked) -> Response:
        one = asked.query.get("uuid")
        found = town.listed if one is None else [one] if one in town.held else []
        total = town.total if one is None else len(found)
        return as_json({"meta": {"total_count": total}, "objects": [{"uuid": name, "title": name} for name in found]})

    return "", {"/api/layers/": respond}


def i14y(town: Town) -> tuple[str, dict[str, Route]]:
    def page(asked: Asked) -> Response:
        # Behind the first page nothing is certain.
        return (
            as_json({"data": [{"id": name} for name in town.listed]}) if asked.query["page"] == "1" else Response(404)
        )

    return "", {"/api/datasets": page, **town.alone("/api/datasets/{}", lambda name: {"data": {"id": name}})}


def sparql(town: Town) -> tuple[str, dict[str, Route]]:
    def respond(asked: Asked) -> Response:
        # Of one that is listed no more the endpoint still knows a title.
        store = pyoxigraph.Store()
        lines = [f"<http://x.example/{name}> a <{DCAT}Dataset> ." for name in town.listed]
        lines += [f'<http://x.example/{name}> <http://purl.org/dc/terms/title> "{name}" .' for name in town.held]
        store.load("\n".join(lines).encode(), format=pyoxigraph.RdfFormat.TURTLE)
        if "COUNT(" in asked.query.get("query", ""):
            return as_json({"head": {"vars": ["n"]}, "results": {"bindings": [{"n": {"value": str(town.total)}}]}})
        route = endpoint(store)
        return route if isinstance(route, Response) else route(asked)

    return "/sparql", {"/sparql": respond}


def magda(town: Town) -> tuple[str, dict[str, Route]]:
    def record(name: str) -> dict[str, Any]:
        return {"id": name, "name": name, "aspects": {"dcat-dataset-strings": {"title": name}}}

    path = "/api/v0/registry/records"
    return "", {
        f"{path}/count": lambda asked: as_json({"count": town.total}),
        path: lambda asked: as_json({"hasMore": False, "records": list(map(record, town.listed))}),
        **town.alone(path + "/{}", record),
    }


def piveau(town: Town) -> tuple[str, dict[str, Route]]:
    def hit(name: str) -> dict[str, Any]:
        return {"id": name, "index": "dataset", "title": {"en": name}}

    def search(asked: Asked) -> Response:
        found = [] if asked.query.get("page") else list(map(hit, town.listed))
        return as_json({"result": {"count": town.total, "results": found}})

    return "", {
        "/api/hub/search/search": search,
        **town.alone("/api/hub/search/datasets/{}", lambda name: {"result": hit(name)}),
    }


def statuses(catalog: Catalog) -> dict[str, str]:
    return {
        row["identifier"].removeprefix("http://x.example/").removesuffix("/MapServer"): row["status"]
        for row in catalog.rows("select identifier, status from datasets")
    }


TYPES = {
    "arcgis-hub": hub, "arcgis-portal": arcgis_portal, "arcgis-server": arcgis_server, "geonode": geonode,
    "geonode of old": geonode_3, "i14y": i14y, "sparql": sparql, "magda": magda, "piveau": piveau,
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_what_is_withdrawn_is_found_by_asking_for_it_alone(name: str, catalog: Catalog) -> None:
    town = Town()
    path, routes = TYPES[name](town)
    with PortalServer(routes) as server:
        portal = spec("p", name.split()[0], server.url + path, retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        assert statuses(catalog) == dict.fromkeys(IDS, "present"), harvested(catalog, "p")
        assert harvested(catalog, "p")["verdict"] == "partial", harvested(catalog, "p")
        town.withdraw()
        harvest(catalog, portal)
    assert harvested(catalog, "p")["verdict"] == "partial"
    assert statuses(catalog) == dict.fromkeys(IDS, "present") | {GONE: "retired"}, harvested(catalog, "p")


@pytest.mark.parametrize(
    "wall",
    [
        as_json({"error": {"code": 403, "messageCode": "GWM_0003", "message": "You do not have permissions"}}),
        as_json({"error": {"code": 499, "message": "Token Required"}}),
        as_json({"error": {"code": 500, "message": "Unable to perform query"}}),
        Response(200, "text/html", b"<html>Back soon: this page does not exist</html>"),
        Response(403),
        Response(400),
    ],
)
def test_a_refusal_is_no_withdrawal(wall: Response, catalog: Catalog) -> None:
    town = Town()
    path, routes = arcgis_portal(town)
    with PortalServer(routes) as server:
        portal = spec("p", "arcgis-portal", server.url + path, retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        town.withdraw()
        server.routes[f"/sharing/rest/content/items/{GONE}"] = wall
        harvest(catalog, portal)
        assert server.asked(f"/sharing/rest/content/items/{GONE}")
    assert statuses(catalog) == dict.fromkeys(IDS, "present")


def test_an_interface_that_does_not_know_the_question_is_not_believed(catalog: Catalog) -> None:
    """A GeoNode that ignores the filter lists everything; or nothing, whatever is asked for."""
    town = Town()
    _, routes = geonode(town)
    with PortalServer(routes) as server:
        portal = spec("p", "geonode", server.url, retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        town.withdraw()
        listing = routes["/api/v2/datasets/"]
        assert not isinstance(listing, Response)
        nothing = as_json({"total": 0, "datasets": []})
        for answers in (lambda asked: listing(Asked("GET", asked.path, {}, {})), lambda asked: nothing):
            server.routes["/api/v2/datasets/"] = lambda asked, answers=answers: (
                answers if "filter{uuid}" in asked.query else listing
            )(asked)
            harvest(catalog, portal)
    assert statuses(catalog) == dict.fromkeys(IDS, "present")


def test_a_dataset_that_the_portal_has_named_anew_is_not_asked_for_by_its_old_name(catalog: Catalog) -> None:
    """A Hub gives all its datasets other ids over night; the catalogue keeps the old ones."""
    made = 1577836812345
    names = {name: name for name in IDS}

    def feature(name: str) -> dict[str, Any]:
        title, at = f"T {IDS.index(name)}", made + IDS.index(name)
        return {"id": names[name], "properties": {"title": title, "created": at, "modified": at, "orgId": "o"}}

    town = Town()
    path = "/api/search/v1/collections/dataset/items"
    routes: dict[str, Route] = {
        path: lambda asked: as_json({"features": list(map(feature, town.listed)), "numberMatched": town.total})
    }
    with PortalServer(routes) as server:
        portal = spec("p", "arcgis-hub", server.url, retire={"grace_runs": 1}, schedule={"full_every": 1})
        harvest(catalog, portal)
        names |= {name: f"{n:032x}" for n, name in enumerate(IDS)}
        for _ in range(2):
            harvest(catalog, portal)
        town.listed.remove(UNLISTED)
        harvest(catalog, portal)
        assert not server.asked(f"{path}/")
    assert statuses(catalog) == dict.fromkeys(IDS, "present")


FEEDS: dict[str, tuple[str, Callable[[list[str], bool], Response]]] = {
    "dcat-us": (
        "/data.json",
        lambda names, is_whole: as_json(
            {"dataset": [{"identifier": name, "title": name} for name in names] + ([] if is_whole else [7])}
        ),
    ),
    "dcat-us-3": (
        "/catalog.json",
        lambda names, is_whole: as_json(
            {
                "@context": "https://resources.data.gov/dcat-us/3.0.0/context/dcat-us-3.0.jsonld",
                "@type": "Catalog",
                "dataset": [{"@type": "Dataset", "@id": name, "identifier": name, "title": name} for name in names]
                + ([] if is_whole else [7]),
            }
        ),
    ),
    "inventory": (
        "/list.csv",
        lambda names, is_whole: Response(
            200, "text/csv", ("id,title,url\n" + "".join(f"{n},T {n},http://x.example/{n}.csv\n" for n in names)
                              + ("" if is_whole else f'{IDS[0]},"T')).encode(),
            headers={} if is_whole else {"Content-Length": "5000"},
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_of_a_feed_a_complete_reading_decides(name: str, catalog: Catalog) -> None:
    path, feed = FEEDS[name]
    left = [one for one in IDS if one != GONE]
    with PortalServer({path: feed(IDS, True)}) as server:
        portal = spec(
            "p", name, server.url + path, retire={"grace_runs": 1}, limits={"reconnect_s": (), "timeout_s": 2}
        )
        harvest(catalog, portal)
        assert (harvested(catalog, "p")["verdict"], len(statuses(catalog))) == ("complete", 5)
        server.routes[path] = feed(left, False)
        harvest(catalog, portal)
        assert harvested(catalog, "p")["verdict"] in ("partial", "failed"), harvested(catalog, "p")
        assert statuses(catalog) == dict.fromkeys(IDS, "present")
        server.routes[path] = feed(left, True)
        harvest(catalog, portal)
        assert {asked.partition("?")[0] for _, asked in server.requests} <= {path, "/robots.txt"}
    assert harvested(catalog, "p")["verdict"] == "complete"
    assert statuses(catalog) == dict.fromkeys(IDS, "present") | {GONE: "retired"}
