"""Children may crash, hang and eat memory: the night goes on."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from catalog.model import TableContext
from quality.tables import pool
from quality.tables.messages import LOADED, LOADING, dump_report
from quality.tables.pool import InspectionPool, kept_children

pytestmark = pytest.mark.usefixtures("cold_workers")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def tables(tmp_path: Path) -> list[TableContext]:
    tasks = []
    for number in range(4):
        path = tmp_path / f"{number}.csv"
        path.write_text("id,name\n" + "".join(f"{n},x{n}\n" for n in range(number + 5)))
        tasks.append(TableContext(key=f"file {number}", path=path, declared_format="CSV"))
    return tasks


@pytest.mark.slow
def test_one_child_dies_and_one_hangs(tables: list[TableContext], tmp_path: Path) -> None:
    spoiled = [TableContext(key=key, path=tmp_path / "0.csv") for key in ("killed", "stopped")]

    def feed(pool: InspectionPool) -> Iterator[TableContext]:
        yield tables[0]
        yield from spoiled
        yield from tables[1:]

    with InspectionPool(workers=1, timeout_s=4, tasks_per_child=3) as pool:
        seen = []
        for key, report in pool.map(feed(pool)):
            seen.append((key, report.status))
            # With one child the next task is handed out after this: signals sent now hit it at the start of it.
            if key == "file 0":
                (child,) = pool.process_ids
                os.kill(child, signal.SIGSTOP)
                assert report.row_count == 5
            if key == "killed":
                assert "4 seconds" in (report.note or "")
        assert dict(seen) == {"file 0": "valid", "killed": "unknown"} | {
            key: "valid" for key in ("stopped", "file 1", "file 2", "file 3")
        }
        assert child not in pool.process_ids


@pytest.mark.slow
def test_a_child_that_is_killed_at_work(tmp_path: Path, tables: list[TableContext]) -> None:
    big = tmp_path / "big.csv"
    big.write_text("id,a,b,c,d,e\n" + "".join(f"{n},{n}.5,x{n},y,2024-01-01,z\n" for n in range(200_000)))

    def feed(pool: InspectionPool) -> Iterator[TableContext]:
        yield TableContext(key="big", path=big, declared_format="CSV", max_rows=100_000)
        yield from tables

    with InspectionPool(workers=1) as pool:
        results = pool.map(feed(pool))
        killer = subprocess.Popen(
            [sys.executable, "-c", _KILL_THE_CHILD_WHEN_BUSY, str(os.getpid())], stdout=subprocess.DEVNULL
        )
        found = dict(results)
        assert killer.wait() == 0
    assert found["big"].status == "unknown"
    assert "SIGKILL" in (found["big"].note or "")
    assert {found[task.key].status for task in tables} == {"valid"}


_KILL_THE_CHILD_WHEN_BUSY = """
import os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
me, parent = os.getpid(), sys.argv[1]
for _ in range(60_000):
    time.sleep(0.002)
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            held = [os.readlink(f"/proc/{child}/fd/{fd}") for fd in os.listdir(f"/proc/{child}/fd")]
        except OSError:
            continue
        # It holds the file open: it is reading it.
        if int(child) != me and any(path.endswith("big.csv") for path in held):
            os.kill(int(child), signal.SIGKILL)
            sys.exit(0)
sys.exit(1)
"""


@pytest.mark.slow
def test_memory_limit(tmp_path: Path, tables: list[TableContext]) -> None:
    """A sheet of 250 MB that unpacks within its bounds, and does not fit the memory."""
    bomb = tmp_path / "bomb.xlsx"
    cell = '<c t="inlineStr"><is><t>' + "x" * 1000 + "</t></is></c>"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _CONTENT_TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", _WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(kind="worksheet", target="sheet.xml"))
        with archive.open("xl/sheet.xml", "w") as sheet:
            sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(2400):
                sheet.write(f"<row>{cell * 100}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")
    with InspectionPool(workers=1) as pool:
        found = dict(pool.map([TableContext(key="bomb", path=bomb, declared_format="XLSX"), *tables]))
    assert (found["bomb"].status, [one.rule for one in found["bomb"].defects]) == ("unknown", ["not_looked_into"])
    assert re.search("512 MB|memory", found["bomb"].note or "")
    assert {found[task.key].status for task in tables} == {"valid"}


def test_what_is_large_by_right_fits_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents as long as are looked into at all, of which a tree would take several times the memory of a child."""
    head = '{"type": "FeatureCollection", "features": ['
    feature = (
        '{"type": "Feature", "properties": {"name": "Wells"}, "geometry": {"type": "Point", "coordinates": [1.5, 2]}}'
    )
    (tmp_path / "a.geojson").write_text(head + ",".join([feature] * 250_000) + "]}")
    (tmp_path / "b.xml").write_text("<?xml version='1.0'?><rows>" + "<row><a>1</a></row>" * 3_000_000 + "</rows>")
    (tmp_path / "c.xml").write_text("<?xml version='1.0'?><rows>" + "<row><a>1</a></row>" * 10 + "</row>")
    tasks = [TableContext(key=path.name, path=path, declared_format="XML") for path in sorted(tmp_path.iterdir())]
    monkeypatch.setenv("WINNOW_TEST_SECRET", "hush")
    with InspectionPool(workers=1) as pool:
        found = dict(pool.map(tasks))
        (child,) = pool.process_ids
        assert os.getpgid(child) == child, "it is killed with its group"
        assert b"hush" not in Path(f"/proc/{child}/environ").read_bytes()
        limits = Path(f"/proc/{child}/limits").read_text().splitlines()
        space = next(int(line.split()[3]) for line in limits if line.startswith("Max address space"))
        # What is mapped of its libraries and not in memory does not count.
        assert space < (512 + 256) * 1024**2
    assert {key: one.status for key, one in found.items()} == {
        "a.geojson": "not_a_table",
        "b.xml": "not_a_table",
        "c.xml": "invalid",
    }


_CONTENT_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/{{kind}}" Target="{{target}}"/></Relationships>'
)
_WORKBOOK = (
    f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
)


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    """And the parent never loads the heavy libraries."""
    script = f"""
import sys, time
from pathlib import Path
from types import SimpleNamespace
from catalog.model import TableContext
from quality.tables.pool import InspectionPool
with InspectionPool(workers=1) as pool:
    for key, report in pool.map([TableContext(key="a", path=Path({str(tmp_path)!r}))]):
        heavy = {{"pandas", "frictionless", "great_expectations", "clevercsv"}} & set(sys.modules)
        print(*pool.process_ids, report.status, len(heavy), flush=True)
        time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    with parent.stdout:
        child, status, heavy = parent.stdout.readline().split()
    assert (status, heavy) == (b"unknown", b"0")
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while is_running(int(child)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(child))


def is_running(process_id: int) -> bool:
    """Return whether a process runs. A zombie does not, though nobody may have collected it."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_the_engine_is_loaded_when_a_table_fails_and_stays(tables: list[TableContext], tmp_path: Path) -> None:
    poor = []
    for number in range(3):
        path = tmp_path / f"poor{number}.csv"
        path.write_text("id,name,nothing\n" + "".join(f"{n},x{n},\n" for n in range(number + 5)))
        poor.append(TableContext(key=path.name, path=path, declared_format="CSV"))
    with InspectionPool(workers=1) as pool:
        assert {report.status for _, report in pool.map(tables)} == {"valid"}
        (child,) = pool.process_ids
        assert not _has_loaded(child, "pandas") and _resident_mb(child) < 100
        for _ in range(2):
            found = dict(pool.map([*poor, *tables]))
            assert all([one.rule for one in found[task.key].defects] == ["empty_column"] for task in poor)
            assert pool.process_ids == (child,)
        assert _has_loaded(child, "pandas") and _resident_mb(child) < 256


def test_the_clock_of_a_file_stands_while_a_library_is_loaded_once() -> None:
    with InspectionPool(workers=1, startup_timeout_s=100) as pool:
        pool._start()
        (child,) = pool._children
        child.task, child.deadline = TableContext(path=Path("a.csv")), time.monotonic() + 7
        assert not pool._is_about_loading(child, LOADED)
        assert pool._is_about_loading(child, LOADING) and child.deadline > time.monotonic() + 90
        assert pool._is_about_loading(child, LOADED) and time.monotonic() < child.deadline < time.monotonic() + 8
        assert not pool._is_about_loading(child, LOADING), "whatever a file makes of a child cannot win time"


@pytest.mark.slow
def test_a_child_that_keeps_much_memory_is_replaced(
    tables: list[TableContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MAX_RESIDENT", 0.01)
    with InspectionPool(workers=1) as small:
        seen = []
        for _ in small.map(tables):
            seen += small.process_ids
        assert not seen


def _has_loaded(process_id: int, library: str) -> bool:
    return f"/{library}/" in Path(f"/proc/{process_id}/maps").read_text()


def _resident_mb(process_id: int) -> float:
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1024**2


def test_children_that_do_not_start(tables: list[TableContext]) -> None:
    with (
        InspectionPool(workers=1, memory_bytes=40 * 1024**2) as pool,
        pytest.raises(RuntimeError, match="do not start"),
    ):
        list(pool.map(tables))


def test_no_network_no_programs_and_own_stdout() -> None:
    script = """
import os, socket, subprocess, sys
from quality.confine import confine, own_channel
out, _ = own_channel()
print("a library prints this")
os.write(out, b"the answer")
confine(2**31, os.getppid())
try:
    socket.create_connection(("127.0.0.1", 9))
except PermissionError:
    os.write(out, b" and no network")
for run in (lambda: os.system("true"), lambda: subprocess.Popen(["true"]), lambda: os.execv("/bin/true", ["true"])):
    try:
        run()
    except PermissionError:
        os.write(out, b", no program")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout == b"the answer and no network" + 3 * b", no program"
    assert b"a library prints this" in done.stderr


@pytest.mark.slow
def test_an_idle_child_is_kept_for_the_next_pool_and_one_at_work_is_not(tables: list[TableContext]) -> None:
    with kept_children():
        with InspectionPool(workers=1) as first:
            assert all(report.row_count for _, report in first.map(tables))
            (kept,) = first.process_ids
        with InspectionPool(workers=1, memory_bytes=600 * 1024**2) as other:
            assert not other._adopt()
        with InspectionPool(workers=1) as second:
            assert len(dict(second.map(tables))) == len(tables)
            assert second.process_ids == (kept,)
            next(iter(second.map(tables)))
        os.kill(kept, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(kept, 0)


@pytest.mark.slow
def test_a_file_that_fails_in_a_used_child_is_tried_in_a_new_one(tables: list[TableContext], tmp_path: Path) -> None:
    """What the files before it left behind is no fault of the file."""
    with InspectionPool(workers=1) as pool:
        seen: list[tuple[str, str]] = []
        children: list[int] = []
        for key, report in pool.map(iter(tables)):
            seen.append((key, report.status))
            children += pool.process_ids
            if key == "file 0":
                # It is stopped at the start of the next file, and killed in the middle of it.
                (child,) = pool.process_ids
                os.kill(child, signal.SIGSTOP)
                killer = threading.Timer(0.5, os.kill, (child, signal.SIGKILL))
                killer.start()
        killer.join()
    assert dict(seen) == {task.key: "valid" for task in tables}
    assert len(set(children)) == 2


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell who waits")
def test_waiting_for_a_processor_is_not_the_files_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with InspectionPool(workers=1) as own:
        own._start()
        (child,) = own._children
        assert pool.waited_s(child.process.pid) >= 0
        child.task, child.deadline = TableContext(path=Path("a.csv")), time.monotonic() - 1
        waited = iter((5.0, 5.0))
        monkeypatch.setattr(pool, "waited_s", lambda _: next(waited))
        monkeypatch.setattr(own._selector, "select", lambda _: [])
        assert own._events() == []
        assert time.monotonic() + 4 < child.deadline < time.monotonic() + 6
        child.deadline = time.monotonic() - 1
        ((late, message),) = own._events()
        assert late is child and str(message).startswith("it took longer than")


def test_time_in_which_the_parent_was_away_is_not_the_files(
    tmp_path: Path, tables: list[TableContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is longer than a pipe holds waits in the child until the parent reads."""
    # As on a quiet machine: on a busy one the wait for a processor hides it.
    monkeypatch.setattr(pool, "waited_s", lambda process_id: 0.0)
    wide = tmp_path / "wide.csv"
    columns = 1_500
    wide.write_text("\n".join(",".join(f"{start}{n}" for n in range(columns)) for start in ("name", "x", "y")) + "\n")
    # The parent's clock goes on while it stores the first report; nobody need wait for that.
    away_s = [0.0]
    monkeypatch.setattr(pool, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + away_s[0]))
    with InspectionPool(workers=2, timeout_s=20) as children:
        # Both children are ready when the wide table is handed out.
        assert len(dict(children.map(tables[:2]))) == 2
        # Either may be ready first: only where the wide one is still at work is there something to see.
        for _ in range(30):
            found, away_s[0] = {}, 0.0
            for key, report in children.map([tables[2], TableContext(key="wide", path=wide, declared_format="CSV")]):
                found[key] = report
                at_work = [one for one in children._children if one.task and one.task.key == "wide"]
                if len(found) == 1 and at_work:
                    # It has begun to write its report, and waits.
                    assert at_work[0].process.stdout and select.select([at_work[0].process.stdout], [], [], 60)[0]
                    away_s[0] = 40.0
            if away_s[0]:
                break
    assert away_s[0], "the wide table was never the last"
    assert list(found) == [tables[2].key, "wide"] and len(dump_report(found["wide"])) > 65_536
    assert found["wide"].status != "unknown", found["wide"].note
