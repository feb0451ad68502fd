"""What the tests of replies share: files as a spreadsheet saves them."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

__all__ = ["KEY", "KEYS", "NAMES", "TODAY", "read", "write"]

TODAY = date(2026, 11, 24)
KEY = "0123456789abcdef0123"
KEYS = [f"{number:020x}" for number in range(1, 9)]
NAMES = ["finding_id", "response", "response_note", "responder", "responded_on"]


def write(path: Path, rows: list[list[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
