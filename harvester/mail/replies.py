"""Read files that governments and citizens send back, in a bounded child: anybody may have made the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from catalog.repositories.reply_files import CitizenReport, ParsedReplies, Problem, Reply, parse
from harvester.bounded import BoundedChild

__all__ = ["read", "reply_reader"]


def read(document: Path, *, today: str) -> dict[str, Any]:
    """Parse the file of replies ``document`` and return the fields of ParsedReplies as a JSON object: "replies",
    "reports" (of citizens), "problems" (rows that cannot be used) and "blank" (number of rows without a reply).

    ``today`` is a date in ISO 8601. Runs in a child process of :func:`reply_reader`.
    """
    return asdict(parse(document, date.fromisoformat(today)))


@contextmanager
def reply_reader(today: date) -> Iterator[Callable[[Path], ParsedReplies]]:
    """Yield a function that reads a file in which a government replied to findings or a citizen reported a fault.

    Files come from strangers, so they are parsed in a child process, which ends with the ``with`` block. ``today`` is
    the latest date that a reply may state. Bad content raises nothing: what cannot be read is listed in ``problems`` of
    the result.
    """
    with BoundedChild("harvester.mail.replies:read") as child:

        def read_one(path: Path) -> ParsedReplies:
            try:
                found = child.call(path, today=today.isoformat())
            except ValueError as error:
                remedy = "save it as CSV (UTF-8) or XLSX and send it again"
                return ParsedReplies(problems=[Problem(1, f"the file cannot be read: {error}", remedy)])
            return ParsedReplies(
                replies=[Reply(**one) for one in found["replies"]],
                reports=[CitizenReport(**one) for one in found["reports"]],
                problems=[Problem(**one) for one in found["problems"]],
                blank=found["blank"],
            )

        yield read_one
