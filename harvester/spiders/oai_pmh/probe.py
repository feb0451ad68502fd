"""How OAI-PMH is recognised from outside."""

from __future__ import annotations

from harvester.spiders.base.detection import (
    CERTAIN,
    LIKELY,
    AsGiven,
    Detection,
    Probe,
    ProbeResponse,
    TypeProbes,
    count_of,
)
from harvester.spiders.base.probe_reading import elements_of, local_name, root_of

__all__ = ["PROBES", "oai_pmh"]


def oai_pmh(seen: ProbeResponse) -> Detection | None:
    """Return an "oai-pmh" detection if the root element of the response ``seen`` is named OAI-PMH, else None.

    The number of records is ``completeListSize`` of the first resumption token; None if it is not stated. A response
    that is only an error is likely OAI-PMH, without a number.
    """
    root = root_of(seen)
    if root is None or local_name(root) != "OAI-PMH":
        return None
    names = [local_name(one) for one in root]
    if "error" in names and len(names) <= 3:
        return Detection("oai-pmh", LIKELY, None, "an OAI-PMH error")
    tokens = [one.get("completeListSize") for one in elements_of(root, "resumptionToken")]
    count = count_of(tokens[0]) if tokens else None
    return Detection("oai-pmh", CERTAIN, count, f"OAI-PMH {next((n for n in names if n[:1].isupper()), 'answers')}")


PROBES = TypeProbes(
    probes=(
        Probe(200, "/oai?verb=Identify", oai_pmh, "/oai"),
        Probe(1150, "/oai-pmh?verb=Identify", oai_pmh, "/oai-pmh"),
        Probe(1160, "/oai/request?verb=Identify", oai_pmh, "/oai/request"),
        Probe(1170, "/oai/provider?verb=Identify", oai_pmh, "/oai/provider"),
    ),
    as_given=(AsGiven(30, "?verb=Identify", oai_pmh, ("oai",)),),
    recognisers=((160, oai_pmh),),
)
