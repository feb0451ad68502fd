"""Talk to a mail server within limits: encrypted unless it is this machine, and never longer than told.

The server is the operator's, but what answers at its address may be anything: a reply without an end must cost neither
memory nor the night.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from harvester.http.guard import guarded_connection, own_addresses
from harvester.http.guarded_session import cut_after

__all__ = ["SmtpServer", "connected", "is_this_machine", "within"]

IMPLICIT_TLS_PORT = 465
"""The port at which a connection begins with TLS (RFC 8314)."""
STEP_S = 30.0
"""Seconds to wait for each piece of a reply."""
SETUP_S = 120.0
"""Seconds for greeting, TLS and login together."""
LETTER_S = 600.0
"""Seconds for one letter with all its files."""
REPLY_MAX = 1 << 20
"""Bytes of one reply of the server; those of real servers have less than a thousandth."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The mail server through which scorecards are sent.

    ``host`` and ``port`` are where it listens. ``sender`` is the From address. ``user`` and ``password`` are the login;
    None means that no login is needed. ``starttls`` requires encryption also for a server on this machine; elsewhere,
    and with a password, it is always required. ``reply_to`` is the address for replies; None means the sender.
    """

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    starttls: bool = False
    reply_to: str | None = None

    @property
    def place(self) -> str:
        """Return host and port, for messages."""
        return f"{self.host}:{self.port}"


class _Bounded:
    """The replies of a server, as a file of lines. One reply has at most REPLY_MAX bytes."""

    def __init__(self, lines: BinaryIO) -> None:
        self._lines, self.left = lines, REPLY_MAX

    def readline(self, size: int = -1) -> bytes:
        line = self._lines.readline(size)
        self.left -= len(line)
        if self.left < 0:
            raise OSError(f"a reply has more than {REPLY_MAX:,} bytes")
        return line

    def close(self) -> None:
        self._lines.close()


class _Connection(smtplib.SMTP):
    """A connection to the server that the operator named: it goes to that place alone."""

    file: _Bounded | None

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made = guarded_connection(host, port, timeout, local=own_addresses(f"smtp://{host}:{port}"))
        return self.wrapped(made) if port == IMPLICIT_TLS_PORT else made

    def wrapped(self, plain: socket.socket) -> ssl.SSLSocket:
        """Return the connection encrypted; the certificate must be valid for the host."""
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)  # type: ignore[attr-defined]

    def getreply(self) -> tuple[int, bytes]:
        """Return code and text of the next reply. Raise SMTPServerDisconnected if it is too long."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.left = REPLY_MAX
        return super().getreply()


@contextmanager
def within(connection: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut ``connection`` if the ``with`` block takes longer than ``seconds``. What waits for it then raises OSError or
    SMTPServerDisconnected.

    A socket time-out applies to each read alone: a server that sends one byte now and then would never reach it.
    """
    with cut_after(seconds, lambda: [connection.sock] if connection.sock is not None else []):
        yield


@contextmanager
def connected(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    """Connect and log in to the mail server ``server``; close the connection at the end of the ``with`` block.

    The connection is encrypted, and the certificate verified: from the start at port 465, elsewhere with STARTTLS. Only
    a server on this machine that needs no password may go without. Raise OSError if the server cannot be reached, does
    not answer as a mail server within the limits, offers no encryption, or refuses the login.
    """
    connection = _Connection(timeout=STEP_S)
    connection._host = server.host  # type: ignore[attr-defined]  # where STARTTLS takes the name of the certificate from
    try:
        with _said(server), within(connection, SETUP_S):
            code, greeting = connection.connect(server.host, server.port)
            if code != 220:
                raise OSError(f"{server.place}: the mail server does not answer as one: {code} {greeting[:200]!r}")
            _secure(connection, server)
            if server.user:
                connection.login(server.user, server.password or "")
        yield connection
    finally:
        with suppress(smtplib.SMTPException, OSError), within(connection, STEP_S):
            connection.quit()
        connection.close()


def _secure(connection: _Connection, server: SmtpServer) -> None:
    if isinstance(connection.sock, ssl.SSLSocket):
        return
    if is_this_machine(connection.sock) and not server.starttls and not server.password:
        return
    connection.ehlo_or_helo_if_needed()
    if not connection.has_extn("starttls"):
        raise OSError(
            f"{server.place}: the server offers no encryption (STARTTLS), and nothing was sent; "
            f"use its port for TLS, usually {IMPLICIT_TLS_PORT}, or a mail server on this machine"
        )
    connection.starttls(context=ssl.create_default_context())


def is_this_machine(sock: socket.socket | None) -> bool:
    """Return whether ``sock`` is connected to a loopback address of this machine; False if there is no connection."""
    return sock is not None and ipaddress.ip_address(sock.getpeername()[0].split("%")[0]).is_loopback


@contextmanager
def _said(server: SmtpServer) -> Iterator[None]:
    """Raise the errors of :mod:`smtplib` as OSError that names the server and what to check."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise OSError(f"{server.place}: {error}; check --user and its password") from error
    except smtplib.SMTPException as error:
        raise OSError(f"{server.place}: the mail server does not answer as one: {error}") from error
    except ssl.SSLError as error:
        raise OSError(f"{server.place}: the encrypted connection was refused: {error}") from error
