"""Entry point of the command ``winnow``: handle signals before importing anything else."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import NoReturn

__all__ = ["end_at_signals", "main"]


def _end(number: int, frame: object) -> NoReturn:
    """Exit at once: no work has begun, so there is nothing to wait for or to record."""
    with suppress(OSError):
        os.write(2, b"interrupted before anything was begun\n")
    os._exit(130)


def end_at_signals() -> None:
    """Let SIGINT and SIGTERM end this process at once with exit code 130. A signal that is ignored, as with nohup,
    stays ignored."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def main() -> NoReturn:
    """Run the command ``winnow`` and exit with its exit code, or with 130 after SIGINT or SIGTERM."""
    end_at_signals()
    from harvester.cli import main as cli

    cli.main()
