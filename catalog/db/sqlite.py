"""sqlite-utils without pandas: import ``Database`` and ``Migrations`` from here.

If pandas and numpy are installed, sqlite-utils imports them at once to know their types. The catalogue stores only
plain values, and pandas would cost every command 0.7 seconds and 90 MB.
"""

from __future__ import annotations

from specs.imports import without

with without("pandas", "numpy"):
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

__all__ = ["Database", "Migrations"]
