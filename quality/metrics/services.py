"""Metrics of data services (dcat:DataService), as MQA v2 (the EU's Metadata Quality Assessment) defines them."""

from __future__ import annotations

from catalog.model import DataService
from quality.metrics.answers import present, yes

__all__: list[str] = []


def service_title_present(s: DataService) -> float:
    """Return 1 if the data service has a title (dct:title), else 0."""
    return present(s.title)


def service_endpoint_present(s: DataService) -> float:
    """Return 1 if the data service has an endpoint URL (dcat:endpointURL), else 0."""
    return present(s.endpoint_url)


def service_serves_dataset(s: DataService) -> float:
    """Return 1 always: Winnow knows a data service only through a dataset that it serves (dcat:servesDataset)."""
    return yes(True)


def service_endpoint_description_present(s: DataService) -> float:
    """Return 1 if the data service describes its endpoint (dcat:endpointDescription), for example by
    OpenAPI, else 0.
    """
    return present(s.endpoint_description)


def service_conforms_to_present(s: DataService) -> float:
    """Return 1 if the data service names the standard that it follows (dct:conformsTo), else 0."""
    return present(s.conforms_to)


def service_description_present(s: DataService) -> float:
    """Return 1 if the data service has a description (dct:description), else 0."""
    return present(s.description)


def service_licence_present(s: DataService) -> float:
    """Return 1 if the data service declares a licence (dct:license), else 0."""
    return present(s.licence)


def service_access_rights_present(s: DataService) -> float:
    """Return 1 if the data service declares access rights (dct:accessRights), else 0."""
    return present(s.access_rights)


def service_documentation_present(s: DataService) -> float:
    """Return 1 if the data service links to documentation (foaf:page), else 0."""
    return present(s.documentation)
