"""The log of the data folder."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

__all__ = ["log_to"]


def log_to(data: Path) -> None:
    """Write the log messages of this process, with logins and keys masked, to ``winnow.log`` in the data folder
    ``data`` and not to the terminal. Messages below the level INFO are dropped."""
    from harvester.http.masking import MaskingFilter

    data.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(data / "winnow.log", maxBytes=5_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(MaskingFilter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # On a full disk the log cannot be written either, and that needs no second message.
    logging.raiseExceptions = False
