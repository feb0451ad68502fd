"""Store what was sent to whom, and find what is new for each recipient since then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from catalog.db.schema.views import is_open
from catalog.db.store import Catalog, now
from catalog.exports.cards import card_rows, day_of_run
from catalog.exports.finding_rows import finding_rows
from catalog.repositories.first_fixes import first_fixes
from catalog.repositories.held_news import HeldNews, held_news
from catalog.repositories.method_changes import method_changes
from catalog.repositories.recipients import addresses_in, is_address, is_role, recipient_hash
from catalog.repositories.withheld import OPERATED, withheld, withheld_content, withheld_personal

__all__ = [
    "Letter",
    "MethodChange",
    "forget",
    "governments_written_to",
    "is_address",
    "last_mail_on",
    "letters",
    "note",
    "note_refused",
    "recipient_hash",
    "unusable_addresses",
]

NAMED = 20
"""Findings named in a letter, at most; the files have all."""


@dataclass(frozen=True, slots=True)
class MethodChange:
    """What a change of the methodology did to the findings of a government or publisher since its last letter.

    ``run_id``: the last run whose scores do not compare with those of the run before it. ``before`` and ``now``: the
    versions of these two runs. ``begun`` and ``ended``: number of findings that appeared or ended in such runs. Whether
    the method or the publisher is the reason is not known, so they count neither as new nor as fixed.
    """

    run_id: str
    before: str
    now: str
    begun: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The news about one government or publisher for one recipient since the last letter to that recipient.

    ``channel``: mail or webhook; ``level``: government or publisher; ``entity_id`` and ``name``: of that government or
    publisher; ``recipient``: e-mail address, or address to post to; ``card``: the row of that government or publisher
    in the scorecard; ``language``: code, None for English; ``fixed_count``: number of findings that were fixed since,
    without those that we took back; ``overdue``: promised fixes whose day has passed since the last letter, at most 20;
    ``fixes``: the three most rewarding fixes, see :func:`catalog.repositories.first_fixes.first_fixes`. ``new_count``
    and ``withdrawn_count`` also count what ``new`` and ``withdrawn`` leave out. In a first letter ``withdrawn`` is
    empty, and ``fixed_count`` and ``withdrawn_count`` are 0.
    """

    channel: str
    level: str
    entity_id: str
    name: str
    government: str
    recipient: str
    language: str | None
    run_id: str
    since_run: str | None
    """Id of the run that the last letter to this recipient reported; None for the first letter."""
    card: dict[str, Any]
    new: Sequence[dict[str, Any]]
    """Open findings that a run after that one found first, those with the highest gain first; at most 20. In a first
    letter they are all that are open. Those that began with a change of the methodology are left out, see ``method``.
    Of suspected personal data that must not be public yet, only the publisher and the operator of the portal are told;
    other letters leave these findings out, but count them."""
    new_count: int
    fixed_count: int
    withdrawn: Sequence[dict[str, Any]]
    """What we have corrected since the last letter was sent: findings withdrawn because our rule had been wrong, and
    findings that were disputed and did not hold; at most 20. A row has the columns of ``new`` and ``reason``,
    ``observed_before``, ``first_seen_run``, ``score_before`` and ``score_after`` (of the dataset)."""
    withdrawn_count: int
    personal: Sequence[dict[str, Any]]
    """Findings of suspected personal data in the portals whose contact address is the recipient's, as rows of
    findings.csv; empty unless the letter is a mail about a government. Until they become public, only the portal's
    operator and the publisher are told of them."""
    overdue: Sequence[dict[str, Any]]
    fixes: Sequence[dict[str, Any]]
    overdue_count: int = 0
    """Number of promised fixes whose day has passed since the last letter; ``overdue`` has at most 20 of them."""
    held: HeldNews | None = None
    """None if nothing is held back of which this letter is the first to tell."""
    method: MethodChange | None = None
    """None if the versions of the methodology of all runs since the last letter compare."""

    @property
    def is_correction(self) -> bool:
        """Return whether the letter has nothing to tell but what we had said wrongly, and the score."""
        news = (self.new_count, self.fixed_count, self.overdue, self.method, self.held, self.personal)
        return self.since_run is not None and self.withdrawn_count > 0 and not any(news)

    @property
    def key(self) -> str:
        """Return the id of this letter, built from run, channel, level, entity and recipient.

        No second letter is sent with the same id.
        """
        return f"{self.run_id}/{self.channel}/{self.level}/{self.entity_id}/{recipient_hash(self.recipient)}"


def letters(
    catalog: Catalog,
    run_id: str,
    channel: str,
    webhooks: Mapping[str, Sequence[str]] | None = None,
    *,
    has_publishers: bool = False,
    cards: Sequence[dict[str, Any]] | None = None,
    hold_days: int = 0,
) -> Iterator[Letter]:
    """Yield the letters to send after a run through ``channel`` ("mail" or "webhook").

    A letter is about one government or publisher. A recipient gets one if there was none before, or if there is news
    since the last one: findings that are new, fixed or withdrawn, promises whose day has passed, a changed score, or a
    new version of the methodology whose scores do not compare. A recipient gets none if a letter was already sent for
    this run or a later one.

    Mails go to the contact address of every portal of a government and, with ``has_publishers``, to the addresses that
    publishers declare, except those that look like a person's (:func:`catalog.repositories.recipients.is_role`).
    ``webhooks``: addresses to post to, by name of the government; publishers get none. ``cards``: the rows of the run's
    scorecard (:func:`catalog.exports.cards.card_rows`), if they are known already; None reads them.
    ``hold_days``: as in winnow.toml, see :mod:`catalog.repositories.held`; with it, a mail to a government has what the
    public is not told yet.
    """
    for card in card_rows(catalog, run_id) if cards is None else cards:
        level, key = card["entity_level"], card["entity_id"]
        if level == "portal" or (level == "publisher" and (channel != "mail" or not has_publishers)):
            continue
        for recipient, code in _recipients(catalog, channel, level, key, webhooks or {}):
            letter = _letter(catalog, card, run_id, channel, recipient, code, hold_days)
            if letter is not None:
                yield letter


def _recipients(
    catalog: Catalog, channel: str, level: str, key: str, webhooks: Mapping[str, Sequence[str]]
) -> list[tuple[str, str | None]]:
    if channel == "webhook":
        return [(address, None) for address in sorted(set(webhooks.get(key, ())))]
    # By hash, as letters are recorded: addresses that differ in capitals alone would be two letters with one key.
    found: dict[str, tuple[str, str | None]] = {}
    for text, code in _declared(catalog, level, key):
        for address in addresses_in(text)[0]:
            # The address of a portal file was given by the operator; those of records may be a person's.
            if level == "government" or is_role(address):
                found.setdefault(recipient_hash(address), (address, code))
    return sorted(found.values(), key=lambda one: one[0])


def _declared(catalog: Catalog, level: str, key: str) -> list[tuple[str | None, str | None]]:
    """Return the texts that state the addresses of a government's portals or of a publisher, each with a language."""
    sql = (
        """select p.contact_email as email, min(p.language) as language
           from portals p join governments g on g.portal_id = p.id where g.name = ? group by 1 order by 1"""
        if level == "government"
        else """select b.email, p.language from publishers b join portals p on p.id = b.portal_id where b.id = ?"""
    )
    return [(row["email"], row["language"]) for row in catalog.rows(sql, [key])]


def unusable_addresses(
    catalog: Catalog, run_id: str, *, has_publishers: bool = False, cards: Sequence[dict[str, Any]] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield the texts that are declared as e-mail addresses and to which no letter is sent, as tuples (level, name of
    the entity, text).

    Level is "government" or "publisher"; publishers are included only with ``has_publishers``. Such a text is no e-mail
    address, or it is an address declared by a publisher that looks like a person's. ``cards``: as for :func:`letters`.
    """
    for card in card_rows(catalog, run_id) if cards is None else cards:
        level = card["entity_level"]
        if level == "portal" or (level == "publisher" and not has_publishers):
            continue
        for text, _ in _declared(catalog, level, card["entity_id"]):
            good, bad = addresses_in(text)
            for one in [*bad, *(address for address in good if level == "publisher" and not is_role(address))]:
                yield level, card["entity_name"] or card["entity_id"], one


_OF = {"government": "g.name", "publisher": "f.publisher_id"}


def _letter(
    catalog: Catalog,
    card: dict[str, Any],
    run_id: str,
    channel: str,
    recipient: str,
    code: str | None,
    hold_days: int,
) -> Letter | None:
    level, key = card["entity_level"], card["entity_id"]
    last = catalog.rows(
        """select run_id, sent_at from sent
           where channel = ? and entity_level = ? and entity_id = ? and recipient_hash = ?
           order by run_id desc limit 1""",
        [channel, level, key, recipient_hash(recipient)],
    )
    since, sent_at = (last[0]["run_id"], last[0]["sent_at"]) if last else (None, None)
    if since is not None and since >= run_id:
        return None
    about = {"key": key, "since": since or "", "day": day_of_run(run_id), "before": day_of_run(since) or ""}
    about |= {"recipient": recipient, "sent_at": sent_at or ""}
    parts = """join portals p on p.id = f.portal_id join governments g on g.portal_id = p.id
      left join datasets d on d.id = f.dataset_id"""
    is_own = f"{_OF[level]} = :key"
    join = f"from findings f {parts} where {is_own}"
    # Places of suspected personal data are sent by mail to the publisher and the portal's operator, and to nobody
    # else.
    is_theirs = "true" if level == "publisher" else OPERATED if channel == "mail" else "false"
    # What is held back is told by mail first, and by no webhook: who is behind it is not known.
    is_told = f"not {withheld(run_id)}"
    if channel == "mail":
        is_told = f"({is_theirs} or not {withheld_personal(run_id)}) and not {withheld_content()}"
    # Only constants of this module are inserted into the text, here and below.
    method = method_changes(catalog, since, run_id) if since else None
    about["changed"] = json.dumps([run for run, _, _ in method or ()])
    of_method = "(select value from json_each(:changed))"
    is_begun, is_ended = f"{is_open()} and f.first_seen_run > :since", "f.fixed_run > :since"
    is_new = f"{is_begun} and f.first_seen_run not in {of_method}"
    corrected = f"""from corrections c join findings f on f.id = c.finding_id {parts}
      where {is_own} and c.corrected_at >= :sent_at"""
    new_count = catalog.value(f"select count(*) {join} and {is_new}", about)
    fixed_count = withdrawn_count = 0
    if since:
        sql = f"select count(*) {join} and {is_ended} and f.fixed_run not in {of_method}"
        # What was disputed and did not hold has ended too, and nobody had anything to fix.
        was_ours = f"select count(distinct f.id) {corrected} and {is_ended} and f.fixed_run not in {of_method}"
        fixed_count = catalog.value(sql, about) - catalog.value(was_ours, about)
        withdrawn_count = catalog.value(f"select count(*) {corrected}", about)
    change = None
    if method:
        counts = [
            catalog.value(f"select count(*) {join} and {of} and f.{name} in {of_method}", about)
            for of, name in ((is_begun, "first_seen_run"), (is_ended, "fixed_run"))
        ]
        change = MethodChange(method[-1][0], method[0][1], method[-1][2], *counts)
    promised = f"""from promised_fixes r join findings f on f.key = r.key {parts}
      where {is_own} and {is_told} and r.promised_on < :day and r.promised_on >= :before"""
    overdue_count = catalog.value(f"select count(*) {promised}", about)
    overdue = catalog.rows(
        f"""select d.title, f.rule_id, f.field, f.how_to_fix, f.resource_url, r.promised_on
            {promised} order by r.promised_on, f.id limit {NAMED}""",  # SQL of ours
        about,
    )
    is_moved = since is not None and card.get("score_delta") not in (None, 0)
    if not (new_count or fixed_count or withdrawn_count or overdue or is_moved or change) and since is not None:
        return None
    new = catalog.rows(
        f"""select d.title, f.rule_id, f.field, f.how_to_fix, f.resource_url, f.gain_points, f.id
            {join} and {is_new} and {is_told} order by f.gain_points desc, f.id limit {NAMED}""",
        about,
    )
    withdrawn = catalog.rows(
        f"""select d.title, f.rule_id, f.field, f.how_to_fix, f.resource_url, f.gain_points, f.id, c.reason,
              c.observed_before, f.first_seen_run, c.score_before, c.score_after
            {corrected} and {is_told} order by c.corrected_at, f.id limit {NAMED}""",
        about,
    )
    is_operator = channel == "mail" and level == "government"
    personal = list(finding_rows(catalog, run_id, government=key, operator=recipient)) if is_operator else []
    fixes = first_fixes(catalog, level, key, 3, with_held=channel == "mail")
    return Letter(
        channel=channel,
        level=level,
        entity_id=key,
        name=card["entity_name"] or key,
        government=card["government"],
        recipient=recipient,
        language=code,
        run_id=run_id,
        since_run=since,
        card=card,
        new=new,
        new_count=new_count,
        fixed_count=fixed_count,
        withdrawn=withdrawn if since else (),
        withdrawn_count=withdrawn_count,
        personal=personal,
        overdue=overdue,
        overdue_count=overdue_count,
        fixes=fixes,
        held=held_news(catalog, run_id, key, recipient, hold_days) if is_operator and hold_days else None,
        method=change,
    )


def governments_written_to(catalog: Catalog) -> set[str]:
    """Return the names of the governments to which, or to a publisher of which, a mail was sent before."""
    rows = catalog.rows(
        """select entity_id as name from sent where channel = 'mail' and entity_level = 'government'
           union select g.name from sent s join publishers b on b.id = s.entity_id
             join governments g on g.portal_id = b.portal_id
             where s.channel = 'mail' and s.entity_level = 'publisher'"""
    )
    return {row["name"] for row in rows}


def last_mail_on(catalog: Catalog, recipient: str) -> date | None:
    """Return the day (UTC) of the last mail to an address, about whatever entity; None if there was none."""
    sql = "select max(sent_at) from sent where channel = 'mail' and recipient_hash = ?"
    sent_at = catalog.value(sql, [recipient_hash(recipient)])
    return date.fromisoformat(sent_at[:10]) if sent_at else None


def note(catalog: Catalog, letter: Letter) -> bool:
    """Record that a letter is about to be sent, and return True.

    Return False, and record nothing, if a letter with the same key was recorded before; then it must not be sent again.
    """
    row = {
        "id": letter.key,
        "run_id": letter.run_id,
        "channel": letter.channel,
        "entity_level": letter.level,
        "entity_id": letter.entity_id,
        "recipient_hash": recipient_hash(letter.recipient),
        "since_run": letter.since_run,
        "findings_new": letter.new_count,
        "findings_fixed": letter.fixed_count,
        "sent_at": now(),
    }
    with catalog.writing():
        if catalog.value("select 1 from sent where id = ?", [letter.key]):
            return False
        catalog.upsert("sent", [row])
    return True


def note_refused(catalog: Catalog, letter: Letter) -> None:
    """Record that a mail was refused for good because of its recipient; of several times in one run the first counts.

    A temporary refusal, and one that may be our own fault (login, size, relaying), must not be recorded.

    What is told to a government before the public is not held back for ever because of such an address, see
    :func:`catalog.repositories.held.held_causes`.
    """
    refused = replace(letter, channel="refused")
    row = {
        "id": refused.key,
        "run_id": letter.run_id,
        "channel": refused.channel,
        "entity_level": letter.level,
        "entity_id": letter.entity_id,
        "recipient_hash": recipient_hash(letter.recipient),
        "sent_at": now(),
    }
    with catalog.writing():
        if not catalog.value("select 1 from sent where id = ?", [refused.key]):
            catalog.upsert("sent", [row])


def forget(catalog: Catalog, letter: Letter) -> None:
    """Delete the record that a letter was sent, because it was not. See also :func:`note_refused`."""
    with catalog.writing():
        catalog.db.conn.execute("delete from sent where id = ?", [letter.key])
