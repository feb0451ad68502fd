"""What is known of a rule by its id alone: how much it weighs, and how to mend it.

Imports no heavy library: the parent of the pool asks here too.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from specs.expectations import kinds, load

__all__ = ["Severity", "fix_of", "severity_of"]

Severity = Literal["error", "warning", "info"]

_OWN: dict[str, tuple[Severity, str]] = {
    "missing_column": (
        "warning",
        "Add the column; where it is there under another name, give it a name that people and programs know.",
    ),
    "expectation_not_checked": ("info", "Nothing: the expectation itself could not be run, and is to be corrected."),
    "drift_columns_lost": ("warning", "Bring the columns back, or announce that they are gone and why."),
    "drift_columns_renamed": ("warning", "Keep the names of columns, or announce the change: programs rely on them."),
    "drift_rows_lost": ("warning", "Check whether the export was complete, and publish the missing rows."),
    "drift_type_changed": ("warning", "Write the column as it was written before, or announce the change."),
    "drift_nulls_up": ("warning", "Check whether the source of the column still delivers, and fill the empty cells."),
    "drift_date_stopped": ("warning", "Check whether the source still delivers new rows, and publish them."),
    "schema_invalid": ("info", "Correct the schema that is declared for the table; a validator says where."),
    "schema_missing_column": ("error", "Add the column that the declared schema names, or correct the schema."),
    "schema_extra_column": ("warning", "Describe the column in the declared schema, or take it out of the table."),
    "schema_column_order": ("warning", "Put the columns into the order of the declared schema."),
    "schema_type_error": ("error", "Write the values in the type that the declared schema gives the column."),
    "schema_constraint_error": ("error", "Correct the values that the declared schema does not allow."),
    "schema_primary_key": ("error", "Give every row a key of its own, and fill all columns of the key."),
    "schema_foreign_key": ("error", "Add what is referred to, or correct the reference."),
    "schema_column_name": ("info", "Write the names of columns exactly as the declared schema has them."),
}
"""Rules that no file of expectations names, by id: severity, and how to mend it."""


@cache
def _rules() -> dict[str, tuple[Severity, str]]:
    rules: dict[str, tuple[Severity, str]] = {**_OWN}
    for kind in ("any", "catalogue", *kinds()):
        for one in load(kind):
            rules[one.rule] = (one.severity, one.fix)
    return rules


def severity_of(rule: str) -> Severity:
    """ "error" where the rule makes a table invalid; so does every rule that is not known here."""
    return _rules()[rule][0] if rule in _rules() else "error"


def fix_of(rule: str) -> str | None:
    """What to do about a defect of this rule, in one sentence; None where it is not known here."""
    return _rules()[rule][1] if rule in _rules() else None
