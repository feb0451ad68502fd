"""The ids of findings and causes that people copy from spreadsheets: they begin with a letter and can be checked.

A spreadsheet turns an id such as ``12345678901234567e12`` into the number 1.2E+28, and nothing brings it back. So an id
begins with "f" (a finding) or "cause-". Its last digit is a check digit by the Luhn formula modulo 16
(https://en.wikipedia.org/wiki/Luhn_mod_N_algorithm), which finds every wrong digit and nearly every swapped pair.

Ids of version 0.1.0 have neither the letter nor the check digit. Stored findings keep them, and both forms are made of
the same hash: :func:`current_form` turns an old id into the new one.
"""

from __future__ import annotations

import re

__all__ = ["CAUSE", "checked_cause", "checked_finding", "current_form", "is_intact"]

CAUSE = "cause-"
"""What the id of a cause begins with."""
_FORM = re.compile(rf"({CAUSE})?[0-9a-f]{{20}}")
_DOUBLED = [digit * 2 // 16 + digit * 2 % 16 for digit in range(16)]
# The check digit is the last of 20 digits, so that the doubled ones are the first of each byte.
_SUMS = bytes((_DOUBLED[byte >> 4] + (byte & 15)) % 16 for byte in range(256))
"""What each byte of two digits adds to the sum of an id."""
_LETTER = [bytes((0xF0 | byte & 15,)) for byte in range(256)]
_LAST = [[bytes((high << 4 | -(total + _DOUBLED[high]) & 15,)) for high in range(16)] for total in range(16)]
"""The last byte of an id, by the sum of the bytes before it and its own first digit."""


def checked_finding(digest: bytes) -> bytes:
    """Return the id of a new finding, as 10 bytes, made of the first ten bytes of a hash.

    Written as 20 hexadecimal digits it begins with "f", and its last digit is the check digit.

    >>> checked_finding(bytes.fromhex("12345678901234567e12")).hex()
    'f2345678901234567e10'
    """
    # As _with_check does it; a first night makes millions of ids.
    head = _LETTER[digest[0]] + digest[1:9]
    return head + _LAST[sum(head.translate(_SUMS)) & 15][digest[9] >> 4]


def checked_cause(digits: str) -> str:
    """Return the id of a new cause, made of the first 20 hexadecimal digits of a hash; the last becomes the check
    digit."""
    return CAUSE + _with_check(bytes.fromhex(digits)).hex()


def current_form(old: str) -> str | None:
    """Return the id that a finding or cause with an id of version 0.1.0 has in a catalogue that was made since.

    None if ``old`` does not have the form of such an id.
    """
    if not _FORM.fullmatch(old):
        return None
    if old.startswith(CAUSE):
        return checked_cause(old.removeprefix(CAUSE))
    return checked_finding(bytes.fromhex(old)).hex()


def is_intact(key: str) -> bool:
    """Return whether a text has the form of an id of a finding or cause, and its check digit is right.

    One in sixteen ids of version 0.1.0, which have no check digit, passes too.
    """
    return bool(_FORM.fullmatch(key)) and not _sum(bytes.fromhex(key.removeprefix(CAUSE))) & 15


def _sum(code: bytes) -> int:
    return sum(code.translate(_SUMS))


def _with_check(code: bytes) -> bytes:
    head = code[:-1]
    return head + _LAST[_sum(head) & 15][code[-1] >> 4]
