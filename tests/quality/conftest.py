"""What several tests of judgement share."""

from __future__ import annotations

import pytest

from quality.digest import tables


@pytest.fixture(scope="session")
def looked(tmp_path_factory: pytest.TempPathFactory) -> tuple[tables.Looked, ...]:
    """The reports on the files of the digest of the table rules; tests that use it belong to the group "versions"."""
    return tables.looked(tmp_path_factory.mktemp("tables"))
