"""What the tests of scorecards and pages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.db.store import Catalog
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
