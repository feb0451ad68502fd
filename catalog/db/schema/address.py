"""The address of a distribution, as SQL: said once, for the views and for the tables that the views read."""

from __future__ import annotations

__all__ = ["address"]


def address(alias: str = "d") -> str:
    """Return an SQL expression for the main address of a distribution: its download URL, else its access URL, else
    null.

    ``alias``: name of the table ``distributions`` in the query; "" for none.
    """
    of = f"{alias}." if alias else ""
    return f"coalesce(nullif({of}download_url, ''), nullif({of}access_url, ''))"
