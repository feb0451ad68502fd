"""Write where two checks of the same thing differ: a fault of ours, which nobody is charged with."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.db.store import Catalog
from catalog.model import HarvestError
from catalog.repositories.records import write_errors

__all__ = ["write_differing"]

_REMEDY = "Please report it to the authors of Winnow, with the rule and the address: one of the two checks is wrong."


def write_differing(catalog: Catalog, run_id: str, portal_id: str, rules: Sequence[str], url: str | None) -> None:
    """Write a harvest error, as a fault of ours, for each rule on which Great Expectations and our own check disagree.

    ``rules``: ids of these rules. ``url``: address of the checked file; None if the portal was checked. An error that
    is already stored for this run is not written again.
    """
    if not rules:
        return
    known = catalog.rows(
        "select message from harvest_errors where run_id = ? and portal_id = ? and url is ?", [run_id, portal_id, url]
    )
    what = "the portal" if url is None else "this file"
    said = [
        f"Great Expectations and our own check of {what} differ about {rule}; nothing is charged." for rule in rules
    ]
    errors = [
        HarvestError(kind="ours", message=message, remedy=_REMEDY, url=url, is_lost=False)
        for message in said
        if message not in {row["message"] for row in known}
    ]
    write_errors(catalog, run_id, portal_id, errors)
