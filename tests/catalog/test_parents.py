"""Children find their parents, in whatever order they came."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.db.rows import dataset_id
from catalog.db.store import Catalog
from catalog.model import Dataset, HarvestPage, Portal, Record
from catalog.repositories.parents import link_parents
from catalog.repositories.records import write_page
from quality.evidence.subject import DatasetSubject
from quality.systems.winnow import score_dataset

PARENTS = "select identifier, parent_id from datasets order by identifier"


def keep(catalog: Catalog, *datasets: Dataset) -> None:
    portal = Portal(id="p", type="ckan", title="P", url="http://p.example")
    run_id = catalog.begin_run("t", [portal], version="0", methodology="0")
    records = tuple(
        Record(dataset=one, raw={"id": one.identifier, "of": one.is_part_of}, url="http://p.example", pointer="/",
               raw_hash=one.identifier + str(one))
        for one in datasets
    )  # fmt: skip
    write_page(catalog, run_id, "p", HarvestPage(records=records))


def test_child_before_parent_and_orphans(catalog: Catalog) -> None:
    keep(
        catalog,
        Dataset(identifier="child", is_part_of="parent"),
        Dataset(identifier="by-iri", is_part_of="http://p.example/id/parent"),
        Dataset(identifier="by-page", is_part_of="http://p.example/parent"),
        Dataset(identifier="orphan", is_part_of="nowhere"),
        Dataset(identifier="own", is_part_of="own"),
        Dataset(
            identifier="parent",
            is_series=True,
            other_identifiers=("http://p.example/id/parent",),
            landing_page="http://p.example/parent",
        ),
    )
    assert link_parents(catalog, "p") == 2
    found = {row["identifier"]: row["parent_id"] for row in catalog.rows(PARENTS)}
    parent = dataset_id("p", "parent")
    assert found == {"child": parent, "by-iri": parent, "by-page": parent, "orphan": None, "own": None, "parent": None}


def test_a_name_that_two_datasets_have_names_none_and_a_parent_that_moved_is_let_go(catalog: Catalog) -> None:
    keep(
        catalog,
        Dataset(identifier="child", is_part_of="http://p.example/page"),
        Dataset(identifier="a", landing_page="http://p.example/page"),
    )
    assert link_parents(catalog, "p") == 0
    keep(catalog, Dataset(identifier="b", landing_page="http://p.example/page"))
    assert link_parents(catalog, "p") == 1
    assert not any(row["parent_id"] for row in catalog.rows(PARENTS))


@pytest.mark.parametrize("is_series", [True, False])
def test_a_series_without_files_of_its_own_is_not_blamed_for_it(is_series: bool) -> None:
    dataset = Dataset(identifier="s", title="Series", is_series=is_series)
    score = score_dataset(
        DatasetSubject(
            id="s",
            portal_id="p",
            publisher_id=None,
            dataset=dataset,
            distributions=(),
            services=(),
            as_of=date(2026, 1, 1),
        )
    )
    assert (score.dataset["distribution_present"] is None) == is_series
    assert ("usable" in score.dimensions) != is_series
