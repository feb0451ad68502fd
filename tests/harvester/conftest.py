"""What the tests of harvests share: servers on this machine are in no need of long pauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harvester.http import politeness
from tests.harvester.certificates import certificate

if TYPE_CHECKING:
    from tests.harvester.mailboxes import Post

__all__ = ["certificate"]


@pytest.fixture(scope="module", autouse=True)
def short_penalties() -> Iterator[None]:
    """Make the first pause after trouble short, also in set-ups of a module; later pauses double as usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(politeness, "FIRST_PENALTY_S", 0.02)
        yield


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Post]:
    """Run an IMAP server, which only the tests of mailboxes import."""
    from tests.harvester.mailboxes import post

    with post() as found:
        yield found


@pytest.fixture
def inbox(mail_server: Post) -> Post:
    """Return the mailbox of the server, empty."""
    with mail_server.client() as client:
        client.select("INBOX")
        client.store("1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    return mail_server
