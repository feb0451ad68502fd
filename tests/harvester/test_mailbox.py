"""A mail server cannot harm: no password goes out in the clear, and no response costs much memory or time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harvester.errors import MailboxError
from harvester.mail import mailbox
from harvester.mail.mailbox import MailboxPlace, opened_mailbox
from tests.harvester.mailboxes import USER, Post, place, post


def test_a_password_goes_out_only_encrypted_to_another_machine(
    inbox: Post, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MailboxError, match="no password was sent"), opened_mailbox(place(inbox.port, needs_tls=True)):
        pass
    with (
        pytest.raises(MailboxError, match="check the user"),
        opened_mailbox(MailboxPlace("127.0.0.1", inbox.port, USER, "wrong")),
    ):
        pass
    with post(certificate) as secure:
        monkeypatch.setattr(mailbox, "is_this_machine", lambda sock: False)
        with pytest.raises(MailboxError, match="certificate verify failed"), opened_mailbox(place(secure.port)):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with opened_mailbox(place(secure.port)) as session:
            assert session.waiting() == []


@contextmanager
def hostile(answer: bytes) -> Iterator[int]:
    """Run a server that greets, and answers the first command without an end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer:
                peer.settimeout(20)
                try:
                    peer.sendall(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
                    tag = peer.recv(1_000).split()[0]
                    for _ in range(2_000):
                        peer.sendall(answer.replace(b"TAG", tag))
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(30)


@pytest.mark.parametrize(
    "answer", [b"* X " + b"y" * 9_000 + b"\r\n", b"* 1 FETCH {9999999999}\r\n", b"y" * 9_000, b"\r\n\0\xff\r\n"],
    ids=["lines", "literal", "line", "garbage"],
)  # fmt: skip
def test_an_endless_response_costs_neither_memory_nor_time(answer: bytes) -> None:
    with hostile(answer) as port, pytest.raises(MailboxError), opened_mailbox(place(port)):
        pass


def test_a_server_that_counts_wrongly_makes_no_mail_come_twice() -> None:
    sizes = b"* 1 FETCH (UID 7 RFC822.SIZE 9)\r\n* 2 FETCH (UID 99999999999999999999 RFC822.SIZE 9)\r\n"
    said = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"SEARCH": b"* SEARCH 7 7 ../x 99999999999999999999 7\r\n"}
    said |= {b"SIZE": sizes * 3}
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            with peer, peer.makefile("rwb") as file:
                file.write(b"* OK hello\r\n")
                file.flush()
                for line in file:
                    answer = next((text for word, text in said.items() if word in line), b"")
                    file.write(answer + line.split()[0] + b" OK done\r\n")
                    file.flush()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with opened_mailbox(place(listening.getsockname()[1])) as session:
            assert session.waiting() == [("7", 9)]
        thread.join(30)


@pytest.mark.parametrize("greeting", [b"* OK [CAPABILITY IMAP4rev1] hello\r\n", b""], ids=["later", "at once"])
def test_a_server_that_takes_its_time_is_left(greeting: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "SESSION_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                peer.sendall(greeting)
                for _ in range(1_000):
                    peer.sendall(b"*")
                    time.sleep(0.02)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(MailboxError), opened_mailbox(place(listening.getsockname()[1])):
            pass
        thread.join(30)
