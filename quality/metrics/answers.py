"""Shared parts of the metrics: the usual measurements, and the words that the sentences of findings share."""

from __future__ import annotations

import re

from catalog.model import ResourceCheck
from catalog.vocabulary import FileFormat
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement

__all__ = [
    "NOTHING_MORE", "answers", "format_name", "format_of_data", "half", "present", "usable_url", "valid_email", "yes",
]  # fmt: skip

NOTHING_MORE = "no"
"""What a finding observed if the failed metric has nothing to add."""
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def yes(is_true: bool) -> float:
    """Return the measurement for a yes-or-no question: 1.0 for true, 0.0 for false."""
    return 1.0 if is_true else 0.0


def half(found: int, of: int) -> float:
    """Return the measurement for several things asked at once: 1.0 if all ``of`` were found, 0.5 if some, 0.0 if
    none."""
    return 1.0 if found == of else 0.5 if found else 0.0


def present(value: object) -> float:
    """Return 1 if a value is declared, else 0.

    A text counts if it has at least one letter or digit, a list if it is not empty.

    >>> present("Rail"), present(" - "), present(["transport"]), present(None)
    (1.0, 0.0, 1.0, 0.0)
    """
    if isinstance(value, str):
        # A quick test first: nearly all texts begin with a letter or digit.
        return 1.0 if value[:1].isalnum() or any(map(str.isalnum, value)) else 0.0
    return 1.0 if value else 0.0


def usable_url(url: str | None) -> bool:
    """Return whether the text begins with "http://" or "https://"; letter case and spaces around it do not matter.

    The rest of the text is not examined.

    >>> usable_url("https://data.example/a.csv"), usable_url("ftp://data.example/a.csv"), usable_url(None)
    (True, False, False)
    """
    return bool(url) and str(url).strip().lower().startswith(("http://", "https://"))


def valid_email(text: str | None) -> bool:
    """Return whether the text has the form of an e-mail address; a leading "mailto:" is ignored.

    >>> valid_email("mailto:data@city.example"), valid_email("see website")
    (True, False)
    """
    return bool(text and _EMAIL.match(text.strip().removeprefix("mailto:")))


def answers(url: str | None, check: ResourceCheck | None) -> Measurement:
    """Return 1 if the URL answered its last check, 0 if it is broken or invalid.

    ``check`` is the last check of ``url``; None if there was none. None without a URL. UNKNOWN if it was never checked,
    or the check was inconclusive: a bot wall, a time-out, a server error, or a failure that is not confirmed yet.
    """
    if not url:
        return None
    if check is None:
        return UNKNOWN
    match check.outcome:
        case "ok":
            return 1.0
        case "broken" | "invalid":
            return 0.0
    return UNKNOWN


def format_of_data(s: DistributionSubject) -> FileFormat | None:
    """Return the format of the file that was served, else the declared one; None if neither is recognised.

    If something else came in place of the file, such as an error page, its format says nothing about the data: then the
    declared format is returned. None also for "application/octet-stream", which any file is.
    """
    is_other = s.table is not None and s.table.status == "wrong_content"
    found = (None if is_other else s.served_format) or s.declared_format
    return None if found is not None and found.id in ("OCTET", "BIN") else found


def format_name(fmt: FileFormat | None) -> str:
    """Return the id of a format in the vocabulary of file formats, or "unknown" for None."""
    return "unknown" if fmt is None else fmt.id
