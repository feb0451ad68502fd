"""Commands that send scorecards, end them for an address, and erase the names of people."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from harvester.cli.options import catalogue_of

if TYPE_CHECKING:
    from catalog.db.store import Catalog
    from harvester.cli.configuration import Configuration, MailServer
    from harvester.mail.mail_plan import MailPlan
    from harvester.mail.send import Outcome
    from harvester.mail.smtp import SmtpServer
    from specs.portals import PortalSpec

__all__ = ["add_to"]

SOME_FAILED = 3
MIN_NAME = 3
"""Characters of a name that can be erased."""


def add_to(group: click.Group) -> None:
    """Add the commands ``send``, ``stop`` and ``forget`` to ``group``."""
    for command in (send, stop_, forget):
        group.add_command(command)


@click.command()
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option(
    "--preview",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write recipients, texts and files of all letters into FOLDER, and send nothing.",
)
@click.option(
    "--confirm",
    "confirmed",
    multiple=True,
    metavar="NAME",
    help="Send the first letter to the government NAME; may be given more than once.",
)
@click.option("--smtp", metavar="HOST:PORT", help="Mail server to send through; by default that of winnow.toml.")
@click.option("--from", "sender", help="Address of the sender; by default that of winnow.toml.")
@click.option("--reply-to", help="Address for replies; by default the sender.")
@click.option("--user", envvar="WINNOW_SMTP_USER", show_envvar=True, help="User name at the mail server.")
@click.option("--password", envvar="WINNOW_SMTP_PASSWORD", show_envvar=True, help="Better set in the environment.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with the password alone.",
)
@click.option("--starttls", is_flag=True, help="Require encryption also for a mail server on this machine.")
@click.option("--publishers", is_flag=True, help="Also send to the addresses that publishers declare in their records.")
@click.option("--webhook", "webhooks", multiple=True, help="Post JSON here, in addition to the portal files' webhooks.")
@click.option(
    "--portals",
    "registry",
    type=click.Path(path_type=Path),
    help="Folder with portal files; their section [notify] is used.",
)
@click.pass_obj
def send(
    data: Path,
    dry_run: bool,
    preview: Path | None,
    confirmed: tuple[str, ...],
    smtp: str | None,
    sender: str | None,
    reply_to: str | None,
    user: str | None,
    password: str | None,
    password_file: Path | None,
    starttls: bool,
    publishers: bool,
    webhooks: tuple[str, ...],
    registry: Path | None,
) -> None:
    """Send the scorecards of the last run: to each recipient only what changed since the last time, and nothing twice.

    Mails go to the contact_email of the portals with the CSVs attached, to an address at most one in so many days as
    mail.every_days of winnow.toml says (seven); webhooks get JSON. Nothing is sent until winnow.toml says who sends it
    (winnow init). The first letter to a government needs --confirm. The connection to a mail server is always
    encrypted, unless the server is on this machine and needs no password.
    """
    from catalog.exports.cards import card_rows
    from catalog.repositories.portals import government_names
    from catalog.repositories.recipients import stopped
    from catalog.repositories.sent import letters, unusable_addresses
    from harvester.cli.configuration import load, password_of
    from harvester.cli.registry import resolve
    from harvester.mail.letters import LetterSender
    from harvester.mail.mail_plan import plan_mails
    from harvester.mail.mailing import folder_of
    from harvester.night.stages import writing
    from harvester.terminal.held import held_lines

    configuration = load(data)
    if click.get_current_context().get_parameter_source("password") is ParameterSource.COMMANDLINE:
        click.echo(
            "--password: other users of this machine can read it; use --password-file or WINNOW_SMTP_PASSWORD", err=True
        )
    password = password_of(data, configuration.mail, path=password_file, given=password)
    specs = resolve(data, (), registry=registry)
    posts = _webhooks(specs, webhooks)
    is_shown = dry_run or preview is not None
    smtp = smtp or configuration.mail.server
    if not (is_shown or smtp or posts):
        raise click.UsageError("use --dry-run, --preview FOLDER, --smtp HOST:PORT or --webhook URL")
    server = _server(configuration.mail, smtp, sender, user, password, starttls, reply_to, is_shown=is_shown)
    _check_operator(configuration, is_shown=is_shown)
    catalogue_of(data)
    with writing(data) as catalog:
        run_id = _exported_run(catalog, data)
        cards = card_rows(catalog, run_id)
        governments = government_names(catalog)
        if unknown := [name for name in confirmed if name not in governments]:
            raise click.UsageError(f"--confirm {unknown[0]}: there is no such government; there are: {governments}")
        if "*" in posts:
            posts = {name: [*posts["*"], *posts.get(name, ())] for name in governments}
        found = letters(
            catalog, run_id, "mail", has_publishers=publishers, cards=cards, hold_days=configuration.hold_days
        )
        plan = plan_mails(
            catalog,
            # A publisher with few datasets and nothing to fix has no files, and gets no letter.
            (one for one in found if folder_of(one, data / "exports").is_dir()),
            today=datetime.now(UTC).date(),
            every_days=configuration.mail.every_days,
            confirmed=confirmed,
            unwanted=stopped(data),
        )
        # Without a mail server no mail was asked for.
        unusable = list(unusable_addresses(catalog, run_id, has_publishers=publishers, cards=cards))
        unusable = unusable if smtp or is_shown else []
        hooks = list(letters(catalog, run_id, "webhook", posts, cards=cards))
        about = LetterSender(server, configuration.operator, configuration.public_url)
        if preview is not None:
            from harvester.mail.preview import write_preview

            click.echo(write_preview(preview, plan.going, plan.held, hooks, data / "exports", about))
        if dry_run:
            from harvester.mail.letters import NO_TOKEN, text_of
            from harvester.mail.mailing import Mailing
            from harvester.terminal.scores import printable

            for one in (*plan.going, *(mailing for mailing, _ in plan.held), *(Mailing((hook,)) for hook in hooks)):
                for letter in one.letters:
                    # Of a webhook's address only the host is shown: the rest may be a secret.
                    to = letter.recipient if letter.channel == "mail" else letter.recipient.split("/")[2]
                    click.echo(printable(f"{letter.channel} to {to}: {letter.level} {letter.name}"))
                click.echo(text_of(one, data / "exports", about, NO_TOKEN))
        if is_shown:
            click.echo(f"{len(plan.going)} mails and {len(hooks)} posts would go out for run {run_id}")
            _say_held(plan)
            for line in held_lines(catalog, configuration.hold_days):
                click.echo(line, err=True)
            _end(unusable)
            return
        from harvester.mail.send import send_mails, send_webhooks

        outcomes = [send_webhooks(catalog, hooks, proxy=configuration.proxy)]
        if smtp:
            outcomes.append(send_mails(catalog, plan.going, data / "exports", about))
        waiting = [*held_lines(catalog, configuration.hold_days)] if smtp else []
    _say(outcomes, run_id)
    if smtp:
        _say_held(plan)
        for line in waiting:
            click.echo(line, err=True)
    _end(unusable, is_failed=bool(smtp and plan.unconfirmed) or any(one.failed for one in outcomes))


def _check_operator(configuration: Configuration, *, is_shown: bool) -> None:
    """Raise UsageError if the letters could not be signed; where they are only shown, say so."""
    if missing := configuration.operator.missing:
        said = f"winnow.toml does not say who sends the letters ({', '.join(missing)} missing): fill it in, or run"
        if not is_shown:
            raise click.UsageError(f"{said} winnow init; nothing was sent")
        click.echo(f"{said} winnow init; until then nothing is sent", err=True)


def _say_held(plan: MailPlan) -> None:
    from harvester.terminal.scores import printable

    for mailing, why in plan.held:
        click.echo(printable(f"held back: {', '.join(one.name for one in mailing.letters)}: {why}"), err=True)
    if plan.unconfirmed:
        options = " ".join(f"--confirm {shlex.quote(name)}" for name in plan.unconfirmed)
        click.echo(printable(f"to send first letters, add {options}"), err=True)


def _end(unusable: list[tuple[str, str, str]], *, is_failed: bool = False) -> None:
    """Print the texts that stand in place of an address; exit with SOME_FAILED if there are any, or ``is_failed``."""
    from catalog.repositories.sent import is_address
    from harvester.terminal.scores import printable

    for level, name, text in unusable:
        is_person = is_address(text)
        why = "looks like a person's; list it in the portal file to use it" if is_person else "is no e-mail address"
        click.echo(printable(f"not sent: {level} {name}: {text[:100]!r} {why}"), err=True)
    if unusable or is_failed:
        raise click.exceptions.Exit(SOME_FAILED)


def _say(outcomes: list[Outcome], run_id: str) -> None:
    from harvester.terminal.scores import printable

    failed = [line for one in outcomes for line in one.failed or ()]
    click.echo(f"{sum(one.sent for one in outcomes)} sent for run {run_id}, {len(failed)} failed")
    # What servers and records say must not command the terminal.
    for line in failed:
        click.echo(printable(f"not sent: {line[:1_000]}"), err=True)
    for one in outcomes:
        for line in one.left_out:
            click.echo(printable(f"sent without some files: {line}"), err=True)


@click.command("stop")
@click.argument("addresses", nargs=-1, required=True)
@click.pass_obj
def stop_(data: Path, addresses: tuple[str, ...]) -> None:
    """Send no more letters to ADDRESSES. Only their hashes are kept; a restored backup does not undo it."""
    from catalog.repositories.recipients import is_address, recipient_hash, stop

    if wrong := [one for one in addresses if not is_address(one)]:
        raise click.UsageError(f"{wrong[0]}: this is no e-mail address; nothing was stored")
    catalogue_of(data)
    stop(data, map(recipient_hash, addresses))
    click.echo(
        "1 address gets no more letters" if len(addresses) == 1 else f"{len(addresses)} addresses get no more letters"
    )


def _webhooks(specs: list[PortalSpec], more: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the webhooks of every government; those of the command line under "*"."""
    found: dict[str, list[str]] = {"*": list(more)} if more else {}
    for spec in specs:
        if spec.notify.webhooks:
            found.setdefault(spec.government or spec.title, []).extend(spec.notify.webhooks)
    for address in more:
        if not address.startswith(("http://", "https://")):
            raise click.UsageError(f"--webhook {address}: give a web address that begins with http:// or https://")
    return found


def _server(
    own: MailServer,
    smtp: str | None,
    sender: str | None,
    user: str | None,
    password: str | None,
    starttls: bool,
    reply_to: str | None,
    *,
    is_shown: bool,
) -> SmtpServer:
    """Return the mail server of the options, or of ``own``, the table [mail] of winnow.toml. Raise UsageError if it
    cannot be used; where nothing is sent, what is missing does not matter."""
    from catalog.repositories.sent import is_address
    from harvester.cli.configuration import host_and_port
    from harvester.mail.smtp import SmtpServer

    sender, reply_to, user = sender or own.sender, reply_to or own.reply_to, user or own.user
    if smtp is None or is_shown and not sender:
        return SmtpServer("localhost", 0, sender or "winnow@localhost", reply_to=reply_to)
    try:
        host, port = host_and_port(smtp)
    except ValueError as error:
        raise click.UsageError(f"--smtp {smtp}: {error}") from None
    for option, address in (("--from", sender), ("--reply-to", reply_to)):
        if not is_address(address) and (address or option == "--from"):
            raise click.UsageError(f"{option}: give one e-mail address, such as winnow@example.org")
    is_encrypted = starttls or own.starttls
    return SmtpServer(host, port, sender or "", user, password, is_encrypted, reply_to)


def _exported_run(catalog: Catalog, data: Path) -> str:
    """Return the last run. Raise UsageError if the exported files do not belong to it."""
    run_id = catalog.latest_run()
    package = data / "exports" / "datapackage.json"
    exported = json.loads(package.read_text("utf-8"))["run"] if package.is_file() else None
    if run_id is None or exported != run_id:
        raise click.UsageError(f"the exports are of run {exported}, the last one is {run_id}; run winnow export first")
    return run_id


@click.command()
@click.argument("name")
@click.pass_obj
def forget(data: Path, name: str) -> None:
    """Erase the NAME of a person who replied or reported, and search the data folder for what is left of it.

    It is erased from what waits to be read too, also in the inbox of the site.
    Backups and what was published before are out of reach, and are not searched.
    """
    from catalog.repositories.inbox import forget_in_messages
    from catalog.repositories.people import files_with
    from catalog.repositories.people import forget as erase
    from harvester.night.stages import locked

    if len(name.strip()) < MIN_NAME:
        raise click.UsageError(f"{name!r}: give the whole name; so short a text would be erased everywhere")
    with locked(data):
        done = erase(catalogue_of(data), name.strip())
        done["waiting"] += forget_in_messages(data, name.strip())
        left = files_with(data, name.strip())
    told = ", ".join(f"{done[name]} {name}" for name in ("replies", "reports", "census", "waiting"))
    click.echo(f"erased: {done['names']} names, and in rows of {told}")
    for path in left:
        click.echo(
            f"still in {path}, or it cannot be searched to its end: what portals and exports say; "
            "winnow export makes exports and site anew",
            err=True,
        )
    if left:
        raise click.exceptions.Exit(SOME_FAILED)
    click.echo(f"found in no file of {data}")
