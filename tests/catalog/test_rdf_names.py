"""IRIs of the things of the catalogue, for what is published of it."""

from __future__ import annotations

import pytest

from catalog.rdf.names import FIRST_METRIC, ResourceNames, own_iri, own_iris

SITE = "https://data.example.org/winnow"


def test_things_are_named_by_the_addresses_of_their_pages() -> None:
    names = ResourceNames(SITE)
    assert names.dataset("port-1") == names.page("port-1") == f"{SITE}/dataset/port-1"
    assert names.record("port-1") == f"{SITE}/dataset/port-1#record"
    assert names.file("port-2") == f"{SITE}/file/port-2"
    assert names.publisher("port-3") == f"{SITE}/publisher/port-3"
    assert names.portal("port") == f"{SITE}/portal/port"
    assert names.metric(FIRST_METRIC) == f"{SITE}/metric/winnow"
    assert names.night("20261130T010203Z") == f"{SITE}/night/20261130T010203Z"
    assert names.measurement("port-1", "licence_open") == f"{SITE}/dataset/port-1#licence_open"
    assert names.of("service", "port-1-0") == f"{SITE}/dataset/port-1#service-0"


def test_without_a_site_things_keep_their_urns() -> None:
    names = ResourceNames()
    assert names.dataset("port-1") == names.page("port-1") == names.former("port-1") == "urn:winnow:dataset:port-1"
    assert names.record("port-1") == "urn:winnow:record:port-1"
    assert names.file("port-2") == "urn:winnow:distribution:port-2"
    assert names.portal("port") == "urn:winnow:catalog:port"
    assert names.measurement("port-1", FIRST_METRIC) == "urn:winnow:measurement:port-1-winnow"


def test_a_dataset_keeps_the_iri_of_its_publisher_and_its_record_is_ours() -> None:
    names = ResourceNames(SITE, {"port-1": "https://port.example/id/trees"})
    assert names.dataset("port-1") == "https://port.example/id/trees"
    assert names.page("port-1") == f"{SITE}/dataset/port-1"
    assert names.record("port-1") == f"{SITE}/dataset/port-1#record"


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        (["https://a.example/id/1"], "https://a.example/id/1"),
        (["1", None, " urn:x:1", "http://a.example/?id=1"], "http://a.example/?id=1"),
        (["https://a.example/b\u00e4ume"], "https://a.example/b\u00e4ume"),
        (["https://a.example"], None),
        (["https://a.example/"], None),
        (["https://a.example/a b"], None),
        (["https://a.example/100%"], None),
        (["https://a.example/<id>"], None),
        (["https://user:secret@a.example/1"], None),
        (["ftp://a.example/1", "httpx"], None),
        (["https://a.example/" + "a" * 5_000], None),
    ],
)
def test_only_valid_addresses_of_the_web_name_a_dataset(identifiers: list[str | None], expected: str | None) -> None:
    assert own_iri(identifiers) == expected


def test_an_iri_that_two_datasets_claim_names_neither() -> None:
    shared = "https://a.example/id/1"
    rows = [
        ("p-1", shared, None),
        ("p-2", "2", f'["{shared}"]'),
        ("p-3", shared, None),
        ("p-4", "4", '["x", "https://a.example/id/4"]'),
        ("p-5", "https://a.example/id/5", '["https://a.example/id/5"]'),
        ("p-6", "6", None),
    ]
    assert own_iris(rows) == {"p-4": "https://a.example/id/4", "p-5": "https://a.example/id/5"}
