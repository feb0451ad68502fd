"""Find what a reply is about: the finding or cause, its portal, and how many findings a waiver would concern."""

from __future__ import annotations

from typing import Any

from catalog.db.schema.views import NOT_ENDED, state_in
from catalog.db.store import Catalog
from catalog.model.public_ids import CAUSE, current_form
from catalog.repositories.recipients import addresses_in
from catalog.repositories.reply_files import Reply

__all__ = ["contacts", "targets", "waived_by"]


def targets(catalog: Catalog, one: Reply) -> tuple[list[dict[str, Any]], bool]:
    """Return what the reply ``one`` may be about, and whether it was looked up by dataset, rule, field and address
    because the id did not lead to it.

    The first member of the result is a list of findings or causes, each a dict with id, state, dataset_id (None for a
    cause) and portal_id. It is empty if there is none, and has two items if several findings fit an id that a
    spreadsheet has turned into a number.
    """
    found = _with_id(catalog, one.finding_id) or _with_id(catalog, current_form(one.finding_id) or one.finding_id)
    if found or one.about is None:
        return found, False
    return _found_by(catalog, one.about), True


def waived_by(catalog: Catalog, one: Reply, found: list[dict[str, Any]]) -> int:
    """Return how many findings the reply ``one`` would set to waived. ``found``: the first result of :func:`targets`.

    These are the finding, or all findings of the cause, that have not ended and are not waived yet. The result is 0 if
    the reply is no waiver, if its finding is unknown, or if several findings fit its id.
    """
    if one.reply != "waived" or len(found) != 1:
        return 0
    if not found[0]["id"].startswith(CAUSE):
        return int(found[0]["state"] in NOT_ENDED and found[0]["state"] != "waived")
    return int(
        catalog.value(
            f"""select count(*) from causes c join cause_members m on m.cause = c.number
                join finding_rows f on f.key = m.finding
                where c.id = ? and {state_in(NOT_ENDED)} and f.state != 'waived'""",  # noqa: S608  # SQL of ours
            [found[0]["id"]],
        )
    )


def contacts(catalog: Catalog) -> list[tuple[str, list[str], str]]:
    """Return for each portal its id, the contact addresses of its portal file, in lower case, and the name of its
    government."""
    rows = catalog.rows(
        "select p.id, p.contact_email as email, g.name from portals p join governments g on g.portal_id = p.id"
    )
    return [(row["id"], [one.lower() for one in addresses_in(row["email"])[0]], row["name"]) for row in rows]


def _found_by(catalog: Catalog, about: tuple[str, str, str, str]) -> list[dict[str, Any]]:
    """Return the findings with this dataset, rule, field and address ("": none), ended ones too; at most two."""
    return catalog.rows(
        """select id, state, dataset_id, portal_id from findings
           where dataset_id = ? and rule_id = ? and coalesce(field, '') = ? and coalesce(resource_url, '') = ?
             and carried_to is null limit 2""",
        about,
    )


def _with_id(catalog: Catalog, finding_id: str) -> list[dict[str, Any]]:
    """Return the finding with an id, or the one that continues it since its column was renamed; or the cause."""
    if finding_id.startswith(CAUSE):
        return catalog.rows("select id, state, null as dataset_id, portal_id from causes where id = ?", [finding_id])
    seen: set[str] = set()
    while finding_id not in seen:
        seen.add(finding_id)
        sql = "select id, state, dataset_id, portal_id, carried_to from findings where id = ?"
        found = catalog.rows(sql, [finding_id])
        if not found or not found[0]["carried_to"]:
            return found
        finding_id = found[0]["carried_to"]
    return []
