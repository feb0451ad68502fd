"""``winnow init`` writes winnow.toml by options or by questions, and refuses what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.exports import ExportOptions
from harvester.cli.configuration import NAME, Configuration, Mailbox, MailServer, load, password_of
from harvester.cli.main import cli
from harvester.night.stages import _published
from specs.errors import SpecError

SIGNED = ("--name", "Open Data Watch", "--reason", "We check open data.", "--imprint", "Ring 1, Bern")


def init(data: Path, *args: str, answers: str | None = None) -> str:
    done = CliRunner().invoke(cli, ["--data", str(data), "init", *args], input=answers, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output + done.stderr


def test_options_are_written_and_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "operator.how_to_stop" in init(tmp_path, *SIGNED, "--hold-days", "14")
    (tmp_path / NAME).write_text((tmp_path / NAME).read_text() + "# a comment\n")
    assert "missing" not in init(tmp_path, "--how-to-stop", "Answer stop.", "--public-url", "https://x.example/a/")
    found = load(tmp_path)
    assert (found.hold_days, found.public_url, found.mail.every_days) == (14, "https://x.example/a", 7)
    assert found.operator.name == "Open Data Watch" and not found.operator.missing
    init(tmp_path, "--hold-days", "15")
    # The first file, with the comments of the operator, is never overwritten.
    assert "# a comment" in (tmp_path / f"{NAME}.before").read_text()
    assert "hold_days = 14" in (tmp_path / f"{NAME}.before.2").read_text()


def test_questions_are_asked_and_an_empty_answer_keeps_what_is_there(tmp_path: Path) -> None:
    init(tmp_path, *SIGNED)
    answers = ["me@example.org", "", "", "", 'Answer "stop".', "", "", "mail.example.org:587", "data@example.org"]
    init(tmp_path, "--ask", answers="\n".join([*answers, "", "", "", "3", "", ""]))
    found = load(tmp_path)
    assert found.contact == "me@example.org" and found.operator.how_to_stop == 'Answer "stop".'
    assert found.operator.imprint == "Ring 1, Bern" and found.mail.server == "mail.example.org:587"
    assert found.mail.every_days == 3 and found.hold_days == Configuration().hold_days


def test_texts_of_the_operator_in_a_language_stay_and_a_language_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(
        '[operator]\nreason = "We look."\nimprint = "Ring 1"\n\n[operator.texts.pt]\nreason = "Olhamos."\n\n'
        '[operator.texts.pt-BR]\nimprint = "Anel 1"\n'
    )
    init(tmp_path, "--name", "Watch")
    found = load(tmp_path).operator
    assert found.missing == ["operator.how_to_stop"]
    said = {code: found.in_language(code) for code in ("fr", "pt-PT", "pt-BR")}
    assert {code: (one.reason, one.imprint) for code, one in said.items()} == {
        "fr": ("We look.", "Ring 1"), "pt-PT": ("Olhamos.", "Ring 1"), "pt-BR": ("We look.", "Anel 1"),
    }  # fmt: skip
    by = _published(ExportOptions(), load(tmp_path))
    assert [by.publisher_in(code) for code in ("en", "pt-BR")] == [("Watch", "Ring 1"), ("Watch", "Anel 1")]
    (tmp_path / NAME).write_text('[operator.texts.xx]\nreason = "We look."\n')
    with pytest.raises(SpecError, match=r"operator\.texts: .*'xx' has no language file"):
        load(tmp_path)


@pytest.mark.parametrize(
    "option, value, key",
    [
        ("--smtp", "mail.example.org", "mail.server"),
        ("--from", "a@b.example, c@d.example", "mail.sender"),
        ("--public-url", "x.example", "public_url"),
        ("--hold-days", "soon", "hold_days"),
        ("--hold-days", "\u00b2", "hold_days"),
        ("--name", "two\nlines", "operator.name"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_key(tmp_path: Path, option: str, value: str, key: str) -> None:
    with pytest.raises(SpecError, match=key.replace(".", r"\.")):
        CliRunner().invoke(cli, ["--data", str(tmp_path), "init", option, value], catch_exceptions=False)
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("table", [MailServer, Mailbox])
def test_the_password_is_that_of_the_option_then_of_the_environment_then_of_the_file_that_is_named(
    table: type[MailServer | Mailbox], tmp_path: Path
) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.write_text("own\n")
    other.write_text("other\r\n")
    server = table(password_file="own")
    assert password_of(tmp_path, server, path=other, given="environment") == "other"
    assert password_of(tmp_path, server, path=None, given="environment") == "environment"
    assert password_of(tmp_path, server, path=None, given=None) == "own"
    assert password_of(tmp_path, table(), path=None, given=None) is None
    own.unlink()
    with pytest.raises(SpecError, match="cannot be read"):
        password_of(tmp_path, server, path=None, given=None)
