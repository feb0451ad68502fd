"""Mail servers and webhooks may be anything: nothing they answer takes memory or time without end, and no password goes
out unencrypted."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from click.testing import CliRunner

from catalog.repositories.sent import Letter
from harvester.cli.main import cli
from harvester.http.guard import own_addresses
from harvester.http.guarded_session import guarded_session
from harvester.mail import send, smtp
from harvester.mail.smtp import SmtpServer, connected

LINE = b"220-" + b"x" * 1_000 + b"\r\n"


@contextmanager
def answering(say: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run ``say`` with each connection to a port of this machine; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    made, _ = server.accept()
                    with made, suppress(OSError):
                        say(made)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=30)


def endless(piece: bytes, start: bytes = b"", pause_s: float = 0.0) -> Callable[[socket.socket], None]:
    def say(made: socket.socket) -> None:
        made.sendall(start)
        while True:
            made.sendall(piece)
            time.sleep(pause_s)

    return say


@pytest.mark.parametrize(
    "say",
    [
        endless(LINE),
        endless(b"x" * 1_000),
        endless(b"2", pause_s=0.05),
        endless(LINE, pause_s=0.05),
        lambda made: made.recv(1),
        lambda made: made.sendall(b"554 go away\r\n"),
        lambda made: made.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
    ids=["endless lines", "endless line", "a byte now and then", "a line now and then", "silent", "refuses", "web"],
)
def test_what_is_no_mail_server_is_left_soon(
    say: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SETUP_S", 1.0)
    tracemalloc.start()
    try:
        with (
            answering(say) as port,
            pytest.raises(OSError, match=f"127.0.0.1:{port}"),
            connected(SmtpServer("127.0.0.1", port, "winnow@example.org")),
        ):
            pass
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def letter(address: str) -> Letter:
    return Letter(
        channel="webhook", level="government", entity_id="G", name="G", government="G", recipient=address,
        language=None, run_id="r", since_run=None, card={}, new=(), new_count=0, fixed_count=0, withdrawn=(),
        withdrawn_count=0, personal=(), overdue=(), fixes=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "say, is_sent",
    [
        (endless(b"x" * 65_536, b"HTTP/1.1 200 OK\r\n\r\n"), True),
        (endless(b"HTTP/1.1 100 Continue\r\n\r\n"), False),
        (endless(b"X", b"HTTP/1.1 200 OK\r\nA: ", pause_s=0.05), True),
    ],
    ids=["endless body", "endless continue", "endless header"],
)
def test_a_webhook_without_an_end(
    say: Callable[[socket.socket], None], is_sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "POST_S", 2.0)
    monkeypatch.setattr(send, "forget", lambda catalog, one: None)
    done = send.Outcome()
    tracemalloc.start()
    try:
        with answering(say) as port:
            address = f"http://127.0.0.1:{port}/in"
            with guarded_session(own_addresses(address)) as session:
                send._post(None, letter(address), session, done)  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert (done.sent, bool(done.failed)) == (int(is_sent), not is_sent)


class Desk:
    """A mail server that notes who logged in, and whether that was encrypted."""

    def __init__(self) -> None:
        self.logins: list[tuple[bytes, bytes, bool]] = []

    def login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: object) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.logins.append((said.login, said.password, session.ssl is not None))
        return AuthResult(success=said.password == b"right", handled=False)


@contextmanager
def mail_server(certificate: Path | None, *, is_implicit: bool = False) -> Iterator[tuple[Desk, int]]:
    desk = Desk()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        desk,
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if is_implicit else None,
        server_hostname="127.0.0.1",
        tls_context=None if is_implicit else context,
        authenticator=desk.login,
        auth_require_tls=False,
    )
    controller.start()
    try:
        yield desk, port
    finally:
        controller.stop()


@pytest.mark.parametrize("is_implicit", [False, True], ids=["starttls", "tls from the start"])
def test_a_password_goes_out_encrypted_to_a_server_whose_certificate_is_valid(
    is_implicit: bool, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(certificate, is_implicit=is_implicit) as (desk, port):
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORT", port if is_implicit else 465)
        server = SmtpServer("127.0.0.1", port, "winnow@example.org", "winnow", "right")
        # Nobody vouches for the certificate.
        with pytest.raises(OSError, match="certificate verify failed"), connected(server):
            pass
        assert desk.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with connected(server) as connection:
            assert connection.noop()[0] == 250
        # Of a connection that begins with TLS, the server's session does not say so.
        assert desk.logins == [(b"winnow", b"right", not is_implicit)]
        wrong = SmtpServer("127.0.0.1", port, "winnow@example.org", "winnow", "wrong")
        with pytest.raises(OSError, match="check --user and its password"), connected(wrong):
            pass


@pytest.mark.parametrize("more", [{"user": "winnow", "password": "right"}, {"starttls": True}])
def test_without_encryption_no_password_goes_out(more: dict[str, object]) -> None:
    with mail_server(None) as (desk, port):
        server = SmtpServer("127.0.0.1", port, "winnow@example.org", **more)  # type: ignore[arg-type]
        with pytest.raises(OSError, match="offers no encryption"), connected(server):
            pass
        assert desk.logins == []
        # On this machine, and without a password, nothing needs to be hidden.
        with connected(SmtpServer("127.0.0.1", port, "winnow@example.org")) as connection:
            assert connection.noop()[0] == 250


def test_only_a_server_on_this_machine_may_go_without_encryption(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "is_this_machine", lambda sock: False)
    with (
        mail_server(None) as (_, port),
        pytest.raises(OSError, match="nothing was sent"),
        connected(SmtpServer("127.0.0.1", port, "winnow@example.org")),
    ):
        pass


def test_a_password_on_the_command_line_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("right\n")
    for args, is_warned in (("--password=right", True), (f"--password-file={tmp_path / 'secret'}", False)):
        done = CliRunner().invoke(cli, ["--data", str(tmp_path), "send", "--dry-run", args])
        assert done.exit_code == 2 and ("other users of this machine" in done.stderr) is is_warned, done.output


def test_doctor_greets_the_mail_server_and_sends_neither_letter_nor_password(tmp_path: Path) -> None:
    def doctor() -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--data", str(tmp_path), "doctor"])
        return done.exit_code, "\n".join(line for line in done.output.splitlines() if "mail:" in line)

    assert "mail: no server" in doctor()[1]
    with mail_server(None) as (desk, port):
        (tmp_path / "winnow.toml").write_text(f'[mail]\nserver = "127.0.0.1:{port}"\n')
        code, said = doctor()
        assert code == 0 and f"127.0.0.1:{port} answers as a mail server" in said and "lacks operator.name" in said
        with (tmp_path / "winnow.toml").open("a") as file:
            file.write('user = "winnow"\npassword_file = "/nowhere/secret"\n')
        code, said = doctor()
        # Where a password will be sent there must be encryption.
        assert code == 1 and "offers no encryption" in said and "/nowhere/secret cannot be read" in said
        assert desk.logins == []
    code, said = doctor()
    assert code == 1 and "FAULT: mail:" in said and f"127.0.0.1:{port}" in said
    assert CliRunner().invoke(cli, ["--data", str(tmp_path), "doctor", "--offline"]).exit_code == 1
