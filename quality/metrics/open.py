"""Metrics of openness: may anyone use the data, for any purpose, with any program?"""

from __future__ import annotations

from catalog import vocabulary
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement
from quality.metrics.answers import format_name, format_of_data, present, yes

__all__: list[str] = []


def licence_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution or its dataset declares a licence, be it by a title alone; else 0.

    "No licence specified" counts as none.
    """
    return yes(_is_declared(s) and (s.licence is None or s.licence.open_definition != "none"))


def _is_declared(s: DistributionSubject) -> bool:
    own, whole = s.distribution, s.dataset
    return any(map(present, (own.licence, whole.licence, own.licence_title, whole.licence_title)))


def licence_known(s: DistributionSubject) -> float | None:
    """Return 1 if the declared licence is in Winnow's vocabulary of licences, else 0.

    None without a licence, because the metric ``licence_present`` already fails.
    """
    if not licence_present(s):
        return None
    return yes(s.licence is not None)


def licence_known_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``licence_known``: which licence is declared.

    For example "the licence is: free to use". A recognised licence is named by its title in Winnow's vocabulary, any
    other by the declared text. At most 300 characters; "no licence is given" without a licence.
    """
    found = s.licence.title if s.licence else s.licence_text
    return f"the licence is: {found}"[:300] if found else "no licence is given"


def licence_in_mqa_list(s: DistributionSubject) -> float:
    """Return 1 if the licence is in the EU vocabulary of licences, as MQA (the Metadata Quality
    Assessment) asks, else 0.
    """
    return yes(s.licence is not None and s.licence.in_mqa_list)


def licence_open(s: DistributionSubject) -> Measurement:
    """Return 1 if the licence is open, 0 if it is not or none is declared: without a licence nobody may reuse the file.

    Unknown if a licence is declared but not recognised, or if it is not decided whether the licence is open.
    """
    if not licence_present(s):
        return 0.0
    if s.licence is None or s.licence.is_open is None:
        return UNKNOWN
    return yes(s.licence.is_open)


def licence_open_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``licence_open``: which licence is declared.

    They are those of :func:`licence_known_observed`.
    """
    return licence_known_observed(s)


def format_open(s: DistributionSubject) -> Measurement:
    """Return 1 if the format is not proprietary, else 0. Unknown if the format is not known.

    The format is that of the file served, or else the declared one. What was served in place of the file, such as an
    error page, does not count. None for an API that is declared only as API, REST or SOAP, because these words name
    neither an open format nor a vendor's.
    """
    fmt = format_of_data(s)
    if fmt is not None and fmt.id in ("API", "REST", "SOAP"):
        return None
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary)


def format_open_observed(s: DistributionSubject) -> str:
    """Return the words for the column ``observed`` of a finding of ``format_open``, such as "the format is XLS".

    The format is that of the file served, or else the declared one.
    """
    return f"the format is {format_name(format_of_data(s))}"


_NAMELESS = frozenset({"declared", "none"})
"""What the entries for placeholders say in the column of the Open Definition: they name no licence."""


def licence_truthful(s: DistributionSubject) -> Measurement:
    """Return 1 if the schema or data package of the file names the same licence as the portal, else 0.

    None if either states none, a text that is not recognised, or a placeholder such as "not specified" or "other
    (open)", which contradicts no licence.
    """
    own = vocabulary.licence(s.table.profile.get("licence"), None) if s.table else None
    if own is None or s.licence is None or not {own.open_definition, s.licence.open_definition}.isdisjoint(_NAMELESS):
        return None
    return yes(own.id == s.licence.id)


def rights_present(s: DistributionSubject) -> float:
    """Return 1 if the distribution or its dataset has a statement of rights (dct:rights), else 0."""
    return yes(bool(present(s.distribution.rights) or present(s.dataset.rights)))
