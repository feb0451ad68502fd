"""Facts of DCAT in RDF that stand in several places, several times, or in other words than the standard's."""

from __future__ import annotations

from typing import Any

import pytest
from pyoxigraph import RdfFormat, Store

from catalog.model import Dataset
from harvester.spiders.dcat_rdf.record import to_dataset
from harvester.spiders.dcat_us.record import to_dataset as of_dcat_us
from harvester.spiders.dcat_us_3.record import to_dataset as of_dcat_us_3
from harvester.spiders.rdf.nodes import BASE, datasets_of, describe

PREFIXES = """
@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix time: <http://www.w3.org/2006/time#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix locn: <http://www.w3.org/ns/locn#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix wdrs: <http://www.w3.org/2007/05/powder-s#> . @prefix gsp: <http://www.opengis.net/ont/geosparql#> .
@prefix schema: <https://schema.org/> . @prefix sec: <https://www.w3.org/ns/dcat#> .
@prefix file: <http://publications.europa.eu/resource/authority/file-type/> .
"""


def dataset(statements: str, *languages: str, others: str = "") -> Dataset:
    store = Store()
    body = f'{PREFIXES}<http://x.example/1> a dcat:Dataset ; dct:title "T" ; {statements} . {others}'
    store.load(body.encode(), format=RdfFormat.TURTLE, base_iri=BASE)
    return to_dataset(describe(store, datasets_of(store)[0], "http://x.example/c"), languages)


def file(statements: str) -> Any:
    return dataset(f"dcat:distribution [ dcat:accessURL <http://x.example/f> ; {statements} ]").distributions[0]


def test_a_date_that_can_be_read_counts_before_one_that_cannot() -> None:
    found = dataset('dct:modified "soon" ; schema:dateModified "2024-05-01" ; dct:issued "n.n.b." ')
    assert (found.modified, found.issued) == ("2024-05-01", "n.n.b.")


TITLES = 'dct:title "Bäume"@de , "Arbres"@fr-CH , "Trees"@en ; dcat:keyword "arbre"@fr , "tree"@en'


@pytest.mark.parametrize(
    ("portal", "more", "title", "first"),
    [
        (["fr"], "", "T", "arbre"),
        (["it"], "", "T", "tree"),
    ],
)
def test_the_text_without_a_language_is_the_portals_own_where_its_language_is_not_there(
    portal: list[str], more: str, title: str, first: str
) -> None:
    found = dataset('dcat:keyword "arbre"@fr , "tree"@en' + more, *portal)
    assert found.title == title and found.keywords[0] == first and set(found.keywords) == {"arbre", "tree"}


def bilingual(statements: str, *languages: str) -> Dataset:
    store = Store()
    store.load(f"{PREFIXES}<http://x.example/1> a dcat:Dataset ; {statements} .".encode(), format=RdfFormat.TURTLE)
    return to_dataset(describe(store, datasets_of(store)[0], "http://x.example/c"), languages)


@pytest.mark.parametrize(
    ("portal", "more", "title"),
    [
        (["fr"], "", "Arbres"),
        (["de"], "", "Bäume"),
        ([], "", "Trees"),
        ([], "; dct:language <http://publications.europa.eu/resource/authority/language/DEU>", "Bäume"),
        ([], '; dct:language "fr" , "de"', "Trees"),
        ([], '; dct:description "Alle"@de ; dcat:keyword "Baum"@de', "Bäume"),
        (["fr"], '; dct:description "Alle"@de ; dcat:keyword "Baum"@de', "Arbres"),
    ],
)
def test_the_portals_language_first_then_the_records_own(portal: list[str], more: str, title: str) -> None:
    found = bilingual(TITLES + more, *portal)
    assert found.title == title
    titles = {found.title, *(one.get("title") for one in found.translations.values())} - {None}
    assert titles == {"Bäume", "Arbres", "Trees"}


def test_labels_of_nodes_are_in_the_portals_language_too() -> None:
    body = 'dct:publisher [ foaf:name "Office"@en , "Amt"@de , "Bureau"@fr ] ; dct:title "A"@de , "B"@fr'
    assert bilingual(body, "fr").publisher.name == "Bureau"  # type: ignore[union-attr]
    assert bilingual(body, "de").publisher.name == "Amt"  # type: ignore[union-attr]


START, END = 'dcat:startDate "{}"^^xsd:date', 'dcat:endDate "{}"^^xsd:date'


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        (['[ dcat:startDate "2010" ; dcat:endDate "2012" ]', '[ dcat:startDate "2001" ; dcat:endDate "2003" ]'],
         ("2001", "2012")),
        (['[ dcat:startDate "2010" ]', '[ dcat:startDate "2001" ; dcat:endDate "2003" ]'], ("2001", None)),
        (['[ dcat:endDate "2010" ]', '[ dcat:startDate "2001" ; dcat:endDate "2003" ]'], (None, "2010")),
        (['"1899-2017"'], ("1899", "2017")),
        (['"2019/2020"', '"2021-05-01/.."'], ("2019", None)),
        (['[ time:hasBeginning [ time:inXSDDate "2005-01-01"^^xsd:date ] ; time:hasEnd [ time:inXSDgYear "2007" ] ]'],
         ("2005-01-01", "2007")),
        (['[ rdfs:label "2003 - 2009" ]'], ("2003", "2009")),
        (['[ schema:startDate "2003" ; schema:endDate "2004" ]'], ("2003", "2004")),
        (["<http://reference.data.gov.uk/id/year/2016>"], ("2016", "2016")),
        (['"monthly"'], (None, None)),
        (["<http://x.example/period>"], (None, None)),
    ],
)  # fmt: skip
def test_all_periods_count(periods: list[str], expected: tuple[str | None, str | None]) -> None:
    for order in (periods, periods[::-1]):
        found = dataset(f"dct:temporal {' , '.join(order)}")
        assert (found.temporal_start, found.temporal_end) == expected


@pytest.mark.parametrize(
    ("statements", "licence"),
    [
        ('dct:rights "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"', True),
        ("dct:rights <https://creativecommons.org/licenses/by/4.0/>", True),
        ('dct:rights [ a dct:RightsStatement ; rdfs:label "CC BY 4.0" ]', True),
        ('dct:rights "NonCommercialAllowed-CommercialWithPermission-ReferenceRequired"', False),
        ('dct:rights "All rights reserved"', False),
        ('dct:rights "© Town of Westmere"', False),
        ("dct:rights <http://publications.europa.eu/resource/authority/access-right/PUBLIC>", False),
        ('dct:rights "public"', False),
        ('dct:accessRights <https://creativecommons.org/publicdomain/zero/1.0/>', True),
    ],
)  # fmt: skip
def test_open_terms_among_the_rights_are_a_licence(statements: str, licence: bool) -> None:
    assert (file(statements).licence is not None) == licence
    assert (dataset(statements).licence is not None) == licence
    if "dct:rights" in statements:
        assert file(statements).rights


PUBLIC = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("", (PUBLIC, PUBLIC), PUBLIC),
        ("", (PUBLIC, "http://x.example/secret"), None),
        ("dct:accessRights <http://x.example/ask> ;", (PUBLIC, PUBLIC), "http://x.example/ask"),
        ("", (PUBLIC,), PUBLIC),
        ("", (), None),
    ],
)
def test_access_rights_that_all_files_state_are_the_datasets(
    own: str, files: tuple[str, ...], expected: str | None
) -> None:
    listed = " , ".join(f"[ a dcat:Distribution ; dct:accessRights <{one}> ]" for one in files)
    said = f'{own} dct:title "T"' + (f" ; dcat:distribution {listed}" if listed else "")
    assert dataset(said).access_rights == expected


def test_a_licence_that_resolves_goes_before_words_and_an_open_right_does_not_lift_a_restriction() -> None:
    cc = "<https://creativecommons.org/licenses/by/4.0/>"
    assert file(f'dct:license "see the page" ; dct:rights {cc}').licence == cc[1:-1]
    assert file(f'dct:license "All rights reserved" ; dct:rights {cc}').licence == "All rights reserved"
    assert file(f"dct:license <http://x.example/l/7> , {cc}").licence == cc[1:-1]
    named = file('dct:license [ dct:title "Own terms" ; foaf:page <http://x.example/terms> ]')
    assert (named.licence, named.licence_title) == ("http://x.example/terms", "Own terms")
    aliased = file("dct:license <http://x.example/l/7>").licence
    assert aliased == "http://x.example/l/7"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("dct:format file:GZIP , file:JSON", "JSON"),
        ("dct:format file:ZIP , file:CSV", "CSV"),
        ("dct:format file:ZIP", "ZIP"),
        ('dct:format "zip" , "Shapefile"', "SHAPE"),
        ("dct:format file:XML , file:GML", "GML"),
        ('dct:format [ rdfs:label "CSV" ; rdf:value "text/csv" ]', "CSV"),
        ("dct:format file:CSV , file:XLSX ; dcat:downloadURL <http://x.example/a.xlsx>", "XLSX"),
        ("dct:format file:XLSX , file:CSV ; dcat:downloadURL <http://x.example/a.csv>", "CSV"),
        ('dct:format "n/a" , "PDF"', "PDF"),
        ("dcat:compressFormat <http://www.iana.org/assignments/media-types/application/gzip>", "gzip"),
    ],
)
def test_the_format_that_says_most(statements: str, expected: str) -> None:
    assert expected.lower() in str(file(statements).format).lower()


def test_a_specific_media_type_goes_before_a_general_one() -> None:
    found = file('dcat:mediaType "application/octet-stream" , "text/csv" ; dcat:compressFormat "application/gzip"')
    assert found.media_type == "text/csv" and found.format is None


AGENT = 'foaf:name "Water office"'


@pytest.mark.parametrize(
    ("statements", "name"),
    [
        (f"dct:publisher [ {AGENT} ]", "Water office"),
        (f"dct:rightsHolder [ {AGENT} ]", "Water office"),
        (f"dct:creator [ {AGENT} ]", "Water office"),
        ("dct:publisher <http://x.example/org/7>", "http://x.example/org/7"),
        (f'dct:publisher [ dct:identifier "X7" ] ; dct:rightsHolder [ {AGENT} ]', "Water office"),
        (f'dct:publisher "null" ; dct:creator [ {AGENT} ]', "Water office"),
        (
            "prov:qualifiedAttribution [ prov:agent [ "
            f"{AGENT} ] ; dcat:hadRole <http://inspire.ec.europa.eu/metadata-codelist/ResponsiblePartyRole/owner> ]",
            "Water office",
        ),
        (f"dct:publisher [ {AGENT} ] ; dct:creator [ foaf:name 'A. Person' ]", "Water office"),
        ('schema:publisher [ schema:name "Water office" ]', "Water office"),
    ],
)
def test_who_answers_for_the_dataset(statements: str, name: str) -> None:
    publisher = dataset(statements).publisher
    assert publisher is not None and publisher.name == name


def test_what_is_said_of_a_publisher() -> None:
    above = '[ foaf:name "Ministry" ; org:subOrganizationOf [ foaf:name "State" ] ]'
    mail = "foaf:mbox <mailto:water@x.example> ; foaf:homepage <http://x.example/water>"
    found = dataset(f"dct:publisher [ {AGENT} ; {mail} ; org:subOrganizationOf {above} ]").publisher
    assert found is not None and (found.email, found.url) == ("water@x.example", "http://x.example/water")
    assert (found.parent, found.ancestors) == ("Ministry", ("State",))


@pytest.mark.parametrize(
    "statements",
    [
        "[ vcard:fn 'Desk' ] , [ vcard:fn 'Help' ; vcard:hasEmail <mailto:a@x.example> ]",
        "[ vcard:hasEmail [ vcard:value <mailto:a@x.example> ] ]",
        "[ vcard:hasEmail 'a@x.example' ]",
        "[ foaf:mbox <mailto:a@x.example> ]",
        "[ schema:email 'a@x.example' ]",
        "<mailto:a@x.example>",
        "'a@x.example'",
    ],
)
def test_a_contact_that_can_be_reached(statements: str) -> None:
    found = dataset(f"dcat:contactPoint {statements}").contact
    assert found is not None and found.email == "a@x.example"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/ANNUAL>", "ANNUAL"),
        ("dct:accrualPeriodicity [ rdf:value [ a time:DurationDescription ; time:months 6 ] ]", "P6M"),
        ('dct:accrualPeriodicity "whenever" , "annual"', "annual"),
        ('dct:modified "R/P1D"', "R/P1D"),
        ("dct:accrualPeriodicity <http://publications.europa.eu/resource/authority/frequency/null>", None),
        ('dct:accrualPeriodicity <http://x.example/f/1> . <http://x.example/f/1> rdfs:label "monthly"', "monthly"),
    ],
)
def test_how_often_the_data_change(statements: str, expected: str | None) -> None:
    found = dataset(statements)
    assert expected in found.frequency if expected and found.frequency else found.frequency == expected
    assert found.modified is None


def test_dates_of_data_and_of_records() -> None:
    found = dataset(
        'dct:modified "2020-01-01"^^xsd:date , "2024-05-06"^^xsd:date ; dct:issued "2012" , "2010"',
        others='[] a dcat:CatalogRecord ; foaf:primaryTopic <http://x.example/1> ; dct:modified "2026-01-01" .',
    )
    assert (found.modified, found.issued, found.record_modified) == ("2024-05-06", "2010", "2026-01-01")
    assert dataset("", others='[] foaf:primaryTopic <http://x.example/1> ; dct:modified "2026" .').modified is None


def test_areas_by_name_and_by_shape() -> None:
    wkt = '"POLYGON((1 2,3 2,3 4,1 4,1 2))"^^gsp:wktLiteral'
    assert dataset(f"dct:spatial [ locn:geometry {wkt} ]").spatial == ("POLYGON((1 2,3 2,3 4,1 4,1 2))",)
    assert dataset("dct:conformsTo [ dct:title 'Rule 7' ]").conforms_to == ("Rule 7",)
    both = dataset(f'dct:spatial [ skos:prefLabel "Westmere" ; dcat:bbox {wkt} ]').spatial
    assert both == ("Westmere", "POLYGON((1 2,3 2,3 4,1 4,1 2))")
    assert dataset("dct:spatial <http://sws.geonames.org/1/>").spatial == ("http://sws.geonames.org/1/",)
    assert dataset(f"dct:spatial [ gsp:hasGeometry [ gsp:asWKT {wkt} ] ]").spatial


def test_other_properties_and_namespaces() -> None:
    found = dataset(
        "dct:subject <http://eurovoc.europa.eu/100142> , 'bees' ; wdrs:describedby <http://x.example/s.json> ; "
        "sec:landingPage <http://x.example/page> ; sec:contactPoint [ vcard:fn 'Desk' ]"
    )
    assert found.themes == ("http://eurovoc.europa.eu/100142",) and found.keywords == ("bees",)
    assert found.described_by == "http://x.example/s.json" and found.landing_page == "http://x.example/page"
    assert found.contact is not None and found.contact.name == "Desk"


def test_the_order_of_statements_means_nothing() -> None:
    parts = [TITLES, 'dct:spatial "A" , "B"', "dct:publisher [ foaf:name 'X' ] , [ foaf:name 'Y' ]"]
    assert bilingual(" ; ".join(parts)) == bilingual(" ; ".join(parts[::-1]))


@pytest.mark.parametrize(
    ("statements", "licence", "file_format"),
    [
        ({"rights": "https://spdx.org/licenses/CC-BY-4.0"}, "https://spdx.org/licenses/CC-BY-4.0", None),
        ({"rights": [{"@type": "RightsStatement", "label": "CC BY 4.0"}]}, "CC BY 4.0", None),
        ({"rights": "All rights reserved"}, None, None),
        ({"license": "see the page", "rights": "CC0-1.0"}, "CC0-1.0", None),
        ({"license": "All rights reserved", "rights": "CC0-1.0"}, "All rights reserved", None),
        ({"format": ["ZIP", "CSV"]}, None, "CSV"),
        ({"format": ["JSON", "GZIP"]}, None, "JSON"),
    ],
)  # fmt: skip
def test_the_same_facts_of_dcat_us_3(statements: dict[str, Any], licence: str | None, file_format: str | None) -> None:
    part = {"@type": "Distribution", "downloadURL": "http://x.example/f", **statements}
    found = of_dcat_us_3({"identifier": "1", "title": "T", "distribution": [part], **statements})
    assert (found.distributions[0].licence, found.distributions[0].format) == (licence, file_format)
    assert found.licence == licence


def test_the_type_of_a_data_dictionary_stands_beside_it_or_in_it() -> None:
    beside = dataset('dcat:describedBy <http://x.example/d> ; dcat:describedByType "application/schema+json"')
    within = file('dcat:describedBy [ dcat:downloadURL <http://x.example/d> ; dcat:mediaType "text/csv" ]')
    assert (beside.described_by, beside.described_by_type) == ("http://x.example/d", "application/schema+json")
    assert (within.described_by, within.described_by_type) == ("http://x.example/d", "text/csv")
    own = {"downloadURL": "http://x.example/d", "mediaType": "text/csv"}
    raw = {"identifier": "1", "title": "T", "describedBy": own}
    assert of_dcat_us_3(raw).described_by_type == "text/csv"
    pod = {"identifier": "1", "title": "T", "describedBy": "http://x.example/d", "describedByType": "text/csv"}
    assert of_dcat_us(pod).described_by_type == "text/csv"
