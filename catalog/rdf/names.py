"""The IRIs of the things of this catalogue, for what is published of it: below the address of its site, or URNs.

A dataset keeps the IRI that its publisher gave it, so that copies of it in several catalogues are known as one thing
(DCAT-AP, "Usage guidelines for aggregators"). Its record in this catalogue, the dcat:CatalogRecord, is always ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from catalog.rdf.values import MAX_IRI

__all__ = ["FIRST_METRIC", "ResourceNames", "own_iri", "own_iris"]

FIRST_METRIC = "winnow"
"""Id of the metric that every measured dataset has: its overall score."""
_PATHS = {"distribution": "file", "catalog": "portal", "run": "night"}
"""By kind of thing, as the URNs name it: the part of the site's addresses, where that has another name."""
_OF_DATASET = {"record": "record", "contact": "contact"}
"""By kind of thing that belongs to one dataset and has no page: the fragment of the dataset's address."""
_CHARS = r"[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_OWN = re.compile(
    rf"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?=[/?#]+\w)(?:{_CHARS})*(?:\?(?:{_CHARS}|\?)*)?(?:#(?:{_CHARS}|\?)*)?"
)


def own_iri(identifiers: Iterable[str | None]) -> str | None:
    """Return the IRI by which a publisher names a dataset: the first of the dataset's identifiers that is one; None if
    none is.

    ``identifiers``: as the record declares them, the portal's own first; None is skipped. Only addresses of the web
    count, http or https, that are valid IRIs (RFC 3987) and more than the name of a host. Nothing is requested.

    >>> own_iri(["2b2a", "https://data.example.org/id/trees"])
    'https://data.example.org/id/trees'
    """
    for one in identifiers:
        if one and one.startswith("http") and len(one) <= MAX_IRI and _OWN.fullmatch(one.strip()):
            return one.strip()
    return None


def own_iris(rows: Iterable[tuple[str, str | None, str | None]]) -> dict[str, str]:
    """Return the publishers' own IRIs of datasets, by dataset id.

    An IRI that two datasets claim is left out: it would make one thing of them. ``rows``: for each present dataset of
    the whole catalogue its id, its identifier, and its other identifiers as a JSON list, each None if it has none, as
    the columns ``id``, ``identifier`` and ``other_identifiers`` of the table ``datasets`` hold them.
    """
    found: dict[str, str] = {}
    claimed: dict[str, str | None] = {}
    for key, identifier, others in rows:
        # Nearly all portals have ids that are no addresses; then no JSON is read.
        more = json.loads(others) if others and '"http' in others else ()
        if iri := own_iri((identifier, *more)):
            if (other := claimed.setdefault(iri, key)) is key:
                found[key] = iri
            elif other is not None:
                found.pop(other, None)
                claimed[iri] = None
    return found


@dataclass(frozen=True)
class ResourceNames:
    """Gives the IRIs of datasets, files, publishers and all else that this catalogue names, as texts.

    Ids consist of letters, digits, "-", "_" and "." and stand in the IRI as they are.

    >>> ResourceNames("https://data.example.org").file("port-12")
    'https://data.example.org/file/port-12'
    >>> ResourceNames().file("port-12")
    'urn:winnow:distribution:port-12'
    """

    site: str | None = None
    """Web address of the site (``site_url`` of ``winnow.toml``) without a slash at its end; None if it is not known.
    Then the IRIs are URNs, ``urn:winnow:<kind>:<id>``, which nobody can look up."""
    own: Mapping[str, str] = field(default_factory=dict, hash=False)
    """IRIs that publishers gave their datasets, by dataset id, as :func:`own_iris` returns them."""

    def of(self, kind: str, key: str) -> str:
        """Return the IRI of a thing.

        ``kind``: dataset, record, distribution, publisher, catalog, service, contact, metric, dimension or run; any
        other name is used as it is. ``key``: its id; of a record or contact that of its dataset, of a service that of
        its dataset with "-" and a number.
        """
        if kind == "dataset" and key in self.own:
            return self.own[key]
        if self.site is None:
            return f"urn:winnow:{kind}:{key}"
        if kind in _OF_DATASET:
            return f"{self.site}/dataset/{key}#{_OF_DATASET[kind]}"
        if kind == "service":
            dataset_id, _, number = key.rpartition("-")
            return f"{self.site}/dataset/{dataset_id}#service-{number}"
        return f"{self.site}/{_PATHS.get(kind, kind)}/{key}"

    def dataset(self, key: str) -> str:
        """Return the IRI of the dataset with the id ``key``: the publisher's own if it has one, else ours."""
        return self.of("dataset", key)

    def page(self, key: str) -> str:
        """Return our own IRI of the dataset with the id ``key``, the address of its page, even if the publisher gave it
        another."""
        return f"{self.site}/dataset/{key}" if self.site is not None else self.former(key)

    @staticmethod
    def former(key: str) -> str:
        """Return the URN of the dataset with the id ``key``, under which files of version 0.1.0 name it."""
        return f"urn:winnow:dataset:{key}"

    def record(self, key: str) -> str:
        """Return the IRI of the dcat:CatalogRecord of the dataset with the id ``key``; it is always ours."""
        return self.of("record", key)

    def file(self, key: str) -> str:
        """Return the IRI of the dcat:Distribution with the id ``key``."""
        return self.of("distribution", key)

    def publisher(self, key: str) -> str:
        """Return the IRI of the publisher with the id ``key``."""
        return self.of("publisher", key)

    def portal(self, key: str) -> str:
        """Return the IRI of the dcat:Catalog of the portal with the id ``key``."""
        return self.of("catalog", key)

    @property
    def whole(self) -> str:
        """Return the IRI of the dcat:Catalog of all portals together."""
        return f"{self.site}/#catalogue" if self.site is not None else "urn:winnow:catalogue"

    @property
    def operator(self) -> str:
        """Return the IRI of who runs this catalogue (a foaf:Agent)."""
        return f"{self.site}/#operator" if self.site is not None else "urn:winnow:operator"

    def metric(self, key: str) -> str:
        """Return the IRI of the dqv:Metric with the id ``key``; :data:`FIRST_METRIC` is the overall score."""
        return self.of("metric", key)

    def dimension(self, key: str) -> str:
        """Return the IRI of the dqv:Dimension with the id ``key``."""
        return self.of("dimension", key)

    def night(self, run_id: str) -> str:
        """Return the IRI of the run (a prov:Activity) with the id ``run_id``."""
        return self.of("run", run_id)

    def measurement(self, key: str, metric: str) -> str:
        """Return the IRI of the dqv:QualityMeasurement of a dataset. ``key``: id of the dataset; ``metric``: of the
        metric."""
        return (
            f"{self.site}/dataset/{key}#{metric}" if self.site is not None else f"urn:winnow:measurement:{key}-{metric}"
        )
