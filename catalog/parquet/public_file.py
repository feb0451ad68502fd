"""Open the public file, which the tables of the package are read from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from catalog.repositories.measured_datasets import add_reason_functions

__all__ = ["public_file"]


@contextmanager
def public_file(path: Path, *, is_immutable: bool = False) -> Iterator[sqlite3.Connection]:
    """Context manager that yields a read-only connection with the SQL functions that queries of the package call.

    ``path``: the public file. ``is_immutable``: nobody writes to it meanwhile, and nothing is written beside it. Raise
    sqlite3.Error if it cannot be opened.
    """
    more = "&immutable=1" if is_immutable else ""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{more}", uri=True)) as opened:
        add_reason_functions(opened)
        yield opened
