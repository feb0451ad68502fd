"""The command that writes ``winnow.toml``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harvester.cli.configuration import Configuration

__all__ = ["add_to"]

_QUESTIONS = (
    ("contact", "contact", "Your e-mail address or a page about you: portals see it with every request"),
    ("operator.name", "name", "Name of the person or organisation that runs this Winnow"),
    ("operator.reason", "reason", "Why you write to governments, in a sentence"),
    ("operator.imprint", "imprint", "Postal address, or a page with it"),
    ("operator.how_to_stop", "how-to-stop", "How a recipient ends the letters, in a sentence"),
    ("public_url", "public-url", "Web address at which you publish the folder exports"),
    ("hold_days", "hold-days", "Days between the first letter about a cause and its publication"),
    ("mail.server", "smtp", "Mail server, as host:port"),
    ("mail.sender", "from", "Sender of the letters"),
    ("mail.reply_to", "reply-to", "Address for replies, if not the sender"),
    ("mail.user", "user", "User name at the mail server"),
    ("mail.password_file", "password-file", "File that holds the password alone"),
    ("mail.every_days", "every-days", "Days between two letters to one address, at least"),
    ("timestamp_authority", "timestamp-authority", "Address of a time-stamping authority (RFC 3161), if any"),
)
"""Key in ``winnow.toml``, option, and question."""


def add_to(group: click.Group) -> None:
    """Add the command ``init`` to ``group``."""
    group.add_command(init)


def _with_options(command: Any) -> Any:
    for key, option, question in reversed(_QUESTIONS):
        command = click.option(f"--{option}", key.replace(".", "_"), help=f"{question}.")(command)
    return command


@click.command()
@_with_options
@click.option("--ask/--no-ask", default=None, help="Ask for what no option gives; the default at a terminal.")
@click.pass_obj
def init(data: Path, /, ask: bool | None, **given: str | None) -> None:
    """Write winnow.toml of the data folder: who you are, the mail server, and where results are published.

    What is not given as an option is asked for; an empty answer keeps what is there. Other settings of the file stay.
    """
    from harvester.cli.configuration import NAME, Configuration, load, save
    from specs.errors import parse

    configuration = load(data)
    values = configuration.model_dump(exclude_defaults=True)
    if ask is None:
        ask = sys.stdin.isatty()
    for key, _, question in _QUESTIONS:
        table, _, name = key.rpartition(".")
        own = values.setdefault(table, {}) if table else values
        now = _default(configuration, key)
        value = given[key.replace(".", "_")]
        if value is None and ask:
            value = click.prompt(question, default="" if now is None else str(now), show_default=now is not None)
        if value:
            # A whole number where the file has one; what is none is refused with the key.
            own[name] = int(value) if isinstance(now, int) and value.isdecimal() else value
    written = parse(Configuration, values, str(data / NAME))
    click.echo(f"written: {save(data, written)}")
    if missing := written.operator.missing:
        click.echo(f"winnow send sends nothing while these are missing: {', '.join(missing)}", err=True)


def _default(configuration: Configuration, key: str) -> object:
    value: object = configuration
    for part in key.split("."):
        value = getattr(value, part)
    return value
