"""What is known of a rule by its id alone: how much it weighs, why it matters, and how to mend it.

Imports no heavy library: the parent of the pool asks here too.
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
    """ "error" where the rule makes a table invalid; so does every rule that is not known here."""
    return _rules()[rule][0] if rule in _rules() else "error"


def fix_of(rule: str) -> str | None:
    """What to do about a defect of this rule, in one sentence; None where it is not known here."""
    return _rules()[rule][1] if rule in _rules() else None


def why_of(rule: str) -> str:
    """Why it matters: a clause that follows what is wrong; "" where it is not known here."""
    return _rules()[rule][2] if rule in _rules() else ""
