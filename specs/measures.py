"""``measures.toml``: the measures for commitments. Their functions are in ``quality/commitments/measures.py``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints

from specs.errors import SpecError, Strict, parse, read_toml

__all__ = ["ONLY", "STANDARDS", "Measure", "measures"]

STANDARDS = ("ocds", "iati", "gtfs", "table_schema")
"""The standards that ``dataset.conforms_to`` can check."""
ONLY = (
    "link_ok",
    "accessible",
    "licence_open",
    "machine_readable",
    "fresh",
    "documented",
    "valid",
    "has_api",
    "bulk",
    "contact",
)
"""Rules that can narrow ``dataset.count``, each like the share measure of that name. link_ok only requires a
response."""


class Measure(Strict):
    """A number that can be measured over the datasets of a commitment.

    ``unit`` says what the number is, and ``better`` in which direction it improves. ``rule`` explains in words how it
    is computed. ``params`` are the names of its parameters; those in ``required`` must be given.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$")]
    title: str
    unit: Literal["share", "count", "days"]
    better: Literal["increase", "decrease"]
    rule: str
    source: str = ""
    params: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class _File(Strict):
    measure: tuple[Measure, ...]


@lru_cache(maxsize=1)
def measures() -> dict[str, Measure]:
    """Return all measures for commitments by id, in the order of the file. Raise SpecError if the file is invalid."""
    path = Path(__file__).with_name("measures.toml")
    found: dict[str, Measure] = {}
    for one in parse(_File, read_toml(path), str(path)).measure:
        if one.id in found:
            raise SpecError(f"{path}: {one.id}: twice; remove one of them")
        found[one.id] = one
    return found
