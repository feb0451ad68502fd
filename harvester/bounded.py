"""Run one function over hostile documents, in a child process with bounded memory, time and output.

    parse = BoundedChild("harvester.spiders.some_reading:read")     # def read(document: bytes, **options) -> JSON
    found = parse.call(body, options=...)                            # or: await parse.call_async(body)
    parse.close()

The child has no network, starts no program and, unless told to, writes no file. It starts when first needed, reads
one document after the other, and is replaced after a document that was too much for it. It leads its own process
group, which is killed as a whole, and it ends with this process, however that ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["MAX_MEMORY", "MAX_SECONDS", "BoundedChild", "TooMuchError", "end_children"]

MAX_MEMORY = 512 * 1024**2
"""Address space of a child, in bytes, its libraries included."""
MAX_SECONDS = 60.0
"""Seconds for one document."""
MAX_RESULT = 128 * 1024**2
STARTUP_SECONDS = 60.0
CALLS_PER_CHILD = 1_000
"""Ending the child frees the memory that libraries never give back."""
_BLOCK = 1 << 20
_ROOT = str(Path(__file__).parents[1])
_LIVE: weakref.WeakSet[BoundedChild] = weakref.WeakSet()


class TooMuchError(ValueError):
    """Raised if a document takes more memory or time than its child process may use, if the result is too long or the
    document nested too deeply, or if the child died while reading it. The message says which."""


class BoundedChild:
    """A child process that runs one function on one document after the other; it starts at the first call.

    ``function`` names the function as "module:name". It is called as ``name(document, **options)``, where ``document``
    is the bytes or the Path given to :meth:`call`, and returns bytes or a value that JSON can represent.
    ``memory_bytes`` limits the child's address space, ``seconds`` the time for one document, ``result_bytes`` the
    length of one result, and ``file_bytes`` the longest file that the function may write (0: none).

    TooMuchError is raised if the limit of memory, time or result is reached, or if the child dies. A longer file than
    ``file_bytes`` is an OSError in the function. A ValueError of the function is raised in the calling process with the
    same message, and any other exception, such as that OSError, as a ValueError that names it. RuntimeError is raised
    if the child does not start. Use the object as a context manager, or call :meth:`close`. Calls from several threads
    or tasks wait for each other.
    """

    def __init__(
        self,
        function: str,
        *,
        memory_bytes: int = MAX_MEMORY,
        seconds: float = MAX_SECONDS,
        result_bytes: int = MAX_RESULT,
        file_bytes: int = 0,
    ) -> None:
        self._function, self._memory_bytes = function, memory_bytes
        self._seconds, self._result_bytes, self._file_bytes = seconds, result_bytes, file_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._calls = 0
        self._lock = threading.Lock()
        _LIVE.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process, if one is running. The next call starts another."""
        self.kill()
        process, self._process = self._process, None
        if process is None:
            return
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    @property
    def process_id(self) -> int | None:
        """Return the process id of the child; None before the first call and after :meth:`close`. A child that has died
        or was killed keeps its id until the next call."""
        return self._process.pid if self._process else None

    def call(self, document: bytes | Path, *, within_s: float | None = None, **options: Any) -> Any:
        """Return what the child's function returns for ``document``, which is given as bytes or as the path of a file.

        ``within_s`` is the time limit of this call in seconds; None means the limit given to the constructor.
        ``options`` are passed to the function and must be representable as JSON. Raise TooMuchError if the limit of
        memory, time or result is reached or the child dies, ValueError if the function raises another exception, and
        RuntimeError if the child does not start.
        """
        with self._lock:
            self._start()
            return self._exchange(document, options, within_s or self._seconds)

    async def call_async(self, document: bytes | Path, *, within_s: float | None = None, **options: Any) -> Any:
        """Return what :meth:`call` returns for these arguments; other tasks of the event loop continue meanwhile.

        Raise the same exceptions as :meth:`call`. If the task that waits is cancelled, kill the child process and raise
        asyncio.CancelledError.
        """
        # A child ends with the thread that started it; these threads last as long as the process.
        work = asyncio.get_running_loop().run_in_executor(
            _threads(), lambda: self.call(document, within_s=within_s, **options)
        )
        try:
            return await work
        except asyncio.CancelledError:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill the child process and all processes it started. A call that is waiting for the child raises
        TooMuchError."""
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()

    def _start(self) -> None:
        if self._process is not None and (self._calls >= CALLS_PER_CHILD or self._process.poll() is not None):
            self.close()
        if self._process is not None:
            return
        self._calls = 0
        paths = [str(Path(path).absolute()) for path in filter(None, sys.path)]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "harvester.bounded_child",
                self._function,
                str(self._memory_bytes),
                str(os.getpid()),
                str(self._file_bytes),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            start_new_session=True,
            # The child gets none of our secrets.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "PYTHONPATH": os.pathsep.join([_ROOT, *paths]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONUTF8": "1",
                # Each of the C library's memory arenas takes up to 128 MiB of address space.
                "MALLOC_ARENA_MAX": "1",
                "OMP_NUM_THREADS": "1",
                "RUST_BACKTRACE": "0",
            },
        )
        self._process = process
        assert process.stdin is not None and process.stdout is not None
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        try:
            self._talk(process, memoryview(b""), STARTUP_SECONDS)
        except _EndedError as error:
            self.close()
            raise RuntimeError(
                f"the child for {self._function} does not start ({error}). Try 'python -m harvester.bounded_child' by "
                "hand"
            ) from None

    def _exchange(self, document: bytes | Path, options: dict[str, Any], seconds: float) -> Any:
        process = self._process
        assert process is not None
        self._calls += 1
        path, body = (str(document.absolute()), b"") if isinstance(document, Path) else (None, document)
        head = {"path": path, "bytes": len(body), "options": options}
        message = json.dumps(head).encode("ascii") + b"\n" + body
        try:
            told, found = self._talk(process, memoryview(message), seconds)
        except _EndedError as error:
            self.close()
            raise TooMuchError(str(error)) from None
        except BaseException:
            # Its late response would be taken for that of the next document.
            self.close()
            raise
        match told.get("fault"):
            case None:
                return json.loads(found) if told["is_json"] else found
            case "MemoryError":
                self.close()
                raise TooMuchError(f"it takes more than {self._memory_bytes // 1024**2} MB to read")
            case "RecursionError":
                raise TooMuchError("it is nested too deeply")
        raise ValueError(str(told["message"]))

    def _talk(
        self, process: subprocess.Popen[bytes], message: memoryview, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """Send a message and receive one. Raise _EndedError with a readable reason."""
        assert process.stdin is not None and process.stdout is not None
        sent, received, until = 0, bytearray(), time.monotonic() + seconds
        head: dict[str, Any] | None = None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if message:
                selector.register(process.stdin, selectors.EVENT_WRITE)
            while True:
                left = until - time.monotonic()
                if left <= 0:
                    raise _EndedError(f"it takes longer than {seconds:g} seconds to read")
                for key, _ in selector.select(left):
                    if key.fileobj is process.stdin:
                        try:
                            sent += os.write(key.fd, message[sent : sent + _BLOCK])
                        except BlockingIOError:
                            continue
                        except BrokenPipeError:
                            sent = len(message)
                        if sent >= len(message):
                            selector.unregister(process.stdin)
                        continue
                    try:
                        block = os.read(key.fd, _BLOCK)
                    except BlockingIOError:
                        continue
                    if not block:
                        raise _EndedError(_ending(process, self._memory_bytes))
                    received += block
                if len(received) > self._result_bytes:
                    raise _EndedError(f"what was read of it is longer than {self._result_bytes:,} bytes")
                if head is None and b"\n" in received:
                    line, _, rest = received.partition(b"\n")
                    head, received = _head(bytes(line)), bytearray(rest)
                if head is not None and len(received) >= head["bytes"]:
                    return head, bytes(received)


class _EndedError(Exception):
    """The child ended, or must be ended; the message says why."""


def _head(line: bytes) -> dict[str, Any]:
    try:
        head = json.loads(line)
        if isinstance(head["bytes"], int):
            return dict(head)
    except (ValueError, KeyError, TypeError):
        pass
    # C and Rust code that a document has corrupted may write anything.
    raise _EndedError("the child that read it sent nonsense")


def _ending(process: subprocess.Popen[bytes], memory_bytes: int) -> str:
    try:
        status = process.wait(5)
    except subprocess.TimeoutExpired:
        return "the child that read it fell silent"
    if status >= 0:
        return f"the child that read it ended with status {status}"
    # Rust libraries abort the process when memory runs out, and C libraries sometimes do.
    name = signal.Signals(-status).name
    return f"the child that read it died ({name}): at most {memory_bytes // 1024**2} MB are given to it"


_POOL: list[ThreadPoolExecutor] = []


def _threads() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(max_workers=16, thread_name_prefix="bounded"))
    return _POOL[0]


def end_children() -> None:
    """Kill the child processes of all BoundedChild objects of this process. Call it when the program ends."""
    for one in list(_LIVE):
        one.kill()
