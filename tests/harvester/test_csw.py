"""Catalogue services whose totals, positions and filters cannot be believed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.repositories.reading import datasets
from harvester.spiders.csw import spider as csw
from harvester.spiders.documents.xml_reading import canonical, parse_xml

ISO = "http://www.isotc211.org/2005/gmd"


def record(name: str, modified: str = "2020-01-01T00:00:00Z") -> str:
    return (
        f'<g:MD_Metadata xmlns:g="{ISO}" xmlns:gco="http://www.isotc211.org/2005/gco">'
        f"<g:fileIdentifier><gco:CharacterString>{name}</gco:CharacterString></g:fileIdentifier>"
        f"<g:dateStamp><gco:DateTime>{modified}</gco:DateTime></g:dateStamp></g:MD_Metadata>"
    )


def dublin(name: str) -> str:
    return (
        '<csw:Record xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:identifier>{name}</dc:identifier><dc:title>T</dc:title></csw:Record>"
    )


def results(records: list[str], matched: int | None, following: int | None, returned: int | None = None) -> Response:
    numbers = {"numberOfRecordsMatched": matched, "numberOfRecordsReturned": returned, "nextRecord": following}
    said = " ".join(f'{name}="{number}"' for name, number in numbers.items() if number is not None)
    return Response(
        content_type="application/xml",
        body=(
            '<csw:GetRecordsResponse xmlns:csw="http://www.opengis.net/cat/csw/2.0.2">'
            f"<csw:SearchResults {said}>{''.join(records)}</csw:SearchResults></csw:GetRecordsResponse>"
        ).encode(),
    )


def report(words: str, status: int = 200) -> Response:
    body = (
        '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows"><ows:Exception exceptionCode="NoApplicableCode">'
        f"<ows:ExceptionText>{words}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
    )
    return Response(status, "application/xml", body.encode())


def position(asked: Asked) -> int:
    found = re.search(rb'startPosition="(\d+)"', asked.body)
    return int(found[1] if found else asked.query["startPosition"]) - 1


class Service:
    """A catalogue service of (name, date of change), with a search engine's window, and a filter that may have no
    effect."""

    def __init__(self, records: list[tuple[str, str]], *, window: int, clamps: bool = True, filters: bool = True):
        self.records, self.window, self.clamps, self.filters = records, window, clamps, filters

    def __call__(self, asked: Asked) -> Response:
        body, found = asked.body.decode(), self.records
        low = re.search(r"GreaterThanOrEqualTo>.*?<ogc:Literal>([^<]*)", body)
        high = re.search(r"LessThan>.*?<ogc:Literal>([^<]*)", body)
        if self.filters and "PropertyIsNull" in body:
            found = [r for r in found if not r[1]]
        elif self.filters and (low or high):
            found = [r for r in found if r[1]]
            found = [r for r in found if (not low or r[1] >= low[1]) and (not high or r[1] < high[1])]
        start = position(asked)
        if start >= self.window:
            return report("Result window is too large", 400)
        page = found[start : min(start + 4, self.window)]
        total = min(len(found), self.window) if self.clamps else len(found)
        return results([record(*one) for one in page], total, start + len(page) + 1)


def catalogue(count: int, by: str = "day") -> list[tuple[str, str]]:
    """Return records that changed one a day, or all in the same second."""
    when = [f"20{10 + n // 300}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}T05:00:00Z" for n in range(count)]
    return [(f"r{n:03}", when[n] if by == "day" else "2024-05-05T05:05:05Z") for n in range(count)]


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lower a search engine's window from 10,000 to 12, so that tests need few records."""
    monkeypatch.setattr(csw, "CLAMP", 12)
    return 12


def read(catalog: Catalog, route: Any, **limits: Any) -> dict[str, Any]:
    with PortalServer({"/csw": route}) as server:
        harvest(catalog, spec("p", "csw", f"{server.url}/csw", limits=limits))
    return harvested(catalog, "p")


@pytest.mark.parametrize("clamps", [True, False], ids=["clamped total", "true total"])
def test_a_window_of_the_search_engine_is_gone_round_by_dates(
    clamps: bool, small_window: int, catalog: Catalog
) -> None:
    row = read(catalog, Service(catalogue(40), window=small_window, clamps=clamps), page_rows=4)
    assert (row["verdict"], row["datasets"], row["duplicates"], row["errors"]) == ("complete", 40, 0, 0), row["reasons"]
    assert row["advertised"] == 40


@pytest.mark.parametrize("clamps", [True, False], ids=["clamped total", "true total"])
def test_records_without_a_date_have_a_window_of_their_own(clamps: bool, small_window: int, catalog: Catalog) -> None:
    records = [*catalogue(30), *((f"u{n}", "") for n in range(10))]
    row = read(catalog, Service(records, window=small_window, clamps=clamps), page_rows=4)
    assert (row["verdict"], row["datasets"]) == ("complete", 40), row["reasons"]


def test_where_those_without_a_date_cannot_be_asked_for_it_is_not_complete(small_window: int, catalog: Catalog) -> None:
    service = Service([*catalogue(30), *((f"u{n}", "") for n in range(10))], window=small_window)

    def refusing(asked: Asked) -> Response:
        return report("PropertyIsNull is not known", 400) if b"PropertyIsNull" in asked.body else service(asked)

    row = read(catalog, refusing, page_rows=4)
    assert (row["verdict"], row["datasets"]) == ("partial", 30), row["reasons"]


@pytest.mark.parametrize(("filters", "by"), [(False, "day"), (True, "second")], ids=["no filter", "all in one second"])
def test_what_is_cut_off_at_a_window_is_partial(filters: bool, by: str, small_window: int, catalog: Catalog) -> None:
    row = read(catalog, Service(catalogue(40, by), window=small_window, filters=filters), page_rows=4)
    assert (row["verdict"], row["datasets"]) == ("partial", small_window), row["reasons"]
    assert "window" in row["reasons"][0]


def test_a_catalogue_of_exactly_the_window_is_complete(small_window: int, catalog: Catalog) -> None:
    row = read(catalog, Service(catalogue(12), window=small_window), page_rows=4)
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 12, 0), row["reasons"]


def test_next_record_of_0_before_the_total_is_no_end(catalog: Catalog) -> None:
    def route(asked: Asked) -> Response:
        start = position(asked)
        return results([record(f"r{n}") for n in range(start, min(start + 3, 8))], 8, 0)

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"]) == ("complete", 8)


def test_without_a_total_next_record_ends_it(catalog: Catalog) -> None:
    def route(asked: Asked) -> Response:
        start = position(asked)
        return results([record(f"r{n}") for n in range(start, min(start + 3, 7))], None, start + 4 if start < 6 else 0)

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"]) == ("complete", 7)


def test_a_server_that_stops_early_is_partial(catalog: Catalog) -> None:
    row = read(catalog, lambda a: results([] if position(a) else [record("a"), record("b")], 9, 3))
    assert (row["verdict"], row["datasets"]) == ("partial", 2)


def test_a_server_that_sends_its_first_page_for_ever_is_ended(catalog: Catalog) -> None:
    row = read(catalog, lambda a: results([record("a"), record("b")], 900, 3))
    assert (row["verdict"], row["datasets"]) == ("partial", 2)
    assert "circles" in row["reasons"][0]


def test_records_that_the_server_leaves_out_are_missed_and_not_read_twice(catalog: Catalog) -> None:
    def route(asked: Asked) -> Response:
        start = position(asked)
        names = [n for n in range(start, min(start + 4, 8)) if n != 1]
        return results([record(f"r{n}") for n in names], 8, start + 5, 4)

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("partial", 7, 0)


@pytest.mark.parametrize(
    ("is_refused", "shape"),
    [
        (lambda a: b"MD_Metadata" in a.body, dublin),
        (lambda a: b"SortBy" in a.body, record),
        (lambda a: a.method == "POST", record),
        (lambda a: a.method == "POST" or "gmd" in a.query["typeNames"], dublin),
    ],
    ids=["ISO", "order", "POST", "POST and ISO"],
)
@pytest.mark.parametrize("refusal", [report("no such thing"), report("no", 400), Response(400)])
def test_what_is_refused_is_asked_in_another_way(
    is_refused: Any, shape: Any, refusal: Response, catalog: Catalog
) -> None:
    def route(asked: Asked) -> Response:
        if is_refused(asked):
            return refusal
        start = position(asked)
        return results([shape(f"r{n}") for n in range(start, min(start + 2, 3))], 3, 0)

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"]) == ("complete", 3), row["reasons"]


def test_where_post_is_not_known_get_is_asked_at_once(catalog: Catalog) -> None:
    with PortalServer(
        {"/csw": lambda a: Response(405) if a.method == "POST" else results([record("a")], 1, 0)}
    ) as server:
        harvest(catalog, spec("p", "csw", f"{server.url}/csw"))
        assert [len(server.asked("/csw", method)) for method in ("POST", "GET")] == [1, 1]
    assert harvested(catalog, "p")["verdict"] == "complete"


def test_the_words_of_a_report_come_into_the_reason(catalog: Catalog) -> None:
    row = read(catalog, lambda a: report("the index is being rebuilt"))
    assert row["verdict"] == "failed"
    assert "NoApplicableCode: the index is being rebuilt" in row["reasons"][0]


def test_no_records_in_iso_are_looked_for_in_dublin_core(catalog: Catalog) -> None:
    row = read(catalog, lambda a: results([], 0, 0) if b"MD_Metadata" in a.body else results([dublin("x")], 1, 0))
    assert (row["verdict"], row["datasets"]) == ("complete", 1)
    assert next(iter(datasets(catalog, "p"))).dataset.title == "T"


def test_an_empty_catalogue_is_empty(catalog: Catalog) -> None:
    row = read(catalog, lambda a: results([], 0, 0))
    assert (row["verdict"], row["datasets"], row["reasons"][0]) == ("suspect", 0, "the portal lists no datasets")


def test_the_service_is_looked_for_below_the_address_too(catalog: Catalog) -> None:
    with PortalServer({"/geo/csw": lambda a: results([record("a")], 1, 0)}) as server:
        harvest(catalog, spec("p", "csw", f"{server.url}/geo"))
    assert harvested(catalog, "p")["verdict"] == "complete"


def test_a_page_cut_short_is_read_in_smaller_ones(catalog: Catalog) -> None:
    def route(asked: Asked) -> Response:
        start = position(asked)
        rows = int(re.search(rb'maxRecords="(\d+)"', asked.body)[1])  # type: ignore[index]
        response = results([record(f"r{n}") for n in range(start, min(start + rows, 12))], 12, 0)
        return (
            Response(200, response.content_type, response.body[:-40])
            if start <= 9 < start + rows > start + 1
            else response
        )  # type: ignore[index]

    row = read(catalog, route, page_rows=4)
    assert (row["verdict"], row["datasets"]) == ("complete", 12), row["reasons"]


def test_one_record_has_one_text_whatever_surrounds_it() -> None:
    plain = parse_xml(f'<x xmlns:g="{ISO}"><g:a b="1" c="2"/></x>'.encode())
    other = parse_xml(f'<x xmlns:g="{ISO}" xmlns:z="http://z.example/"><g:a c="2" b="1"></g:a>tail</x>'.encode())
    assert canonical(plain[0]) == canonical(other[0])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"  <!DOCTYPE HTML><html></html>", "HTML"),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html></html>', "HTML"),
        (b"", "empty"),
        (b"<a><b></b>", "cut short"),
        (b"plain words", "not XML"),
    ],
)
def test_what_is_no_xml_is_said_in_words(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_xml(body)


def test_xml_reads_nothing_but_itself(tmp_path: Any) -> None:
    """Entities, external or nested, are not resolved; control characters that slipped in are passed over."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    body = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}"><!ENTITY b "boom">]><a>x&e;&b;</a>'
    assert "secret" not in canonical(parse_xml(body.encode()))
    assert canonical(parse_xml(b"<a>\x0bone&#x1f;two</a>")) == "<a>onetwo</a>"


def refused_by_3() -> Response:
    """Respond as a service that knows version 3.0 alone does to 2.0.2: its error report is in another namespace."""
    body = (
        '<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/2.0" version="3.0.0"><ows:Exception '
        'exceptionCode="InvalidParameterValue" locator="version"><ows:ExceptionText>no</ows:ExceptionText>'
        "</ows:Exception></ows:ExceptionReport>"
    )
    return Response(400, "application/xml", body.encode())


@pytest.mark.parametrize("is_iso", [True, False])
def test_a_service_of_version_3_alone(is_iso: bool, catalog: Catalog) -> None:
    def respond(asked: Asked) -> Response:
        if b"http://www.opengis.net/cat/csw/3.0" not in asked.body:
            return refused_by_3()
        if not is_iso and b'outputSchema="http://www.isotc211.org/2005/gmd"' in asked.body:
            return refused_by_3()
        assert b"<ogc:" not in asked.body and b"resultType" not in asked.body
        found = results([record("a"), record("b")] if is_iso else [dublin("a"), dublin("b")], 2, 0)
        return Response(content_type="application/xml", body=found.body.replace(b"cat/csw/2.0.2", b"cat/csw/3.0"))  # type: ignore[union-attr]

    with PortalServer({"/csw": respond}) as server:
        harvest(catalog, spec("p", "csw", f"{server.url}/csw"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 2, 0), row["reasons"]


def test_records_in_fgdc_are_asked_for_before_dublin_core(catalog: Catalog) -> None:
    cited = "<citation><citeinfo><title>Wells</title></citeinfo></citation>"
    fgdc = f"<metadata><idinfo><datasetid>w</datasetid>{cited}</idinfo></metadata>"

    def respond(asked: Asked) -> Response:
        if b"csdgm" in asked.body:
            return results([fgdc], 1, 0)
        return report("no such schema") if b"2005/gmd" in asked.body else results([dublin("w")], 1, 0)

    def of_schema(asked: Asked) -> Response:
        # The namespace is declared in every request: the schema that is asked for decides.
        schema = re.search(rb'outputSchema="([^"]*)"', asked.body)
        return respond(Asked(asked.method, asked.path, asked.query, asked.headers, schema[1] if schema else b""))

    with PortalServer({"/csw": of_schema}) as server:
        harvest(catalog, spec("p", "csw", f"{server.url}/csw"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 1, 0), row["reasons"]
    assert next(datasets(catalog, "p")).dataset.title == "Wells"


def test_iso_19115_3_is_asked_for_where_there_is_no_iso_19139(catalog: Catalog) -> None:
    mdb = "http://standards.iso.org/iso/19115/-3"
    title = (
        f'<mri:MD_DataIdentification xmlns:mri="{mdb}/mri/1.0" xmlns:cit="{mdb}/cit/2.0"><mri:citation>'
        "<cit:CI_Citation>"
        "<cit:title><gco:CharacterString>Wells</gco:CharacterString></cit:title></cit:CI_Citation></mri:citation>"
        "</mri:MD_DataIdentification>"
    )
    named = "<mcc:MD_Identifier><mcc:code><gco:CharacterString>w</gco:CharacterString></mcc:code></mcc:MD_Identifier>"
    held = (
        f'<m:MD_Metadata xmlns:m="{mdb}/mdb/2.0" xmlns:mcc="{mdb}/mcc/1.0" xmlns:gco="{mdb}/gco/1.0">'
        f"<m:metadataIdentifier>{named}</m:metadataIdentifier><m:identificationInfo>{title}</m:identificationInfo>"
        "</m:MD_Metadata>"
    )

    def respond(asked: Asked) -> Response:
        schema = re.search(rb'outputSchema="([^"]*)"', asked.body)
        kind = schema[1] if schema else b""
        if kind.endswith(b"gmd"):
            return results([], 0, 0)
        return results([held], 1, 0) if kind.endswith(b"mdb/2.0") else report("no such schema")

    row = read(catalog, respond)
    assert (row["verdict"], row["datasets"], row["errors"]) == ("complete", 1, 0), row["reasons"]
    found = next(datasets(catalog, "p")).dataset
    assert (found.identifier, found.title) == ("w", "Wells")
