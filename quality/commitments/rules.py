"""What a measure asks of one dataset: True, False, None where it is not known, NOT_ASKED where it does not apply.

Licence: all distributions must pass; access, form, API and bulk: one is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Final

from catalog.repositories.commitment_rows import Member, MemberDistribution
from catalog.vocabulary.folding import name_key
from catalog.vocabulary.promises import HVD_LAW, keys_of, law_key
from quality.evidence.dates import last_day

__all__ = ["NOT_ASKED", "Verdict", "age_days", "delay_days", "is_hvd", "keys_open"]  # and the rules below


class _NotAsked(Enum):
    NOT_ASKED = 0


NOT_ASKED: Final = _NotAsked.NOT_ASKED
Verdict = bool | None | _NotAsked

HVD_LICENCES = frozenset(
    {
        "CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "CC-BY-4.0", "PDDL-1.0", "ODC-BY-1.0", "DL-DE-BY-2.0", "DL-DE-ZERO-2.0",
        "LO-FR-2.0", "IODL-2.0", "NLOD-2.0", "OGL-UK-3.0", "BE-VL-free-1.0", "HROD", "OGL-ROU-1.0", "CH-OPEN",
        "GeoNutzV-DE-2013",
    }
)  # fmt: skip
"""Licences that ask for no more than CC BY 4.0 (Regulation (EU) 2023/138, Article 4(3)); an own reading. Older versions
of CC BY ask for more in the naming of authors, and are not among them."""
_FORMS = {
    "ocds": ("open-contracting", "open contracting", "ocds"),
    "iati": ("iatistandard", "iati"),
    "gtfs": ("gtfs", "general transit feed"),
}
_ANSWERS = {"ok": True, "broken": False, "invalid": False}
"""Outcome of a check; failing and unknown are no observation."""


def _one(verdicts: Iterable[bool | None]) -> bool | None:
    """True where one is, None where one might be."""
    found = list(verdicts)
    return True if True in found else None if None in found else False


def _every(verdicts: Iterable[bool | None]) -> bool | None:
    """False where one is, None where one might be. True of none at all."""
    found = list(verdicts)
    return False if False in found else None if None in found else True


def _both(first: bool | None, second: bool | None) -> bool | None:
    return _every((first, second))


def _part(part: MemberDistribution, metric: str) -> bool | None:
    """A metric of a distribution; what does not apply to it does not pass."""
    value = part.quality[metric]
    if value is None and metric in part.unknown:
        return None
    return value is not None and value >= 1


def _whole(member: Member, metric: str) -> bool | None:
    value = member.quality[metric]
    if value is None and (metric in member.unknown or not member.is_scored):
        return None
    return value is not None and value >= 1


def link_ok(member: Member) -> Verdict:
    parts = (_part(part, "link_ok") for part in member.parts)
    return _one([*parts, *(_ANSWERS.get(one.outcome or "") for one in member.services)])


def accessible(member: Member) -> Verdict:
    parts = (_both(_part(part, "link_ok"), _is_no_page(part)) for part in member.parts)
    return _one([*parts, *(_ANSWERS.get(one.outcome or "") for one in member.services)])


def _is_no_page(part: MemberDistribution) -> bool | None:
    # Asked only where a file is promised.
    value = part.quality["file_served"]
    return None if value is None and "file_served" in part.unknown else value is None or value >= 1


def licence_open(member: Member) -> Verdict:
    if not member.parts:
        return False
    return _every(_part(part, "licence_open") for part in member.parts)


def machine_readable(member: Member) -> Verdict:
    return _one(_part(part, "machine_readable") for part in member.parts)


def fresh(member: Member) -> Verdict:
    value = member.quality["up_to_date"]
    if value is None:
        return None if "up_to_date" in member.unknown or not member.is_scored else NOT_ASKED
    return value >= 1


def documented(member: Member) -> Verdict:
    if member.documentation or member.described_by:
        return True
    return _one(_part(part, "documentation_present") for part in member.parts)


def valid(member: Member) -> Verdict:
    states = [part.table_status for part in member.parts if part.table_status in ("valid", "invalid", "unknown")]
    if not states:
        return NOT_ASKED
    return _every({"valid": True, "invalid": False}.get(str(state)) for state in states)


def has_api(member: Member) -> Verdict:
    if member.services:
        return _one(_ANSWERS.get(one.outcome or "") for one in member.services)
    return _whole(member, "api_present")


def bulk(member: Member) -> Verdict:
    return _one(_both(_part(part, "bulk_download"), _part(part, "download_url_ok")) for part in member.parts)


def contact(member: Member) -> Verdict:
    return _whole(member, "contact_usable")


def is_hvd(member: Member) -> bool:
    """Whether it is tagged as high-value: by category, or by the Regulation in whatever form."""
    return bool(member.hvd_categories) or HVD_LAW in map(law_key, member.applicable_legislation)


def hvd_licence(member: Member) -> Verdict:
    """A licence that was not recognised is not known to be too strict."""
    if not member.parts:
        return False
    verdicts: list[bool | None] = []
    for part in member.parts:
        is_open = _part(part, "licence_open")
        verdicts.append(part.licence_id in HVD_LICENCES if part.licence_id else False if is_open is False else None)
    return _every(verdicts)


def conforms_to(member: Member, standard: str) -> Verdict:
    if standard == "table_schema":
        return _one(_follows_schema(part) for part in member.parts)
    words = _FORMS[standard]
    declared = [*member.conforms_to, *(one for service in member.services for one in service.conforms_to)]
    is_declared = _mentions(words, declared)
    fitting = [
        part
        for part in member.parts
        if is_declared or part.table_kind == standard or _mentions(words, [*part.conforms_to, part.format or ""])
    ]
    if not fitting:
        return is_declared and bool(member.services)
    # Declared is not enough: it must answer, and no table of it that was looked into may be broken.
    return _one(
        _both(_part(part, "link_ok"), part.table_status not in ("invalid", "wrong_content")) for part in fitting
    )


def _mentions(words: Iterable[str], texts: Iterable[str]) -> bool:
    return any(word in text.casefold() for text in texts for word in words)


def _follows_schema(part: MemberDistribution) -> bool | None:
    has_schema = bool(part.described_by) or any(one.lower().endswith(".json") for one in part.conforms_to)
    return _part(part, "table_matches_schema") if has_schema else False


def last_change(member: Member, day: date) -> date | None:
    """The last change that was declared or seen, up to a day: what lies after it is no change yet."""
    texts = [member.modified, *(one for part in member.parts for one in part.changed)]
    days = [found for text in texts if (found := last_day(text)) and found <= day]
    return max(days, default=None)


def age_days(member: Member, day: date) -> float | None:
    """Days since the last change; None where none is known."""
    changed = last_change(member, day)
    return float((day - changed).days) if changed else None


def delay_days(member: Member) -> float | None:
    """Days from the end of the period covered to the publication; None where either is not stated. Never below 0."""
    end, issued = last_day(member.temporal_end), last_day(member.issued)
    return float(max((issued - end).days, 0)) if end and issued else None


def keys_open(member: Member) -> frozenset[str] | None:
    """Key datasets that it stands for and that can be used; None where it stands for one, and nobody knows."""
    meant = keys_of(name_key(member.title or ""))
    if not meant:
        return meant
    usable = _every(
        one for rule in (accessible, licence_open, machine_readable) if not isinstance(one := rule(member), _NotAsked)
    )
    return None if usable is None else meant if usable else frozenset()
