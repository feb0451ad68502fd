"""A process that is forked from the server of :mod:`tests.warm` is like one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import warm


def ended(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return warm.run([sys.executable, "-c", code, "a", "b"], capture_output=True, text=True, timeout=60, **options)


def test_arguments_folder_environment_and_descriptors_are_its_own(tmp_path: Path) -> None:
    said = "import os, sys; print(sys.argv[1:], os.getcwd(), dict(os.environ), len(os.listdir('/proc/self/fd')))"
    done = ended(said, cwd=tmp_path, env={"ONLY": "this"})
    # The fourth descriptor is that of the folder that is listed.
    assert (done.returncode, done.stdout) == (0, f"['a', 'b'] {tmp_path} {{'ONLY': 'this'}} 4\n"), done.stderr


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("import sys; print('x'); sys.exit(7)", 7, ""),
        ("import sys; sys.exit('why')", 1, "why"),
        ("raise ValueError('no')", 1, "ValueError: no"),
        ("import os; os.abort()", -signal.SIGABRT, ""),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, "KeyboardInterrupt"),
        ("import resource as r; r.setrlimit(r.RLIMIT_AS, (1, 1)); bytearray(10**9)", 1, "MemoryError"),
    ],
)
def test_exit_status_and_last_words(code: str, status: int, words: str) -> None:
    done = ended(code)
    assert done.returncode == status and words in done.stderr


def test_it_can_be_killed_while_two_threads_wait_for_it() -> None:
    code = "import time; print('up', flush=True); time.sleep(100)"
    with warm.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "up\n" and process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        other = threading.Thread(target=process.wait)
        other.start()
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
        other.join(10)
        assert not other.is_alive()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_memory_shared_with_the_worker_is_not_shared_with_other_processes() -> None:
    code = "from harvester.cli.supervisor import PULSE; print(PULSE.seen()); PULSE.beat()"
    assert [ended(code).stdout for _ in range(2)] == ["None\n", "None\n"]
