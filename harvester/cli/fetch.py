"""The command that fetches replies from a mailbox."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvester.cli.options import catalogue_of
from harvester.cli.replies import (
    SOME_FAILED,
    check_options,
    counted,
    look_again_at,
    say,
    say_waiting,
    waived_option,
)

if TYPE_CHECKING:
    from harvester.mail.mailbox import MailboxPlace

__all__ = ["fetch"]

_READ_AGAIN = "stays unread until the next time"
FETCH_S = 480.0
"""Seconds after which no further mail is begun; the connection is cut later."""


@click.command()
@click.option("--imap", metavar="HOST:PORT", help="Mail server; by default [mailbox] server in winnow.toml.")
@click.option("--user", envvar="WINNOW_IMAP_USER", show_envvar=True, help="User name at the mail server.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the password alone; or set WINNOW_IMAP_PASSWORD.",
)
@click.option("--folder", help="Folder of the mailbox. [default: INBOX]")
@click.option("--move-to", help="Folder to move mails to after reading; by default they are marked as seen.")
@click.option("--tls", "needs_tls", is_flag=True, help="Require encryption also for a mail server on this machine.")
@waived_option
@check_options
@click.pass_obj
def fetch(
    data: Path,
    /,
    waived_max: int,
    no_check: bool,
    contact: str,
    registry: Path | None,
    **chosen: Any,
) -> None:
    """Fetch replies from a mailbox (IMAP): the files attached to mails, read as by winnow replies import.

    A reply counts if the mail comes from the address in the portal file and quotes the token of the letter; all others
    wait, see winnow replies list. No mail is deleted, and none is read twice.
    """
    from tempfile import TemporaryDirectory

    from catalog.repositories.fetched import note_failed, note_fetched
    from catalog.repositories.unconfirmed import SenderWaitingError, TooMuchWaitingError
    from harvester.cli.configuration import load
    from harvester.errors import MailboxError
    from harvester.mail.fetch import download, take_in_mail
    from harvester.mail.mailbox import opened_mailbox
    from harvester.mail.replies import reply_reader
    from harvester.night.stages import writing
    from harvester.terminal.scores import printable

    place = _mailbox(data, chosen)
    today = datetime.now(UTC).date()
    catalogue_of(data)
    count = files = 0
    disputes: list[str] = []
    read: list[str] = []
    deadline = time.monotonic() + FETCH_S
    with TemporaryDirectory(prefix="winnow-mail-") as scratch, opened_mailbox(place) as session:
        found = download(data, session, Path(scratch), deadline, load(data).mailbox.authserv_id)
        with writing(data) as catalog, reply_reader(today) as reader:
            for uid, mail in found.mails.items():
                key = session.key_of(uid)
                try:
                    for one in take_in_mail(catalog, mail, reader, today, waived_max=waived_max, deadline=deadline):
                        count += say(one.name, one.taken, one.parsed.blank, one.parsed.problems)
                        disputes += one.taken.replies.disputes
                        files += 1
                except TimeoutError:
                    found.left += 1
                    # The first mail of a go had all the time there is.
                    if not read and note_failed(data, key):
                        found.failed.append(f"mail {uid} takes too long, and was left in the mailbox")
                except SenderWaitingError as error:
                    # Not for ever: a hundred such mails would keep those after them from being read.
                    is_last = note_failed(data, key)
                    found.left += not is_last
                    again = "is left unread in the mailbox" if is_last else _READ_AGAIN
                    found.failed.append(f"mail {uid} was not taken in whole and {again}: {error}")
                except TooMuchWaitingError as error:
                    # However long that takes: it is no fault of the mail.
                    found.left += 1
                    found.failed.append(f"mail {uid} was not taken in whole and {_READ_AGAIN}: {error}")
                except Exception as error:  # noqa: BLE001  # one mail must never stop the others
                    again = "and was left in the mailbox" if note_failed(data, key) else "that is tried again"
                    found.failed.append(f"mail {uid} cannot be taken in ({type(error).__name__}: {error}), {again}")
                else:
                    read.append(uid)
                    if mail.left_out:
                        note_fetched(data, [key])
            say_waiting(catalog)
        try:
            # A mail with a file that was not read stays unread.
            for uid in (*(uid for uid in read if not found.mails[uid].left_out), *found.known):
                session.finish(uid)
        except (MailboxError, OSError) as error:
            # They are noted as read: the next time they are only marked.
            found.failed.append(f"not all mails could be marked ({error}); that is tried again")
    for line in found.failed:
        click.echo(printable(line), err=True)
    said = f", {counted(len(found.known), 'mail')} read before" if found.known else ""
    said += f", {counted(found.without, 'mail')} without such files left in the mailbox" if found.without else ""
    said += " (read them: one may ask for no more letters)" if found.without else ""
    said += f", {counted(found.left, 'mail')} left for the next time" if found.left else ""
    click.echo(f"{counted(files, 'file')} of {counted(len(read), 'mail')}{said}")
    if disputes and not no_check:
        with writing(data) as catalog:
            look_again_at(catalog, data, disputes, contact, registry)
    if count or found.failed:
        raise click.exceptions.Exit(SOME_FAILED)


def _mailbox(data: Path, chosen: Mapping[str, Any]) -> MailboxPlace:
    """Return the mailbox to read, from the options of the command line and from winnow.toml."""
    from harvester.cli.configuration import host_and_port, load, password_of
    from harvester.mail.mailbox import MailboxPlace

    settings = load(data).mailbox
    server, user = chosen["imap"] or settings.server, chosen["user"] or settings.user
    given = os.environ.get("WINNOW_IMAP_PASSWORD")
    password = password_of(data, settings, path=chosen["password_file"], given=given)
    if not (server and user and password):
        raise click.UsageError(
            "give --imap HOST:PORT, --user and --password-file, or the table [mailbox] in winnow.toml; "
            "the password may also be in WINNOW_IMAP_PASSWORD"
        )
    try:
        host, port = host_and_port(server)
    except ValueError as error:
        raise click.UsageError(f"--imap {server}: {error}") from None
    folder, move_to = chosen["folder"] or settings.folder, chosen["move_to"] or settings.move_to
    if not (folder + (move_to or "")).isascii():
        raise click.UsageError("the names of folders must be of ASCII characters")
    return MailboxPlace(host, port, user, password, folder, move_to, chosen["needs_tls"])
