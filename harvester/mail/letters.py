"""Compose the letters: their text, and the mail that one recipient gets.

One address gets one mail, whatever the number of its scorecards. Each mail is signed by the operator and has a token,
see :mod:`harvester.mail.tokens`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from catalog.exports.cards import day_of_run
from catalog.exports.cause_rows import fix_in_words
from catalog.exports.wording import changes_in_words
from catalog.repositories.sent import Letter
from catalog.repositories.withheld import DAYS
from harvester.cli.configuration import Operator
from harvester.mail.attachments import HELD_CAUSES, HELD_FINDINGS, OTHERS, PERSONAL, attached, in_language
from harvester.mail.mailing import Mailing, folder_of, page_of, start_of_names
from harvester.mail.smtp import SmtpServer
from specs.languages import Language, language_or_english

__all__ = [
    "NO_TOKEN",
    "LetterSender",
    "is_divided",
    "mail_of",
    "mail_with_left_out",
    "message_of",
    "text_of",
]

NO_TOKEN = "winnow-****-****-****-****"  # no secret: what a preview shows in its place
"""What stands in the place of the token where no letter goes out."""


@dataclass(frozen=True, slots=True)
class LetterSender:
    """Who sends the letters. ``server``: the mail server, with sender and reply address. ``operator``: who signs.
    ``public_url``: web address of the published folder ``exports``; None if it is not published."""

    server: SmtpServer
    operator: Operator
    public_url: str | None = None


def mail_of(mailing: Mailing, exports: Path, sender: LetterSender, token: str) -> EmailMessage:
    """Return the e-mail for ``mailing``, with the files of :func:`~harvester.mail.attachments.attached` attached.

    ``exports`` is the folder of all exported files. ``sender`` says who signs the letters, and from which address they
    come. ``token`` is that of this mail, see :func:`harvester.mail.tokens.issue`; it stands in the subject, the
    Message-ID and the text. Line breaks in names are removed, so that they cannot add mail headers.
    """
    return mail_with_left_out(mailing, exports, sender, token)[0]


def mail_with_left_out(
    mailing: Mailing, exports: Path, sender: LetterSender, token: str
) -> tuple[EmailMessage, list[str]]:
    """Return the e-mail that :func:`mail_of` returns for the same parameters, and the names of the files that it lacks.

    Files are left out of a mail that would be too large for mail servers. Its text names them too.
    """
    words, server = language_or_english(mailing.language), sender.server
    files, names, left_out = attached(mailing, exports)
    mail = EmailMessage()
    mail["Subject"] = f"{_line(_subject(mailing, words))[:160]} [{token}]"
    mail["From"], mail["To"] = server.sender, mailing.recipient
    if server.reply_to:
        mail["Reply-To"] = server.reply_to
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{token}@{server.sender.rpartition('@')[2] or 'localhost'}>"
    stop_at = server.reply_to or server.sender
    mail["List-Unsubscribe"] = f"<mailto:{stop_at}?subject=stop>"
    # Automatic responders do not answer such a mail (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(mailing, exports, sender, token, names, left_out))
    for name, content, kind in files:
        main, sub = kind.split("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    # Set last, because adding attachments moves content headers into the first part.
    mail["Content-Language"] = words.code
    return mail, left_out


def _subject(mailing: Mailing, words: Language) -> str:
    if len(mailing.letters) > 1:
        return words.phrase("mail_subject_many", names=", ".join(one.name for one in mailing.letters))
    (letter,) = mailing.letters
    if letter.is_correction:
        return words.phrase("mail_subject_corrections", name=letter.name)
    score = words.number(letter.card.get("score")) if letter.card.get("score") is not None else words.phrase("no_score")
    return words.phrase("mail_subject", name=letter.name, score=score)


def text_of(mailing: Mailing, exports: Path, sender: LetterSender, token: str) -> str:
    """Return the text of the e-mail for ``mailing``: the news of each scorecard, how to reply, and who sends it.

    The parameters are as for :func:`mail_of`. What the operator lacks is left out: :mod:`harvester.cli.send` sends
    nothing then.
    """
    return _text(mailing, exports, sender, token, *attached(mailing, exports)[1:])


def _text(
    mailing: Mailing,
    exports: Path,
    sender: LetterSender,
    token: str,
    names: Sequence[str],
    left_out: Sequence[str],
) -> str:
    """Return the text of a mail to which the files ``names`` are attached, and those of ``left_out`` are not."""
    words = language_or_english(mailing.language)
    operator = sender.operator.in_language(words.code)
    lines = [words.phrase("mail_hello")]
    for letter in mailing.letters:
        lines += ["", f"* {letter.name}"] if len(mailing.letters) > 1 else []
        own = folder_of(letter, exports)
        start = start_of_names(mailing, own)
        rules = _to_fill(names, "rules", words.code, start)
        said = message_of(letter, words, is_divided=is_divided(own), start=start, rules=rules)
        lines += ["", *said.splitlines()]
        if page := page_of(letter, sender.public_url):
            lines += ["", words.phrase("mail_page", url=page)]
    lines += ["", words.phrase("mail_left_out", files=", ".join(left_out))] if left_out else []
    # A letter of corrections has no file that asks for an answer.
    asking = [folder_of(letter, exports) for letter in mailing.letters if not letter.is_correction]
    if asking:
        start = start_of_names(mailing, asking[0])
        files = {stem: _to_fill(names, stem, words.code, start) for stem in ("findings", "causes")}
        lines += ["", words.phrase("mail_answer", **files)]
        replies = words.values["response"].items()
        lines += [f"- {label}: {words.phrase(f'answer_{name}')}" for name, label in replies]
        lines += [words.phrase("answer_fixed")]
    lines += ["", words.phrase("mail_reference", token=token), ""]
    lines += [words.phrase("draft_note"), ""] if words.is_draft else []
    signature = (operator.reason, operator.imprint, operator.how_to_stop)
    lines += [words.phrase("mail_signed", name=operator.name)] if operator.name else []
    return "\n".join(map(_line, [*lines, *(one for one in signature if one)])) + "\n"


def _to_fill(names: Container[str], stem: str, code: str, start: str) -> str:
    """Return that of the attached files ``names`` which a person reads and fills in best: the workbook, else the CSV in
    words."""
    others = f"{stem}-others.csv"
    wanted = (f"{stem}.xlsx", f"{stem}.{code}.csv", f"{stem}.csv", in_language(others, code), others)
    return next((f"{start}{name}" for name in wanted if f"{start}{name}" in names), f"{start}{stem}.csv")


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text)


def is_divided(folder: Path) -> bool:
    """Return whether the findings of a government are in several files, because one file would be too long; then the
    government's own folder, ``folder``, has only those of publishers without a folder."""
    return (folder / OTHERS).is_file() and not (folder / "findings.csv").is_file()


def message_of(
    letter: Letter, words: Language, *, is_divided: bool = False, start: str = "", rules: str = "rules.csv"
) -> str:
    """Return what the e-mail says about the scorecard in ``letter``: what changed, which fixes gain most, what is
    overdue, what we had said wrongly, and what a change of our method did. A letter of corrections
    (:attr:`Letter.is_correction`) says what we had said wrongly, and the score.

    ``words``: language of the text. ``is_divided``: whether the findings are in several files, which the text then
    says; see the function of that name. ``start``: what the names of the attached files begin with. ``rules``: name of
    the attached file that says what each rule asks.
    """
    card = letter.card
    lines = []

    def named(name: str) -> str:
        return start + in_language(name, words.code)

    if letter.is_correction:
        lines.append(words.phrase("mail_corrections", name=letter.name, count=letter.withdrawn_count))
    elif letter.since_run is None:
        lines.append(words.phrase("mail_first", name=letter.name, count=card.get("findings_open") or 0))
    else:
        changes = changes_in_words(words, {"new": letter.new_count, "fixed": letter.fixed_count})
        since = words.day(day_of_run(letter.since_run))
        lines.append(words.phrase("mail_since", name=letter.name, since=since, **changes))
    if (change := letter.method) is not None:
        said = {"before": change.before, "now": change.now, "begun": change.begun, "ended": change.ended}
        said |= {"date": words.day(day_of_run(change.run_id)), "file": rules}
        lines += ["", words.phrase("mail_method", count=change.begun, **said)]
    if letter.withdrawn:
        # First what we owe to those who were blamed.
        lines += ["", *([] if letter.is_correction else [words.phrase("mail_withdrawn")])]
        lines += [_correction(one, words) for one in letter.withdrawn]
        if (more := letter.withdrawn_count - len(letter.withdrawn)) > 0:
            lines.append(words.phrase("mail_withdrawn_more", count=more))
    fixes = () if letter.is_correction else letter.fixes
    if fixes and not fixes[0]["is_large"]:
        lines += ["", words.phrase("fixes_small")]
    elif fixes:
        lines += ["", words.phrase("mail_top")]
        lines += [
            f"- {fix_in_words(words, fix)} "
            f"(+{words.number(fix['gain_points'], 2)}; {words.phrase('datasets_count', count=fix['datasets'])})"
            for fix in fixes
            if fix["is_large"]
        ]
    if card.get("score") is not None:
        lines += ["", words.phrase("mail_score", score=words.number(card["score"]))]
        if (delta := card.get("score_delta")) is not None:
            key = "score_up" if delta > 0 else "score_down" if delta < 0 else "score_same"
            said = {"by": words.number(abs(delta), 2), "before": words.number(card["score_prev"])}
            lines.append(words.phrase(key, count=abs(delta), **said))
    if letter.overdue:
        lines += ["", words.phrase("mail_overdue"), *(_finding(one, words) for one in letter.overdue)]
    if letter.new and letter.since_run is not None:
        lines += ["", words.phrase("mail_new"), *(_finding(one, words) for one in letter.new)]
        if (more := letter.new_count - len(letter.new)) > 0:
            lines.append(words.phrase("mail_more_apart" if is_divided else "mail_more", count=more))
    if letter.personal:
        lines += ["", words.phrase("mail_personal", count=len(letter.personal), days=DAYS, file=named(PERSONAL))]
    if (held := letter.held) is not None:
        about = {"file": named(HELD_CAUSES), "findings": named(HELD_FINDINGS)}
        about["date"] = words.day(held.public_on.isoformat())
        if held.causes:
            lines += ["", words.phrase("mail_held", count=len(held.causes), **about)]
        else:
            lines += ["", words.phrase("mail_held_findings", count=held.finding_count, **about)]
        if (more := held.finding_count - len(held.findings)) > 0:
            lines.append(words.phrase("mail_more_apart", count=more))
    if is_divided:
        lines += ["", words.phrase("mail_apart")]
    return "\n".join(map(_line, lines)) + "\n"


def _finding(one: dict[str, Any], words: Language) -> str:
    promised = f"{words.day(one['promised_on'])}: " if one.get("promised_on") else ""
    address = f" {one['resource_url']}" if one["resource_url"] else ""
    return f"- {promised}{one['title'] or '–'}: {words.fix(one['rule_id'], one['field'], one['how_to_fix'])}{address}"


def _correction(one: dict[str, Any], words: Language) -> str:
    """Return what we had said wrongly, since when, and what it did to the score of the dataset."""
    said = [_finding(one, words)]
    if one["observed_before"]:
        said.append(words.phrase("mail_said", observed=words.said(one["observed_before"], one["field"])[:200]))
    if since := day_of_run(one["first_seen_run"]):
        said.append(words.phrase("mail_said_since", since=words.day(since)))
    if one["reason"] != "rules":
        said.append(words.phrase("mail_disputed"))
    if one["score_before"] is not None and one["score_after"] is not None:
        before, after = (words.number(one[name]) for name in ("score_before", "score_after"))
        said.append(words.phrase("mail_score_effect", before=before, after=after))
    return " ".join(said)
