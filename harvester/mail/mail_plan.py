"""Decide which letters go now: none too often, and no first one that the operator has not confirmed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from catalog.db.store import Catalog
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.sent import Letter, governments_written_to, last_mail_on
from harvester.mail.mailing import Mailing, mailings

__all__ = ["MailPlan", "plan_mails"]


@dataclass(slots=True)
class MailPlan:
    """Which mails go now. ``going``: these do. ``held``: these do not, each with the reason in words. ``unconfirmed``:
    names of the governments that would get their first letter, and that the operator has not confirmed."""

    going: list[Mailing] = field(default_factory=list)
    held: list[tuple[Mailing, str]] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)


def plan_mails(
    catalog: Catalog,
    letters: Iterable[Letter],
    *,
    today: date,
    every_days: int,
    confirmed: Collection[str],
    unwanted: Collection[str],
) -> MailPlan:
    """Return which of ``letters`` go today, one mail for each address.

    A mail is held back if the last mail to the address was sent less than ``every_days`` days ago; days are those of
    UTC. A letter is held back if no letter has ever been sent to its government or a publisher of it, and ``confirmed``
    does not have the name of the government. Nothing is lost: the next letter has the news since the last one that was
    sent. ``unwanted``: hashes of addresses that get no letters at all; theirs are in neither list.
    """
    found, known = MailPlan(), governments_written_to(catalog)
    for mailing in mailings(one for one in letters if recipient_hash(one.recipient) not in unwanted):
        last = last_mail_on(catalog, mailing.recipient)
        if last is not None and today < (due := last + timedelta(days=every_days)):
            found.held.append((mailing, f"the last letter to this address went out on {last}; the next goes on {due}"))
            continue
        first = [name for name in mailing.governments if name not in known and name not in confirmed]
        if going := tuple(one for one in mailing.letters if one.government not in first):
            found.going.append(Mailing(going))
        if left := tuple(one for one in mailing.letters if one.government in first):
            why = f"this would be the first letter to {', '.join(first)}; look at it with --preview, then confirm it"
            found.held.append((Mailing(left), why))
            found.unconfirmed += [name for name in first if name not in found.unconfirmed]
    return found
