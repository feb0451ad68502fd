"""Say which causes are held back from the public, and what they wait for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from catalog.db.store import Catalog
from catalog.repositories.held import HeldCause, held_causes
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_targets import contacts
from harvester.terminal.scores import printable

__all__ = ["held_lines"]


def held_lines(catalog: Catalog, hold_days: int) -> Iterator[str]:
    """Yield a sentence for each government of which causes wait for a letter to an address that has had none.

    It names the addresses, the day on which the causes are published at the latest, and what the operator can do.
    ``hold_days``: as in winnow.toml; with 0 nothing is held back.
    """
    run_id = catalog.latest_run()
    if not hold_days or run_id is None:
        return
    waiting: dict[str, list[HeldCause]] = defaultdict(list)
    for one in held_causes(catalog, run_id, hold_days):
        if one.untold:
            waiting[one.government].append(one)
    if not waiting:
        return
    known = {recipient_hash(one): one for _, addresses, _ in contacts(catalog) for one in addresses}
    for name, held in sorted(waiting.items()):
        untold = sorted(known.get(one, one) for one in frozenset().union(*(cause.untold for cause in held)))
        days = [cause.public_on for cause in held if cause.public_on is not None]
        when = f"published on {min(days)} at the latest" if days else "published only after a letter was tried"
        yield printable(
            f"{name}: {len(held):,} causes are held back, because no letter about them reached {', '.join(untold)}; "
            f"{when}. Send letters, correct contact_email in the portal file, or run winnow stop for such an address"
        )
