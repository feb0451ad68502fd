"""Judging datasets, the stage, and what it keeps."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from catalog.db.rows import dataset_id, distribution_rows
from catalog.model import Contact, DataService, Dataset, Distribution, Publisher
from catalog.repositories.conformance import ReceivedRecord
from catalog.repositories.reading import StoredDataset
from catalog.repositories.subjects import DistributionSubject
from quality.standards import Conformance, judge
from quality.standards.graphs import HVD

PERFECT = Dataset(
    identifier="1",
    title="Budget",
    description="What is spent.",
    keywords=("budget",),
    themes=("Economy",),
    publisher=Publisher(name="Office"),
    contact=Contact(name="Desk", email="desk@x.example"),
    licence="CC-BY-4.0",
    access_rights="public",
    issued="2024-01-01",
    modified="2024-05-31T10:00:00Z",
    frequency="annual",
    spatial=("Verdania",),
    temporal_start="2024",
    temporal_end="2024-12",
    language=("en",),
    landing_page="https://x.example/1",
    conforms_to=("Our own standard",),
    rights="All may use it.",
    provenance="From the ledgers.",
    documentation=("https://x.example/1/doc",),
    distributions=(
        Distribution(
            identifier="f",
            title="File",
            description="All lines.",
            access_url="https://x.example/1",
            download_url="https://x.example/1.csv",
            format="CSV",
            media_type="text/csv",
            byte_size="2048",
            checksum="a9993e364706816aba3e25717850c26c9cd0d89d",
            checksum_algorithm="SHA-1",
            issued="2024-01-01",
            availability="http://publications.europa.eu/resource/authority/planned-availability/AVAILABLE",
        ),
    ),
)
HIGH_VALUE = replace(
    PERFECT,
    applicable_legislation=(HVD,),
    hvd_categories=("http://data.europa.eu/bna/c_e1da4e07",),
    data_services=(
        DataService(
            title="API",
            endpoint_url="https://x.example/api",
            endpoint_description="https://x.example/api.json",
            licence="CC-BY-4.0",
            documentation="https://x.example/api",
            conforms_to=("https://spec.openapis.org/oas/v3.1.0",),
        ),
    ),
)


def stored(dataset: Dataset, portal: str = "p") -> StoredDataset:
    return StoredDataset(
        id=dataset_id(portal, dataset.identifier),
        portal_id=portal,
        publisher_id="p-office" if dataset.publisher else None,
        dataset=dataset,
        distributions=tuple(
            DistributionSubject(id=row["id"], distribution=part, dataset=dataset)
            for row, part in zip(distribution_rows(portal, dataset), dataset.distributions, strict=True)
        ),
    )


def judged(
    dataset: Dataset, raw: Any = None, portal_type: str = "ckan", is_federal: bool = False
) -> dict[str, Conformance]:
    one = stored(dataset)
    record = ReceivedRecord(portal_type=portal_type, raw=raw, is_federal=is_federal)
    return judge([one], received={one.id: record})[one.id]


def test_a_perfect_dataset_conforms_without_a_word() -> None:
    assert judged(PERFECT) == {name: Conformance(name, True, ()) for name in ("dcat_ap_2", "dcat_ap_3")}
    assert judged(HIGH_VALUE)["dcat_ap_hvd"] == Conformance("dcat_ap_hvd", True, ())


def test_an_empty_dataset_breaks_what_is_mandatory() -> None:
    found = judged(Dataset(identifier="1", distributions=(Distribution(),)))
    for name in ("dcat_ap_2", "dcat_ap_3"):
        assert not found[name].conforms
        broken = [(v.path, v.component) for v in found[name].violations if v.severity == "violation"]
        assert broken == [("dct:title", "minCount"), ("dct:description", "minCount"), ("dcat:accessURL", "minCount")]
        assert [v.severity for v in found[name].violations] == sorted(v.severity for v in found[name].violations)
    assert (
        found["dcat_ap_3"].violations[0].message == "The dataset has no title (dct:title), which it must have: add one."
    )


PART = PERFECT.distributions[0]


@pytest.mark.parametrize(
    ("change", "path", "component", "standards", "words"),
    (
        ({"themes": ("Our own theme",)}, "dcat:theme", "nodeKind", "3", "“Our own theme”, which is no valid address"),
        ({"frequency": "now and then"}, "dct:accrualPeriodicity", "nodeKind", "3", "now and then"),
        ({"issued": "last year"}, "dct:issued", "node", "2", "“last year”, which is no date: write it as 2024-05-31."),
        ({"temporal_end": "31.12.2024"}, "dcat:endDate", "node", "2", "The last day (dcat:endDate) of the period"),
        ({"landing_page": "see our site"}, "dcat:landingPage", "nodeKind", "3", "without blanks"),
        ({"distributions": (replace(PART, byte_size="20 KB"),)}, "dcat:byteSize", "datatype", "23", "such as 2048"),
        (
            {"distributions": (replace(PART, access_url="https://x.example/a b"),)},
            "dcat:accessURL",
            "nodeKind",
            "23",
            "a b",
        ),
        ({"distributions": (replace(PART, access_url=None),)}, "dcat:accessURL", "minCount", "23", "add one"),
        (
            {"distributions": (replace(PART, issued="soon"),)},
            "dct:issued",
            "node",
            "23",
            "of the distribution is “soon”",
        ),
        ({"distributions": (replace(PART, checksum="xyz"),)}, "spdx:checksumValue", "datatype", "23", "hexadecimal"),
        ({"licence": "see website"}, "dct:license", "nodeKind", "3", "“see website”"),
        (
            {"data_services": (DataService(title="API"),)},
            "dcat:endpointURL",
            "minCount",
            "23",
            "The data service has no",
        ),
    ),
)
def test_one_fault_is_told_once_and_in_words(
    change: dict[str, Any], path: str, component: str, standards: str, words: str
) -> None:
    found = judged(replace(PERFECT, **change))
    for number in "23":
        one = found[f"dcat_ap_{number}"]
        broken = [v for v in one.violations if v.severity == "violation"]
        if number in standards:
            assert [(v.path, v.component) for v in broken] == [(path, component)]
            assert words in broken[0].message
        assert one.conforms is (number not in standards)


@pytest.mark.parametrize(
    "field",
    ("keywords", "themes", "publisher", "contact", "spatial", "distributions"),
)
def test_what_is_recommended_is_a_warning(field: str) -> None:
    one = judged(replace(PERFECT, **{field: None if field in ("publisher", "contact") else ()}))["dcat_ap_3"]
    assert one.conforms
    assert [(v.component, v.severity) for v in one.violations] == [("minCount", "warning")]


@pytest.mark.parametrize(
    "change",
    (
        {"themes": ('{"de": "Bildung, Kultur und Sport", "en": "Education, culture and sport"}',)},
        {"distributions": (replace(PART, checksum_algorithm=None),)},
        {"distributions": (replace(PART, format="https://x.example/formats/own", media_type=None),)},
        {
            "conforms_to": ("a standard of ours",),
            "rights": "all",
            "provenance": "ledgers",
            "access_rights": "ask first",
        },
        {"other_identifiers": ("no address",), "spatial": ("Verdania", "Solmark")},
    ),
)
def test_what_the_publisher_cannot_be_blamed_for_is_no_fault(change: dict[str, Any]) -> None:
    found = judged(replace(PERFECT, **change))
    assert [one.violations for one in found.values()] == [(), ()]


def test_a_series_is_judged_by_the_standards_that_know_it() -> None:
    found = judged(replace(PERFECT, is_series=True, distributions=()))
    assert set(found) == {"dcat_ap_3"} and found["dcat_ap_3"] == Conformance("dcat_ap_3", True, ())


@pytest.mark.parametrize(
    ("dataset", "broken"),
    (
        (replace(HIGH_VALUE, hvd_categories=()), {("dcatap:hvdCategory", "minCount")}),
        (
            replace(HIGH_VALUE, applicable_legislation=()),
            {("dcatap:applicableLegislation", "minCount"), ("dcatap:applicableLegislation", "hasValue")},
        ),
        (
            replace(
                HIGH_VALUE, hvd_categories=("http://data.europa.eu/bna/c_1",), applicable_legislation=(f"{HVD}/eng",)
            ),
            {("dcatap:applicableLegislation", "hasValue")},
        ),
        (replace(HIGH_VALUE, licence=None, distributions=(replace(PART, rights=None),)), {("", "or")}),
        (replace(HIGH_VALUE, distributions=()), {("dcat:distribution", "minCount")}),
    ),
)
def test_high_value_datasets_are_asked_for_more(dataset: Dataset, broken: set[tuple[str, str]]) -> None:
    one = judged(dataset)["dcat_ap_hvd"]
    assert {(v.path, v.component) for v in one.violations if v.severity == "violation"} == broken


def test_a_high_value_dataset_without_api_is_warned() -> None:
    one = judged(replace(HIGH_VALUE, data_services=()))["dcat_ap_hvd"]
    assert one.conforms and ["No API is named" in v.message for v in one.violations] == [True]


RDF = {
    "@id": "https://x.example/1",
    "@type": ["dcat:Dataset"],
    "dct:title": [{"@value": "Budget", "@language": "en"}],
    "dct:description": [{"@value": "What is spent."}],
    "dct:license": [{"@type": ["dct:LicenseDocument"], "rdfs:label": [{"@value": "our licence"}]}],
    "dct:publisher": [
        {"@id": "https://x.example/office", "@type": ["foaf:Agent"], "foaf:name": [{"@value": "Office"}]},
        {"@id": "https://x.example/other", "@type": ["foaf:Agent"], "foaf:name": [{"@value": "Other"}]},
    ],
    "dct:issued": [{"@value": "2024-01-01", "@type": "http://www.w3.org/2001/XMLSchema#date"}],
    "dcat:distribution": [
        {"@id": "f", "@type": ["dcat:Distribution"], "dcat:accessURL": [{"@value": "https://x.example"}]}
    ],
}


def test_what_came_as_rdf_is_judged_as_it_was_stated() -> None:
    found = judged(replace(PERFECT, licence="our licence"), RDF, "dcat-rdf")
    for name in ("dcat_ap_2", "dcat_ap_3"):
        broken = {(v.node, v.path, v.component) for v in found[name].violations if v.severity == "violation"}
        one = stored(PERFECT)
        assert broken == {
            (one.id, "dct:publisher", "maxCount"),
            (one.distributions[0].id, "dcat:accessURL", "nodeKind"),
        }
        told = {(v.node, v.path) for v in found[name].violations if v.severity == "warning"}
        assert ("foaf:Agent https://x.example/office", "dct:type") in told


@pytest.mark.parametrize(
    ("portal_type", "is_federal", "standard"),
    (("dcat-us", True, "dcat_us_1_federal"), ("dcat-us", False, "dcat_us_1"), ("dcat-us-3", False, "dcat_us_3")),
)
def test_dcat_us_is_asked_of_its_portals_alone(portal_type: str, is_federal: bool, standard: str) -> None:
    assert set(judged(PERFECT, {"title": "x"}, portal_type, is_federal)) == {"dcat_ap_2", "dcat_ap_3", standard}
    assert not judged(PERFECT, {"title": "x"}, portal_type, is_federal)[standard].conforms
    assert set(judged(PERFECT, {"title": "x"}, "ckan", is_federal)) == {"dcat_ap_2", "dcat_ap_3"}


def test_an_unknown_standard_is_refused() -> None:
    with pytest.raises(ValueError, match="dcat_ap_9; there are dcat_ap_2"):
        judge([], ["dcat_ap_9"])


def _nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "x"}
    for _ in range(depth):
        found = {"name": "x", "subOrganizationOf": found, "dct:relation": [found]}
    return found


CYCLE: dict[str, Any] = {"@type": ["dcat:Dataset"]}
CYCLE["dct:relation"] = [CYCLE]
WEIRD = (
    "http://x.example/a b",
    "\ud800",
    "\x00",
    "x" * 10_000_000,
    "http://" + "y" * 10_000_000,
    "http://[",
    "%zz",
    "\n",
)


@pytest.mark.parametrize(
    "raw", (CYCLE, _nested(500), {"@type": ["dcat:Dataset"], "dct:title": 7, "@id": 5}, [], "x", 7)
)
@pytest.mark.parametrize("portal_type", ("dcat-us", "dcat-us-3", "dcat-rdf"))
def test_one_bad_record_stops_nothing(raw: Any, portal_type: str, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = stored(PERFECT), stored(replace(PERFECT, identifier="2"))
    record = ReceivedRecord(portal_type=portal_type, raw=raw, is_federal=False)
    with caplog.at_level(logging.WARNING):
        found = judge([bad, good], received={bad.id: record})
    assert found[good.id]["dcat_ap_3"].conforms
    # What cannot be read as a whole is not judged, and it is said why.
    assert ("dcat_ap_3" in found[bad.id]) is (raw is not CYCLE)
    assert raw is not CYCLE or "not judged by dcat_ap_3: nested deeper than 20 levels" in caplog.text


@pytest.mark.parametrize("text", WEIRD, ids=range(len(WEIRD)))
def test_any_text_is_judged(text: str) -> None:
    names = ("title", "issued", "licence", "frequency", "landing_page", "temporal_start", "rights", "access_rights")
    lists = ("keywords", "themes", "spatial", "language", "conforms_to", "applicable_legislation", "hvd_categories")
    part = Distribution(access_url=text, format=text, media_type=text, byte_size=text, checksum=text, licence=text)
    dataset = Dataset(
        identifier="1",
        publisher=Publisher(name=text, url=text),
        contact=Contact(email=text, url=text),
        distributions=(part,),
        data_services=(DataService(endpoint_url=text),),
        **dict.fromkeys(names, text),
        **dict.fromkeys(lists, (text,)),
    )
    for one in judged(dataset).values():
        assert all(len(v.message) < 600 and len(v.node) < 600 for v in one.violations)
