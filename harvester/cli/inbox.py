"""Commands for what visitors of the site wrote: a person reads each message before anything of it counts."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from harvester.cli.options import catalogue_of

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the command group ``inbox`` to the command line ``group``."""
    group.add_command(inbox)


@click.group()
def inbox() -> None:
    """Read what visitors of the site reported (winnow serve --inbox), and accept or refuse each message."""


@inbox.command("list")
@click.pass_obj
def list_(data: Path) -> None:
    """Show the messages that wait, each with its id, what it is about, and who says to have written it."""
    from catalog.repositories.inbox import messages
    from harvester.mail.tokens import holder_of
    from harvester.terminal.scores import printable

    found = messages(data)
    for one in found:
        who = f"{one.name} (may be shown)" if one.name and one.is_name_public else one.name or "no name"
        click.echo(printable(f"{one.id}  {one.received_at[:10]}  about {one.about}  {who}"))
        if one.token:
            holder = holder_of(data, one.token)
            names = ", ".join(key for _, key in holder.entities) if holder else ""
            said = f"quotes the letter to {names} of {holder.issued_at[:10]}" if holder else "its token is not valid"
            click.echo(printable(f"    {said}"))
        click.echo(printable(f"    {one.text}"))
    click.echo(f"{len(found)} waiting: winnow inbox accept ID, or winnow inbox refuse ID")


@inbox.command()
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def accept(data: Path, ids: tuple[str, ...]) -> None:
    """Take the messages IDS in: their texts become public with the next export.

    A message that quotes the letter to the government or publisher is its reply; any other is a report on the dataset.
    One about a promise is not published: correct the file of the promise. A name becomes public only if its owner
    agreed. You have read them: nobody else does. Messages that cannot be taken
    in are listed with the reason and wait on; the others are accepted, and the exit code is 3.
    """
    from catalog.repositories.inbox import messages, settle
    from catalog.repositories.inbox_reports import is_about_promise, speaks_for, take_in
    from harvester.cli.replies import SOME_FAILED
    from harvester.mail.tokens import holder_of
    from harvester.night.stages import writing
    from harvester.terminal.scores import printable

    catalogue_of(data)
    is_whole = True
    waiting = {one.id: one for one in messages(data)}
    _refuse_unknown(ids, waiting)
    with writing(data) as catalog:
        for key in ids:
            one = waiting[key]
            if is_about_promise(catalog, one):
                settle(data, key, "accepted")
                click.echo(printable(f"{key}: accepted; correct the file of the promise {one.about}"))
                continue
            holder = holder_of(data, one.token) if one.token else None
            is_confirmed = holder is not None and speaks_for(catalog, one, holder.entities)
            problem = take_in(catalog, one, is_confirmed=is_confirmed)
            if problem:
                again = "refuse it, or wait until the dataset is listed again"
                click.echo(printable(f"{key}: not accepted: {problem}; {again}"), err=True)
                is_whole = False
                continue
            settle(data, key, "accepted")
            click.echo(f"{key}: accepted as {'the reply of who was asked' if is_confirmed else 'a report'}")
    click.echo("winnow export brings scorecards and site up to date")
    if not is_whole:
        raise click.exceptions.Exit(SOME_FAILED)


@inbox.command()
@click.argument("ids", nargs=-1, required=True)
@click.pass_obj
def refuse(data: Path, ids: tuple[str, ...]) -> None:
    """Erase the messages IDS. Whoever sent one can see that it was refused, for 90 days."""
    from catalog.repositories.inbox import messages, settle

    _refuse_unknown(ids, {one.id: one for one in messages(data)})
    for key in ids:
        settle(data, key, "refused")
        click.echo(f"{key}: refused and erased")


def _refuse_unknown(ids: tuple[str, ...], waiting: Collection[str]) -> None:
    if unknown := [key for key in ids if key not in waiting]:
        raise click.UsageError(f"{unknown[0]}: no such message waits; winnow inbox list shows them")
