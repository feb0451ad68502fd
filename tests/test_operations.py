"""The recipes of docs/howto/operations.md, as far as a machine can try them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import yaml
from click.testing import CliRunner

from harvester.cli import main as command_line
from harvester.cli.proofs import BROKEN_CHAIN
from harvester.cli.site import PORT_TAKEN
from tests.conftest import needs

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "howto" / "examples"
GUIDE = (ROOT / "docs" / "howto" / "operations.md").read_text("utf-8")


def options_of(line: str) -> tuple[list[str], str]:
    """Return the words that follow ``winnow`` and its own options, and the command."""
    words = re.sub(r"\s*\\\n\s*", " ", line).split()
    at = words.index("--data") + 2 if "--data" in words else 0
    return words[at:], words[at]


@needs("systemd-analyze", shutil.which("systemd-analyze"))
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ("winnow.service", "winnow.timer"):
        text = (EXAMPLES / name).read_text("utf-8")
        # The program and the user are not on this machine.
        text = text.replace("/usr/local/bin/winnow", shutil.which("true") or "/bin/true").replace("User=winnow\n", "")
        (tmp_path / name).write_text(text)
    units = [str(tmp_path / "winnow.service"), str(tmp_path / "winnow.timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "winnow" not in done.stderr, done.stderr
    broken = tmp_path / "winnow.timer"
    broken.write_text(broken.read_text().replace("*-*-*", "sometimes"))
    done = subprocess.run(["systemd-analyze", "verify", str(broken)], capture_output=True, text=True, timeout=60)
    assert "sometimes" in done.stderr


def test_the_service_takes_for_success_what_is_no_failure() -> None:
    text = (EXAMPLES / "winnow.service").read_text("utf-8")
    assert f"SuccessExitStatus={command_line.FAILED_PORTALS} {command_line.LOCKED}" in text


def test_the_cron_line_has_five_fields_a_user_and_a_command_that_a_shell_takes(tmp_path: Path) -> None:
    lines = [x for x in (EXAMPLES / "winnow.cron").read_text("utf-8").splitlines() if x and not x.startswith("#")]
    (line,) = [x for x in lines if not re.match(r"\w+=", x)]
    *fields, user, command = line.split(maxsplit=6)
    limits = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    for field, (low, high) in zip(fields, limits, strict=True):
        assert field == "*" or low <= int(field) <= high
    # In a crontab a percent sign is a line break.
    assert user == "winnow" and "%" not in command
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    script = command.replace("/var/lib/winnow", str(tmp_path))
    for code, is_told in ((0, False), (3, False), (75, False), (1, True)):
        (bin_ / "winnow").write_text(f"#!/bin/sh\necho oops >&2\nexit {code}\n")
        (bin_ / "winnow").chmod(0o755)
        path = {"PATH": f"{bin_}:/usr/bin:/bin"}
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, env=path, timeout=20)
        assert ("winnow ended with 1" in done.stdout and "oops" in done.stdout) == is_told, (code, done)


def test_the_workflow_is_yaml_and_its_script_keeps_the_codes(tmp_path: Path) -> None:
    flow = yaml.safe_load((EXAMPLES / "winnow.yml").read_text("utf-8"))
    # YAML reads the key "on" as true.
    assert flow[True]["schedule"][0]["cron"].split()[:2] == ["30", "1"]
    steps = flow["jobs"]["nightly"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "One night"]
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for code, wanted in ((0, 0), (3, 0), (1, 1), (75, 75)):
        (bin_ / "winnow").write_text(f"#!/bin/sh\nexit {code}\n")
        (bin_ / "winnow").chmod(0o755)
        names = {"PATH": f"{bin_}:/usr/bin:/bin", "GITHUB_SERVER_URL": "https://x", "GITHUB_REPOSITORY": "y"}
        done = subprocess.run(["/bin/bash", "-e", "-c", script], capture_output=True, env=names, timeout=20, text=True)
        assert done.returncode == wanted and ("::warning::" in done.stdout) == (code == 3)


def test_every_command_and_option_of_the_recipes_exists() -> None:
    texts = [GUIDE, *(path.read_text("utf-8") for path in EXAMPLES.iterdir())]
    found = 0
    for text in texts:
        for line in re.findall(
            r"(?:^|[ /`])winnow ((?:--data \S+ )?(?:nightly|send|replies|export|verify|serve)\b(?:[^`\n\\]|\\\n)*)",
            text,
        ):
            words, name = options_of(line)
            command = command_line.cli.commands[name]
            if isinstance(command, click.Group) and len(words) > 1:
                command = command.commands[words[1]]
            known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            for word in words:
                if word.startswith("--"):
                    assert word.partition("=")[0] in known, (name, word)
            found += 1
    assert found >= 8


def test_every_exit_code_is_told() -> None:
    told = set(map(int, re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)))
    codes = {command_line.LOCKED, command_line.INTERRUPTED, command_line.FAILED_PORTALS, command_line.BELOW}
    assert told == codes | {BROKEN_CHAIN, PORT_TAKEN, 0, 1, 2}
    assert CliRunner().invoke(command_line.cli, ["nonsense"]).exit_code == 2
