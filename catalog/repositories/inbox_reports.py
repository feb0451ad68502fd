"""Take a message of the inbox into the catalogue once the operator has read it."""

from __future__ import annotations

from catalog.db.store import Catalog
from catalog.repositories.inbox import InboxMessage
from catalog.repositories.replies import import_reports
from catalog.repositories.reply_files import CitizenReport
from catalog.repositories.unapproved import approve, waiting_texts

__all__ = ["take_in"]


def take_in(catalog: Catalog, message: InboxMessage) -> str | None:
    """Store a message as a report on its dataset, with its text approved; return what is wrong, None if nothing is.

    The dataset of a finding is that of the finding; that of a cause is the first of its findings'. A name is public
    only if its owner agreed. The same text about the same dataset is stored once.
    """
    dataset_id = catalog.value(
        """select id from datasets where id = :key
           union all select dataset_id from findings where id = :key
           union all select dataset_id from cause_findings where cause_id = :key limit 1""",
        {"key": message.about},
    )
    if not dataset_id:
        return f"nothing is known of {message.about} any more"
    before = {one.key for one in waiting_texts(catalog)}
    report = CitizenReport(
        line=1,
        dataset_id=str(dataset_id),
        url=None,
        what=message.text,
        who=message.name,
        reported_on=message.received_at[:10],
        is_name_public=message.is_name_public,
    )
    done = import_reports(catalog, [report], message.received_at[:10])
    approve(catalog, {one.key for one in waiting_texts(catalog)} - before)
    return done.problems[0].what if done.problems else None
