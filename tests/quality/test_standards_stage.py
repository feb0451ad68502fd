"""The stage that judges a portal by the standards, and what it keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_standards import HIGH_VALUE, PERFECT, stored

from catalog.db.rows import dataset_id
from catalog.db.store import Catalog
from catalog.model import Dataset, Distribution, HarvestPage, Portal, Record
from catalog.repositories.conformance import conformance, is_federal, received, verdicts
from catalog.repositories.records import write_page, write_records
from quality.standards import judge
from quality.standards.stage import conform


@pytest.fixture
def harvested(catalog: Catalog) -> Iterator[tuple[Catalog, str]]:
    portal = Portal(id="p", type="dcat-us", title="Portal", url="https://x.example")
    run_id = catalog.begin_run("nightly", [portal], version="1", methodology="1")
    records = tuple(
        Record(dataset=dataset, raw=raw, url="https://x.example", pointer=f"/{n}", raw_hash=str(n))
        for n, (dataset, raw) in enumerate(
            (
                (HIGH_VALUE, {"title": "Budget", "bureauCode": ["015:11"]}),
                (Dataset(identifier="2"), {"identifier": "2"}),
            )
        )
    )
    write_page(catalog, run_id, "p", HarvestPage(records=records))
    yield catalog, run_id


def test_the_stage_keeps_a_row_for_each_standard(harvested: tuple[Catalog, str]) -> None:
    catalog, run_id = harvested
    assert conform(catalog, run_id, "p") == 2
    first, second = dataset_id("p", "1"), dataset_id("p", "2")
    kept = conformance(catalog, [first, second])
    assert verdicts(catalog, [first, second]) == {
        key: {name: one.conforms for name, one in by.items()} for key, by in kept.items()
    }
    # One record has a bureauCode: the portal is federal.
    assert set(kept[first]) == {"dcat_ap_2", "dcat_ap_3", "dcat_ap_hvd", "dcat_us_1_federal"}
    assert set(kept[second]) == {"dcat_ap_2", "dcat_ap_3", "dcat_us_1_federal"}
    assert kept[first]["dcat_ap_3"].conforms and not kept[first]["dcat_ap_3"].violations
    assert not kept[second]["dcat_ap_3"].conforms
    assert (kept[second]["dcat_ap_3"].violations, kept[second]["dcat_ap_3"].warnings) == (2, 7)
    first_of = kept[second]["dcat_ap_3"].results[0]
    assert set(first_of) == {"node", "path", "component", "severity", "message", "count"}
    row = catalog.rows("select * from conformance where id = ?", [f"{second}/dcat_us_1_federal"])[0]
    assert (row["run_id"], row["portal_id"], row["conforms"]) == (run_id, "p", 0)
    assert len(kept[second]["dcat_us_1_federal"].results) == row["violations"]


def test_a_portal_is_federal_by_a_record_that_says_so(harvested: tuple[Catalog, str]) -> None:
    catalog, run_id = harvested
    assert is_federal(catalog, "p")
    with catalog.writing():
        told = {"bureauCode": None, "keyword": ["programCode"], "programCode": []}
        for identifier in ("1", "2"):
            record = Record(dataset=Dataset(identifier=identifier), raw=told, url="u", pointer="/", raw_hash="told")
            write_records(catalog, run_id, "p", [record])
    assert not is_federal(catalog, "p")
    assert {one.is_federal for one in received(catalog, [dataset_id("p", "1"), dataset_id("p", "2")]).values()} == {
        False
    }


def test_the_stage_forgets_what_no_longer_applies(harvested: tuple[Catalog, str]) -> None:
    catalog, run_id = harvested
    conform(catalog, run_id, "p")
    first, second = dataset_id("p", "1"), dataset_id("p", "2")
    with catalog.writing():
        catalog.db.conn.execute("update datasets set applicable_legislation = null, hvd_categories = null")
        catalog.db.conn.execute("update datasets set status = 'missing' where id = ?", [second])
    assert conform(catalog, run_id, "p", [first]) == 1
    kept = conformance(catalog, [first, second])
    assert "dcat_ap_hvd" not in kept[first] and "dcat_ap_3" in kept[second]
    assert conform(catalog, run_id, "p") == 1
    assert not conformance(catalog, [second])


def test_results_of_one_kind_are_kept_once_with_their_number(harvested: tuple[Catalog, str]) -> None:
    catalog, run_id = harvested
    parts = tuple(Distribution(identifier=str(n)) for n in range(100))
    record = Record(dataset=Dataset(identifier="3", distributions=parts), raw={}, url="u", pointer="/", raw_hash="3")
    write_page(catalog, run_id, "p", HarvestPage(records=(record,)))
    key = dataset_id("p", "3")
    conform(catalog, run_id, "p", [key])
    kept = conformance(catalog, [key])[key]["dcat_ap_2"]
    assert kept.violations == 102 and len(kept.results) < 20
    of_files = next(one for one in kept.results if one["path"] == "dcat:accessURL")
    assert of_files["count"] == 100 and of_files["message"]


def test_records_that_cannot_be_read_back_are_none(harvested: tuple[Catalog, str]) -> None:
    catalog, _ = harvested
    first, second = dataset_id("p", "1"), dataset_id("p", "2")
    with catalog.writing():
        catalog.db.conn.execute("update records set raw = '<xml/>' where dataset_id = ?", [first])
        catalog.db.conn.execute("delete from records where dataset_id = ?", [second])
    found = received(catalog, [first, second])
    assert [found[key].raw for key in (first, second)] == [None, None]
    # What was not kept is not judged.
    assert set(judge([stored(PERFECT)], received=found)[first]) == {"dcat_ap_2", "dcat_ap_3"}
