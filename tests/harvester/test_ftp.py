"""FTP addresses are asked on the control connection alone, behind the same guard."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from portal_server import PortalServer, as_json, harvest, spec

from catalog.db.store import Catalog
from harvester.checks.links import check
from harvester.http.faults import SettledFault
from harvester.http.ftp import ask
from harvester.http.guard import PrivateAddressError

LOCAL = {"127.0.0.1"}
SERVER = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

class Handler(FTPHandler):
    def on_file_sent(self, file):
        print("SENT", file, flush=True)

authorizer = DummyAuthorizer()
authorizer.add_anonymous(sys.argv[1])
authorizer.override_perm("anonymous", sys.argv[1] + "/closed", "")
Handler.authorizer = authorizer
server = FTPServer(("127.0.0.1", 0), Handler)
print(server.address[1], flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ftp")
    (made / "table.csv").write_bytes(b"a,b\n1,2\n")
    (made / "sub folder").mkdir()
    (made / "closed").mkdir()
    (made / "closed" / "table.csv").write_bytes(b"a,b\n1,2\n")
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER, str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    yield f"ftp://127.0.0.1:{int(process.stdout.readline())}"
    process.kill()
    # Nothing was ever loaded.
    assert "SENT" not in process.communicate()[0]


def test_a_file_has_a_size_and_a_date(server: str) -> None:
    found = ask(f"{server}/table.csv", local=LOCAL)
    assert found["Content-Length"] == "8" and found["Last-Modified"].endswith("GMT")


def test_a_folder_is_there_too(server: str) -> None:
    assert ask(f"{server}/sub%20folder", local=LOCAL) == {}
    assert ask(f"{server}/", local=LOCAL) == {}


@pytest.mark.parametrize(
    ("path", "kind", "outcome"), [("/nothing.csv", "gone", "failing"), ("/sub%20folder/x", "gone", "failing")]
)
def test_what_is_not_there(path: str, kind: str, outcome: str, server: str) -> None:
    with pytest.raises(SettledFault) as caught:
        ask(server + path, local=LOCAL)
    assert (caught.value.fault.kind, caught.value.fault.outcome) == (kind, outcome)


def test_a_file_that_may_not_be_read_is_not_called_gone(server: str) -> None:
    with pytest.raises(SettledFault) as caught:
        ask(server + "/closed/table.csv", local=LOCAL)
    assert (caught.value.fault.kind, caught.value.fault.outcome) == ("auth", "unknown"), caught.value.fault


def test_a_wrong_password_is_no_failure_of_the_file(server: str) -> None:
    with pytest.raises(SettledFault) as caught:
        ask(server.replace("ftp://", "ftp://who:what@") + "/table.csv", local=LOCAL)
    assert (caught.value.fault.kind, caught.value.fault.outcome) == ("auth", "unknown")


def test_the_guard_stands_before_ftp_as_well(server: str) -> None:
    with pytest.raises(PrivateAddressError):
        ask(f"{server}/table.csv")


def test_no_command_is_smuggled_in(server: str) -> None:
    with pytest.raises(ValueError, match="no FTP command"):
        ask(f"{server}/a%0d%0aDELE%20table.csv", local=LOCAL)


def test_in_a_night(server: str, catalog: Catalog) -> None:
    urls = [f"{server}/table.csv", f"{server}/nothing.csv", "ftp://127.0.0.1:1/closed.csv"]
    feed = as_json({"dataset": [{"identifier": "A", "distribution": [{"downloadURL": url} for url in urls]}]})
    begun = time.monotonic()
    with PortalServer({"/data.json": feed}) as portal:
        also = (server.removeprefix("ftp://").partition("/")[0], "127.0.0.1:1")
        here = spec("p", "dcat-us", portal.url, local_also=also)
        check(harvest(catalog, here), [here])
    found = {r["url"]: r for r in catalog.rows("select * from resource_checks")}
    assert [(found[url]["outcome"], found[url]["fault"]) for url in urls] == [
        ("ok", None),
        ("failing", "gone"),
        ("unknown", "connect"),
    ]
    assert found[urls[0]]["size_bytes"] == 8 and found[urls[0]]["file_path"] is None
    assert time.monotonic() - begun < 30


def talking(lines: Iterable[bytes], pause_s: float = 0.0) -> str:
    """Run a server that sends these lines to one client and then closes the connection; return its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def talk() -> None:
        with suppress(OSError), listener:
            client, _ = listener.accept()
            with client:
                for line in lines:
                    client.sendall(line)
                    time.sleep(pause_s)

    threading.Thread(target=talk, daemon=True).start()
    return f"ftp://127.0.0.1:{listener.getsockname()[1]}/x.csv"


def test_a_server_that_talks_without_end_is_hung_up_on() -> None:
    begun = time.monotonic()
    with pytest.raises(SettledFault, match="lines of reply"):
        ask(talking(itertools.repeat(b"220-welcome\r\n")), local=LOCAL, timeout_s=2)
    slowly = talking(itertools.repeat(b"220-welcome\r\n", 100), 0.2)
    with pytest.raises(Exception, match="FTP"):
        ask(slowly, local=LOCAL, timeout_s=0.5)
    assert time.monotonic() - begun < 8


def test_a_greeting_in_latin_1_speaks_against_nobody() -> None:
    with pytest.raises(SettledFault) as caught:
        ask(talking([b"220 Serveur de la R\xe9gion\r\n", b"421 ferm\xe9\r\n"]), local=LOCAL, timeout_s=2)
    assert caught.value.fault.outcome == "unknown"
