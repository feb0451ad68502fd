"""OGC API - Records: which collections, which links, and where an index ends."""

from __future__ import annotations

from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.ogc_records.record import to_dataset

ITEMS = "/collections/main/items"


def record(n: int, **values: Any) -> dict[str, Any]:
    return {"id": f"r{n:05}", "properties": {"type": "dataset", "title": f"T {n}", **values}}


def items(records: list[dict[str, Any]], *, rows_max: int = 10, bad: int | None = None, end: int = 10**9) -> Any:
    """Respond with pages as pycsw cuts them, with one bad record, and an index that ends early."""

    def respond(asked: Asked) -> Response:
        start, limit = int(asked.query.get("offset", 0)), min(rows_max, int(asked.query.get("limit", 10)))
        if bad is not None and start <= bad < start + limit:
            return Response(400, body=b'{"code": "NoApplicableCode", "description": "record is broken"}')
        if start + limit > end:
            return as_json({"code": "InvalidParameterValue", "description": "Result window is too large"}, 400)
        # The link of another, inner host: its query counts alone.
        href = f"http://127.0.0.9:1/inner{asked.path}?offset={start + limit}&limit={limit}"
        links = [{"rel": "next", "href": href}] if start + limit < len(records) else []
        return as_json({"features": records[start : start + limit], "numberMatched": len(records), "links": links})

    return respond


@pytest.mark.parametrize("path", ["/collections/main", "/collections/main/", "/collections/main/items"])
def test_a_portal_file_may_name_a_collection(path: str, catalog: Catalog) -> None:
    with PortalServer({"/api" + ITEMS: items([record(n) for n in range(25)])}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/api" + path))
        assert len(server.asked("/api")) == 3
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 25, 25)


@pytest.mark.parametrize(
    ("collections", "verdict", "count"),
    [
        ([{"id": "main", "itemType": "record"}, {"id": "other"}], "complete", 2),
        ([{"id": "main"}, {"id": "roads", "itemType": "feature"}], "complete", 2),
        ([{"id": "roads", "itemType": "feature"}], "failed", 0),
        ([], "failed", 0),
        (None, "failed", 0),
    ],
    ids=["records", "says nothing", "features alone", "none", "no list"],
)
def test_only_collections_of_records_are_read(collections: Any, verdict: str, count: int, catalog: Catalog) -> None:
    routes = {"/collections": as_json({"collections": collections}), ITEMS: items([record(0), record(1)])}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "ogc-records", server.url))
        assert not server.asked("/collections/roads")
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, count), row["reasons"]


def test_totals_of_collections_add_up(catalog: Catalog) -> None:
    """The first collection ends before its own total: that is no whole harvest, whatever the second one says."""
    short = as_json({"features": [record(n) for n in range(3)], "numberMatched": 5, "links": []})
    routes = {
        "/collections": as_json(
            {"collections": [{"id": "a", "itemType": "record"}, {"id": "b", "itemType": "record"}]}
        ),
        "/collections/a/items": short,
        "/collections/b/items": items([record(n) for n in range(10, 14)]),
    }
    with PortalServer(routes) as server:
        for _ in range(2):
            harvest(catalog, spec("p", "ogc-records", server.url))
            row = harvested(catalog, "p")
            assert (row["verdict"], row["datasets"], row["advertised"]) == ("partial", 7, 9)
    assert row["not_modified"] == 2


def test_a_record_that_cannot_be_sent_is_left_out_alone(catalog: Catalog) -> None:
    def respond(asked: Asked) -> Response:
        found: Response = items([record(n) for n in range(25)], bad=13)(asked)
        # Served as cut short, which a smaller page may not be.
        return Response(200, body=b'{"features": [') if found.status == 400 else found

    with PortalServer({ITEMS: respond}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("partial", 24, 1)
    assert catalog.value("select pointer from harvest_errors") == "/features/13"


def test_an_index_that_ends_is_said(catalog: Catalog) -> None:
    with PortalServer({ITEMS: items([record(n) for n in range(10_500)], rows_max=1000, end=10_000)}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main", limits={"page_rows": 1000}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("partial", 10_000)
    assert "answers nothing behind 10,000 records" in row["reasons"][0]
    assert "too large" in catalog.value("select value from harvest_errors")


@pytest.mark.parametrize(
    ("href", "reason"),
    [
        ("/collections/main/items?offset=0", "circles"),
        ("https://elsewhere.example/next/page", "leads to no page of items"),
        ("items?token=1", "circles"),
    ],
)
def test_next_links_that_lead_nowhere(href: str, reason: str, catalog: Catalog) -> None:
    page = as_json({"features": [record(0)], "numberMatched": 9, "links": [{"rel": "next", "href": href}]})
    with PortalServer({ITEMS: page}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main"))
        assert len(server.asked(ITEMS)) < 10
    row = harvested(catalog, "p")
    assert row["verdict"] in ("partial", "failed")
    assert any(reason in said for said in row["reasons"]), row["reasons"]


def test_an_empty_page_with_a_next_link_is_no_endless_walk(catalog: Catalog) -> None:
    def respond(asked: Asked) -> Response:
        start = int(asked.query.get("offset", 0))
        features = [record(n) for n in range(start, start + 5)] if start < 10 else []
        return as_json({"features": features, "links": [{"rel": "next", "href": f"items?offset={start + 5}"}]})

    with PortalServer({ITEMS: respond}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main"))
        assert len(server.asked(ITEMS)) == 3
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("partial", 10)


def test_a_refusal_within_200_is_a_failure(catalog: Catalog) -> None:
    with PortalServer({ITEMS: as_json({"code": "NotFound", "description": "no such collection"})}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main", limits={"page_rows": 1}))
    assert "no such collection" in harvested(catalog, "p")["reasons"][0]


def silent(count: int, *, heeds: str | None = "offset", past: int = 200, rows_max: int = 1000) -> Any:
    """Respond with pages without next link and total; one paging parameter works, others and pages past the end are
    refused."""

    def respond(asked: Asked) -> Response:
        if heeds != "anything" and asked.query.keys() - {"f", "limit", heeds}:
            return as_json({"code": "InvalidParameterValue"}, 400)
        start, limit = int(asked.query.get(str(heeds), 0)), min(rows_max, int(asked.query["limit"]))
        found = [record(n) for n in range(start, min(count, start + limit))]
        return as_json({"features": found}) if found else as_json({"features": []}, past)

    return respond


@pytest.mark.parametrize(
    ("server", "asked", "verdict", "datasets"),
    [
        (silent(25), 4, "complete", 25),
        (silent(30), 4, "complete", 30),
        (silent(30, past=404), 4, "complete", 30),
        (silent(25, heeds="startindex"), 5, "complete", 25),
        (silent(7), 1, "complete", 7),
        # Cut to a round number below what was asked for.
        (silent(45, rows_max=20), 5, "complete", 45),
        # Whether there is more than a page cannot be asked.
        (silent(30, heeds="anything"), 4, "partial", 10),
        (silent(30, heeds=None), 4, "partial", 10),
    ],
    ids=["short last", "full last", "404 past the end", "startindex", "one", "cut", "heeds nothing", "refuses"],
)
def test_a_full_page_without_a_next_link_is_probed(
    server: Any, asked: int, verdict: str, datasets: int, catalog: Catalog
) -> None:
    rows = 50 if datasets == 45 else 10
    with PortalServer({ITEMS: server}) as portal:
        harvest(catalog, spec("p", "ogc-records", portal.url + "/collections/main", limits={"page_rows": rows}))
        assert len(portal.asked(ITEMS)) <= asked
        row = harvested(catalog, "p")
        assert (row["verdict"], row["datasets"]) == (verdict, datasets), row["reasons"]
        harvest(catalog, spec("p", "ogc-records", portal.url + "/collections/main", limits={"page_rows": rows}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == (verdict, datasets), row["reasons"]


@pytest.mark.parametrize(
    ("links", "rel"),
    [
        ([("text/html", "f=html&"), ("application/geo+json", "")], "next"),
        ([("text/html; charset=utf-8", "f=html&"), (None, "f=json&")], ["next"]),
        ([(None, "f=html&"), (None, "")], "http://www.iana.org/assignments/relation/next"),
        ([("application/atom+xml", "f=atom&"), ("application/json", "")], "NEXT last"),
        # Of a page for readers alone the place can be used.
        ([("text/html", "f=html&")], "next"),
    ],
)
def test_the_next_link_is_that_of_the_records(links: Any, rel: Any, catalog: Catalog) -> None:
    def respond(asked: Asked) -> Response:
        if asked.query.get("f", "json") != "json":
            return Response(200, "text/html", b"<html>Records</html>")
        start = int(asked.query.get("offset", 0))
        more = [
            {"rel": rel, "href": f"?{query}offset={start + 5}"} | ({"type": kind} if kind else {})
            for kind, query in links
        ]
        found = [record(n) for n in range(start, min(12, start + 5))]
        return as_json({"features": found, "links": more if start + 5 < 12 else []})

    with PortalServer({ITEMS: respond}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 12), row["reasons"]


def of_index(n: int) -> dict[str, Any]:
    """A document of GeoNetwork's index, as its OGC API gives it."""
    return {
        "_id": f"u{n}",
        "_source": {
            "uuid": f"u{n}",
            "resourceType": ["dataset"] if n % 5 else ["service"],
            "mainLanguage": "fre",
            "resourceTitleObject": {"default": f"Puits {n}", "langfre": f"Puits {n}", "langeng": f"Wells {n}"},
            "resourceAbstractObject": {"default": "Niveaux", "langfre": "Niveaux"},
            "tag": [{"default": "eau", "langfre": "eau", "langeng": "water"}],
            "MD_LegalConstraintsUseLimitationObject": [{"default": "Sans garantie"}],
            "licenseObject": [{"default": "Licence Ouverte 2.0", "link": "https://www.etalab.gouv.fr/licence-ouverte"}],
            "resourceDate": [{"type": "publication", "date": "2020-01-02"}, {"type": "revision", "date": "2024-03-04"}],
            "dateStamp": "2025-01-01T00:00:00Z",
            "cl_maintenanceAndUpdateFrequency": [{"key": "annually", "default": "Annuelle"}],
            "contactForResource": [
                {"organisationObject": {"default": "Ville"}, "role": "pointOfContact", "email": "a@ville.example"},
                {"organisationObject": {"default": "Agence"}, "role": "owner"},
            ],
            "geom": {"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 2]]]},
            "resourceTemporalExtentDateRange": [{"gte": "1998-01-01", "lte": "2004-12-31"}],
            "resourceLanguage": ["fre"],
            "format": ["CSV"],
            "link": [
                {"protocol": "WWW:DOWNLOAD", "urlObject": {"default": "https://f.example/p"}, "function": "download"},
                {"protocol": "OGC:WFS", "urlObject": {"default": "https://f.example/wfs"}},
                {"protocol": "WWW:LINK", "urlObject": {"default": "https://f.example/doc"}, "function": "information"},
            ],
        },
    }


def test_geonetwork_gives_documents_of_its_index(catalog: Catalog) -> None:
    def items(asked: Asked) -> Response:
        start, limit = int(asked.query.get("startindex", 0)), min(10, int(asked.query["limit"]))
        hits = [of_index(n) for n in range(start, min(23, start + limit))]
        return as_json({"took": 1, "hits": {"total": {"value": 23, "relation": "eq"}, "hits": hits}})

    listed = as_json({"collections": [{"id": "main", "title": "Main"}]})
    with PortalServer({"/collections": listed, "/collections/main/items": items}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url, language="fr"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["skipped"], row["advertised"]) == ("complete", 18, 5, 23), row[
        "reasons"
    ]
    one = next(d.dataset for d in datasets(catalog, "p") if d.dataset.identifier == "main/u1")
    assert (one.title, one.translations["en"]) == ("Puits 1", {"title": "Wells 1", "keywords": ["water"]})
    assert (one.keywords, one.licence_title, one.rights) == (("eau", "water"), "Licence Ouverte 2.0", "Sans garantie")
    assert (one.issued, one.modified, one.record_modified) == ("2020-01-02", "2024-03-04", "2025-01-01T00:00:00Z")
    assert (one.frequency, one.spatial, one.temporal_start) == ("annually", ("1,2,3,4",), "1998-01-01")
    assert one.publisher and one.publisher.name == "Agence" and one.contact and one.contact.email == "a@ville.example"
    assert [(f.download_url, f.format) for f in one.distributions] == [("https://f.example/p", "CSV")]
    assert [s.conforms_to for s in one.data_services] == [("OGC:WFS",)]
    assert one.documentation == ("https://f.example/doc",)


def test_the_iso_record_that_geonetwork_sends_along_is_read() -> None:
    xml = (
        '<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco">'
        "<gmd:fileIdentifier><gco:CharacterString>u1</gco:CharacterString></gmd:fileIdentifier><gmd:identificationInfo>"
        "<gmd:MD_DataIdentification><gmd:abstract><gco:CharacterString>Levels</gco:CharacterString></gmd:abstract>"
        "</gmd:MD_DataIdentification></gmd:identificationInfo></gmd:MD_Metadata>"
    )
    # The API itself writes the title where the description belongs.
    properties = {"title": "Wells", "description": "Wells", "type": "dataset", "gn-record-xml": xml}
    found = to_dataset({"id": "u1", "properties": properties})
    assert (found.identifier, found.description, found.not_carried) == ("u1", "Levels", ())
    broken = to_dataset({"id": "u1", "properties": {**properties, "gn-record-xml": "<cut"}})
    assert (broken.identifier, broken.title) == ("u1", "Wells")


def test_drafts_of_the_standard_as_pygeoapi_serves_them() -> None:
    found = to_dataset(
        {
            "id": "r",
            "time": ["2001-10-30", ".."],
            "properties": {
                "type": "dataset",
                "recordCreated": "2020-01-01",
                "extent": {"spatial": {"bbox": [[-10.5, 51.5, -10, 52]]}},
                "providers": [
                    {"organization": "Board", "roles": [{"name": "publisher"}],
                     "contactInfo": {"email": {"office": "a@board.example"}, "url": {"href": "https://board.example"}}}
                ],
                "associations": [{"rel": "item", "href": "https://f.example/w.csv", "type": "text/csv", "name": "CSV"}],
            },
        }
    )  # fmt: skip
    assert (found.temporal_start, found.temporal_end, found.spatial) == ("2001-10-30", None, ("-10.5,51.5,-10,52",))
    assert (found.issued, found.record_modified) == (None, "2020-01-01")
    assert found.publisher and (found.publisher.name, found.publisher.email) == ("Board", "a@board.example")
    assert found.contact and found.contact.url == "https://board.example"
    assert [one.download_url for one in found.distributions] == ["https://f.example/w.csv"]


def test_the_address_of_a_record_is_no_page() -> None:
    links = [{"rel": "self", "href": "https://p.example/r", "type": "application/geo+json"},
             {"rel": "canonical", "href": "https://p.example/r?f=json", "type": "application/json"}]  # fmt: skip
    assert to_dataset({"id": "r", "links": links}).landing_page is None
    page = {"rel": "alternate", "href": "https://p.example/r?f=html", "type": "text/html"}
    assert to_dataset({"id": "r", "links": [*links, page]}).landing_page == "https://p.example/r?f=html"


def test_the_only_format_of_the_data_is_that_of_its_files() -> None:
    links = [{"rel": "enclosure", "href": "https://f.example/1"},
             {"rel": "item", "href": "https://f.example/2", "type": "text/html"}]  # fmt: skip
    found = to_dataset({"id": "r", "links": links, "properties": {"formats": [{"name": "GRIB2"}]}})
    assert [one.format for one in found.distributions] == ["GRIB2", None]
    two = to_dataset({"id": "r", "links": links, "properties": {"formats": [{"name": "GRIB2"}, {"name": "CSV"}]}})
    assert [one.format for one in two.distributions] == [None, None]


@pytest.mark.parametrize(
    ("said", "format_name", "media_type"),
    [("text/csv", None, "text/csv"), ("CSV", "CSV", None), ("collection", None, None), (None, None, None)],
)
def test_the_type_of_a_link_need_not_be_a_media_type(
    said: str | None, format_name: str | None, media_type: str | None
) -> None:
    found = to_dataset({"id": "r", "links": [{"rel": "enclosure", "href": "https://f.example/1", "type": said}]})
    assert [(one.format, one.media_type) for one in found.distributions] == [(format_name, media_type)]


def test_of_all_that_names_a_licence_the_one_that_is_known_counts() -> None:
    """The standard's "other" says that the licence stands in a link; an extension may say more than the standard."""
    links = [
        {"rel": "license", "href": "https://www.govdata.de/dl-de/by-2-0", "title": "DL-DE BY 2.0"},
        {"rel": "enclosure", "href": "http://x.example/a.csv", "type": "text/csv"},
    ]
    extended = {"publisher": "Land Office", "contactPoint": "mailto:desk@x.example", "accrualPeriodicity": "monthly"}
    one = to_dataset({**record(1, license="other", **extended), "links": links})
    assert (one.licence, one.licence_title) == ("https://www.govdata.de/dl-de/by-2-0", "DL-DE BY 2.0")
    assert one.publisher is not None and one.publisher.name == "Land Office"
    assert one.contact is not None and one.contact.email == "desk@x.example"
    assert one.frequency == "monthly" and "frequency" not in one.not_carried
    named = to_dataset(record(2, license="CC-BY-4.0", created="2020-01-01", updated="2021-01-01"))
    assert (named.licence, named.issued, named.modified, named.record_modified) == (
        "CC-BY-4.0",
        None,
        None,
        "2021-01-01",
    )
    assert to_dataset(record(3, license="other", rights="CC0 1.0")).licence == "CC0 1.0"


def test_kind_of_a_record_may_stand_in_place_of_the_type_of_the_feature(catalog: Catalog) -> None:
    served = [{"type": "service", "id": "s", "properties": {"title": "S"}}, {"type": "dataset", **record(1)}]
    with PortalServer({ITEMS: items(served)}) as server:
        harvest(catalog, spec("p", "ogc-records", server.url + "/collections/main"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"]) == ("complete", 1)
