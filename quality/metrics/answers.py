"""The few ways in which metrics answer."""

from __future__ import annotations

import re

from catalog.model import ResourceCheck
from quality.subject import UNKNOWN, Measurement

__all__ = ["answers", "present", "usable_url", "valid_email", "yes"]

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def yes(is_true: bool) -> float:
    """1 or 0."""
    return 1.0 if is_true else 0.0


def present(value: object) -> float:
    """1 where something was declared: a text with a letter or digit in it, or a list that is not empty."""
    if isinstance(value, str):
        return yes(any(char.isalnum() for char in value))
    return yes(bool(value))


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
