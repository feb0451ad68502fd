"""The few ways in which metrics answer, and the words that their sentences share."""

from __future__ import annotations

import re

from catalog.model import ResourceCheck
from catalog.vocabulary import FileFormat
from quality.evidence.subject import UNKNOWN, Measurement

__all__ = ["NOTHING_MORE", "answers", "format_name", "present", "usable_url", "valid_email", "yes"]

NOTHING_MORE = "no"
"""What a finding observed where the answer itself says it all."""
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def yes(is_true: bool) -> float:
    """1 or 0."""
    return 1.0 if is_true else 0.0


def present(value: object) -> float:
    """1 where something was declared: a text with a letter or digit in it, or a list that is not empty."""
    if isinstance(value, str):
        # Nearly all texts begin with a letter or digit.
        return 1.0 if value[:1].isalnum() or any(map(str.isalnum, value)) else 0.0
    return 1.0 if value else 0.0


def usable_url(url: str | None) -> bool:
    """Whether a request could be made of it."""
    return bool(url) and str(url).strip().lower().startswith(("http://", "https://"))


def valid_email(text: str | None) -> bool:
    """Whether it can be an e-mail address."""
    return bool(text and _EMAIL.match(text.strip().removeprefix("mailto:")))


def answers(url: str | None, check: ResourceCheck | None) -> Measurement:
    """Whether an address answers: None where there is none, UNKNOWN where the check was no observation."""
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


def format_name(fmt: FileFormat | None) -> str:
    """Id of a format in the vocabulary of file formats; "unknown" for none."""
    return "unknown" if fmt is None else fmt.id
