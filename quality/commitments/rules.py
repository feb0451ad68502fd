"""What a measure asks about one dataset: True, False, None for not known, NOT_ASKED if the question does not apply.

For the licence, all distributions must pass; for access, format, API and bulk download, one is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Final

from catalog.repositories.commitment_rows import Member, MemberDistribution
from catalog.vocabulary.promises import HVD_LAW, law_key
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
"""Licences that demand no more than CC BY 4.0 (Regulation (EU) 2023/138, Article 4(3)), by our own reading. Older
versions of CC BY demand more when authors are named, so they are not in the list."""
_FORMS = {
    "ocds": ("open-contracting", "open contracting", "ocds"),
    "iati": ("iatistandard", "iati"),
    "gtfs": ("gtfs", "general transit feed"),
}
_ANSWERS = {"ok": True, "broken": False, "invalid": False}
"""Verdict by the outcome of a check; outcomes that are not listed (failing, unknown) are no observation."""


def _one(verdicts: Iterable[bool | None]) -> bool | None:
    """Return True if one verdict is True, None if one may be, else False."""
    found = list(verdicts)
    return True if True in found else None if None in found else False


def _every(verdicts: Iterable[bool | None]) -> bool | None:
    """Return False if one verdict is False, None if one may be, else True; True for an empty input."""
    found = list(verdicts)
    return False if False in found else None if None in found else True


def _both(first: bool | None, second: bool | None) -> bool | None:
    return _every((first, second))


def _part(part: MemberDistribution, metric: str) -> bool | None:
    """Return whether a distribution passes a metric. A metric that does not apply is not passed."""
    value = part.quality[metric]
    if value is None and metric in part.unknown:
        return None
    return value is not None and value >= 1


def _applies(part: MemberDistribution, metric: str) -> bool:
    return part.quality[metric] is not None or metric in part.unknown


def _whole(member: Member, metric: str) -> bool | None:
    value = member.quality[metric]
    if value is None and (metric in member.unknown or not member.is_scored):
        return None
    return value is not None and value >= 1


def link_ok(member: Member) -> Verdict:
    """Return whether the link of at least one distribution answers, or at least one data service does. False if the
    dataset has neither, None if that is not known."""
    parts = (_part(part, "link_ok") for part in member.parts)
    return _one([*parts, *(_ANSWERS.get(one.outcome or "") for one in member.services)])


def accessible(member: Member) -> Verdict:
    """Return whether the data can be fetched: the link of a distribution answers, or a data service does.

    One such distribution or service is enough. Where a file is promised (metric ``file_served``), the link must serve
    a file and no web page; where none is, it passes with a web page too. False if the dataset has neither distribution
    nor service, or all fail; None if that is not known.
    """
    parts = (_both(_part(part, "link_ok"), _is_no_page(part)) for part in member.parts)
    return _one([*parts, *(_ANSWERS.get(one.outcome or "") for one in member.services)])


def _is_no_page(part: MemberDistribution) -> bool | None:
    # The metric applies only where a file is promised.
    value = part.quality["file_served"]
    return None if value is None and "file_served" in part.unknown else value is None or value >= 1


def licence_open(member: Member) -> Verdict:
    """Return whether every distribution has an open licence; False if the dataset has no distribution, None if not
    known.
    """
    if not member.parts:
        return False
    return _every(_part(part, "licence_open") for part in member.parts)


def states_no_licence(member: Member) -> bool:
    """Return whether no distribution has a licence, neither its own nor that of the dataset. False if one has, if that
    is not known, or if the dataset has no distribution."""
    return bool(member.parts) and all(_part(part, "licence_present") is False for part in member.parts)


def machine_readable(member: Member) -> Verdict:
    """Return whether at least one distribution has a machine-readable format; None if that is not known.

    False if the dataset has no distribution. Distributions to which the metric ``machine_readable`` does not apply,
    such as the text of a law, are left out; NOT_ASKED if there are no others.
    """
    parts = [part for part in member.parts if _applies(part, "machine_readable")]
    return NOT_ASKED if member.parts and not parts else _one(_part(part, "machine_readable") for part in parts)


def fresh(member: Member) -> Verdict:
    """Return whether the dataset was updated when it was due (metric ``up_to_date``).

    NOT_ASKED if no update is due, for example because no frequency is known; None if the metric could not be observed.
    """
    value = member.quality["up_to_date"]
    if value is None:
        return None if "up_to_date" in member.unknown or not member.is_scored else NOT_ASKED
    return value >= 1


def documented(member: Member) -> Verdict:
    """Return whether the dataset or one of its distributions has documentation, a schema or a standard to which it
    conforms.

    None if that is not known.
    """
    if member.documentation or member.described_by or member.conforms_to:
        return True
    return _one(_part(part, "documentation_present") for part in member.parts)


def valid(member: Member) -> Verdict:
    """Return whether all inspected tables of the dataset are valid. NOT_ASKED if no file was inspected as a table; None
    if none is invalid and the result of at least one inspection is "unknown".
    """
    states = [part.table_status for part in member.parts if part.table_status in ("valid", "invalid", "unknown")]
    if not states:
        return NOT_ASKED
    return _every({"valid": True, "invalid": False}.get(str(state)) for state in states)


def has_api(member: Member) -> Verdict:
    """Return whether a data service of the dataset answers; None if that is not known.

    If the dataset lists no data service, return whether a distribution is declared as an API (metric ``api_present``).
    """
    if member.services:
        return _one(_ANSWERS.get(one.outcome or "") for one in member.services)
    return _whole(member, "api_present")


def bulk(member: Member) -> Verdict:
    """Return whether a distribution can be downloaded as one machine-readable file, from a download URL that answers.

    One such distribution is enough. None if that is not known.
    """
    return _one(_both(_part(part, "bulk_download"), _part(part, "download_url_ok")) for part in member.parts)


def contact(member: Member) -> Verdict:
    """Return whether the contact point has a valid e-mail or web address (metric ``contact_usable``); False without a
    contact point, None if that could not be observed."""
    return _whole(member, "contact_usable")


def is_hvd(member: Member) -> bool:
    """Return whether the record marks the dataset as high-value in the sense of Regulation (EU) 2023/138.

    Either a high-value category or the Regulation as applicable legislation, in any of its spellings, is enough.
    """
    return bool(member.hvd_categories) or HVD_LAW in map(law_key, member.applicable_legislation)


def hvd_licence(member: Member) -> Verdict:
    """Return whether no licence of the dataset demands more than CC BY 4.0, as Regulation (EU) 2023/138 requires.

    Every distribution must have a licence of the list ``HVD_LICENCES``. False if the dataset has no distribution, or if
    a distribution has no licence, one that is not open, or one that demands more (another version of CC BY, or that
    what is made of the data has the same licence). None if the demands of a licence are not known, as those of "other
    (open)" or of a national licence that is not in the list, and no other one fails.
    """
    return _every(map(_demands_no_more, member.parts)) if member.parts else False


def _demands_no_more(part: MemberDistribution) -> bool | None:
    if part.licence_id in HVD_LICENCES:
        return True
    # A "CC BY" without a version may be 4.0.
    demands_more = (part.licence_id or "").startswith(("CC-BY-", "ODbL"))
    return False if demands_more or _part(part, "licence_open") is False else None


def conforms_to(member: Member, standard: str) -> Verdict:
    """Return whether a distribution follows a standard, as declared or recognised, and also works.

    For ``standard`` "table_schema", a table must match the schema to which its record points. For "ocds", "iati" and
    "gtfs", the link must answer, and no inspected table may be invalid or hold other content than promised. One such
    distribution is enough. If no distribution follows the standard, a data service is enough, if the dataset or a data
    service declares it. None if that is not known.
    """
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
    # A declaration is not enough: the link must answer, and no table that was inspected may be broken.
    return _one(
        _both(_part(part, "link_ok"), part.table_status not in ("invalid", "wrong_content")) for part in fitting
    )


def _mentions(words: Iterable[str], texts: Iterable[str]) -> bool:
    return any(word in text.casefold() for text in texts for word in words)


def _follows_schema(part: MemberDistribution) -> bool | None:
    has_schema = bool(part.described_by) or any(one.lower().endswith(".json") for one in part.conforms_to)
    return _part(part, "table_matches_schema") if has_schema else False


def last_change(member: Member, day: date) -> date | None:
    """Return the last day on which the data changed, as declared or observed, up to ``day``; later dates are ignored.

    None if no date is known.
    """
    texts = [member.modified, *(one for part in member.parts for one in part.changed)]
    days = [found for text in texts if (found := last_day(text)) and found <= day]
    return max(days, default=None)


def age_days(member: Member, day: date) -> float | None:
    """Return how many days before ``day`` the data last changed, as declared or observed.

    None if no change is known.
    """
    changed = last_change(member, day)
    return float((day - changed).days) if changed else None


def delay_days(member: Member) -> float | None:
    """Return how many days after the end of the covered period the dataset was issued, at least 0.

    None if the record states no end of the period or no date of issue, or one of them cannot be read.
    """
    end, issued = last_day(member.temporal_end), last_day(member.issued)
    return float(max((issued - end).days, 0)) if end and issued else None


def keys_open(member: Member) -> dict[str, bool | None] | None:
    """Return for which key datasets this dataset counts, by id of the key dataset: True if this dataset is open and
    usable, False if not, None if that is not known.

    Key datasets are kinds of data, such as the budget, that open-data indices ask for. The last census of the portal,
    which searched it for them, decides. Open and usable means accessible, openly licensed and machine-readable. The
    dict is empty if the dataset counts for none. The result is None if no census was taken.
    """
    if member.keys is None:
        return None
    return {key: {"open": True, "closed": False}.get(state) for key, state in member.keys.items()}
