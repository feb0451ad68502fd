"""What the tests of harvests share: servers on this machine are in no need of long pauses."""

from __future__ import annotations

import pytest

from harvester.http import politeness


@pytest.fixture(autouse=True)
def short_penalties(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the first pause after trouble short; later pauses double as usual."""
    monkeypatch.setattr(politeness, "FIRST_PENALTY_S", 0.02)
