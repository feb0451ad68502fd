"""A package of another catalogue, and a catalogue of ours that takes it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.parquet.descriptor import Origin
from catalog.parquet.package import write_package
from catalog.site.serve import publish
from tests.harvester.imported.packages import (
    RUNS,
    THEIRS,
    night,
    portal,
)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of another catalogue with two portals; no test changes it."""
    folder = tmp_path_factory.mktemp("theirs")
    with open_catalog(folder / "catalog.db") as catalog:
        night(catalog, RUNS[0], [portal("north", "https://north.example/"), portal("south", "https://south.example")])
    publish(folder / "catalog.db", folder / "site" / "catalog.db")
    write_package(folder / "site" / "catalog.db", folder / "parquet", Origin(THEIRS, "https://t.example", "City Labs"))
    return folder / "parquet"


@pytest.fixture
def copy(package: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(package, tmp_path / "package"))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalogue of ours in a folder of its own."""
    (tmp_path / "own").mkdir()
    with open_catalog(tmp_path / "own" / "catalog.db") as catalog:
        yield catalog
