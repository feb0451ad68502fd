"""The history of checks as strips, and the view ``resource_history`` that spells them out.

Most checks of an address say the same as the one before, so the last checks of an address stand in one row: a text for
each fact, with a character for each check. The code of a character is the fact plus one (:func:`character`), which
SQLite reads with ``unicode``, so that the view needs none of our code. Where a fact is the same in all checks, its text
is a single character.
"""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["HISTORY", "HISTORY_SQL", "INDEXES", "LARGEST", "SMALL", "TABLES", "character", "fact"]

HISTORY = 60
"""Checks of an address that are stored."""
_SURROGATES, _SKIPPED = 0xD800, 0x800
"""Codes that are no characters, and how many there are."""
SMALL = _SURROGATES - 1
"""A fact below it has the code that follows it."""
LARGEST = 0x10FFFF - _SKIPPED - 1
"""The greatest fact that a character holds: 1,112,062, as seconds nearly 13 days."""

TABLES: dict[str, TableSpec] = {
    "check_runs": TableSpec(
        "A run that checked addresses, and the number by which strips refer to it.",
        {
            "number": c(int, "Number; it rises from run to run."),
            "id": c(str, "Run.", "runs"),
            "second": c(int, "Start of the run in seconds since 1970, from which the checks' seconds are counted."),
        },
        pk="number",
    ),
    "check_codes": TableSpec(
        "What a check found, once for all checks that found the same.",
        {
            "number": c(int, "Number by which strips refer to it."),
            "outcome": c(str, "As in resource_checks."),
            "fault": c(str, "Why it is not ok."),
            "is_changed": c(bool, "1 where the data had changed since the check before."),
        },
        pk="number",
    ),
    "check_strips": TableSpec(
        f"The last {HISTORY} checks of an address; the view resource_history spells them out.",
        {
            "address": c(int, "Address, by addresses."),
            "digest": c(bytes, "Digest of the address, the second half of the ids of its checks."),
            "checks": c(int, "Checks in the strip."),
            "changes": c(int, "Those of them that saw a change."),
            "run": c(int, "Run of the first check, by check_runs."),
            "runs": c(str, "For each check, how many runs after the first; empty where each is in the next run."),
            "second": c(int, "Seconds from the start of its run to a check, at least."),
            "seconds": c(str, "For each check, how many seconds later it was."),
            "elapsed": c(str, "For each check, one more than its milliseconds; 0 for none."),
            "codes": c(str, "For each check, what it found, by check_codes."),
        },
        pk="address",
    ),
}

INDEXES = {
    "addresses_by_url": "create unique index if not exists addresses_by_url on addresses (url)",
    "check_runs_by_id": "create unique index if not exists check_runs_by_id on check_runs (id)",
}
"""Indexes that a TableSpec cannot declare."""


def character(fact: int) -> str:
    """Return the character that holds a fact, an integer from 0 to ``LARGEST``; a greater one counts as ``LARGEST``.

    The characters of two facts would be U+FFFE and U+FFFF, which SQLite reads as U+FFFD; these facts are stored as the
    fact before them.
    """
    code = min(fact, LARGEST) + 1
    code = code if code < _SURROGATES else code + _SKIPPED
    return chr(0xFFFD if code in (0xFFFE, 0xFFFF) else code)


def fact(char: str) -> int:
    """Return the integer that a character holds, see :func:`character`."""
    code = ord(char)
    return code - 1 if code < _SURROGATES else code - 1 - _SKIPPED


def _fact(column: str) -> str:
    """Return SQL for the fact of check number ``n.value`` in the text ``column`` of a strip."""
    code = f"unicode(substr(s.{column}, min(n.value + 1, length(s.{column})), 1))"
    return f"({code} - iif({code} < {_SURROGATES}, 1, {_SKIPPED + 1}))"


# Only names of this module are inserted into the text.
HISTORY_SQL = f"""
    select r.id || '/' || lower(hex(s.digest)) as id, a.url, r.id as run_id,
      strftime('%Y-%m-%dT%H:%M:%SZ', r.second + s.second + {_fact("seconds")}, 'unixepoch') as checked_at,
      c.outcome, c.fault, nullif({_fact("elapsed")}, 0) - 1 as elapsed_ms, c.is_changed
    from check_strips s join addresses a on a.key = s.address
    cross join json_each('{list(range(HISTORY))}') n on n.value < s.checks
    left join check_runs r on r.number = s.run + coalesce({_fact("runs")}, n.value)
    left join check_codes c on c.number = {_fact("codes")}"""  # noqa: S608  # SQL of ours
"""Query of the view ``resource_history``."""
