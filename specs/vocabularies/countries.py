"""Countries, by either of their codes or by name: ISO 3166-1."""

from __future__ import annotations

from functools import lru_cache

from specs.vocabularies import read

__all__ = ["alpha3", "name_of"]


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in read("countries"):
        names = (row["alpha2"], row["alpha3"], row["name"], *row["aliases"].split(" | "))
        found |= {name.casefold(): row["alpha3"] for name in names if name}
    return found


def alpha3(text: str | None) -> str | None:
    """The three-letter code of a country given by code or English name; None where it is not known."""
    return _by_name().get((text or "").strip().casefold())


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {row["alpha3"]: row["name"] for row in read("countries")}


def name_of(code: str) -> str:
    """The English name of a country by its three-letter code; the code itself where there is none."""
    return _names().get(code, code)
