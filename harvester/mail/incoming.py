"""Take in what people send: replies of confirmed senders count at once, others wait for the operator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.db.store import Catalog
from catalog.repositories.replies import Imported, import_replies, import_reports
from catalog.repositories.reply_files import CitizenReport, ParsedReplies, Problem, Reply
from catalog.repositories.reply_targets import targets, waived_by
from catalog.repositories.unconfirmed import Submission, SubmittedRow, TooMuchWaitingError, keep_submission
from catalog.repositories.waivers import note_waived, waived_since_letter
from harvester.mail.senders import Sender, listed_at, why_unconfirmed

__all__ = ["TakenIn", "accept", "take_in"]

CITIZEN = "a citizen's report by mail"
ROWS_MAX = 10_000
"""Rows of one file that are taken in, unless the operator vouches for it: meanwhile nothing else can be written."""


@dataclass(slots=True)
class TakenIn:
    """What has become of the rows of one file.

    ``replies`` and ``reports``: those that count. ``submission``: id under which the others wait for the operator, None
    if none do. ``waiting``: number of these others; 0 also if the same rows of the same sender were kept before,
    whether or not the operator has decided about them.
    ``reasons``: why they wait, each once.
    """

    replies: Imported = field(default_factory=Imported)
    reports: Imported = field(default_factory=Imported)
    submission: str | None = None
    waiting: int = 0
    reasons: Sequence[str] = ()
    not_kept: TooMuchWaitingError | None = None
    """Why rows that would wait for the operator were not kept; None if all were."""


def take_in(
    catalog: Catalog,
    parsed: ParsedReplies,
    sender: Sender | None,
    *,
    source: str,
    today: str,
    waived_max: int,
) -> TakenIn:
    """Store the replies of a file that count, and keep those that do not for the operator.

    ``parsed``: what was read from the file. ``sender``: who sent it; None if the operator vouches for it. A reply does
    not count if its sender is not confirmed, see :func:`harvester.mail.senders.why_unconfirmed`. If the file would
    waive more than ``waived_max`` findings, none of its waivers counts, whoever sent it: a single reply to a cause (one
    fault that explains many findings) may waive thousands. The waivers of confirmed senders are counted together for
    each government since its last letter, so that several files waive no more than one. A citizen's report counts only
    if the operator vouches for it. Of a file with more than ROWS_MAX rows the others are not taken in, which is among
    the problems of ``replies``, unless the operator vouches for it. ``source``: name of the file, for the operator;
    ``today``: ISO date stored for a row without one.
    """
    replies, reports, left = _bounded(parsed) if sender else (parsed.replies, parsed.reports, [])
    found = [targets(catalog, one)[0] for one in replies]
    reasons, waived = _reasons(catalog, replies, found, sender, waived_max)
    counting = [one for one, why in zip(replies, reasons, strict=True) if why is None]
    waiting = [SubmittedRow(why, one) for one, why in zip(replies, reasons, strict=True) if why is not None]
    if sender:
        waiting += [SubmittedRow(CITIZEN, report) for report in reports]
        note_waived(catalog, waived)
    done = TakenIn(import_replies(catalog, counting, today), import_reports(catalog, [] if sender else reports, today))
    done.replies.problems += left
    if waiting:
        try:
            done.submission, is_new = keep_submission(
                catalog.path.parent,
                sender=sender.address if sender else "",
                source=source,
                evidence=sender.evidence if sender else "",
                rows=waiting,
            )
        except TooMuchWaitingError as error:
            what, _, remedy = str(error).partition("; ")
            done.replies.problems.append(Problem(waiting[0].content.line, f"not kept: {what}", remedy))
            done.not_kept = error
            return done
        done.waiting = len(waiting) if is_new else 0
        done.reasons = sorted({row.why for row in waiting})
    return done


def _reasons(
    catalog: Catalog,
    replies: Sequence[Reply],
    found: Sequence[list[dict[str, Any]]],
    sender: Sender | None,
    waived_max: int,
) -> tuple[list[str | None], dict[str, int]]:
    """Return why each reply of a file does not count (None if it does), and how many findings those that count waive,
    by government; "" stands for all where the operator vouches for the file."""
    listed = listed_at(catalog, sender) if sender and replies else {}
    reasons = [why_unconfirmed(sender, about, listed) if sender else None for about in found]
    # To count the findings of a cause takes long, and a stranger's file may name the same one in each row.
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for one, about, why in zip(replies, found, reasons, strict=True):
        if why is None and one.reply == "waived" and len(about) == 1 and (key := about[0]["id"]) not in counts:
            counts[key] = waived_by(catalog, one, about)
            names[key] = listed[about[0]["portal_id"]] if sender else ""
    waived: dict[str, int] = {}
    for key, count in counts.items():
        if count:
            waived[names[key]] = waived.get(names[key], 0) + count
    limits = {name: _too_many(catalog, name, count, waived_max) for name, count in waived.items()}
    for number, (one, about) in enumerate(zip(replies, found, strict=True)):
        if one.reply == "waived" and len(about) == 1 and counts.get(key := about[0]["id"]):
            reasons[number] = reasons[number] or limits[names[key]]
    return reasons, {name: count for name, count in waived.items() if limits[name] is None}


def _too_many(catalog: Catalog, government: str, count: int, most: int) -> str | None:
    """Return why a file may not waive ``count`` findings of a government ("": any) without the operator, or None."""
    before = waived_since_letter(catalog, government) if government else 0
    if before + count <= most:
        return None
    said = f"the file waives {count:,} findings"
    if before:
        return f"{said}, and files since the last letter waived {before:,}, together more than {most:,}"
    return f"{said}, more than {most:,}"


def _bounded(parsed: ParsedReplies) -> tuple[Sequence[Reply], Sequence[CitizenReport], list[Problem]]:
    """Return the replies or reports of a file that are taken in, and a problem if there are more."""
    left: list[Reply | CitizenReport] = [*parsed.replies[ROWS_MAX:], *parsed.reports[ROWS_MAX:]]
    problems = []
    if left:
        what = f"this row and all after it are not taken in ({len(left):,} rows): a file may have {ROWS_MAX:,}"
        problems.append(Problem(left[0].line, what, "send them in another file"))
    return parsed.replies[:ROWS_MAX], parsed.reports[:ROWS_MAX], problems


def accept(catalog: Catalog, submission: Submission, today: str) -> TakenIn:
    """Store the replies and reports of a submission as if the operator had vouched for them, without any limit.

    ``today``: ISO date stored for a row without one.
    """
    contents = [row.content for row in submission.rows]
    return TakenIn(
        import_replies(catalog, [one for one in contents if isinstance(one, Reply)], today),
        import_reports(catalog, [one for one in contents if isinstance(one, CitizenReport)], today),
    )
