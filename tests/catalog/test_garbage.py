"""Objects are frozen while many rows are read, and thaw afterwards, but for those that were frozen for good."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import gc
from catalog.db.garbage import rare_collections

kept, before = [[number] for number in range(10_000)], gc.get_threshold()
with rare_collections():
    assert gc.get_freeze_count() > len(kept) and gc.get_threshold() != before
assert gc.get_freeze_count() < len(kept) and gc.get_threshold() == before
gc.freeze()
with rare_collections():
    assert gc.get_threshold() != before
assert gc.get_freeze_count() > len(kept) and gc.get_threshold() == before
"""


def test_what_was_frozen_before_stays_frozen_and_the_rest_thaws() -> None:
    """In a process of its own: this one has frozen what it loaded, and Python thaws all at once."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
