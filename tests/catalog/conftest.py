"""What the tests of scorecards and pages share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from catalog.db.store import Catalog, open_catalog
from catalog.site.serve import publish
from tests.catalog.browsing import Site, fill
from tests.catalog.carding import put_out, scored


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, Path]]:
    """A scored catalogue after two nights, and what was exported of it; neither is changed by a test.

    It takes half a minute to make, so all tests that use it are in the group "cards" and run in one worker.
    """
    folder = tmp_path_factory.mktemp("cards")
    with scored(folder) as catalog:
        put_out(catalog, folder / "out", contact="desk@example.org")
        yield catalog, folder / "out"


@pytest.fixture(scope="session")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public copy of a filled catalogue."""
    folder = tmp_path_factory.mktemp("site")
    with open_catalog(folder / "catalog.db") as opened:
        # It takes row number 1 and goes again.
        opened.db.table("datasets").insert({"id": "gone", "title": "Gone before"})
        fill(opened)
        # The night still has the file open while the copy is made.
        publish(folder / "catalog.db", folder / "public" / "catalog.db")
    return folder / "public" / "catalog.db"


@pytest.fixture(scope="module")
def site(public: Path) -> Iterator[Site]:
    """The site over that copy, asked without a server."""
    with closing(Site(public)) as opened:
        yield opened


@pytest.fixture(scope="module")
def asking(public: Path) -> Iterator[Site]:
    """The site with SQL of visitors."""
    with closing(Site(public)) as opened:
        opened.datasette._settings["default_allow_sql"] = True
        yield opened
