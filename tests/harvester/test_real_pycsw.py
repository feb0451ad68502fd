"""A real pycsw, as CSW and as OAI-PMH: both find the same datasets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from portal_server import harvest, harvested, spec
from pycsw_server import pycsw_at

from catalog.db.store import Catalog
from catalog.model import Dataset
from catalog.repositories.reading import datasets
from harvester.spiders.csw import spider as csw

pytestmark = [
    pytest.mark.xdist_group("pycsw"),
    pytest.mark.skipif(sys.version_info >= (3, 13), reason="pycsw 2.6 imports cgi, which Python has no longer"),
]

COUNT = 13
DATASETS = {f"record-{n:03}" for n in range(COUNT) if n % 5 != 4}


@pytest.fixture(scope="module")
def pycsw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running pycsw with 13 records, two of them services, which cuts pages to 3."""
    with pycsw_at(tmp_path_factory.mktemp("pycsw"), count=COUNT, maxrecords=3) as address:
        yield address


@pytest.mark.parametrize("rows", [2, 3, 500])
def test_catalogue_service(rows: int, pycsw: str, catalog: Catalog) -> None:
    harvest(catalog, spec("p", "csw", f"{pycsw}/csw", limits={"page_rows": rows}))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["advertised"], row["errors"]) == ("complete", COUNT, 0), row["reasons"]
    found = {one.dataset.identifier: one.dataset for one in datasets(catalog, "p")}
    assert set(found) == DATASETS
    assert found["record-001"].title == "Larkholm record-001"
    assert found["record-001"].record_modified == "2025-02-03T04:05:06Z"


@pytest.mark.parametrize("clamp", [10_000, COUNT])
def test_version_3(clamp: int, pycsw: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same by CSW 3.0, whose namespaces and filters are others."""
    monkeypatch.setattr(csw, "CLAMP", clamp)
    harvest(catalog, spec("p", "csw", f"{pycsw}/csw?version=3.0.0"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["advertised"], row["errors"]) == ("complete", COUNT, 0), row["reasons"]
    assert {one.dataset.identifier for one in datasets(catalog, "p")} == DATASETS
    assert found_at(catalog).title == "Larkholm record-001"


def found_at(catalog: Catalog) -> Dataset:
    return next(one.dataset for one in datasets(catalog, "p") if one.dataset.identifier == "record-001")


def test_windows_of_dates(pycsw: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """pycsw's own filter, as if its 13 records were a search engine's window."""
    monkeypatch.setattr(csw, "CLAMP", COUNT)
    harvest(catalog, spec("p", "csw", f"{pycsw}/csw"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["advertised"], row["errors"]) == ("complete", COUNT, 0), row["reasons"]
    assert {one.dataset.identifier for one in datasets(catalog, "p")} == DATASETS


def test_oai_pmh(pycsw: str, catalog: Catalog, tmp_path: Path) -> None:
    """It wants the prefix beside the token, and gives a token after the last page."""
    harvest(catalog, spec("p", "oai-pmh", f"{pycsw}/csw?mode=oaipmh"))
    row = harvested(catalog, "p")
    assert (row["verdict"], row["advertised"], row["errors"]) == ("complete", COUNT, 0), row["reasons"]
    assert {one.dataset.identifier for one in datasets(catalog, "p")} == DATASETS
    assert row["requests"] < 20
