"""Commands for what governments and citizens write back: read it, decide who is believed, approve what is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harvester.cli.options import NO_CONTACT, catalogue_of

if TYPE_CHECKING:
    from catalog.db.store import Catalog
    from catalog.repositories.reply_files import Problem
    from catalog.repositories.unconfirmed import Submission, SubmittedRow
    from harvester.mail.incoming import TakenIn

__all__ = [
    "SOME_FAILED",
    "add_to",
    "check_options",
    "counted",
    "look_again_at",
    "replies",
    "say",
    "say_waiting",
    "waived_option",
]

SOME_FAILED = 3
ROWS_SHOWN = 20
"""Rows of a file that are listed, unless all are asked for."""
PROBLEMS_SHOWN = 1_000
"""Lines of a file that are said to be unusable; a stranger's may have hundreds of thousands."""
WAIVED_MAX = 50
"""Findings that one file may waive without confirmation, unless told otherwise."""


def add_to(group: click.Group) -> None:
    """Add the command group ``replies``, also under its old name, to the command line ``group``."""
    group.add_command(replies)
    group.add_command(_OLD_NAME)


@click.group()
def replies() -> None:
    """Import what governments and citizens write back, and decide what counts and what becomes public."""


def check_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add to a command the options for checking disputed findings again: ``no_check``, ``contact``, ``registry``."""
    for option in (
        click.option("--portals", "registry", type=click.Path(path_type=Path), help="Folder of the portals' files."),
        click.option("--contact", default=NO_CONTACT, help="Your e-mail address or page, for the user agent."),
        click.option("--no-check", is_flag=True, help="Do not check disputed findings again now."),
    ):
        command = option(command)
    return command


waived_option = click.option(
    "--waive-max",
    "waived_max",
    default=WAIVED_MAX,
    show_default=True,
    type=click.IntRange(0),
    help="Findings that one file may waive; all waivers of a file with more wait for winnow replies accept.",
)


@replies.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--from",
    "address",
    help="Address that sent FILES. Without it you vouch for them: the replies count, whoever wrote them.",
)
@click.option("--token", default="", help="With --from: the token that the mail quotes, or the text of the mail.")
@click.option("--approve", "is_approved", is_flag=True, help="You have read the remarks in FILES: publish them.")
@waived_option
@check_options
@click.pass_obj
def import_(
    data: Path,
    files: tuple[Path, ...],
    address: str | None,
    token: str,
    is_approved: bool,
    waived_max: int,
    no_check: bool,
    contact: str,
    registry: Path | None,
) -> None:
    """Read replies (findings.csv with its last columns filled in) or reports of citizens (report.csv) from FILES.

    Unusable rows are listed with their line and the remedy; the other rows are imported, and the exit code is 3.
    Remarks and names become public only after winnow replies approve.
    """
    from catalog.repositories.recipients import is_address
    from harvester.mail.incoming import take_in
    from harvester.mail.replies import reply_reader
    from harvester.mail.senders import Sender
    from harvester.mail.tokens import holder_of
    from harvester.night.stages import writing

    if address is not None and not is_address(address):
        raise click.UsageError(f"--from {address}: give one e-mail address, such as data@example.org")
    if token and address is None:
        raise click.UsageError("--token needs --from: a token belongs to the address that the letter went to")
    today = datetime.now(UTC).date()
    count = 0
    catalogue_of(data)
    with writing(data) as catalog, reply_reader(today) as read:
        sender = Sender(address, holder_of(data, token)) if address else None
        for path in files:
            parsed = read(path)
            with _approving(catalog, is_approved):
                taken = take_in(
                    catalog, parsed, sender, source=path.name, today=today.isoformat(), waived_max=waived_max
                )
            count += say(str(path), taken, parsed.blank, parsed.problems)
            if taken.replies.disputes and not no_check:
                look_again_at(catalog, data, taken.replies.disputes, contact, registry)
        say_waiting(catalog)
    click.echo("winnow export brings scorecards and site up to date")
    if count:
        raise click.exceptions.Exit(SOME_FAILED)


@contextmanager
def _approving(catalog: Catalog, is_approved: bool) -> Iterator[None]:
    """Publish the texts that the ``with`` block takes in, if the operator approved them (``is_approved``)."""
    from catalog.repositories.unapproved import approve

    before = set(_waiting_ids(catalog)) if is_approved else set()
    yield
    if is_approved:
        approve(catalog, set(_waiting_ids(catalog)) - before)


_OLD_NAME = click.Group("responses", replies.commands, hidden=True, help="The old name of winnow replies, until 0.4.")


def say(source: str, taken: TakenIn, blank: int, problems: Sequence[Problem]) -> int:
    """Print what has become of the rows of one file, and return the number of problems.

    ``source``: name of the file, or sender and name. ``blank``: number of rows without a reply. ``problems``: those of
    reading the file; the others are in ``taken``.
    """
    from harvester.terminal.scores import printable

    source = printable(source)
    replied, reports = taken.replies, taken.reports
    written = ", ".join(f"{n} {name}" for name, n in sorted((replied.written | reports.written).items()))
    again = f", {replied.known + reports.known} read before" if replied.known + reports.known else ""
    click.echo(f"{source}: {written or 'nothing new'}{again}; {counted(blank, 'row')} without a reply")
    if taken.waiting:
        waiting = counted(taken.waiting, "row")
        click.echo(f"{source}: not counted before you accept: {waiting} ({'; '.join(taken.reasons)})")
        click.echo(f"{source}: winnow replies accept {taken.submission}, or winnow replies refuse {taken.submission}")
    elif taken.submission:
        click.echo(f"{source}: unconfirmed rows were read before, as {taken.submission}")
    for line, finding in replied.restored.items():
        said = f"line {line}: a spreadsheet had turned the id into a number; read as a reply to {finding}"
        click.echo(printable(f"{source}, {said}, by dataset, rule and address"))
    found = sorted([*problems, *replied.problems, *reports.problems], key=lambda one: one.line)
    for problem in found[:PROBLEMS_SHOWN]:
        click.echo(printable(f"{source}, line {problem.line}: {problem.what}; {problem.remedy}"), err=True)
    if (more := len(found) - PROBLEMS_SHOWN) > 0:
        click.echo(f"{source}: {counted(more, 'more line')} cannot be used", err=True)
    return len(found)


def counted(number: int, noun: str) -> str:
    """Return a number with an English noun in the singular or plural: "1 row", "2,000 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _waiting_ids(catalog: Catalog) -> list[str]:
    from catalog.repositories.unapproved import waiting_texts

    return [one.key for one in waiting_texts(catalog)]


def say_waiting(catalog: Catalog) -> None:
    """Print how many texts wait for the operator's approval; nothing if none do."""
    if count := len(_waiting_ids(catalog)):
        click.echo(f"{counted(count, 'text')} not public before you approve: winnow replies list")


@replies.command("list")
@click.option("--all", "is_all", is_flag=True, help=f"All rows of each file; by default the first {ROWS_SHOWN}.")
@click.pass_obj
def list_(data: Path, is_all: bool) -> None:
    """Show replies whose sender is not confirmed, and texts that are not public before you approve them."""
    from catalog.db.store import open_catalog
    from catalog.repositories.reply_files import Reply
    from catalog.repositories.unapproved import waiting_texts
    from catalog.repositories.unconfirmed import submissions
    from harvester.mail.evidence import worded
    from harvester.terminal.scores import printable

    with open_catalog(catalogue_of(data)) as catalog:
        waiting, texts = submissions(data), waiting_texts(catalog)
    for one in waiting:
        sender = one.sender or "imported by the operator"
        said = f"; {worded(one.evidence)}" if one.evidence else ""
        click.echo(
            printable(f"{one.id}: {counted(len(one.rows), 'row')} of {one.source}, {sender}, {one.received_on}{said}")
        )
        shown = one.rows if is_all else one.rows[:ROWS_SHOWN]
        for row in shown:
            content = row.content
            if isinstance(content, Reply):
                what = f"{content.finding_id} {content.reply} {content.promised_on or ''}".rstrip()
                words, name = content.note, content.replied_by
            else:
                what, words, name = f"{content.dataset_id or content.url} report", content.what, content.who
            click.echo(printable(f"  line {content.line}: {what}{_quoted(words, name)} ({row.why})"))
        if len(shown) < len(one.rows):
            click.echo(f"  and {counted(len(one.rows) - len(shown), 'row')} more: winnow replies list --all")
    for text in texts:
        click.echo(printable(f"{text.key}: {text.said} to {text.about}{_quoted(text.text, text.name)}"))
    click.echo(
        f"{counted(len(waiting), 'file')} of unconfirmed senders (winnow replies accept or refuse), "
        f"{counted(len(texts), 'text')} not public (winnow replies approve or refuse)"
    )


def _quoted(words: str | None, name: str | None) -> str:
    return (f": {words}" if words else "") + (f" [{name}]" if name else "")


_ids = click.argument("ids", nargs=-1, required=True)
_lines = click.option("--line", "lines", multiple=True, type=int, help="Only this line of the file; several times.")


@replies.command()
@_ids
@_lines
@click.option("--approve", "is_approved", is_flag=True, help="Publish the texts of these replies too.")
@check_options
@click.pass_obj
def accept(
    data: Path,
    ids: tuple[str, ...],
    lines: tuple[int, ...],
    is_approved: bool,
    no_check: bool,
    contact: str,
    registry: Path | None,
) -> None:
    """Let the replies of unconfirmed senders count, as if you had imported them yourself.

    IDS are those that winnow replies list shows for files.
    """
    from dataclasses import replace

    from catalog.repositories.unconfirmed import settle, submissions
    from harvester.mail import incoming
    from harvester.night.stages import writing

    count = 0
    catalogue_of(data)
    with writing(data) as catalog:
        waiting = {one.id: one for one in submissions(data)}
        _check_ids(ids, waiting.keys())
        for key in ids:
            one = waiting[key]
            rows = _chosen(one, lines)
            with _approving(catalog, is_approved):
                taken = incoming.accept(catalog, replace(one, rows=rows), datetime.now(UTC).date().isoformat())
            # Only now: a process that is killed before must lose nothing.
            settle(data, key, "accepted", lines or None)
            count += say(key, taken, 0, ())
            if taken.replies.disputes and not no_check:
                look_again_at(catalog, data, taken.replies.disputes, contact, registry)
        say_waiting(catalog)
    click.echo("winnow export brings scorecards and site up to date")
    if count:
        raise click.exceptions.Exit(SOME_FAILED)


@replies.command()
@_ids
@_lines
@click.pass_obj
def refuse(data: Path, ids: tuple[str, ...], lines: tuple[int, ...]) -> None:
    """Delete the replies of unconfirmed senders, or texts that must not become public.

    IDS are those that winnow replies list shows. A reply whose text is refused still counts.
    """
    from catalog.repositories.unapproved import reject
    from catalog.repositories.unconfirmed import settle, submissions
    from harvester.night.stages import writing

    catalogue_of(data)
    with writing(data) as catalog:
        waiting = {one.id: one for one in submissions(data)}
        _check_ids(ids, {*waiting, *_waiting_ids(catalog)})
        for key in ids:
            if key in waiting:
                _chosen(waiting[key], lines)
        gone = [settle(data, key, "refused", lines or None) for key in ids if key in waiting]
        rejected = reject(catalog, ids)
    rows = sum(len(one.rows) for one in gone if one is not None)
    click.echo(f"deleted: {counted(rows, 'row')} of unconfirmed senders, {counted(len(rejected), 'text')}")


@replies.command("approve")
@click.argument("ids", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="All texts that winnow replies list shows. Read them first.")
@click.pass_obj
def approve_(data: Path, ids: tuple[str, ...], is_all: bool) -> None:
    """Publish texts of replies and reports, with the names of those who agreed to that.

    IDS are those that winnow replies list shows for texts.
    """
    from catalog.repositories.unapproved import approve
    from harvester.night.stages import writing

    if bool(ids) == is_all:
        raise click.UsageError("name the ids that winnow replies list shows, or use --all")
    catalogue_of(data)
    with writing(data) as catalog:
        known = _waiting_ids(catalog)
        _check_ids(ids, known)
        done = approve(catalog, known if is_all else ids)
    click.echo(f"{counted(len(done), 'text')} approved; winnow export publishes them")


def _check_ids(ids: Sequence[str], known: Collection[str]) -> None:
    if wrong := [one for one in ids if one not in known]:
        raise click.UsageError(f"{wrong[0]}: nothing with this id waits; winnow replies list shows what does")


def _chosen(one: Submission, lines: Collection[int]) -> list[SubmittedRow]:
    """Return the rows of a submission in ``lines``, or all if it is empty. Raise UsageError for a line without one."""
    if wrong := sorted(set(lines) - {row.content.line for row in one.rows}):
        raise click.UsageError(
            f"--line {wrong[0]}: nothing of {one.id} waits in this line; see winnow replies list --all"
        )
    return [row for row in one.rows if not lines or row.content.line in lines]


def look_again_at(catalog: Catalog, data: Path, disputes: list[str], contact: str, registry: Path | None) -> None:
    """Check disputed findings again, and print the outcome.

    ``disputes``: ids of the replies that dispute them. ``contact`` is sent with requests. ``registry``: folder of the
    portal files; None means that of the data folder ``data``.
    """
    from catalog.repositories.disputes import disputed
    from harvester.cli.registry import resolve
    from harvester.night.disputes import is_checkable, look_again

    found = disputed(catalog, disputes)
    names = sorted({row["portal_id"] for row in found})
    causes = Counter((row["cause_id"], row["members"]) for row in found if row["cause_id"] and is_checkable(row))
    for (cause, members), now in causes.items():
        if now < members:
            click.echo(f"{cause}: of {members} findings {now} are looked at again now, the others in the next nights")
    counts = look_again(catalog, data, resolve(data, names, registry=registry), disputes, contact)
    words = {
        "corrected": "did not hold: closed, and noted as corrections of ours",
        "upheld": "were looked at again and still fail",
        "not_checkable": "cannot be looked at now: the next run does",
    }
    for name, n in sorted(counts.items()):
        click.echo(f"of the disputes, {n} {words[name]}")
