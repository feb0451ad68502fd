"""May the data be used by anyone, for anything, with any program?"""

from __future__ import annotations

from catalog import vocabulary
from quality.evidence.subject import UNKNOWN, DistributionSubject, Measurement
from quality.metrics.answers import format_name, present, yes

__all__: list[str] = []


def licence_present(s: DistributionSubject) -> float:
    return yes(_is_declared(s) and (s.licence is None or s.licence.open_definition != "none"))


def _is_declared(s: DistributionSubject) -> bool:
    return bool(present(s.distribution.licence) or present(s.dataset.licence))


def licence_known(s: DistributionSubject) -> float | None:
    """Not asked where none is declared: that fault is counted once."""
    if not licence_present(s):
        return None
    return yes(s.licence is not None)


def licence_known_observed(s: DistributionSubject) -> str:
    """Name the licence, as recognised or else as declared, in 300 characters at most."""
    found = s.licence.title if s.licence else s.distribution.licence or s.dataset.licence
    return f"the licence is: {found}"[:300] if found else "no licence is given"


def licence_in_mqa_list(s: DistributionSubject) -> float:
    return yes(s.licence is not None and s.licence.in_mqa_list)


def licence_open(s: DistributionSubject) -> Measurement:
    """0 without a licence: nobody may reuse the file. Unknown where there is one that cannot be told."""
    if not licence_present(s):
        return 0.0
    if s.licence is None or s.licence.is_open is None:
        return UNKNOWN
    return yes(s.licence.is_open)


def licence_open_observed(s: DistributionSubject) -> str:
    """Name the licence, as :func:`licence_known_observed` does."""
    return licence_known_observed(s)


def format_open(s: DistributionSubject) -> Measurement:
    """Not asked of an API of which no more is said: what it speaks is no format of a vendor's, nor shown to be open."""
    fmt = s.served_format or s.declared_format
    if fmt is not None and fmt.id in ("API", "REST", "SOAP"):
        return None
    return UNKNOWN if fmt is None else yes(fmt.is_non_proprietary)


def format_open_observed(s: DistributionSubject) -> str:
    """Name the format, served or else declared."""
    return f"the format is {format_name(s.served_format or s.declared_format)}"


def licence_truthful(s: DistributionSubject) -> Measurement:
    """Only where the schema or package that is declared for the file names a licence that is known, and so does the
    portal."""
    own = vocabulary.licence(s.table.profile.get("licence"), None) if s.table else None
    if own is None or s.licence is None:
        return None
    return yes(own.id == s.licence.id)


def rights_present(s: DistributionSubject) -> float:
    return yes(bool(present(s.distribution.rights) or present(s.dataset.rights)))
