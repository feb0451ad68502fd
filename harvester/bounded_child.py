"""The child process of :mod:`.bounded`: read documents from stdin, pass each to one function, write its result.

Run as ``python -m harvester.bounded_child <module:function> <address space in bytes> <process id of the parent>
<bytes of the longest file that may be written>``. In both directions a message is a line of JSON, followed by as
many bytes as it names.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from quality.confine import bound_memory, confine, own_channel


def main(function: str, memory_bytes: int, parent_id: int, file_bytes: int = 0) -> None:
    """Run the child process: restrict what it may do, then call a function on each document that arrives on stdin, and
    write its results to stdout, until stdin ends or the function runs out of memory.

    ``function`` names the function as "module:name". ``memory_bytes`` limits the address space, and ``file_bytes`` the
    longest file it may write. ``parent_id`` is the process id of the parent; if that process has ended, nothing is
    read.
    """
    out, source = own_channel()
    stream = os.fdopen(source, "rb")
    if not confine(memory_bytes, parent_id):
        return
    # A function may write files only if it exists to write them; then this is the largest.
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    module, _, name = function.partition(":")
    work = getattr(import_module(module), name)
    bound_memory(memory_bytes)
    _send(out, {"ready": True})
    while line := stream.readline():
        head = json.loads(line)
        document: bytes | Path = Path(head["path"]) if head["path"] else stream.read(head["bytes"])
        fault, told, body = None, "", b""
        try:
            found: Any = work(document, **head["options"])
            is_json = not isinstance(found, bytes)
            body = json.dumps(found).encode("ascii") if is_json else found
            head = {"is_json": is_json}
        except (MemoryError, RecursionError) as error:
            fault, told = type(error).__name__, str(error)
        except ValueError as error:
            fault, told = "ValueError", str(error)
        except Exception as error:  # noqa: BLE001  # whatever a library raises, the parent is told
            fault, told = "Exception", f"{type(error).__name__}: {error}"
        if fault:
            _send(out, {"fault": fault, "message": told[:2_000]})
            if fault == "MemoryError":
                return
        else:
            _send(out, head, body)
        del document, body


def _send(out: int, head: dict[str, Any], body: bytes = b"") -> None:
    message = memoryview(json.dumps({**head, "bytes": len(body)}).encode("ascii") + b"\n" + body)
    while message:
        message = message[os.write(out, message) :]


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
