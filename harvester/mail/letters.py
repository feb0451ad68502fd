"""Compose the letters: their text, their files, and the mail that one recipient gets.

One address gets one mail, whatever the number of its scorecards. Each mail is signed by the operator and has a token,
see :mod:`harvester.mail.tokens`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from catalog.exports.cards import day_of_run
from catalog.exports.cause_rows import fix_in_words
from catalog.exports.csvfile import CsvFile
from catalog.exports.folders import SENT, folder_name, publisher_folder
from catalog.exports.private_files import private_file
from catalog.exports.wording import changes_in_words, header, translator
from catalog.repositories.recipients import recipient_hash
from catalog.repositories.sent import Letter
from catalog.repositories.withheld import DAYS
from harvester.cli.configuration import Operator
from harvester.mail.smtp import SmtpServer
from specs.languages import Language, language_or_english

__all__ = [
    "NO_TOKEN",
    "Mailing",
    "LetterSender",
    "attachments_of",
    "folder_of",
    "is_divided",
    "mail_of",
    "mail_with_left_out",
    "mailings",
    "message_of",
    "page_of",
    "text_of",
]

ATTACHED_MAX = 5_000_000
"""Total bytes of files that are attached unpacked; more are packed."""
PACKED_MAX = 15_000_000
"""Bytes of an archive that mail servers still accept; beyond it the letter goes without its longest files."""
PERSONAL = "personal.csv"
OTHERS = "findings-others.csv"
CORRECTIONS = "corrections.csv"
HELD_CAUSES, HELD_FINDINGS = "held-causes.csv", "held-findings.csv"
"""What the recipient is told before it is public; in no folder."""
_KEPT = (PERSONAL, HELD_CAUSES, HELD_FINDINGS)
"""Ends of the names of files that no letter goes without."""
_KINDS = {".csv": "text/csv", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
NO_TOKEN = "winnow-****-****-****-****"  # no secret: what a preview shows in its place
"""What stands in the place of the token where no letter goes out."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """What one e-mail address gets: one mail with the scorecards of one or more governments and publishers."""

    letters: tuple[Letter, ...]
    """The news about each of them; at least one, all of one run and with the same recipient."""

    @property
    def recipient(self) -> str:
        """Return the e-mail address."""
        return self.letters[0].recipient

    @property
    def language(self) -> str | None:
        """Return the code of the language of the mail, that of the first letter; None means English."""
        return self.letters[0].language

    @property
    def run_id(self) -> str:
        """Return the id of the run that the scorecards are of."""
        return self.letters[0].run_id

    @property
    def governments(self) -> list[str]:
        """Return the names of the governments that the letters are about, or whose publishers they are about."""
        return list(dict.fromkeys(one.government for one in self.letters))

    @property
    def entities(self) -> list[tuple[str, str]]:
        """Return level ("government" or "publisher") and id of each entity that the letters are about."""
        return [(one.level, one.entity_id) for one in self.letters]


@dataclass(frozen=True, slots=True)
class LetterSender:
    """Who sends the letters. ``server``: the mail server, with sender and reply address. ``operator``: who signs.
    ``public_url``: web address of the published folder ``exports``; None if it is not published."""

    server: SmtpServer
    operator: Operator
    public_url: str | None = None


def mailings(letters: Iterable[Letter]) -> list[Mailing]:
    """Return one mail for each address in ``letters``, in the order of each address's first letter.

    Addresses that differ in capitals alone are the same.
    """
    found: dict[str, list[Letter]] = {}
    for one in letters:
        found.setdefault(recipient_hash(one.recipient), []).append(one)
    return [Mailing(tuple(own)) for own in found.values()]


def folder_of(letter: Letter, exports: Path) -> Path:
    """Return the folder below ``exports`` that holds the CSV files of the government or publisher in ``letter``."""
    folder = exports / folder_name(letter.government)
    if letter.level == "publisher":
        return folder / "publishers" / publisher_folder(letter.card["entity_name"], letter.entity_id)
    return folder


def page_of(letter: Letter, public_url: str | None) -> str | None:
    """Return the web address of the page about the government in ``letter``; None without ``public_url``."""
    return f"{public_url}/{quote(folder_name(letter.government))}/report.html" if public_url else None


def mail_of(mailing: Mailing, exports: Path, sender: LetterSender, token: str) -> EmailMessage:
    """Return the e-mail for ``mailing``, with the files of :func:`attachments_of` attached.

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
    files, left_out = _attached(mailing, exports)
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
    mail.set_content(_text(mailing, exports, sender, token, left_out))
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
    return _text(mailing, exports, sender, token, _attached(mailing, exports)[1])


def _text(mailing: Mailing, exports: Path, sender: LetterSender, token: str, left_out: Sequence[str]) -> str:
    words = language_or_english(mailing.language)
    operator = sender.operator.in_language(words.code)
    lines = [words.phrase("mail_hello")]
    for letter in mailing.letters:
        lines += ["", f"* {letter.name}"] if len(mailing.letters) > 1 else []
        own = folder_of(letter, exports)
        start = _start(mailing, own)
        rules = _to_fill(own, "rules", words.code, start, left_out)
        said = message_of(letter, words, is_divided=is_divided(own), start=start, rules=rules)
        lines += ["", *said.splitlines()]
        if page := page_of(letter, sender.public_url):
            lines += ["", words.phrase("mail_page", url=page)]
    folder = folder_of(mailing.letters[0], exports)
    start = _start(mailing, folder)
    files = {stem: _to_fill(folder, stem, words.code, start, left_out) for stem in ("findings", "causes")}
    lines += ["", words.phrase("mail_left_out", files=", ".join(left_out))] if left_out else []
    if not all(letter.is_correction for letter in mailing.letters):
        lines += ["", words.phrase("mail_answer", **files)]
        replies = words.values["response"].items()
        lines += [f"- {label}: {words.phrase(f'answer_{name}')}" for name, label in replies]
        lines += [words.phrase("answer_fixed")]
    lines += ["", words.phrase("mail_reference", token=token), ""]
    lines += [words.phrase("draft_note"), ""] if words.is_draft else []
    signature = (operator.reason, operator.imprint, operator.how_to_stop)
    lines += [words.phrase("mail_signed", name=operator.name)] if operator.name else []
    return "\n".join(map(_line, [*lines, *(one for one in signature if one)])) + "\n"


def _start(mailing: Mailing, folder: Path) -> str:
    """Return what the names of the files of one folder begin with in a mail: of several scorecards, its name."""
    return f"{folder.name}-" if len(mailing.letters) > 1 else ""


def _to_fill(folder: Path, stem: str, code: str, start: str, left_out: Container[str]) -> str:
    """Return the name of the attached file that a person fills in best: the workbook, else the CSV in words."""
    names = (f"{stem}.xlsx", f"{stem}.{code}.csv", f"{stem}-others.csv")
    there = (name for name in names if (folder / name).is_file() and f"{start}{name}" not in left_out)
    return start + next(there, f"{stem}.csv")


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text)


def _in_language(name: str, code: str) -> str:
    """Return the name of the copy of a CSV in a language, such as "personal.fr.csv"; ``name`` itself for English."""
    return name if code == "en" else f"{Path(name).stem}.{code}{Path(name).suffix}"


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
        return start + _in_language(name, words.code)

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
    if letter.is_correction:
        pass
    elif letter.fixes and not letter.fixes[0]["is_large"]:
        lines += ["", words.phrase("fixes_small")]
    elif letter.fixes:
        lines += ["", words.phrase("mail_top")]
        lines += [
            f"- {fix_in_words(words, fix)} "
            f"(+{words.number(fix['gain_points'], 2)}; {words.phrase('datasets_count', count=fix['datasets'])})"
            for fix in letter.fixes
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


def attachments_of(mailing: Mailing, exports: Path) -> list[tuple[str, bytes, str]]:
    """Return name, content and media type of each file that goes with ``mailing``, a mail.

    ``exports`` is the folder of all exported files, inside the data folder. The files are those of the folders that
    :func:`folder_of` names, and those that are not inside ``exports``: suspected personal data, and what is not public
    yet. If all together have more than
    ATTACHED_MAX (5 MB), they are packed into one ZIP archive. While that has more than PACKED_MAX (15 MB), the longest
    workbook is left out, or if there is none the longest other file; but never one about personal data or about what is
    not public yet, because its recipient could get it nowhere else. If the mail has several scorecards, the name of
    each file begins with that of its folder.
    """
    return _attached(mailing, exports)[0]


def _attached(mailing: Mailing, exports: Path) -> tuple[list[tuple[str, bytes, str]], list[str]]:
    """Return the files of :func:`attachments_of`, and the names of those that were left out."""
    code = language_or_english(mailing.language).code
    found = []
    for letter in mailing.letters:
        folder = folder_of(letter, exports)
        start = _start(mailing, folder)
        private = _private_file(letter, exports)
        found += [(f"{start}{name}", content) for name, content in _files(folder, private, code, letter)]
    kept = (*_KEPT, *(_in_language(name, code) for name in _KEPT))
    left_out: list[str] = []
    if sum(len(content) for _, content in found) <= ATTACHED_MAX:
        return [(name, content, _KINDS[Path(name).suffix]) for name, content in found], left_out
    while True:
        packed = _packed(found)
        spare = [one for one in found if not one[0].endswith(kept)]
        if len(packed) <= PACKED_MAX or not spare:
            return [("winnow.zip", packed, "application/zip")], left_out
        longest = max(spare, key=lambda one: (one[0].endswith(".xlsx"), len(one[1])))
        found.remove(longest)
        left_out.append(longest[0])


def _private_file(letter: Letter, exports: Path) -> Path | None:
    """Return the file with suspected personal data that only the publisher in ``letter`` is sent, if there is one."""
    if letter.level != "publisher":
        return None
    path = private_file(exports.parent, letter.government, letter.card["entity_name"], letter.entity_id)
    return path if path.is_file() else None


def _files(folder: Path, private: Path | None, code: str, letter: Letter) -> list[tuple[str, bytes]]:
    corrected = [CORRECTIONS] if letter.withdrawn_count else []
    if letter.is_correction:
        names = ["scorecard.csv", *corrected]
    else:
        names = ["scorecard.csv", "causes.csv", "findings.csv", OTHERS, "rules.csv", "commitments.csv", *corrected]
    # A language that the export did not write has no files of its own, and neither has English.
    names += [_in_language(name, code) for name in names if name != OTHERS and code != "en"]
    names += [] if letter.is_correction else ["causes.xlsx", "findings.xlsx"]
    found = [(name, (folder / name).read_bytes()) for name in names if (folder / name).is_file()]
    if private:
        copies = (private, private.with_name(_in_language(private.name, code)))
        found += [(one.name, one.read_bytes()) for one in dict.fromkeys(copies) if one.is_file()]
    # What is in no folder: places with suspected personal data, and what is not public yet.
    found += _csvs(PERSONAL, "findings", letter.personal, code) if letter.personal else []
    if (held := letter.held) is not None:
        found += _csvs(HELD_CAUSES, "causes", held.causes, code) if held.causes else []
        found += _csvs(HELD_FINDINGS, "findings", held.findings, code)
    return found


def _csvs(name: str, stem: str, rows: Sequence[dict[str, Any]], code: str) -> list[tuple[str, bytes]]:
    """Return name and content of a CSV, and of its copy in a language if that is not English.

    ``name``: of the plain CSV. ``stem``: the exported file that has the same columns.
    """
    about, words = SENT[stem], language_or_english(code)
    with TemporaryDirectory(prefix="winnow-") as folder:
        path = Path(folder) / name
        file = CsvFile(
            path, about.column, about.key, language=None if code == "en" else code,
            header=header(words, about.column), translate=translator(words), is_alone=True,
        )  # fmt: skip
        with file:
            for row in rows:
                file.write(row)
        return [(one.name, one.read_bytes()) for one in file.csvs]


def _packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in files:
            pack.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()
