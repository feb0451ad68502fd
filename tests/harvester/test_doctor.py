"""``winnow doctor`` finds what would keep a night from running, ``serve`` and ``demo`` respect what is running."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from portal_server import PortalServer, Response

from catalog.db.schema import metric_columns
from catalog.db.store import open_catalog
from harvester.cli.configuration import load, password_path
from harvester.cli.fetch import _mailbox
from harvester.cli.main import cli
from harvester.cli.site import PORT_TAKEN
from harvester.demo.run import MARK
from harvester.night.stages import locked
from harvester.terminal import doctor
from harvester.terminal.doctor import _mail, _private


def run(data: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *args])


def portal(data: Path, name: str, url: str) -> None:
    (data / "portals").mkdir(exist_ok=True, parents=True)
    text = f'id = "{name}"\ntype = "dcat-us"\ntitle = "{name}"\nurl = "{url}"\ngovernment = "G"\nlocal = true\n'
    (data / "portals" / f"{name}.toml").write_text(text)


def faults(done: Result) -> list[str]:
    return [line for line in done.output.splitlines() if line.startswith("FAULT")]


def test_where_all_is_well_nothing_is_left_behind(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    before = sorted(tmp_path.iterdir())
    done = run(tmp_path, "doctor", "--offline")
    assert done.exit_code == 0 and faults(done) == [] and "a night can run" in done.output
    assert sorted(tmp_path.iterdir()) == before


def test_a_catalogue_that_an_upgrade_would_change_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with open_catalog(path) as catalog:
        (column, *_) = metric_columns("distribution")
        for kind in ("view", "trigger"):
            for row in catalog.rows("select name from sqlite_master where type = ?", [kind]):
                catalog.db.execute(f"drop {kind} [{row['name']}]")
        catalog.db.execute(f"alter table distribution_kinds drop column [{column}]")
    (tmp_path / "winnow.toml").write_text("hold_days = 14\n")
    before = path.read_bytes()
    assert run(tmp_path, "doctor", "--offline").exit_code == 0
    assert path.read_bytes() == before


def test_space_is_that_of_the_disk_on_which_the_data_will_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    class Usage:
        free = 5e8

    def usage(place: Path) -> Usage:
        asked.append(Path(place))
        return Usage()

    monkeypatch.setattr(doctor.shutil, "disk_usage", usage)
    done = run(tmp_path / "not" / "yet", "doctor", "--offline")
    assert asked == [tmp_path] and done.exit_code == 1 and "0.5 GB free" in faults(done)[0]


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self/root").exists(), reason="needs a place without writing")
def test_a_place_where_nothing_can_be_written_is_a_fault() -> None:
    done = run(Path("/proc/winnow"), "doctor", "--offline")
    assert done.exit_code == 1 and any("nothing can be written" in line for line in faults(done))


def test_bad_files_are_faults_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database at all" * 100)
    (tmp_path / "winnow.toml").write_text("contact = 5\n")
    (tmp_path / "portals").mkdir()
    (tmp_path / "portals" / "bad.toml").write_text("id = 1\n")
    # The command line reads winnow.toml itself and refuses it.
    assert run(tmp_path, "doctor", "--offline").exit_code == 2
    (tmp_path / "winnow.toml").unlink()
    done = run(tmp_path, "doctor", "--offline")
    assert done.exit_code == 1
    assert any("catalog.db" in line and "not a database" in line for line in faults(done))
    assert any("bad.toml" in line for line in faults(done))


def test_robots_of_each_portal_and_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: late)
    rules = Response(200, "text/plain", b"User-agent: winnow\nDisallow: /\n")
    free = Response(200, "text/plain", b"")
    with PortalServer({"/robots.txt": rules}) as closed, PortalServer({"/robots.txt": free}) as one:
        portal(tmp_path, "closed", closed.url)
        portal(tmp_path, "one", one.url)
        done = run(tmp_path, "doctor")
        assert done.exit_code == 1 and len(faults(done)) == 1
        assert "closed: robots.txt forbids" in faults(done)[0]
        portal(tmp_path, "two", f"{one.url}/two")
        done = run(tmp_path, "doctor")
        assert any("the clock of this machine is 120 minutes behind" in line for line in faults(done)), done.output
    portal(tmp_path, "closed", closed.url)
    done = run(tmp_path, "doctor")
    assert any("no portal responds" in line for line in faults(done))


def test_a_port_in_use_has_a_code_of_its_own(tmp_path: Path) -> None:
    with open_catalog(tmp_path / "catalog.db"):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for args in (("serve", "--port", port), ("demo", "--serve", "--port", port)):
            done = run(tmp_path, *args)
            assert done.exit_code == PORT_TAKEN and port in done.stderr and "--port" in done.stderr
    assert not (tmp_path / "site").exists()


def test_a_demo_leaves_alone_one_that_is_running(tmp_path: Path) -> None:
    (tmp_path / MARK).touch()
    (tmp_path / "catalog.db").write_text("in use")
    with locked(tmp_path):
        done = run(tmp_path, "demo")
        assert "another run is at work" in str(done.exception)
    assert (tmp_path / "catalog.db").read_text() == "in use"


def test_a_password_file_lies_in_the_data_folder_wherever_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret").write_text("right\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    settings = 'server = "127.0.0.1:1"\nuser = "winnow"\npassword_file = "secret"\n'
    (data / "winnow.toml").write_text(f"[mail]\n{settings}[mailbox]\n{settings}")
    configuration = load(data)
    assert password_path(data, configuration.mail) == password_path(data, configuration.mailbox) == data / "secret"
    assert {told.kind for told in _mail(data, configuration, is_offline=True)} == {"note"}
    nothing_chosen = dict.fromkeys(("imap", "user", "password_file", "folder", "move_to", "needs_tls"))
    assert _mailbox(data, nothing_chosen).password == "right"


def test_private_files_that_others_can_read_are_faults(tmp_path: Path) -> None:
    folder = tmp_path / "exports" / "landia" / "publishers" / "office-1a2b3c"
    folder.mkdir(parents=True)
    (folder / "findings.csv").write_text("", "utf-8")
    (tmp_path / "private").mkdir(mode=0o700)
    assert not [*_private(tmp_path)]
    # As a version before this one wrote it.
    (folder / "personal.csv").write_text("", "utf-8")
    (tmp_path / "private").chmod(0o750)
    (tmp_path / "people.db").touch(mode=0o644)
    (tmp_path / "inbox.db").touch(mode=0o644)
    told = [*_private(tmp_path)]
    assert {one.kind for one in told} == {"fault"}
    named = (folder / "personal.csv", tmp_path / "private", tmp_path / "people.db", tmp_path / "inbox.db")
    assert all(str(path) in one.text for path, one in zip(named, told, strict=True))
