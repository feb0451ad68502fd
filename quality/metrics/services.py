"""Data services (dcat:DataService), as MQA v2 asks about them."""

from __future__ import annotations

from catalog.model import DataService
from quality.metrics.answers import present, yes

__all__: list[str] = []


def service_title_present(s: DataService) -> float:
    return present(s.title)


def service_endpoint_present(s: DataService) -> float:
    return present(s.endpoint_url)


def service_serves_dataset(s: DataService) -> float:
    """A service is only known here through the dataset it serves."""
    return yes(True)


def service_endpoint_description_present(s: DataService) -> float:
    return present(s.endpoint_description)


def service_conforms_to_present(s: DataService) -> float:
    return present(s.conforms_to)


def service_description_present(s: DataService) -> float:
    return present(s.description)


def service_licence_present(s: DataService) -> float:
    return present(s.licence)


def service_access_rights_present(s: DataService) -> float:
    return present(s.access_rights)


def service_documentation_present(s: DataService) -> float:
    return present(s.documentation)
