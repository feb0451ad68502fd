"""Readers for the tests of bounded children: each does what a library may do with a hostile document."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

__all__ = ["read"]


def read(document: bytes | Path, *, what: str = "length") -> Any:
    content = document if isinstance(document, bytes) else document.read_bytes()
    match what:
        case "length":
            return {"bytes": len(content), "text": content[:10].decode("latin-1"), "pid": os.getpid()}
        case "bytes":
            return content[::-1]
        case "memory":
            return len([bytearray(50_000_000) for _ in range(100)])
        case "loop":
            while True:
                pass
        case "sleep":
            time.sleep(1_000)
        case "deep":
            return read(document, what=what)
        case "die":
            os.abort()
        case "refuse":
            raise ValueError("it is no document of ours")
        case "fault":
            raise KeyError("colour")
        case "network":
            socket.create_connection(("127.0.0.1", 9))
        case "program":
            subprocess.run(["true"], check=True)
        case "write":
            Path("/tmp/winnow-never-written").write_text("x" * 10)
        case "print":
            print("nonsense\n" * 1_000)  # noqa: T201
            return "printed"
        case "endless":
            return "x" * 10_000_000
        case "secret":
            return os.environ.get("WINNOW_TEST_SECRET")
    return None
