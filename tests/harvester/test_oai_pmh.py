"""Repositories whose tokens expire, repeat or never end; and asking for changes."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree
from portal_server import Asked, PortalServer, Response, harvest, harvested, spec

from catalog.db.store import Catalog
from catalog.model import Contact
from catalog.repositories.reading import datasets
from harvester.spiders.documents.ddi import to_dataset

DC = (
    '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
)

DELETED = ' status="deleted"'


def xml(inner: str) -> Response:
    body = f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{inner}</OAI-PMH>'
    return Response(content_type="text/xml", body=body.encode())


def error(code: str, words: str = "") -> Response:
    return xml(f'<error code="{code}">{words}</error>')


class Repository:
    """A repository of (identifier, datestamp, is_deleted) with ``size`` records to a page; tokens are positions in the
    list."""

    def __init__(self, records: list[tuple[str, str, bool]], *, size: int = 3, tombstones: str = "persistent"):
        self.records, self.size, self.tombstones = records, size, tombstones
        self.expire_at: set[int] = set()
        """Places whose token is refused, once each."""
        self.ignores_from = self.finds_nothing = False
        self.asked: list[dict[str, str]] = []

    def __call__(self, asked: Asked) -> Response:
        query = asked.query
        self.asked.append(query)
        match query.get("verb"):
            case "Identify":
                said = (
                    f"<deletedRecord>{self.tombstones}</deletedRecord><granularity>YYYY-MM-DDThh:mm:ssZ</granularity>"
                )
                return xml(f"<Identify>{said}</Identify>")
            case "ListMetadataFormats":
                prefix = "<metadataFormat><metadataPrefix>oai_dc</metadataPrefix></metadataFormat>"
                return xml(f"<ListMetadataFormats>{prefix}</ListMetadataFormats>")
        since, place = query.get("from", ""), 0
        if token := query.get("resumptionToken"):
            since, _, number = token.rpartition("|")
            place = int(number)
            if place in self.expire_at:
                self.expire_at.discard(place)
                return error("badResumptionToken", "it is too old")
        found = [r for r in self.records if self.ignores_from or r[1] >= since]
        if not found or (since and self.finds_nothing):
            return error("noRecordsMatch")
        after = place + self.size
        more = f"{since}|{after}" if after < len(found) else ""
        return self.page(found[place:after], more, len(found))

    def page(self, records: list[tuple[str, str, bool]], token: str, total: int | None) -> Response:
        size = "" if total is None else f' completeListSize="{total}"'
        listed = "".join(
            f"<record><header{DELETED if gone else ''}><identifier>{name}</identifier>"
            f"<datestamp>{stamp}</datestamp></header>"
            + ("" if gone else f"<metadata>{DC}<dc:title>{name}</dc:title></oai_dc:dc></metadata>")
            + "</record>"
            for name, stamp, gone in records
        )
        return xml(f"<ListRecords>{listed}<resumptionToken{size}>{token}</resumptionToken></ListRecords>")


def records(count: int, start: int = 0) -> list[tuple[str, str, bool]]:
    return [(f"r{n:02}", f"2025-01-01T00:{n:02}:00Z", False) for n in range(start, start + count)]


def read(catalog: Catalog, route: Any, path: str = "/oai", **values: Any) -> dict[str, Any]:
    with PortalServer({"/oai": route}) as server:
        harvest(catalog, spec("p", "oai-pmh", server.url + path, **values))
    return harvested(catalog, "p")


def names(catalog: Catalog) -> list[str]:
    return sorted(one.dataset.identifier for one in datasets(catalog, "p"))


def test_a_list_is_read_to_its_last_token(catalog: Catalog) -> None:
    row = read(catalog, Repository(records(8)))
    assert (row["verdict"], row["datasets"], row["advertised"]) == ("complete", 8, 8)


def test_an_expired_token_begins_again_at_the_last_date(catalog: Catalog) -> None:
    repository = Repository(records(10))
    repository.expire_at = {6}
    row = read(catalog, repository)
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 10, 0), row["reasons"]
    assert [q["from"] for q in repository.asked if "from" in q] == ["2025-01-01T00:05:00Z"]
    assert "expired" in row["reasons"][0]


def test_a_list_out_of_order_begins_again_at_its_start(catalog: Catalog) -> None:
    repository = Repository(records(10)[::-1])
    repository.expire_at = {6}
    row = read(catalog, repository)
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 10, 0), row["reasons"]
    assert not [q for q in repository.asked if "from" in q]


@pytest.mark.parametrize(("step", "verdict", "count"), [(1, "complete", 9), (-1, "partial", 3)])
def test_where_no_token_works_dates_lead_on(step: int, verdict: str, count: int, catalog: Catalog) -> None:
    first = Repository(records(9)[::step])
    row = read(catalog, lambda a: error("badResumptionToken") if "resumptionToken" in a.query else first(a))
    assert (row["verdict"], row["datasets"]) == (verdict, count)
    assert verdict == "complete" or "badResumptionToken" in row["reasons"][0]


@pytest.mark.parametrize("total", [None, 900], ids=["no total", "a total"])
@pytest.mark.parametrize("how", ["same token", "new tokens", "nothing in it"])
def test_tokens_without_end_are_ended(how: str, total: int | None, catalog: Catalog) -> None:
    repository = Repository(records(3))

    def route(asked: Asked) -> Response:
        if asked.query["verb"] != "ListRecords":
            return repository(asked)
        repository.asked.append(asked.query)
        is_first = "resumptionToken" not in asked.query
        shown = records(3) if is_first or how != "nothing in it" else []
        return repository.page(shown, "t" if how == "same token" else f"t{len(repository.asked)}", total)

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"]) == ("partial", 3), row["reasons"]
    assert len(repository.asked) < 30


def test_a_total_that_is_too_small_ends_nothing(catalog: Catalog) -> None:
    """The protocol allows an estimate."""
    repository = Repository(records(9))

    def route(asked: Asked) -> Response:
        response = repository(asked)
        return Response(200, response.content_type, response.body.replace(b'Size="9"', b'Size="4"'))  # type: ignore[union-attr]

    row = read(catalog, route)
    assert (row["verdict"], row["datasets"]) == ("complete", 9), row["reasons"]


def test_an_empty_repository_is_empty(catalog: Catalog) -> None:
    row = read(catalog, Repository([]))
    assert (row["verdict"], row["datasets"], row["reasons"][0]) == ("suspect", 0, "the portal lists no datasets")


def test_the_words_of_an_error_come_into_the_reason(catalog: Catalog) -> None:
    row = read(catalog, error("badVerb", "we are moving house"))
    assert row["verdict"] == "failed" and "badVerb: we are moving house" in row["reasons"][0]


def test_an_address_with_a_verb_is_asked_as_it_is(catalog: Catalog) -> None:
    repository = Repository(records(5))
    row = read(catalog, repository, "/oai?verb=ListRecords&metadataPrefix=oai_dc&set=open")
    assert (row["verdict"], row["datasets"]) == ("complete", 5)
    assert [q["verb"] for q in repository.asked] == ["ListRecords", "ListRecords"]


# Asking for changes


def test_changes_alone_are_read(catalog: Catalog) -> None:
    repository = Repository(records(7))
    read(catalog, repository)
    repository.records = [*records(7), ("r02", "2025-01-01T05:00:00Z", False), *records(1, 50)][2:]
    repository.asked.clear()
    row = read(catalog, repository)
    assert (row["verdict"], row["mode"], row["datasets"], row["added"]) == ("complete", "incremental", 8, 1)
    first = next(q for q in repository.asked if q["verb"] == "ListRecords")
    assert first["from"] == "2024-12-31T23:06:00Z"


def test_a_tombstone_of_a_known_dataset_leads_to_a_full_reading(catalog: Catalog) -> None:
    repository = Repository(records(7))
    read(catalog, repository)
    repository.records[3] = ("r03", "2025-01-01T06:00:00Z", True)
    row = read(catalog, repository, retire={"grace_runs": 1})
    assert (row["verdict"], row["mode"], row["retired"]) == ("complete", "full", 1), row["reasons"]
    assert "r03" not in names(catalog) and "deleted" in row["reasons"][0]


def test_a_tombstone_of_a_stranger_changes_nothing(catalog: Catalog) -> None:
    repository = Repository(records(7))
    read(catalog, repository)
    repository.records.append(("never-seen", "2025-01-01T06:00:00Z", True))
    row = read(catalog, repository)
    assert (row["verdict"], row["mode"], row["datasets"], row["removed"]) == ("complete", "incremental", 7, 0)


def test_a_filter_that_finds_nothing_is_not_believed(catalog: Catalog) -> None:
    repository = Repository(records(7))
    read(catalog, repository)
    repository.finds_nothing = True
    row = read(catalog, repository)
    assert (row["verdict"], row["mode"], row["datasets"]) == ("complete", "full", 7)
    assert "does not find the newest record" in row["reasons"][0]


def test_without_tombstones_everything_is_read(catalog: Catalog) -> None:
    repository = Repository(records(7), tombstones="no")
    read(catalog, repository)
    assert read(catalog, repository)["mode"] == "full"


def test_a_filter_that_is_ignored_does_no_harm(catalog: Catalog) -> None:
    repository = Repository(records(7))
    read(catalog, repository)
    repository.ignores_from = True
    row = read(catalog, repository)
    assert (row["verdict"], row["datasets"], row["changed"], row["removed"]) == ("complete", 7, 0, 0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "<useStmt><contact>&lt;a href=https://archive.example/ask&gt;Ask us&lt;/a&gt;</contact></useStmt>",
            Contact(name="Ask us", url="https://archive.example/ask"),
        ),
        (
            '<useStmt><contact email="mailto:desk@archive.example">Data &amp;amp; maps</contact></useStmt>',
            Contact(name="Data & maps", email="desk@archive.example"),
        ),
        ("<useStmt><contact>desk@archive.example</contact></useStmt>", Contact(email="desk@archive.example")),
        ("<useStmt><contact>n/a</contact></useStmt>", None),
    ],
)
def test_whom_to_ask_for_the_use_of_a_study(said: str, expected: Contact | None) -> None:
    """DDI Codebook 2.5: useStmt/contact, as text, or as the HTML of a page that stood there before."""
    study = f'<codeBook xmlns="ddi:codebook:2_5"><stdyDscr><dataAccs>{said}</dataAccs></stdyDscr></codeBook>'
    assert to_dataset(etree.fromstring(study), "1").contact == expected
