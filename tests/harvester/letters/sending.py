"""What the tests of letters share: a mail server that keeps what it receives, and the command."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from click.testing import CliRunner, Result

from catalog.db.store import open_catalog
from harvester.cli.configuration import Operator
from harvester.cli.main import cli
from tests.catalog.carding import PORTALS

__all__ = ["NAME", "OPERATOR", "PUBLIC", "Box", "a_week_passes", "run", "send"]

NAME = PORTALS[0].government or ""
PUBLIC = "https://watch.example/open"
OPERATOR = Operator(
    name="Open Data Watch",
    reason="We check open data.",
    imprint="Ring 1, Bern",
    how_to_stop="Answer with the word stop.",
)


class Box:
    """A mail server that keeps the mails it receives and refuses the recipients it is told to refuse."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.says = "550 no such mailbox"
        self.says_of_content = "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        if to in self.refused:
            return self.says
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if self.says_of_content.startswith("250"):
            self.mails.append(mail)
        return self.says_of_content


def a_week_passes(data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        catalog.db.conn.execute("update sent set sent_at = '2026-11-20T02:00:00Z'")
        catalog.db.conn.commit()


def run(data: Path, *args: str) -> Result:
    done = CliRunner().invoke(cli, ["--data", str(data), *args], catch_exceptions=False)
    return done


def send(data: Path, smtp: str, *more: str) -> Result:
    return run(data, "send", "--smtp", smtp, "--from", "winnow@example.org", "--confirm", NAME, *more)
