"""Where the command ``winnow`` begins: signals are heeded before anything else is imported."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn

__all__ = ["end_at_signals", "main"]


def _end(number: int, frame: object) -> NoReturn:
    """Nothing is at work yet, so there is nothing to wait for or to note."""
    with suppress(OSError):
        os.write(2, b"interrupted before anything was begun\n")
    os._exit(130)


def end_at_signals() -> None:
    """Let both signals end this process with 130. One that is ignored, as with nohup, stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def main() -> NoReturn:
    """Entry point."""
    end_at_signals()
    from harvester.cli import main as cli

    cli.main()
