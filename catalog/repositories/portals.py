"""Read the portals that runs have registered, and the governments responsible for them."""

from __future__ import annotations

from typing import Any

from catalog.db.store import Catalog

__all__ = ["government_names", "portals_by_government", "stored_portal", "stored_portals"]

_STORED = """select id, type, title, url, government, country, contact_email, language, is_local, portal_file
             from portals"""


def stored_portal(catalog: Catalog, portal_id: str) -> dict[str, Any] | None:
    """Return a portal's row with the facts that its portal file declares (type, title, url, government, ...).

    None if no run has registered a portal with this id.
    """
    rows = catalog.rows(f"{_STORED} where id = ?", [portal_id])  # the constant above
    return rows[0] if rows else None


def stored_portals(catalog: Catalog) -> list[dict[str, Any]]:
    """Return the rows of all registered portals, sorted by id, with the facts that their portal files declare."""
    return catalog.rows(f"{_STORED} order by id")


def portals_by_government(catalog: Catalog) -> list[dict[str, Any]]:
    """Return id, government and country of all registered portals, sorted by id.

    ``government`` is the name of the responsible government, or the portal's title if it declares none; ``country`` is
    a three-letter code, None if the portal declares none.
    """
    return catalog.rows("select portal_id as id, name as government, country from governments order by 1")


def government_names(catalog: Catalog) -> list[str]:
    """Return the names of all governments that are responsible for a registered portal, in no particular order.

    A portal that declares no government counts as a government of its own, named by the portal's title.
    """
    return [str(row["name"]) for row in catalog.rows("select distinct name from governments")]
