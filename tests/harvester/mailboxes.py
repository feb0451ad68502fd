"""A mailbox on this machine: pymap, an IMAP server that others wrote, which keeps mails in memory."""

from __future__ import annotations

import asyncio
import imaplib
import socket
import ssl
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer
from pysasl.hashing import Cleartext

from harvester.mail.mailbox import MailboxPlace

USER, PASSWORD = "winnow", "right"


class Post:
    """The mailbox of the user, as somebody sees it who delivers mails."""

    def __init__(self, port: int) -> None:
        self.port = port

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=20) as client:
            client.login(USER, PASSWORD)
            yield client

    def deliver(self, *mails: EmailMessage | bytes) -> None:
        """Put mails into the inbox."""
        with self.client() as client:
            for mail in mails:
                content = mail if isinstance(mail, bytes) else mail.as_bytes()
                assert client.append("INBOX", "", "", content)[0] == "OK"

    def make(self, folder: str) -> None:
        with self.client() as client:
            assert client.create(folder)[0] == "OK"

    def count(self, folder: str = "INBOX", which: str = "ALL") -> int:
        """Return the number of mails in a folder."""
        with self.client() as client:
            client.select(folder, readonly=True)
            return len(client.search(None, which)[1][0].split())


@contextmanager
def post(certificate: Path | None = None) -> Iterator[Post]:
    """Run an IMAP server, which offers STARTTLS if it has a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is not None:
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        args = Namespace(
            host=None, port=0, debug=False, cert=None, key=None, tls=certificate is not None, demo_data=False,
            demo_user=USER, demo_password=PASSWORD, passlib_cfg=None, proxy_protocol=None,
        )  # fmt: skip
        loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def serve() -> None:
            # Passwords in clear text: a hash would take most of the time of these tests.
            backend, config = await DictBackend.init(
                args, ssl_context=context, secure_auth=False, invalid_user_sleep=0, hash_context=Cleartext()
            )
            config.apply_context()
            server = IMAPServer(backend.login, config)

            # pymap itself makes a task of each connection and keeps no reference to it, so Python may drop it halfway.
            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                with closing(writer):
                    await server(reader, writer, SocketInfo.get(writer, None, unique_id=uuid4().bytes))

            async with await asyncio.start_server(answer, sock=listening):
                ready.set()
                await ended.wait()

        ended = asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        assert ready.wait(20)
        try:
            yield Post(listening.getsockname()[1])
        finally:
            loop.call_soon_threadsafe(ended.set)
            thread.join(20)
            loop.close()


def place(port: int, **more: object) -> MailboxPlace:
    """Return where the mailbox on this machine is, and how to log in."""
    return MailboxPlace("127.0.0.1", port, USER, PASSWORD, **more)  # type: ignore[arg-type]
