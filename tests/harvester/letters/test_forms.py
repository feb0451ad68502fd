"""In which forms letters go out: attached files, webhooks, headers, and what is refused."""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
import zipfile
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from portal_server import Asked, PortalServer, Response

import harvester
from catalog.db.store import open_catalog
from catalog.exports.options import ExportOptions
from catalog.repositories.sent import letters
from harvester.cli.configuration import Configuration
from harvester.mail.attachments import attached
from harvester.mail.letters import NO_TOKEN, LetterSender, mail_of
from harvester.mail.mailing import Mailing, folder_of, start_of_names
from harvester.mail.smtp import SmtpServer
from harvester.night.stages import _published
from specs.languages import language
from tests.catalog.carding import PORTALS, RUNS
from tests.harvester.letters.sending import OPERATOR, Box, run, send

pytestmark = pytest.mark.xdist_group("send")  # one set-up for all


def test_large_files_are_packed(data: Path, box: tuple[Box, str], monkeypatch: pytest.MonkeyPatch) -> None:
    kept, smtp = box
    monkeypatch.setattr("harvester.mail.attachments.ATTACHED_MAX", 1_000)
    send(data, smtp)
    (part,) = kept.mails[0].iter_attachments()
    content = part.get_payload(decode=True)
    assert part.get_filename() == "winnow.zip" and isinstance(content, bytes) and content.startswith(b"PK")


def test_what_is_too_large_for_a_mail_is_named_and_nothing_private_is_left_out(
    data: Path, box: tuple[Box, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        (letter,) = letters(catalog, RUNS[0], "mail")
    monkeypatch.setattr("harvester.mail.attachments.ATTACHED_MAX", 1_000)
    whole = len(attached(Mailing((letter,)), data / "exports")[0][0][1])
    monkeypatch.setattr("harvester.mail.attachments.PACKED_MAX", whole - 1)
    done = send(data, smtp)
    assert "1 sent" in done.output and "not attached: findings.xlsx\n" in done.stderr
    body = kept.mails[0].get_body(("plain",))
    assert body is not None and language("fr").phrase("mail_left_out", files="findings.xlsx") in body.get_content()
    assert "findings.fr.csv" in body.get_content()
    monkeypatch.setattr("harvester.mail.attachments.PACKED_MAX", 1)
    letter = replace(letter, personal=[{"finding_id": "f1"}])
    ((name, packed, _),) = attached(Mailing((letter,)), data / "exports")[0]
    assert name == "winnow.zip" and zipfile.ZipFile(io.BytesIO(packed)).namelist() == [
        "personal.csv",
        "personal.fr.csv",
    ]


def test_a_mail_that_begins_with_corrections_names_the_files_of_the_letter_that_asks(data: Path) -> None:
    nothing: dict[str, Any] = {"new_count": 0, "fixed_count": 0, "overdue": (), "held": None, "method": None}
    exports, about = data / "exports", LetterSender(SmtpServer("127.0.0.1", 25, "a@b.example"), OPERATOR)
    with open_catalog(data / "catalog.db") as catalog:
        (first,) = letters(catalog, RUNS[0], "mail")
    correction = replace(first, since_run=RUNS[0], withdrawn_count=1, personal=(), **nothing)
    asking = replace(first, government="Another country")
    shutil.copytree(folder_of(first, exports), folder_of(asking, exports))
    mailing = Mailing((correction, asking))
    mail = mail_of(mailing, exports, about, NO_TOKEN)
    body, names = mail.get_body(("plain",)), {part.get_filename() for part in mail.iter_attachments()}
    start = start_of_names(mailing, folder_of(asking, exports))
    files = {stem: f"{start}{stem}.xlsx" for stem in ("findings", "causes")}
    assert correction.is_correction and not asking.is_correction and set(files.values()) <= names
    assert body is not None and language("fr").phrase("mail_answer", **files) in body.get_content().replace(
        "\r\n", "\n"
    )


@pytest.mark.parametrize(
    "args, code",
    [
        ((), 2),
        (("--smtp", "mail.example.org"), 2),
        (("--smtp", "h:25"), 2),
        (("--smtp", "h:99999", "--from", "a@b.example"), 2),
        (("--smtp", "h:²", "--from", "a@b.example"), 2),
        (("--smtp", "h:25", "--from", "a@b.example, c@d.example"), 2),
        (("--webhook", "ftp://x"), 2),
    ],
)
def test_wrong_usage_is_said(args: tuple[str, ...], code: int, data: Path) -> None:
    assert run(data, "send", *args).exit_code == code


def test_exports_of_another_run_are_not_sent(data: Path, box: tuple[Box, str]) -> None:
    kept, smtp = box
    with open_catalog(data / "catalog.db") as catalog:
        catalog.begin_run("test", PORTALS, version="0", methodology="2.0.0", run_id=RUNS[1])
        catalog.set_run(RUNS[1], status="complete")
    done = send(data, smtp)
    assert done.exit_code == 2 and "run winnow export first" in done.output and not kept.mails


def test_webhooks_of_the_portal_file_and_of_the_command_line(data: Path, tmp_path: Path) -> None:
    got: list[tuple[str, dict[str, Any]]] = []

    def take(asked: Asked) -> Response:
        got.append((asked.path, json.loads(asked.body)))
        return Response(204, body=b"")

    with PortalServer({"/own": take, "/all": take, "/away": Response(302, headers={"Location": "/all"})}) as server:
        folder = tmp_path / "portals"
        folder.mkdir()
        text = 'id = "c"\ntype = "ckan"\ntitle = "Gamma"\nurl = "https://c.example"\ngovernment = "Gamma"\n'
        (folder / "c.toml").write_text(f'{text}[notify]\nwebhooks = ["{server.url}/own"]\n')
        done = run(data, "send", "--portals", str(folder))
        assert done.exit_code == 0 and "1 sent" in done.output, done.output
        ((path, body),) = got
        assert path == "/own" and body["entity_name"] == "Gamma" and body["run_id"] == RUNS[0]
        with open_catalog(data / "catalog.db") as catalog:
            score = catalog.value(
                "select round(score, 2) from score_history where entity_id = 'Gamma' and system = 'winnow'"
            )
        assert body["score"] == score and body["findings_new"] > len(body["new"]) == 20
        # A second time only the one that is named now.
        done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/all")
        assert "4 sent" in done.output and {path for path, _ in got[1:]} == {"/all"}
        # One that leads elsewhere is not followed, and tried again next time.
        for _ in range(2):
            done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/away")
            assert done.exit_code == 3 and "302" in done.stderr
        assert len(got) == 5
    done = run(data, "send", "--portals", str(folder), "--webhook", f"{server.url}/secret-token")
    assert done.exit_code == 3 and "secret-token" not in done.output + done.stderr
    with open_catalog(data / "catalog.db") as catalog:
        assert "/all" not in str(catalog.rows("select * from sent"))


def test_no_webhook_reaches_a_private_place_that_its_address_does_not_say(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, asked = socket.getaddrinfo, []

    def rebinding(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        """Resolve hooks.example to a public address when it is checked, and to this machine when it is connected
        to."""
        if host != "hooks.example":
            return resolve(host, port, *args, **kwargs)
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) > 1 else "93.184.216.34", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with PortalServer({"/in": Response(204)}) as server:
        port = server.url.rpartition(":")[2]
        for address in (f"http://hooks.example:{port}/in", "http://169.254.169.254/in"):
            done = run(data, "send", "--webhook", address)
            assert done.exit_code == 3 and "its address is not public" in done.stderr, done.output
        assert len(asked) > 1 and not server.requests
    with open_catalog(data / "catalog.db") as catalog:
        assert not catalog.value("select count(*) from sent where channel = 'webhook'")


def test_a_webhook_whose_name_does_not_resolve_is_tried_again(data: Path) -> None:
    done = run(data, "send", "--webhook", "http://hooks.invalid/in")
    assert done.exit_code == 3, done.output
    with open_catalog(data / "catalog.db") as catalog:
        assert not catalog.value("select count(*) from sent where channel = 'webhook'")


def test_requests_is_used_behind_the_guard_alone() -> None:
    folder = Path(harvester.__file__).parents[1]
    outside = re.compile(
        r"requests\.(Session|session|get|post|put|head|request|delete)\(|import Session|aiohttp\.request"
    )
    found = [
        str(path.relative_to(folder))
        for package in ("specs", "catalog", "quality", "harvester")
        for path in (folder / package).rglob("*.py")
        if outside.search(path.read_text("utf-8"))
    ]
    assert [path.rpartition("/")[2] for path in found] == ["guarded_session.py"], found


@pytest.mark.parametrize("sign", ["\x85", "\x9f", "\u2028", "\r\n", "\x0b"])
def test_no_sign_in_a_name_breaks_the_subject(sign: str, data: Path) -> None:
    with open_catalog(data / "catalog.db") as catalog:
        (letter,) = letters(catalog, RUNS[0], "mail")
    mailing = Mailing((replace(letter, name=f"Ministry{sign}of trees"),))
    sender = LetterSender(SmtpServer("127.0.0.1", 25, "winnow@example.org"), OPERATOR)
    mail = message_from_bytes(mail_of(mailing, data / "exports", sender, NO_TOKEN).as_bytes(), policy=policy.default)
    assert "Ministry of trees" in mail["subject"] and mail["to"] == letter.recipient


def test_no_days_on_the_command_line_override_those_of_the_file() -> None:
    own = Configuration(hold_days=14)
    days = [_published(ExportOptions(hold_days=one), own).hold_days for one in (None, 0, 7)]
    assert days == [14, 0, 7]
