"""Libraries are loaded where they are used, and only then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def loaded(code: str) -> set[str]:
    """Return the modules that a new interpreter has loaded after it ran ``code``."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_a_night_loads_its_stages_when_they_come() -> None:
    found = loaded("import harvester.night.stages")
    assert "sqlite_utils" in found
    assert not {"pandas", "numpy", "scrapy", "frictionless", "great_expectations"} & found


def test_what_was_hidden_can_be_imported_afterwards() -> None:
    assert "pandas" in loaded("import catalog.db.sqlite, pandas; pandas.DataFrame()")


@pytest.mark.parametrize(
    ("use", "is_loaded"),
    [
        ("from scipy import stats", False),
        ("import scipy.stats; import scipy.stats as again", False),
        ("from scipy import stats; assert stats.rankdata([3, 1]).tolist() == [2, 1]", True),
        ("from scipy.stats import rankdata; assert rankdata([3, 1]).tolist() == [2, 1]", True),
    ],
)
def test_a_module_is_loaded_when_used(use: str, is_loaded: bool) -> None:
    begin = "from specs.imports import load_when_used; load_when_used('scipy.stats', 'not_installed_anywhere'); "
    assert ("scipy.stats._stats_py" in loaded(begin + use)) is is_loaded
