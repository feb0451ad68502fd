"""Tell whether who sent a reply may speak for a portal: by the address in the portal file and the letter's token."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.db.store import Catalog
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.reply_files import Reply
from catalog.repositories.reply_targets import contacts, targets
from harvester.mail.tokens import Holder

__all__ = ["Sender", "why_unconfirmed"]

UNLISTED = "the sender's address is not the contact address in the portal file"
NO_TOKEN = "it does not quote the token of a letter to this address about this government"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a reply claims to be from.

    ``address``: e-mail address of the sender, which anybody can write into a mail. ``holder``: to whom the letter went
    whose token the reply quotes, None if it quotes no valid one. ``evidence``: results of DKIM, SPF and DMARC as the
    operator's mail server noted them, such as "dkim=pass spf=fail"; "" if it noted none.
    """

    address: str
    holder: Holder | None
    evidence: str = ""


def why_unconfirmed(catalog: Catalog, sender: Sender, one: Reply) -> str | None:
    """Return why the reply ``one`` does not count before the operator accepts it, in words; None if it counts.

    It counts if the sender's address is the contact address of the finding's portal (as the last harvest read it from
    the portal file; that of any portal, if the finding is unknown) and if the reply quotes the token of a letter about
    that portal's government to that address. A pass of DKIM, SPF or DMARC does not replace either of them: whoever owns
    a domain passes them. But a reply does not count if DMARC fails, because then it is probably not from the domain of
    the address.
    """
    found, _ = targets(catalog, one)
    # Of an unknown finding nothing can change; that is said when the replies are imported.
    address = sender.address.strip().lower()
    listed = [name for known, name in contacts(catalog, found[0]["portal_id"] if found else None) if address in known]
    if not listed:
        return UNLISTED
    told = sender.holder.entities if sender.holder and sender.holder.recipient_hash == recipient_hash(address) else ()
    if not any(("government", name) in told for name in listed):
        return NO_TOKEN
    if "dmarc=fail" in sender.evidence:
        return f"the mail server says {sender.evidence}"
    return None
