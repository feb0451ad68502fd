"""Read ``winnow.toml`` in the data folder: settings for every command there. Command-line options override it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from catalog.files import write_whole
from catalog.repositories.recipients import is_address
from specs.errors import SpecError, Strict, parse, read_toml

__all__ = [
    "NAME",
    "Configuration",
    "MailServer",
    "Mailbox",
    "Operator",
    "OperatorTexts",
    "host_and_port",
    "load",
    "password_of",
    "password_path",
    "remember_contact",
    "save",
]

NAME = "winnow.toml"
DAYS_MAX = 365


def _proxy(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be http://host:port of an HTTP proxy")
    return value.rstrip("/")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be a web address that begins with https:// or http://, without ? and #")
    return value.rstrip("/")


def host_and_port(text: str) -> tuple[str, int]:
    """Return the parts of a place such as "mail.example.org:587" or "[::1]:25"; the host is without brackets.

    Raise ValueError for any other text, and for a port above 65,535.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must be host and port, such as mail.example.org:587")
    return host.strip("[]"), int(port)


def _place(value: str) -> str:
    host_and_port(value)
    return value


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("must be one e-mail address, such as winnow@example.org")
    return value


Line = Annotated[str, StringConstraints(min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]+$")]
Address = Annotated[str, AfterValidator(_address)]


class OperatorTexts(Strict):
    """A table ``[operator.texts.<language>]``: what the operator says in that language. What it lacks is taken from
    ``[operator]``."""

    reason: Line | None = None
    """Why the letters are sent, in a sentence."""
    imprint: Line | None = None
    """Postal address, or the address of a page with it."""
    how_to_stop: Line | None = None
    """How a recipient ends the letters."""


def _tags(texts: dict[str, OperatorTexts]) -> dict[str, OperatorTexts]:
    from specs.languages import languages

    known = {tag for code in languages() for tag in (code, code.partition("-")[0])}
    if unknown := sorted(set(texts) - known):
        raise ValueError(f"{unknown[0]!r} has no language file; take one of {', '.join(sorted(known))}")
    return texts


class Operator(Strict):
    """The table ``[operator]``: who sends the letters. They are signed with it, and none is sent while it lacks
    anything."""

    name: Line | None = None
    """Name of the person or organisation that runs this Winnow."""
    reason: Line | None = None
    """Why the letters are sent, in a sentence: "We check the open data of all cantons every week." """
    imprint: Line | None = None
    """Postal address, or the address of a page with it: who is responsible, and can be reached."""
    how_to_stop: Line | None = None
    """How a recipient ends the letters: "Answer with the word stop." """
    texts: Annotated[dict[str, OperatorTexts], AfterValidator(_tags)] = {}
    """Reason, imprint and how to stop in other languages: a table for each language, such as ``[operator.texts.fr]``.
    Letters and pages in that language have them. ``pt`` holds for every Portuguese without a table of its own."""

    @property
    def missing(self) -> list[str]:
        """Return the keys without a value, such as "operator.imprint"; [] if letters may be sent."""
        return [f"operator.{name}" for name in type(self).model_fields if getattr(self, name) is None]

    def in_language(self, code: str) -> Operator:
        """Return the operator with the texts for the language with the tag ``code``; texts that are not given in it are
        those of the table itself."""
        own = self.texts.get(code) or self.texts.get(code.partition("-")[0]) or OperatorTexts()
        return self.model_copy(update=own.model_dump(exclude_none=True))


class MailServer(Strict):
    """The table ``[mail]``: the mail server that letters are sent through. The password never stands here: it comes
    from ``--password-file``, else from ``WINNOW_SMTP_PASSWORD``, else from ``password_file``."""

    server: Annotated[str, AfterValidator(_place)] | None = None
    """``host:port``; 465 is TLS from the start, other ports STARTTLS."""
    sender: Address | None = None
    """The From address."""
    reply_to: Address | None = None
    """Address for replies; the sender if omitted."""
    user: Line | None = None
    """User name at the mail server."""
    password_file: Line | None = None
    """File that holds the password alone. A relative path begins at the data folder, but the file should lie outside of
    it."""
    starttls: bool = False
    """Require encryption also for a mail server on this machine; elsewhere it always is."""
    every_days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 7
    """An address gets at most one letter in this number of days; what is new meanwhile stands in the next one."""


class Mailbox(Strict):
    """The table ``[mailbox]``: where replies arrive by mail. The password never stands here: it comes from
    ``--password-file``, else from ``WINNOW_IMAP_PASSWORD``, else from ``password_file``."""

    server: Annotated[str, AfterValidator(_place)] | None = None
    """``host:port`` of the IMAP server; 993 is TLS from the start, other ports STARTTLS."""
    user: Line | None = None
    """User name at that server."""
    password_file: Line | None = None
    """File that holds the password alone. A relative path begins at the data folder, but the file should lie outside of
    it."""
    folder: Line = "INBOX"
    """Folder of the mailbox that is read."""
    move_to: Line | None = None
    """Folder that mails are moved to after reading; without it they are marked as seen."""
    authserv_id: Line | None = None
    """The name with which your mail server begins its headers Authentication-Results (RFC 8601), such as
    "mx.example.org". Only such headers count as its word; without the name they are shown as not verified."""


class Configuration(Strict):
    """The contents of ``winnow.toml``: settings of the operator that apply to every command on one data folder."""

    contact: Annotated[str, StringConstraints(min_length=3)] | None = None
    """E-mail address or page of the operator, for the user agent."""
    proxy: Annotated[str, AfterValidator(_proxy)] | None = None
    """``http://host:port`` of the HTTP proxy that everything but FTP and local portals goes through. This machine
    resolves and checks host names before it asks the proxy. Proxies named in environment variables are ignored."""
    public_url: Annotated[str, AfterValidator(_web_address)] | None = None
    """Web address at which the folder ``exports`` is published. Letters, pages and feeds then name their files by whole
    addresses."""
    site_url: Annotated[str, AfterValidator(_web_address)] | None = None
    """Web address of the public site (``winnow serve``, ``winnow site``): for citations, feeds and search engines."""
    hold_days: Annotated[int, Field(ge=0, le=DAYS_MAX)] = 0
    """Number of days for which a new cause (one fault that explains many findings) and its findings stay unpublished
    after every address of the government has had a letter about it, and at the latest twice that many days after the
    first letter about it. 14 is fair before a first publication."""
    feed_nights: Annotated[int, Field(ge=0, le=14)] = 2
    """Number of nights for which the public file of an earlier night is kept beside the present one, so that a harvest
    of the site's catalogue (``/catalog.ttl``) that began before it was published anew ends on the file it began on.
    Each takes as much disk as the present file; 0 keeps none, and such a harvest must begin again."""
    timestamp_authority: Annotated[str, AfterValidator(_web_address)] | None = None
    """Address of an authority for RFC 3161 time stamps; only a hash is sent there, and only by ``winnow verify
    --timestamp``."""
    timestamp_roots: Line | None = None
    """File with the root certificates of that authority in PEM; without it those that this machine trusts for web
    servers."""
    operator: Operator = Operator()
    mail: MailServer = MailServer()
    mailbox: Mailbox = Mailbox()


def load(data: Path) -> Configuration:
    """Return the settings in ``winnow.toml`` of the data folder ``data``, or the defaults if there is no such file.
    Raise SpecError if the file is invalid."""
    path = data / NAME
    return parse(Configuration, read_toml(path), str(path)) if path.is_file() else Configuration()


def password_path(data: Path, server: MailServer | Mailbox) -> Path | None:
    """Return the path of the password file that a table of ``winnow.toml`` names, None if it names none. A relative one
    begins at the data folder ``data``, wherever the command runs."""
    return data / server.password_file if server.password_file is not None else None


def password_of(data: Path, server: MailServer | Mailbox, *, path: Path | None, given: str | None) -> str | None:
    """Return the password for a mail server: that of the file ``path``, else ``given``, else that of the file which
    ``server``, a table of ``winnow.toml`` in the data folder ``data``, names. None if there is none of these.

    A line end after the password does not belong to it. Raise SpecError if the file cannot be read.
    """
    path = path or (password_path(data, server) if given is None else None)
    if path is None:
        return given
    try:
        return path.read_text("utf-8").strip("\r\n")
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: the password cannot be read ({error}); fix its path or permissions") from None


def save(data: Path, configuration: Configuration) -> Path:
    """Write ``configuration`` into ``winnow.toml`` of the data folder ``data``, and return the path.

    Settings that have their default are left out. A file that is there already is kept as ``winnow.toml.before``, or
    with a number after that if an earlier one is kept there, because its comments are not taken over.
    """
    path = data / NAME
    data.mkdir(parents=True, exist_ok=True)
    lines = _lines("", configuration.model_dump(exclude_defaults=True))
    if path.is_file():
        free = free_name(path.with_name(f"{NAME}.before"))
        free.write_bytes(path.read_bytes())
    write_whole(path, "\n".join(lines).lstrip() + "\n")
    return path


def free_name(path: Path) -> Path:
    """Return ``path``, or if there is such a file, the first path with ".2", ".3" and so on at its end that is free."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def _lines(table: str, values: dict[str, Any]) -> list[str]:
    """Return the lines of a TOML table with the name ``table``, "" for the whole file, and of the tables within it."""
    own = [_line(name, value) for name, value in values.items() if not isinstance(value, dict)]
    lines = ["", f"[{table}]", *own] if table and own else own
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _lines(f"{table}.{name}" if table else name, value)
    return lines


def _line(name: str, value: Any) -> str:
    # A JSON string, number, boolean or list is also one of TOML.
    return f"{name} = {json.dumps(value, ensure_ascii=False)}"


def remember_contact(data: Path, contact: str) -> None:
    """Write the operator's ``contact`` into ``winnow.toml`` of the data folder ``data``, so that later commands use it.
    The file must not contain a contact yet; it is created if it is missing."""
    path = data / NAME
    data.mkdir(parents=True, exist_ok=True)
    before = path.read_text("utf-8") if path.is_file() else ""
    # The key must stand before any table.
    write_whole(path, f"{_line('contact', contact)}\n{before}")
