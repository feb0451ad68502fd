"""Validate a record as received against the standards that are written in JSON Schema: DCAT-US.

jsonschema is imported only when needed: that takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from catalog.repositories.reading import StoredDataset
from quality.standards.result import Violation
from specs.standards import schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["applies", "violations"]

MAX_TEXT = 2_000
"""Characters of a text that are validated: no form in a standard is longer, and patterns take time."""
MAX_ITEMS = 1_000
"""Entries of a list that are validated."""
MAX_DEPTH = 30
"""Most levels of nesting; a deeper record is not judged."""
_OURS = {"@record", "@services", "@series", "inSeries"}
"""Keys that the reader of DCAT-US 3 adds to a record, or rewrites."""
_MAX_VALUE = 80


def applies(portal_type: str | None, standard: str, *, federal: bool) -> bool:
    """Return whether one of the three DCAT-US standards applies to the records of a portal; False for any other
    standard.

    They apply only to portals of the types "dcat-us" and "dcat-us-3". ``federal``: whether the portal belongs to the
    federal government of the United States. ``portal_type``: None if the type is not known; then no standard applies.
    """
    if portal_type == "dcat-us":
        return standard == ("dcat_us_1_federal" if federal else "dcat_us_1")
    return portal_type == "dcat-us-3" and standard == "dcat_us_3"


@cache
def _validator(standard: str, kind: str = "") -> Validator:
    from jsonschema import Draft202012Validator

    whole = schema(standard)
    return Draft202012Validator({**whole, "$ref": f"#/$defs/{kind}"} if kind else whole)


def _bounded(value: Any, depth: int = 0) -> Any:
    """Return a record with long texts and lists cut. Raise RecursionError if it is nested too deeply."""
    if depth > MAX_DEPTH:
        raise RecursionError(f"deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        # A cut text must not match a pattern because it was cut: no form in a standard ends with a null character.
        return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "\x00"
    if isinstance(value, dict):
        return {key: _bounded(one, depth + 1) for key, one in list(value.items())[:MAX_ITEMS]}
    return [_bounded(one, depth + 1) for one in value[:MAX_ITEMS]] if isinstance(value, list) else value


def violations(stored: StoredDataset, raw: Any, standard: str) -> Iterator[Violation]:
    """Yield the requirements of a DCAT-US standard that a record as received does not meet, one for each place and
    constraint.

    ``raw`` is the record as the portal sent it, ``stored`` the dataset that it is stored as. Of long texts and lists
    only the beginning is validated. Raise RecursionError if the record is nested more than 30 levels deep.
    """
    record = _bounded(raw)
    kind = ""
    if standard == "dcat_us_3" and isinstance(record, dict):
        is_series = record.get("@series") or "DatasetSeries" in str(record.get("@type", ""))
        kind = "DatasetSeries" if is_series else "Dataset"
        record = {key: value for key, value in record.items() if key not in _OURS}
    validator = _validator(standard, kind)
    seen = set()
    for error in validator.iter_errors(record):
        for path, component, text in _told(error):
            severity = _severity(validator, error)
            if severity == "warning":
                text += " The examples of the standard have it so, its schema does not: a list or plain text is safer."
            if (path, component) not in seen:
                seen.add((path, component))
                yield Violation(standard, _node(stored, path), path, component, severity, text)


def _told(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    """Yield path, constraint and message of an error; for alternatives, those of the one that is
    closest to the value.
    """
    error = _nearest(error)
    place = "/".join(map(str, error.absolute_path))
    where = place or "the record"
    if error.validator in ("required", "dependentRequired"):
        wanted = error.validator_value
        names = (
            wanted if isinstance(wanted, list) else [n for key in wanted if key in error.instance for n in wanted[key]]
        )
        for name in names:
            if name not in error.instance:
                path = f"{place}/{name}" if place else name
                yield path, "required", f"{name} is missing from {where}, which must have it: add it."
        return
    wanted_form = error.schema.get("description") if isinstance(error.schema, dict) else None
    value = str(error.instance)[: 2 * _MAX_VALUE]
    value = value if len(value) <= _MAX_VALUE else value[: _MAX_VALUE - 1] + "…"
    step = f"give {wanted_form}" if wanted_form else f"see “{error.validator}” in the schema"
    yield place, str(error.validator), f"{where} is “{value}”, which the standard does not allow: {step}."


def _nearest(error: ValidationError) -> ValidationError:
    """Return the error inside the only alternative with the right type of value; else the error itself."""
    while error.validator == "anyOf" and error.context:
        # An alternative of another type fails at its root, so it was not meant.
        other = {
            e.schema_path[0] for e in error.context if e.validator == "type" and len(e.schema_path) <= 4 and not e.path
        }
        meant = [e for e in error.context if e.schema_path[0] not in other]
        if not meant or len({e.schema_path[0] for e in meant}) > 1:
            return error
        deeper = min(meant, key=lambda e: len(e.path))
        if (
            not deeper.path
            and deeper.validator != "anyOf"
            and deeper.validator not in ("required", "dependentRequired")
        ):
            return error
        error = deeper
    return error


def _severity(validator: Validator, error: ValidationError) -> Literal["violation", "warning"]:
    """Return "warning" if the standard's own examples contradict its schema (keyword "x-also"), else "violation"."""
    if not error.absolute_path:
        return "violation"
    kind = str(validator.schema.get("$ref", "")).rpartition("/")[2]
    found = validator.schema.get("$defs", {}).get(kind, {}).get("properties", {}).get(error.absolute_path[0], {})
    also = found.get("x-also") if len(error.absolute_path) == 1 else None
    if also is None:
        return "violation"
    return "warning" if validator.evolve(schema={**validator.schema, **also}).is_valid(error.instance) else "violation"


def _node(stored: StoredDataset, path: str) -> str:
    """Return the id of the distribution that a path leads into, if all of the record's were read as
    such; else the dataset's.
    """
    parts = path.split("/")
    if (
        len(parts) > 2
        and parts[0] == "distribution"
        and parts[1].isdigit()
        and int(parts[1]) < len(stored.distributions)
    ):
        return stored.distributions[int(parts[1])].id
    return stored.id
