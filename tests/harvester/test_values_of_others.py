"""Codes, dates and addresses in the forms that other software writes them."""

from __future__ import annotations

import pytest
from lxml import etree
from portal_server import PortalServer, Response, as_json, harvest, harvested, spec

from catalog.db.store import Catalog
from harvester.spiders.arcgis_portal.record import box, instant
from harvester.spiders.documents.dublin_core import from_csw, is_dataset
from harvester.spiders.documents.iso_text import code


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("dataset", "dataset"),
        ("http://standards.iso.example/resources/ResourceType/dataset", "dataset"),
        ("http://www.isotc211.example/codelists.xml#MD_ScopeCode_nonGeographicDataset", "nonGeographicDataset"),
        ("codelists.xml#series", "series"),
    ],
)
def test_code_of_a_list_may_be_an_address(listed: str, expected: str) -> None:
    assert code(etree.fromstring(f'<MD_ScopeCode codeListValue="{listed}"/>')) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_577_138_820_123, "2019-12-23T22:07:00.123Z"),
        (-2_208_988_800_000, "1900-01-01T00:00:00.000Z"),
        (-1, None),
        (0, None),
        (10**30, str(10**30)),
        ("sometime", "sometime"),
    ],
)
def test_milliseconds_are_an_instant_and_what_is_none_stands_as_it_is(value: object, expected: str | None) -> None:
    assert instant(value) == expected


def test_extent_of_huge_numbers_is_none() -> None:
    assert box([[10**400, 1], [2, 3]]) == ()
    assert box([[1, 2], [3, 4]]) == ("1,2,3,4",)


@pytest.mark.parametrize(("kind", "kept"), [("downloadableData", True), ("liveData", True), ("offlineData", False)])
def test_kinds_of_esri(kind: str, kept: bool) -> None:
    assert is_dataset((kind,)) == kept


def test_addresses_of_references_stand_as_they_are_and_prose_is_none() -> None:
    text = "".join(
        f"<references>{one}</references>"
        for one in (
            "www.city.example/data.csv",
            "/files/a.zip",
            "Smith et al. 2010, see there",
            "n/a",
            "ftp://x.example/a",
        )
    )
    record = etree.fromstring(f"<Record><identifier>1</identifier>{text}</Record>")
    found = [one.access_url for one in from_csw(record).distributions]
    assert found == ["www.city.example/data.csv", "/files/a.zip", "ftp://x.example/a"]


def test_raised_limit_of_records_is_heeded_though_the_page_is_the_same(catalog: Catalog) -> None:
    feed = as_json({"dataset": [{"identifier": "a", "title": "x" * 150_000}, {"identifier": "b"}]})
    routes = {"/data.json": Response(200, body=feed.body, headers={"ETag": '"1"'})}
    with PortalServer(routes) as server:
        harvest(catalog, spec("p", "dcat-us", server.url, limits={"max_record_bytes": 120_000}))
        assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("partial", 1)
        harvest(catalog, spec("p", "dcat-us", server.url))
    assert (harvested(catalog, "p")["verdict"], harvested(catalog, "p")["datasets"]) == ("complete", 2)
