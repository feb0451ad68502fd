"""A function over hostile documents: whatever it does, the parent hears of it, and the next document is read."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.bounded import MAX_MEMORY, BoundedChild, TooMuchError

HERE = Path(__file__).parent
READER = "hostile_readers:read"


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[BoundedChild]:
    monkeypatch.syspath_prepend(str(HERE))
    with BoundedChild(READER, seconds=20) as made:
        yield made


def test_documents_go_in_and_what_was_read_comes_out(child: BoundedChild, tmp_path: Path) -> None:
    first = child.call(b"abc")
    assert first["bytes"] == 3
    path = tmp_path / "document"
    path.write_bytes(b"from a file")
    assert child.call(path)["text"] == "from a fil"
    big = os.urandom(3_000_000)
    assert child.call(big, what="bytes") == big[::-1]
    assert child.call(b"", what="print") == "printed"
    assert child.call(b"abc")["pid"] == first["pid"], "one child serves them all"


@pytest.mark.parametrize(
    ("what", "said"),
    [("memory", f"more than {MAX_MEMORY // 1024**2} MB"), ("deep", "nested too deeply"), ("die", "SIGABRT")],
)
def test_too_much(child: BoundedChild, what: str, said: str) -> None:
    with pytest.raises(TooMuchError, match=said):
        child.call(b"abc", what=what)
    assert child.call(b"abc")["bytes"] == 3


def test_time_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    with BoundedChild(READER, seconds=2, result_bytes=1_000_000) as child:
        child.call(b"")
        begun = time.monotonic()
        with pytest.raises(TooMuchError, match="longer than 2 seconds"):
            child.call(b"abc", what="loop")
        assert time.monotonic() - begun < 10
        with pytest.raises(TooMuchError, match="longer than 1,000,000 bytes"):
            child.call(b"abc", what="endless")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("refuse", "^it is no document of ours$"),
        ("fault", "KeyError: 'colour'"),
        ("network", "not allowed here"),
        ("program", "not allowed here"),
        ("write", "OSError"),
    ],
)
def test_faults_are_said_and_doors_are_shut(child: BoundedChild, what: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        child.call(b"abc", what=what)
    assert not isinstance(caught.value, TooMuchError)
    assert child.call(b"abc")["bytes"] == 3


def test_no_secret_is_handed_on(child: BoundedChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_TEST_SECRET", "hush")
    assert child.call(b"", what="secret") is None


def test_others_go_on_meanwhile_and_a_cancelled_call_ends(child: BoundedChild) -> None:
    async def work() -> int:
        child.call(b"")
        task = asyncio.create_task(child.call_async(b"", what="sleep"))
        turns = 0
        for _ in range(10):
            await asyncio.sleep(0.01)
            turns += 1
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.cancelled()
        assert (await child.call_async(b"abcd"))["bytes"] == 4
        return turns

    assert asyncio.run(work()) == 10


def test_the_child_ends_with_its_parent() -> None:
    code = (
        f"import sys, threading, time; sys.path.insert(0, {str(HERE)!r})\n"
        "from harvester.bounded import BoundedChild\n"
        f"child = BoundedChild({READER!r})\n"
        "child.call(b'')\n"
        "print(child.process_id, flush=True)\n"
        "child.call(b'', what='loop')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=HERE.parents[1]
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        until = time.monotonic() + 20
        while _is_alive(pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert not _is_alive(pid)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False
