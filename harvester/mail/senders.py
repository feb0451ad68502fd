"""Tell whether who sent a reply may speak for a portal: by the address in the portal file and the letter's token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_targets import contacts
from harvester.mail.evidence import worded
from harvester.mail.tokens import Holder

__all__ = ["Sender", "listed_at", "why_unconfirmed"]

UNLISTED = "the sender's address is not the contact address in the portal file"
NO_TOKEN = "it does not quote the token of a letter to this address about this government"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a reply claims to be from.

    ``address``: e-mail address of the sender, which anybody can write into a mail. ``holder``: to whom the letter went
    whose token the reply quotes, None if it quotes no valid one. ``evidence``: results of DKIM, SPF and DMARC, such as
    "dkim=pass spf=fail", see :func:`harvester.mail.evidence.evidence_of`; "" if there are none.
    """

    address: str
    holder: Holder | None
    evidence: str = ""


def listed_at(catalog: Catalog, sender: Sender) -> dict[str, str]:
    """Return the portals whose contact address is that of ``sender``, as portal id and name of its government. This
    reads all portals, so call it once for a file."""
    address = sender.address.strip().lower()
    return {portal: name for portal, known, name in contacts(catalog) if address in known}


def why_unconfirmed(sender: Sender, found: Sequence[Mapping[str, Any]], listed: Mapping[str, str]) -> str | None:
    """Return why a reply does not count before the operator accepts it, in words; None if it counts.

    ``found``: what the reply may be about, from :func:`catalog.repositories.reply_targets.targets`; empty if nothing is
    known under its id. ``listed``: the result of :func:`listed_at` for ``sender``.

    It counts if the sender's address is the contact address of the finding's portal (as the last harvest read it from
    the portal file; that of any portal, if the finding is unknown) and if the reply quotes the token of a letter about
    that portal's government to that address. A pass of DKIM, SPF or DMARC does not replace either of them: whoever owns
    a domain passes them. But a reply does not count if DMARC fails, because then it is probably not from the domain of
    the address.
    """
    # Of an unknown finding nothing can change; that is said when the replies are imported.
    names = {listed[found[0]["portal_id"]]} if found and found[0]["portal_id"] in listed else set()
    if not found:
        names = set(listed.values())
    if not names:
        return UNLISTED
    holder = sender.holder
    told = holder.entities if holder and holder.recipient_hash == recipient_hash(sender.address) else ()
    if names.isdisjoint(name for level, name in told if level == "government"):
        return NO_TOKEN
    if "dmarc=fail" in sender.evidence:
        return worded(sender.evidence)
    return None
