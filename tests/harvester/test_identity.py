"""Who is whom from night to night: identifiers that are lost, that change, and that several datasets have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from portal_server import PortalServer, as_json, harvest, harvested, spec

from catalog.db.rows import dataset_id
from catalog.db.store import Catalog


def dataset(n: int, **values: Any) -> dict[str, Any]:
    """Return a record with a file and a landing page of its own."""
    return {
        "identifier": f"D{n}",
        "title": f"Trees of district {n}",
        "description": "Trees.",
        "landingPage": f"https://town.example/trees/{n}",
        "distribution": [{"downloadURL": f"https://town.example/trees/{n}.csv", "format": "CSV"}],
        **values,
    }


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in names}


class Town:
    """A portal with one feed, harvested once for each version of the feed."""

    def __init__(self, catalog: Catalog, **values: Any) -> None:
        self.catalog, self.values = catalog, values
        self.server = PortalServer()

    def harvest(self, records: list[Any]) -> dict[str, Any]:
        self.server.routes["/data.json"] = as_json({"dataset": records})
        harvest(self.catalog, spec("p", "dcat-us", self.server.url, retire={"grace_runs": 2}, **self.values))
        return harvested(self.catalog, "p")

    def statuses(self) -> dict[str, str]:
        rows = self.catalog.rows("select identifier, status from datasets")
        return {row["identifier"]: row["status"] for row in rows}

    def errors(self, run_id: str) -> list[dict[str, Any]]:
        return self.catalog.rows("select * from harvest_errors where run_id = ? order by id", [run_id])


@pytest.mark.parametrize(
    ("lost", "is_known_again"),
    [
        (("identifier", "landingPage"), True),
        (("identifier", "landingPage", "title"), False),
        (("identifier", "landingPage", "distribution"), False),
    ],
    ids=["title and file", "file alone", "title alone"],
)
def test_a_record_without_identifier_is_known_by_two_of_three(
    lost: tuple[str, ...], is_known_again: bool, catalog: Catalog
) -> None:
    town = Town(catalog)
    records = [dataset(n) for n in range(5)]
    with town.server:
        town.harvest(records)
        records[3] = without(records[3], *lost)
        for _ in range(3):
            row = town.harvest(records)
            assert row["verdict"] == ("complete" if is_known_again else "partial"), row["reasons"]
            assert row["datasets"] == (5 if is_known_again else 4)
            assert town.statuses() == {f"D{n}": "present" for n in range(5)}
            kinds = [error["kind"] for error in town.errors(row["run_id"])]
            assert kinds == (["identifier"] * 2 if is_known_again else ["identifier"])


def test_of_many_datasets_with_one_title_none_is_taken_for_another(catalog: Catalog) -> None:
    """The title says nothing, and the page is everybody's: files tell them apart, one to one."""
    town = Town(catalog)
    same = {"title": "Budget", "landingPage": "https://town.example/budget"}
    records = [dataset(n, **same) for n in range(40)]
    with town.server:
        town.harvest(records)
        nameless = [without(dataset(n, title="Budget"), "identifier", "landingPage") for n in range(5)]
        # Of one no file is known.
        nameless[4]["distribution"] = [{"downloadURL": "https://town.example/new.csv"}]
        row = town.harvest([*records[5:], *nameless])
        assert (row["verdict"], row["datasets"], row["lost"]) == ("partial", 39, 1)
        assert set(town.statuses().values()) == {"present"} and len(town.statuses()) == 40
        files = "select d.identifier, p.download_url from distributions p join datasets d on d.id = p.dataset_id"
        for found in catalog.rows(files):
            assert found["download_url"] == f"https://town.example/trees/{found['identifier'][1:]}.csv"


def test_a_change_of_all_identifiers_is_one_event_and_histories_go_on(catalog: Catalog) -> None:
    town = Town(catalog)
    old, new = [dataset(n) for n in range(6)], [dataset(n, identifier=f"urn:new:{n}") for n in range(6)]
    with town.server:
        first = town.harvest(old)
        before = {row["id"]: row["title"] for row in catalog.rows("select id, title from datasets")}
        row = town.harvest(new)
        assert (row["verdict"], row["datasets"], row["added"], row["changed"]) == ("complete", 6, 0, 6), row
        assert "all 6 identifiers changed" in " ".join(row["reasons"])
        assert [error["kind"] for error in town.errors(row["run_id"])] == ["identifier"]
        after = {r["id"]: r["title"] for r in catalog.rows("select id, title from datasets")}
        assert after == before
        assert set(town.statuses()) == {f"urn:new:{n}" for n in range(6)}
        versions = catalog.rows("select dataset_id, raw from record_versions")
        assert {json.loads(catalog.packed.text(one["raw"]) or "")["identifier"] for one in versions} == {
            f"D{n}" for n in range(6)
        }
        assert catalog.value("select count(*) from distributions where not is_retired") == 6
        assert catalog.value("select min(first_seen_run) from datasets") == first["run_id"]
        # The next night knows them, and so does a page that did not change.
        row = town.harvest(new)
        assert (row["verdict"], row["added"], row["changed"], row["not_modified"]) == ("complete", 0, 0, 1)
        # Back again.
        row = town.harvest(old)
        assert (row["added"], row["changed"], row["removed"], row["datasets"]) == (0, 6, 0, 6)
        assert {r["id"] for r in catalog.rows("select id from datasets")} == set(before)


def test_a_new_dataset_takes_nothing_from_one_that_is_gone(catalog: Catalog) -> None:
    town = Town(catalog)
    with town.server:
        town.harvest([dataset(n) for n in range(6)])
        # The same title, and files of its own.
        other = dataset(9, title="Trees of district 5")
        row = town.harvest([*(dataset(n) for n in range(5)), other])
    assert (row["verdict"], row["added"], row["removed"]) == ("complete", 1, 1)
    assert town.statuses() == {**{f"D{n}": "present" for n in range(5)}, "D5": "missing", "D9": "present"}


@pytest.mark.parametrize("is_old_first", [True, False])
def test_old_and_new_names_in_one_listing_are_two_datasets(is_old_first: bool, catalog: Catalog) -> None:
    town = Town(catalog)
    new = [dataset(n, identifier=f"N{n}") for n in range(3)]
    with town.server:
        town.harvest([dataset(n) for n in range(3)])
        town.harvest(new)
        both = [dataset(0), *new] if is_old_first else [*new, dataset(0)]
        row = town.harvest(both)
        assert (row["verdict"], row["datasets"]) == ("complete", 4), row
        assert set(town.statuses()) == {"D0", "N0", "N1", "N2"}
        assert catalog.value("select id from datasets where identifier = 'D0'") == dataset_id("p", "D0")
        row = town.harvest(both)
        assert (row["added"], row["changed"], row["datasets"]) == (0, 0, 4)


@pytest.mark.parametrize("turned", [False, True])
def test_two_datasets_with_one_identifier_are_two(turned: bool, catalog: Catalog) -> None:
    """Names that a portal makes of titles are at times those of two datasets; their order is no matter."""
    town = Town(catalog)
    twins = [dataset(1), dataset(1, distribution=[{"downloadURL": "https://town.example/other.csv"}])]
    with town.server:
        row = town.harvest([*twins, dataset(2)])
        assert (row["verdict"], row["datasets"], row["duplicates"], row["lost"]) == ("complete", 3, 0, 0)
        errors = town.errors(row["run_id"])
        assert [(error["kind"], error["is_lost"]) for error in errors] == [("duplicate", 0)]
        row = town.harvest([*(reversed(twins) if turned else twins), dataset(2), dataset(3)])
    assert (row["datasets"], row["added"], row["changed"], row["removed"]) == (4, 1, 0, 0)


def test_a_dataset_listed_twice_is_one(catalog: Catalog) -> None:
    town = Town(catalog)
    with town.server:
        # Once more; and in another language, with the same file.
        row = town.harvest([dataset(1), dataset(1), dataset(1, title="Arbres"), dataset(2)])
    assert (row["verdict"], row["datasets"], row["duplicates"]) == ("complete", 2, 2)


def test_a_record_that_never_had_an_identifier_does_not_keep_what_is_withdrawn(catalog: Catalog) -> None:
    town = Town(catalog)
    nameless = without(dataset(90, title="Nameless", distribution=[]), "identifier", "landingPage")
    records = [dataset(n) for n in range(10)]
    # It may be the nameless one: it has its title, and stays.
    namesake = dataset(91, title="Nameless")
    with town.server:
        assert town.harvest([*records, namesake, nameless])["verdict"] == "partial"
        for _ in range(2):
            row = town.harvest([*records[1:], nameless])
            assert row["verdict"] == "partial" and "1 records have no identity" in row["reasons"][0]
        statuses = town.statuses()
        assert statuses.pop("D0") == "retired" and statuses.pop("D91") == "present"
        assert set(statuses.values()) == {"present"}
        # Half of all at once is believed by nobody.
        town.harvest([*records[6:], nameless])
        assert list(town.statuses().values()).count("missing") == 0
