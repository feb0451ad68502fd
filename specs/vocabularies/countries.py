"""Look up countries by their codes or names: ISO 3166-1."""

from __future__ import annotations

from functools import lru_cache

from specs.vocabularies import read

__all__ = ["alpha2", "alpha3", "name_of"]


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in read("countries"):
        names = (row["alpha2"], row["alpha3"], row["name"], *row["aliases"].split(" | "))
        found |= {name.casefold(): row["alpha3"] for name in names if name}
    return found


def alpha3(text: str | None) -> str | None:
    """Return the three-letter code (ISO 3166-1 alpha-3) of the country that ``text`` names by code or English name;
    None if it names none.

    >>> alpha3("ke"), alpha3("Kenya"), alpha3("Atlantis")
    ('KEN', 'KEN', None)
    """
    return _by_name().get((text or "").strip().casefold())


@lru_cache(maxsize=1)
def _by_code() -> dict[str, dict[str, str]]:
    return {row["alpha3"]: row for row in read("countries")}


def name_of(code: str) -> str:
    """Return the English name of the country with the three-letter code ``code`` (ISO 3166-1 alpha-3); the code itself
    if it is unknown.

    >>> name_of("KEN"), name_of("XKX")
    ('Kenya', 'XKX')
    """
    return _by_code().get(code, {}).get("name", code)


def alpha2(code: str) -> str | None:
    """Return the two-letter code (ISO 3166-1 alpha-2) of the country with the three-letter code ``code``; None if it is
    unknown.

    >>> alpha2("KEN"), alpha2("XKX"), alpha2("XXX")
    ('KE', 'XK', None)
    """
    # A code that users have assigned, and that Unicode CLDR has a name for; the standard has none.
    return "XK" if code == "XKX" else _by_code().get(code, {}).get("alpha2")
