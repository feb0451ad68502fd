"""Take a message of the inbox into the catalogue once the operator has read it."""

from __future__ import annotations

from collections.abc import Collection

from catalog.db.store import Catalog
from catalog.repositories.inbox import InboxMessage
from catalog.repositories.replies import import_replies, import_reports
from catalog.repositories.reply_files import CitizenReport, Reply
from catalog.repositories.unapproved import approve, waiting_texts

__all__ = ["speaks_for", "take_in"]

_FINDING = """select dataset_id, portal_id, publisher_id from findings where id = :key
  union all select dataset_id, portal_id, publisher_id from cause_findings where cause_id = :key limit 1"""


def speaks_for(catalog: Catalog, message: InboxMessage, entities: Collection[tuple[str, str]]) -> bool:
    """Return whether a message about a finding or a cause is of the government or publisher that answers for it.

    ``entities``: whom the letter went to whose token the message quotes, as pairs of level ("government" or
    "publisher") and id; empty if it quotes no valid one.
    """
    found = catalog.rows(
        f"""select g.name, f.publisher_id from ({_FINDING}) f join governments g on g.portal_id = f.portal_id""",  # noqa: S608  # SQL of ours
        {"key": message.about},
    )
    own = {("government", row["name"]) for row in found} | {("publisher", row["publisher_id"]) for row in found}
    return bool(own & set(entities))


def is_about_promise(catalog: Catalog, message: InboxMessage) -> bool:
    """Return whether a message is about a commitment. Such a message is stored nowhere: whoever keeps the file of the
    commitment corrects it there."""
    return catalog.value("select 1 from commitments where id = :key", {"key": message.about}) is not None


def take_in(catalog: Catalog, message: InboxMessage, *, is_confirmed: bool = False) -> str | None:
    """Store a message with its text approved; return what is wrong, None if nothing is.

    ``is_confirmed``: whether it speaks for who answers for the finding (:func:`speaks_for`): it is then a reply to the
    finding or cause, "acknowledged" with the text as its note. Otherwise it is a report on the dataset: that of the
    finding, or of the first finding of the cause. A name is public only if its owner agreed. The same text about the
    same thing is stored once.
    """
    day = message.received_at[:10]
    if is_confirmed:
        reply = Reply(
            line=1,
            finding_id=message.about,
            reply="acknowledged",
            promised_on=None,
            note=message.text,
            replied_by=message.name,
            replied_on=day,
            is_name_public=message.is_name_public,
        )
        before = {one.key for one in waiting_texts(catalog)}
        replied = import_replies(catalog, [reply], day)
        approve(catalog, {one.key for one in waiting_texts(catalog)} - before)
        return replied.problems[0].what if replied.problems else None
    dataset_id = catalog.value(
        f"select id from datasets where id = :key union all select dataset_id from ({_FINDING}) limit 1",  # noqa: S608  # SQL of ours
        {"key": message.about},
    )
    if not dataset_id:
        return f"nothing is known of {message.about} any more"
    report = CitizenReport(
        line=1,
        dataset_id=str(dataset_id),
        url=None,
        what=message.text,
        who=message.name,
        reported_on=day,
        is_name_public=message.is_name_public,
    )
    done = import_reports(catalog, [report], day)
    # Also a text that came another way and was not read yet: this very text has been read now.
    approve(catalog, done.reports)
    return done.problems[0].what if done.problems else None
