"""Mark runs whose process is gone, so that none of them is shown as running.

It imports almost nothing, because the supervising process uses it for a run that it had to kill.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["LOST", "end_lost_run"]

LOST = "update runs set status = 'interrupted' where status = 'running'"


def end_lost_run(path: Path, run_id: str, timeout_s: float) -> None:
    """Set a run to interrupted if it is still stored as running.

    ``path``: the catalogue file. Raise sqlite3.Error if there is no such file, if it is no catalogue, or if it stays
    locked for ``timeout_s`` seconds.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=timeout_s)) as connection, connection:
        connection.execute(f"{LOST} and id = ?", [run_id])
