"""Find texts of which at least one is in everything that a regular expression matches.

Where none of them is in a whole table, no cell need be searched: two hundred thousand cells take no time.
"""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]  # the module of Python itself that reads patterns
from typing import Any

__all__ = ["needed_texts"]

_MOST = 12
"""Most texts; to look for more of them takes longer than the search."""
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


def needed_texts(pattern: str) -> tuple[str, ...]:
    """Return texts of which at least one is in every match of the regular expression ``pattern``.

    A search for them quickly shows where the pattern cannot match. The result is empty if such texts cannot be derived,
    or if they are too many. Raise re.error if the pattern is no regular expression.

    >>> needed_texts(r"^#(REF!|N/A)$"), needed_texts("é|à+b"), needed_texts("(?i)total"), needed_texts("a*")
    (('#',), ('é', 'à'), (), ())
    """
    parsed = _parser.parse(pattern)
    found = _of(parsed) if not parsed.state.flags & re.IGNORECASE else None
    return found if found and len(found) <= _MOST else ()


def _of(parts: Any) -> tuple[str, ...] | None:
    """Return the texts for a sequence of parts: those of the part with the longest ones."""
    choices: list[tuple[str, ...]] = []
    run = ""
    for kind, value in parts:
        if kind is _constants.LITERAL:
            run += chr(value)
            continue
        choices += [(run,)] if run else []
        run = ""
        if kind is _constants.SUBPATTERN and not value[1] & re.IGNORECASE:
            inner = _of(value[3])
        elif kind is _constants.BRANCH:
            branches = [_of(branch) for branch in value[1]]
            inner = None if None in branches else tuple(text for one in branches for text in one or ())
        elif kind in _REPEATS and value[0] > 0:
            inner = _of(value[2])
        else:
            inner = None
        choices += [inner] if inner else []
    choices += [(run,)] if run else []
    return max(choices, key=lambda texts: (-len(texts), min(map(len, texts))), default=None)
