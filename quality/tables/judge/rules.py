"""Look up what the id of a rule implies: its severity, why it matters, and how to fix it.

Imports no heavy library, because the parent process of the pool uses it too.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from specs.expectations import kinds, load
from specs.table_rules import table_rules

__all__ = ["Severity", "fix_of", "severity_of", "why_of"]

Severity = Literal["error", "warning", "info"]


@cache
def _rules() -> dict[str, tuple[Severity, str, str]]:
    rules: dict[str, tuple[Severity, str, str]] = {
        one.id: (one.severity, one.fix, one.why) for one in table_rules().values()
    }
    for kind in ("any", "catalogue", *kinds()):
        for one in load(kind):
            rules[one.rule] = (one.severity, one.fix, one.why)
    return rules


def severity_of(rule: str) -> Severity:
    """Return the severity of a table rule: "error", "warning" or "info". An unknown rule counts as an error."""
    return _rules()[rule][0] if rule in _rules() else "error"


def fix_of(rule: str) -> str | None:
    """Return one sentence that says how to fix a table in which the rule is broken; None for an unknown rule."""
    return _rules()[rule][1] if rule in _rules() else None


def why_of(rule: str) -> str:
    """Return a clause that says why it matters that a table rule is broken, such as "so there is nothing to use".

    It is made to follow a message and a comma. "" for an unknown rule, or one without a reason.
    """
    return _rules()[rule][2] if rule in _rules() else ""
