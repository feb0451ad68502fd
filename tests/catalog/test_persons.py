"""Addresses and names of persons are public in no form of the data, those of offices and bodies in all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.exports.dcat import export_rdf
from catalog.exports.finding_rows import finding_rows
from catalog.model import Contact, Dataset, Distribution, Publisher
from catalog.repositories.persons import (
    ADDRESS,
    public_contact,
    public_dataset,
    public_email,
    public_name,
    public_publisher,
    public_record,
    public_texts,
)
from catalog.site.serve import publish
from tests.making import put_findings

RUN = "20261124T010000Z"
OFFICE = Publisher(
    name="Office of Roads", email="jane.doe@roads.example", parent="Ministry of Works", ancestors=("Gov",)
)
HERS = "jane.doe"
"""What every private address below begins with."""


def test_only_addresses_of_offices_are_public() -> None:
    assert public_email("mailto:opendata@roads.example") == "opendata@roads.example"
    assert public_email("jane.doe@roads.example, info@roads.example") == "info@roads.example"
    for office in ("open-data.team@roads.example", "opendatateam@roads.example", "info.roads@roads.example"):
        assert public_email(office) == office
    for private in ("jane.doe@roads.example", "Jane Doe <jane.doe@roads.example>", "see website", "", None):
        assert public_email(private) is None


@pytest.mark.parametrize("name", ["info.jane.doe", "pressman", "doe-data", "ann.data"])
def test_an_address_of_an_office_that_names_a_person_is_not_public(name: str) -> None:
    assert public_email(f"{name}@hannover.example") is None


def test_the_name_of_a_contact_is_public_where_it_is_that_of_a_body() -> None:
    bodies = ("Office of Roads", "Gov")
    assert public_name("office of  roads", bodies) == "office of  roads"
    assert public_name("Jane Doe", bodies) is None and public_name(" ", bodies) is None
    assert public_name("Office of Roads", ()) is None and public_name(None, bodies) is None


def test_a_contact_and_a_publisher_keep_what_is_of_an_office() -> None:
    person = Contact(
        name="Jane Doe", email="jane.doe@roads.example", url="https://roads.example/?to=jane.doe@x.example"
    )
    assert public_contact(person, OFFICE) == Contact(url=f"https://roads.example/?to={ADDRESS}")
    office = Contact(name="ministry of works", email="data@roads.example")
    assert public_contact(office, OFFICE) == office
    assert public_contact(office, None) == Contact(email="data@roads.example")
    assert public_contact(Contact(name="Jane Doe"), OFFICE) is None and public_contact(None, OFFICE) is None
    assert public_publisher(OFFICE) == Publisher(name="Office of Roads", parent="Ministry of Works", ancestors=("Gov",))
    assert public_publisher(None) is None


def test_a_dataset_has_no_private_address_in_any_field() -> None:
    dataset = Dataset(
        identifier="d",
        title="Roads",
        description="Ask jane.doe@roads.example",
        keywords=("roads", "jane.doe@roads.example"),
        translations={
            "fr": {"title": "Routes", "description": "jane.doe@roads.example", "keywords": ["jane.doe@x.example"]}
        },
        publisher=OFFICE,
        contact=Contact(name="Jane Doe", email="jane.doe@roads.example"),
        distributions=(Distribution(access_url="https://x.example/?to=jane.doe@x.example"),),
    )
    public = public_dataset(dataset)
    assert HERS not in repr(public) and "Jane" not in repr(public)
    assert (public.title, public.description, public.keywords) == ("Roads", f"Ask {ADDRESS}", ("roads", ADDRESS))
    assert public.contact is None and public.publisher and public.publisher.name == "Office of Roads"
    clean = Dataset(identifier="d", title="Roads")
    assert public_texts(clean) is clean


def test_a_raw_record_tells_of_no_person() -> None:
    raw = {
        "title": "Roads",
        "notes": "Ask jane.doe@roads.example",
        "author": "Jane Doe",
        "author_email": "jane.doe@roads.example",
        "maintainer": "Office of Roads",
        "maintainer_email": "opendata@roads.example",
        "owner_org": "7b1f",
        "authority": "Gov",
        "extras": [
            {"key": "contact_phone", "value": "+41 44 000 00 00"},
            {"key": "contact-json", "value": '{"name": "Jane Doe"}'},
            {"key": "spatial", "value": '{"note": "\\njane.doe@roads.example"}'},
        ],
        "dcat:contactPoint": [
            {
                "@type": ["vcard:Individual"],
                "vcard:fn": [{"@value": "Jane Doe"}],
                "vcard:hasEmail": [{"@id": "mailto:jane.doe@roads.example"}, {"@id": "mailto:info@roads.example"}],
                "vcard:hasURL": [{"@id": "https://roads.example/contact"}],
                "vcard:tel": [410440000000, True, None],
            }
        ],
    }
    before = json.dumps(raw)
    told = public_record(raw, ["Office of Roads"])
    assert json.dumps(raw) == before
    text = json.dumps(told)
    assert HERS not in text and "Jane" not in text and "44 000" not in text and "410440000000" not in text
    assert (told["title"], told["notes"], told["owner_org"], told["authority"]) == (
        "Roads",
        f"Ask {ADDRESS}",
        "7b1f",
        "Gov",
    )
    assert (told["author"], told["maintainer"]) == (None, "Office of Roads")
    assert told["maintainer_email"] == "opendata@roads.example"
    assert told["extras"][0] == {"key": "contact_phone", "value": None}
    assert json.loads(told["extras"][2]["value"]) == {"note": f"\n{ADDRESS}"}
    (point,) = told["dcat:contactPoint"]
    assert point["@type"] == ["vcard:Individual"]
    assert point["vcard:hasEmail"] == [{"@id": None}, {"@id": "info@roads.example"}]
    assert point["vcard:hasURL"] == [{"@id": "https://roads.example/contact"}]
    assert point["vcard:tel"] == [None, True, None]


def test_a_raw_record_without_a_bottom_is_cut() -> None:
    raw: list[object] = []
    for _ in range(5000):
        raw = [raw]
    assert json.dumps(public_record(raw)).count("[") < 100


def _two_datasets(catalog: Catalog) -> None:
    catalog.upsert("portals", [{"id": "p", "title": "P", "contact_email": "jane.doe@p.example"}])
    catalog.upsert(
        "publishers",
        [
            {"id": "a", "portal_id": "p", "name": "Office of Roads", "email": "jane.doe@a.example", "ancestors": None},
            {"id": "b", "portal_id": "p", "name": "B", "email": "data@b.example", "ancestors": '["Gov"]'},
        ],
    )
    contact = {"contact_name": "Jane Doe", "contact_email": "jane.doe@a.example"}
    office = {"contact_name": "Gov", "contact_email": "info@b.example"}
    catalog.upsert(
        "datasets",
        [
            {"id": "one", "portal_id": "p", "publisher_id": "a", "status": "present", **contact},
            {"id": "two", "portal_id": "p", "publisher_id": "b", "status": "present", **office},
            {"id": "three", "portal_id": "p", "publisher_id": None, "status": "present"} | office,
        ],
    )
    put_findings(
        catalog,
        [
            {"id": f"{number:020x}", "portal_id": "p", "dataset_id": name, "rule_id": "title_present", "state": "open",
             "first_seen_run": RUN, "last_seen_run": RUN}
            for number, name in enumerate(("one", "two"), 1)
        ],
    )  # fmt: skip


def test_the_public_file_and_scorecards_show_the_addresses_of_offices_only(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db") as catalog, catalog.writing():
        _two_datasets(catalog)
        contacts = {row["dataset_id"]: row["contact"] for row in finding_rows(catalog, RUN)}
        rdf = export_rdf(catalog, RUN, tmp_path / "out")[0].read_text("utf-8")
    assert contacts == {"one": None, "two": "info@b.example"}
    assert HERS not in rdf and "Jane" not in rdf and "mailto:info@b.example" in rdf
    public = tmp_path / "site" / "catalog.db"
    publish(tmp_path / "catalog.db", public)
    assert HERS.encode() not in public.read_bytes() and b"Jane" not in public.read_bytes()
    with closing(sqlite3.connect(public)) as copy:
        told = copy.execute("select id, contact_name, contact_email from datasets order by id").fetchall()
        emails = copy.execute("select id, email from publishers order by id").fetchall()
    assert told == [("one", None, None), ("three", None, "info@b.example"), ("two", "Gov", "info@b.example")]
    assert emails == [("a", None), ("b", "data@b.example")]
