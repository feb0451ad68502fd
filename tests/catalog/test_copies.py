"""The same dataset in several portals: found by what names it, linked to its origin, counted once."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.db.store import Catalog
from catalog.model import Dataset, Distribution, HarvestPage, Portal, Record
from catalog.model.canonical import record_hash
from catalog.repositories.copies import find_copies, global_keys
from catalog.repositories.harvests import begin_harvest, finish_harvest
from catalog.repositories.records import write_page
from catalog.repositories.scores import dataset_figures


def fill(catalog: Catalog, **portals: list[Dataset]) -> None:
    made = [
        Portal(id=name, type="ckan", title=name, url=f"https://{name}.example", government=name.title())
        for name in portals
    ]
    run = catalog.begin_run("test", made, version="0", methodology="1")
    for name, datasets in portals.items():
        begin_harvest(catalog, run, name)
        records = []
        for dataset in datasets:
            raw = {"id": dataset.identifier}
            records.append(Record(dataset=dataset, raw=raw, url="https://x", pointer="", raw_hash=record_hash(raw)))
        write_page(catalog, run, name, HarvestPage(records=tuple(records)))
        finish_harvest(catalog, run, name, "complete")


def files(*urls: str) -> tuple[Distribution, ...]:
    return tuple(Distribution(download_url=url) for url in urls)


def links(catalog: Catalog) -> dict[str, str | None]:
    """Return, for each dataset that is in a cluster, the dataset of which it is a copy; both by identifier."""
    rows = catalog.rows(
        """select d.portal_id || '/' || d.identifier as name, o.portal_id || '/' || o.identifier as origin
           from datasets d left join datasets o on o.id = d.copy_of where d.cluster_id is not null order by 1"""
    )
    return {row["name"]: row["origin"] for row in rows}


FROM = {"harvested_from": "https://city.example"}
UUID = "6f1ed002-ab5c-4b5f-8d3c-0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("city", "nation"),
    [
        ({"other_identifiers": ("10.1234/ABC.5",)}, {"landing_page": "https://doi.org/10.1234/abc.5"}),
        ({"identifier": UUID}, {"other_identifiers": (UUID.upper(),)}),
        ({"landing_page": "https://city.example/d/1/"}, {"landing_page": "http://city.example/d/1"}),
        ({"landing_page": "https://city.example/d/1"}, {"other_identifiers": ("https://city.example/d/1",)}),
        (
            {"distributions": files("https://city.example/a.csv", "https://city.example/b.csv")},
            {"distributions": files("https://city.example/a.csv", "https://nation.example/x.pdf")},
        ),
    ],
    ids=["doi", "uuid", "page", "address as identifier", "half of the files"],
)
def test_a_copy_is_linked_to_its_origin(city: dict[str, Any], nation: dict[str, Any], catalog: Catalog) -> None:
    origin = Dataset(**{"identifier": "c1", **city})
    copy = Dataset(**{"identifier": "n1", **nation, **FROM})
    fill(catalog, city=[origin, Dataset(identifier="c2")], nation=[copy, Dataset(identifier="n2")])
    assert find_copies(catalog) == 1
    assert links(catalog) == {f"city/{origin.identifier}": None, "nation/n1": f"city/{origin.identifier}"}


@pytest.mark.parametrize("odd", ["p", "q", "r"])
def test_portals_whose_shared_file_is_in_a_third_one_belong_together(odd: str, catalog: Catalog) -> None:
    """Two share two of four files; one of these is in the third portal too, which shares too little with each."""
    names = {name: ("a", "b" if name != odd else "c", f"{name}1", f"{name}2") for name in "pqr"}
    listed = {
        name: [Dataset(identifier=name, distributions=files(*(f"https://city.example/{one}.csv" for one in own)))]
        for name, own in names.items()
    }
    fill(catalog, **listed)
    assert find_copies(catalog) == 1
    assert {name.partition("/")[0] for name in links(catalog)} == set("pqr") - {odd}


def test_a_file_in_very_many_portals_is_compared_within_bounds(catalog: Catalog) -> None:
    fill(
        catalog,
        **{f"p{n:02}": [Dataset(identifier="d", distributions=files("https://a.example/f.csv"))] for n in range(30)},
    )
    assert find_copies(catalog) == 1 and len(links(catalog)) == 30


def test_without_a_word_the_portal_that_has_the_files_is_the_origin(catalog: Catalog) -> None:
    shared = files("https://city.example/a.csv", "https://city.example/b.csv")
    fill(
        catalog,
        city=[Dataset(identifier="c1", distributions=shared)],
        nation=[Dataset(identifier="n1", distributions=shared)],
        union=[Dataset(identifier="u1", distributions=shared)],
    )
    assert find_copies(catalog) == 1
    assert links(catalog) == {"city/c1": None, "nation/n1": "city/c1", "union/u1": "city/c1"}


def test_where_no_origin_can_be_told_all_count(catalog: Catalog) -> None:
    shared = files("https://elsewhere.example/a.csv")
    fill(
        catalog,
        city=[Dataset(identifier="c1", distributions=shared)],
        nation=[Dataset(identifier="n1", distributions=shared)],
    )
    assert find_copies(catalog) == 1
    assert links(catalog) == {"city/c1": None, "nation/n1": None}


def test_the_same_bytes_at_two_addresses(catalog: Catalog) -> None:
    fill(
        catalog,
        city=[Dataset(identifier="c1", distributions=files("https://city.example/a.csv"))],
        nation=[Dataset(identifier="n1", distributions=files("https://nation.example/copy.csv"), **FROM)],
    )
    urls = ("https://city.example/a.csv", "https://nation.example/copy.csv")
    check = {"outcome": "ok", "sha256": "f" * 64, "downloaded_bytes": 5000, "is_truncated": 0}
    catalog.upsert("resource_checks", [{"url": url, **check} for url in urls])
    assert find_copies(catalog) == 1
    catalog.db.conn.execute("update resource_checks set downloaded_bytes = 20")
    assert find_copies(catalog) == 0 and links(catalog) == {}


def test_what_names_many_names_none(catalog: Catalog) -> None:
    page, note = "https://city.example/about/data", files("https://city.example/licence.pdf")
    own = [files(f"https://city.example/{n}.csv", f"https://city.example/{n}.json") for n in range(2)]
    fill(
        catalog,
        city=[Dataset(identifier=f"c{n}", landing_page=page, distributions=own[n] + note) for n in range(2)],
        nation=[
            Dataset(
                identifier="n1",
                landing_page=page,
                distributions=note + files("https://n.example/1", "https://n.example/2"),
            ),
            Dataset(identifier="7"),
        ],
        other=[Dataset(identifier="7")],
    )
    assert find_copies(catalog) == 0


def test_a_home_page_names_no_dataset(catalog: Catalog) -> None:
    home = "https://data.gov"
    one = Dataset(identifier="1", landing_page=home, distributions=files(f"{home}/"))
    fill(catalog, city=[one], nation=[one])
    assert find_copies(catalog) == 0


def test_a_government_counts_no_copies(catalog: Catalog) -> None:
    fill(
        catalog,
        city=[Dataset(identifier=UUID)],
        nation=[Dataset(identifier="n1", other_identifiers=(UUID,), **FROM), Dataset(identifier="n2")],
    )
    catalog.db.conn.execute("delete from to_score")
    catalog.db.conn.commit()
    find_copies(catalog)
    # What a government counts has changed, so that its scores are not those of the night before.
    due = "select d.identifier from to_score t join datasets d on d.id = t.dataset_id"
    assert [row["identifier"] for row in catalog.rows(due)] == ["n1"]
    run = catalog.value("select max(id) from runs")
    for row in catalog.rows("select id, portal_id, identifier from datasets"):
        score = 100.0 if row["identifier"] == UUID else 80.0 if row["identifier"] == "n1" else 40.0
        catalog.db.table("dataset_quality").insert(
            {"dataset_id": row["id"], "portal_id": row["portal_id"], "run_id": run, "score": score}
        )

    figures = dataset_figures(catalog, ["score"])

    def counted(level: str, entity: str) -> list[float]:
        entities, counts = figures.entity_of(level)
        rows = zip(entities, counts, figures.values[:, 0], strict=True)
        return sorted(float(value) for one, counts_there, value in rows if one == entity and counts_there)

    assert counted("portal", "nation") == [40.0, 80.0]
    assert counted("government", "Nation") == [40.0] and counted("government", "City") == [100.0]


def test_names_that_hold_all_over_the_world() -> None:
    assert global_keys("D-17", None, None) == []
    assert global_keys("https://doi.org/10.5281/zenodo.1234.", None, None) == [
        "doi:10.5281/zenodo.1234",
        "page:doi.org/10.5281/zenodo.1234.",
    ]
    assert global_keys("x", f'["{{{UUID}}}", "urn:isbn:1"]', None) == [f"id:{UUID}", "id:urn:isbn:1"]
