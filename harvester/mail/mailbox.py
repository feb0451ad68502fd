"""Read a mailbox by IMAP within limits: encrypted unless it is on this machine, and never longer than told.

No mail is ever deleted: one that was read is marked as seen, or moved to another folder of the mailbox.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from harvester.errors import MailboxError
from harvester.http.guard import guarded_connection, own_addresses
from harvester.http.guarded_session import cut_after
from harvester.mail.smtp import is_this_machine

__all__ = ["MAIL_MAX", "MailboxPlace", "MailboxSession", "TooLongError", "opened_mailbox"]

IMPLICIT_TLS_PORT = 993
"""The port at which a connection begins with TLS (RFC 8314)."""
STEP_S = 30.0
"""Seconds to wait for each piece of a response."""
SESSION_S = 600.0
"""Seconds for everything that is done with one connection."""
MAIL_MAX = 20_000_000
"""Bytes of one mail; larger ones are left in the mailbox."""
RESPONSE_MAX = 1_000_000
"""Bytes of the response to a command other than the one that reads a mail."""
SESSION_MAX = 200_000_000
"""Bytes of all responses together."""


class TooLongError(OSError):
    """Raised if a response is longer than allowed. The connection cannot be used after that."""


@dataclass(frozen=True, slots=True)
class MailboxPlace:
    """Where replies arrive by mail.

    ``host`` and ``port`` are where the IMAP server listens; port 993 is TLS from the start, others STARTTLS.
    ``folder``: the folder of the mailbox that is read. ``move_to``: the folder that mails are moved to after reading;
    None means that they are marked as seen instead. ``needs_tls`` requires encryption also for a server on this
    machine; elsewhere it is always required.
    """

    host: str
    port: int
    user: str
    password: str
    folder: str = "INBOX"
    move_to: str | None = None
    needs_tls: bool = False

    @property
    def name(self) -> str:
        """Return host and port, for messages."""
        return f"{self.host}:{self.port}"


class _Tls:
    """Encrypts a connection; its socket is noted before the handshake, which a server could draw out too."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets

    def wrap_socket(self, plain: socket.socket, *, server_hostname: str) -> ssl.SSLSocket:
        """Return the connection encrypted; the certificate must be valid for the host."""
        context = ssl.create_default_context()
        made = context.wrap_socket(plain, server_hostname=server_hostname, do_handshake_on_connect=False)
        self._sockets.append(made)
        try:
            made.do_handshake()
        except BaseException:
            made.close()
            raise
        return made


class _Connection(imaplib.IMAP4):
    """A connection to the server that the operator named, which stops reading when a response is too long.

    ``sockets``: list to which each socket is added that it reads from.
    """

    def __init__(self, place: MailboxPlace, sockets: list[socket.socket]) -> None:
        self.place, self.left, self.all_left = place, RESPONSE_MAX, SESSION_MAX
        self.sockets, self.tls = sockets, _Tls(sockets)
        super().__init__(place.host, place.port, timeout=STEP_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        own = own_addresses(f"imap://{self.place.name}")
        made = guarded_connection(self.place.host, self.place.port, STEP_S, local=own)
        self.sockets.append(made)
        return self.tls.wrap_socket(made, server_hostname=self.host) if self.port == IMPLICIT_TLS_PORT else made

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, as announced by the server. Raise TooLongError if that is more than is left."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Return a line. Raise TooLongError if more was read than is left."""
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self.left, self.all_left = self.left - size, self.all_left - size
        if self.left < 0 or self.all_left < 0:
            raise TooLongError("a response is too long")


class MailboxSession:
    """An open mailbox. :func:`opened_mailbox` makes it."""

    def __init__(self, connection: _Connection, validity: str) -> None:
        self._connection, self._validity = connection, validity

    def key_of(self, uid: str) -> str:
        """Return a text that stands for one mail of this mailbox for ever. ``uid``: its UID in the folder."""
        place = self._connection.place
        return "/".join((place.name, place.user, place.folder, self._validity, uid))

    @property
    def bytes_left(self) -> int:
        """Return how many bytes of mails may still be fetched; some are kept for the other commands."""
        return max(0, self._connection.all_left - 2 * RESPONSE_MAX)

    def waiting(self) -> list[tuple[str, int]]:
        """Return UID and size in bytes of the mails in the folder, the oldest first: those that nobody has seen or, if
        read mails are moved away, all."""
        found = self._command("SEARCH", "ALL" if self._connection.place.move_to else "UNSEEN")
        uids = [uid.decode("ascii", "replace") for line in found if isinstance(line, bytes) for uid in line.split()]
        sizes: dict[str, int] = {}
        for start in range(0, len(uids), 500):
            for line in self._command("FETCH", ",".join(uids[start : start + 500]), "(UID RFC822.SIZE)"):
                text = line if isinstance(line, bytes) else b""
                uid, size = re.search(rb"UID (\d{1,10})\b", text), re.search(rb"RFC822\.SIZE (\d{1,20})\b", text)
                if uid and size:
                    sizes[uid[1].decode()] = int(size[1])
        # A server may say one twice.
        return [(uid, sizes[uid]) for uid in dict.fromkeys(uids) if uid in sizes]

    def fetch(self, uid: str) -> bytes:
        """Return the mail with a UID as it was received; it stays unseen.

        Raise MailboxError if there is none, and TooLongError if it has more than MAIL_MAX bytes, or more than
        :attr:`bytes_left`.
        """
        for part in self._command("FETCH", uid, "(BODY.PEEK[])", size=MAIL_MAX):
            if isinstance(part, tuple):
                return bytes(part[1])
        raise MailboxError(f"{self._connection.place.name}: the mail {uid} is not there any more; run again")

    def finish(self, uid: str) -> None:
        """Mark a mail as seen, or move it to the folder for read mails. ``uid``: its UID in the folder. Raise
        MailboxError if that is not possible.
        """
        place = self._connection.place
        if place.move_to is None:
            self._command("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
        else:
            self._command("MOVE", uid, _quoted(place.move_to))

    def _command(self, name: str, *arguments: str, size: int = 0) -> Sequence[Any]:
        """Return the parts of the response to a command about UIDs. It may have RESPONSE_MAX + ``size`` bytes."""
        self._connection.left = RESPONSE_MAX + size
        try:
            kind, found = self._connection.uid(name, *arguments)
        except imaplib.IMAP4.error as error:
            raise MailboxError(f"{self._connection.place.name}: {name}: {str(error)[:200]}; run again") from error
        if kind != "OK":
            raise MailboxError(f"{self._connection.place.name}: {name} was refused: {str(found)[:200]}")
        return found


def _quoted(folder: str) -> str:
    # RFC 3501, 5.1.3: names of folders are in a UTF-7 of their own; other characters than ASCII are refused earlier.
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextmanager
def opened_mailbox(place: MailboxPlace) -> Iterator[MailboxSession]:
    """Connect and log in to the mailbox ``place``, and select its folder; log out at the end of the ``with`` block.

    The connection is encrypted and the certificate verified, except to a server on this machine. Everything together
    may take SESSION_S seconds. Raise MailboxError if the server cannot be reached, offers no encryption, refuses the
    login, has no such folder, cannot move mails though ``move_to`` is set, or breaks a limit.
    """
    connection: _Connection | None = None
    sockets: list[socket.socket] = []
    try:
        with cut_after(SESSION_S, lambda: sockets):
            connection = _Connection(place, sockets)
            if not isinstance(connection.sock, ssl.SSLSocket) and (
                place.needs_tls or not is_this_machine(connection.sock)
            ):
                _secure(connection)
            connection.left = RESPONSE_MAX
            connection.login(place.user, place.password)
            yield _selected(connection)
    except imaplib.IMAP4.error as error:
        # The text of the error never holds the password: it is what the server said.
        raise MailboxError(f"{place.name}: {str(error)[:300]}; check the user, the password and the folder") from error
    except OSError as error:
        raise MailboxError(f"{place.name}: {str(error)[:300]}; check the server, and try again later") from error
    finally:
        if connection is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                connection.logout()
            with suppress(OSError):
                connection.shutdown()


def _secure(connection: _Connection) -> None:
    place = connection.place
    if "STARTTLS" not in connection.capabilities:
        raise MailboxError(
            f"{place.name}: the server offers no encryption (STARTTLS), and no password was sent; "
            f"use its port for TLS, usually {IMPLICIT_TLS_PORT}, or a server on this machine"
        )
    # Of a context, only this one method is used.
    connection.starttls(cast(ssl.SSLContext, connection.tls))


def _selected(connection: _Connection) -> MailboxSession:
    place = connection.place
    if place.move_to is not None and "MOVE" not in _capabilities(connection):
        raise MailboxError(f"{place.name}: the server cannot move mails (RFC 6851); leave out the folder to move to")
    kind, said = connection.select(_quoted(place.folder))
    if kind != "OK":
        raise MailboxError(f"{place.name}: the folder {place.folder} cannot be opened: {str(said)[:200]}")
    validity = connection.untagged_responses.get("UIDVALIDITY", [b""])[-1]
    return MailboxSession(connection, validity.decode("ascii", "replace") if isinstance(validity, bytes) else "")


def _capabilities(connection: _Connection) -> set[str]:
    """Return what the server can do after the login, which may be more than before."""
    kind, found = connection.capability()
    return set(str(found[-1], "ascii", "replace").upper().split()) if kind == "OK" and found[-1] else set()
