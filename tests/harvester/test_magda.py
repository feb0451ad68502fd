"""What the tape of Magda cannot show: the search in place of the registry, and what each of them leaves out."""

from __future__ import annotations

from typing import Any

from portal_server import Asked, PortalServer, Response, as_json, harvest, harvested, spec
from test_detect import ask

from catalog.db.store import Catalog
from catalog.model import Contact, Dataset
from catalog.repositories.reading import datasets
from harvester.spiders.magda.record import to_dataset

RECORDS, SEARCH = "/api/v0/registry/records", "/api/v0/search/datasets"


def hit(n: int) -> dict[str, Any]:
    return {
        "identifier": f"ds-{n}",
        "title": f"T {n}",
        "issued": "2020-01-02T00:00:00Z",
        "modified": "2024-01-02T00:00:00Z",
        "publisher": {"name": "Board", "identifier": "org-1"},
        "contactPoint": {"identifier": "wells@board.example"},
        "accrualPeriodicity": {"text": "monthly"},
        "spatial": {"text": "POINT(1 2)"},
        "temporal": {"start": {"date": "1998-01-01", "text": "1998"}, "end": {"text": "2004"}},
        "source": {"id": "lark", "type": "csw-dataset", "url": "http://csw.example"},
        "distributions": [
            {"identifier": "dist-1", "accessURL": "http://board.example/a", "format": "CSV",
             "license": {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}}
        ],
    }  # fmt: skip


def search(count: int) -> Any:
    def respond(asked: Asked) -> Response:
        start, limit = int(asked.query["start"]), min(100, int(asked.query["limit"]))
        return as_json({"hitCount": count, "dataSets": [hit(n) for n in range(start, min(count, start + limit))]})

    return respond


def found(catalog: Catalog) -> dict[str, Dataset]:
    return {one.dataset.identifier: one.dataset for one in datasets(catalog, "p")}


def test_where_the_registry_is_closed_the_search_is_read(catalog: Catalog) -> None:
    with PortalServer({RECORDS: as_json({"message": "no"}, 403), SEARCH: search(130)}) as server:
        harvest(catalog, spec("p", "magda", server.url))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 130, 130), row["reasons"]
    one = found(catalog)["ds-7"]
    assert (one.issued, one.modified, one.frequency) == ("2020-01-02T00:00:00Z", "2024-01-02T00:00:00Z", "monthly")
    assert (one.temporal_start, one.temporal_end, one.spatial) == ("1998-01-01", "2004", ("1,2,1,2",))
    assert one.publisher and (one.publisher.name, one.publisher.identifier) == ("Board", "org-1")
    assert (one.contact, one.harvested_from) == (Contact(email="wells@board.example"), "http://csw.example")
    file = one.distributions[0]
    assert (file.format, file.licence) == ("CSV", "https://creativecommons.org/licenses/by/4.0/")
    assert file.licence_title == "CC BY 4.0"


def test_dates_of_a_ckan_record_are_not_those_of_the_data() -> None:
    one = to_dataset({**hit(1), "source": {"type": "ckan-dataset"}}, "http://p.example")
    assert (one.issued, one.modified, one.record_modified) == (None, None, "2024-01-02T00:00:00Z")


def test_files_that_were_not_sent_along_are_not_known() -> None:
    record = {"id": "ds-1", "aspects": {"dcat-dataset-strings": {"title": "Wells"}}}
    assert "distributions" in to_dataset(record, "http://p.example").not_carried
    none = {**record, "aspects": {**record["aspects"], "dataset-distributions": {"distributions": []}}}  # type: ignore[dict-item]
    assert to_dataset(none, "http://p.example").not_carried == ()


def test_a_magda_site_is_detected() -> None:
    page = Response(200, "text/html", b"<html><title>Larkholm</title></html>")
    response = as_json({"hasMore": False, "records": [{"id": "ds-1", "aspects": {"dcat-dataset-strings": {}}}]})
    with PortalServer({"/": page, RECORDS: response}) as server:
        best = ask(server.url).best
    assert best is not None and (best.type, best.url) == ("magda", server.url)
