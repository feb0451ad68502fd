"""What the policy areas that OGP marks for a commitment suggest: datasets that may be meant, and measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

__all__ = ["AREAS", "suggested_clauses", "suggested_measures"]

AREAS: Final[Mapping[str, tuple[str, ...]]] = {
    "Publication Of Budget/Fiscal Information": ("ECON", "budget", "spending"),
    "Tax": ("ECON", "tax"),
    "Debt": ("ECON", "debt"),
    "Open Contracting": ("ECON", "contracts", "procurement"),
    "Public Procurement": ("ECON", "procurement"),
    "Beneficial Ownership": ("ECON", "beneficial ownership", "companies"),
    "Asset Disclosure": ("GOVE", "asset declarations"),
    "Political Finance": ("GOVE", "campaign finance"),
    "Lobbying": ("GOVE", "lobbying"),
    "Elections": ("GOVE", "elections"),
    "Open Parliaments": ("GOVE", "parliament", "legislation"),
    "Legislation": ("JUST", "legislation"),
    "Judiciary": ("JUST", "courts"),
    "Open Justice": ("JUST", "courts"),
    "Policing & Corrections": ("JUST", "crime"),
    "Education": ("EDUC",),
    "Open Data (Education)": ("EDUC",),
    "Health & Nutrition": ("HEAL",),
    "Open Data (Health)": ("HEAL",),
    "Water & Sanitation": ("ENVI", "water"),
    "Open Data (Water/Sanitation)": ("ENVI", "water"),
    "Environment & Climate": ("ENVI",),
    "Climate Mitigation and Adaptation": ("ENVI", "climate"),
    "Infrastructure & Transport": ("TRAN",),
    "Energy": ("ENER",),
    "Extractive Industries": ("ENER", "mining"),
    "Land and Spatial Planning": ("REGI", "land"),
    "Science & Technology": ("TECH",),
    "Labor": ("SOCI", "employment"),
    "Gender": ("SOCI", "gender"),
    "Aid": ("INTR", "aid"),
    "Open Data": (),
    "Access to information": (),
}
"""By column of OGP's export: a code of the EU table of data themes, and keywords. The last two are about all data."""
_CONTRACTS = frozenset({"Open Contracting", "Public Procurement"})


def suggested_clauses(flags: Iterable[str]) -> list[tuple[str, str]]:
    """Return conditions on datasets, as key and value of a clause, for policy areas that are marked; each one once.

    ``flags``: the areas, as :data:`AREAS` names them. Themes come before keywords. The result is empty if the areas
    suggest nothing; unknown areas are skipped.
    """
    themes, keywords = [], []
    for area in flags:
        theme, *words = AREAS.get(area) or (None,)
        themes += [("theme", theme)] if theme else []
        keywords += [("keyword", word) for word in words]
    return list(dict.fromkeys([*themes, *keywords]))


def suggested_measures(flags: Sequence[str]) -> list[tuple[str, float]]:
    """Return pairs of the id of a measure and a target, a share from 0 to 1, for policy areas that are marked.

    ``flags``: the areas, as :data:`AREAS` names them. Machine-readable data are always suggested. An open licence is
    suggested for "Open Data" and "Access to information", and accessible data for the latter; for contracts and
    procurement, that the data conform to a standard.
    """
    found = [("dataset.machine_readable", 0.95)]
    if "Open Data" in flags or "Access to information" in flags:
        found.append(("dataset.licence_open", 1.0))
    if "Access to information" in flags:
        found.append(("dataset.accessible", 0.95))
    if _CONTRACTS.intersection(flags):
        found.append(("dataset.conforms_to", 1.0))
    return found
