"""Say which causes are held back from the public, and what they wait for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from catalog.db.store import Catalog
from catalog.repositories.held import held_apart, held_causes
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_targets import contacts
from harvester.cli.replies import counted
from harvester.terminal.scores import printable

__all__ = ["held_lines"]


def held_lines(catalog: Catalog, hold_days: int) -> Iterator[str]:
    """Yield sentences for each government of which something waits for a letter to an address that has had none: one
    for each day on which some of it is published at the latest, and one for what has no such day yet.

    Each counts the causes, and the findings that are held back though their cause has ended. It names the addresses
    that these wait for, the day, and what the operator can do. ``hold_days``: as in winnow.toml; with 0 nothing is held
    back.
    """
    run_id = catalog.latest_run()
    if not hold_days or run_id is None:
        return
    causes: Counter[tuple[str, date | None, frozenset[str]]] = Counter(
        (one.government, one.public_on, one.untold) for one in held_causes(catalog, run_id, hold_days) if one.untold
    )
    findings: Counter[tuple[str, date | None, frozenset[str]]] = Counter()
    for one in held_apart(catalog, run_id, hold_days):
        if one.untold:
            findings[one.government, one.public_on, one.untold] += one.findings
    waiting = causes.keys() | findings.keys()
    if not waiting:
        return
    known = {recipient_hash(one): one for _, addresses, _ in contacts(catalog) for one in addresses}
    for key in sorted(waiting, key=lambda key: (key[0], key[1] or date.max, sorted(key[2]))):
        name, public_on, untold = key
        what = [counted(causes[key], "cause")] if causes[key] else []
        what += [f"{counted(findings[key], 'finding')} of ended causes"] if findings[key] else []
        are, them = ("is", "it") if causes[key] + findings[key] == 1 else ("are", "them")
        addresses = ", ".join(sorted(known.get(one, one) for one in untold))
        when = f"published on {public_on} at the latest" if public_on else "published only after a letter was tried"
        yield printable(
            f"{name}: {' and '.join(what)} {are} held back, because no letter about {them} reached {addresses}; "
            f"{when}. Send letters, correct contact_email in the portal file, or run winnow stop for such an address"
        )
