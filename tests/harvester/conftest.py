"""What the tests of harvests share: servers on this machine are in no need of long pauses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harvester.http import politeness
from tests.harvester.certificates import certificate

__all__ = ["certificate"]


@pytest.fixture(scope="module", autouse=True)
def short_penalties() -> Iterator[None]:
    """Make the first pause after trouble short, also in set-ups of a module; later pauses double as usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(politeness, "FIRST_PENALTY_S", 0.02)
        yield
