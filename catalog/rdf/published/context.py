"""What decides how datasets are published as RDF: the profile, the IRIs, and what is published of contacts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from catalog.rdf.names import ResourceNames
from catalog.rdf.published.places import GEOJSON, GEOSPARQL
from catalog.rdf.published.values import decimal_size, size
from catalog.rdf.terms import RdfTerm

__all__ = ["PROFILES", "Profile", "ProfileName", "Publication"]

ProfileName = Literal["dcat-ap-3", "dcat-ap-2", "dcat-us-3"]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)
"""Profiles of DCAT in which datasets are published, the default first."""


@dataclass(frozen=True, slots=True)
class Profile:
    """In what a profile of DCAT differs from the others."""

    iri: str
    """The standard that a record says it follows (dct:conformsTo)."""
    size: Callable[[str], RdfTerm] = size
    has_series: bool = True
    """Whether there is a class dcat:DatasetSeries."""
    geojson: str = GEOJSON
    """Datatype of GeoJSON literals."""
    is_american: bool = False
    """Whether data dictionaries, and the codes of bureaus and programs of the United States, are stated."""


_PROFILES: dict[ProfileName, Profile] = {
    "dcat-ap-3": Profile("https://semiceu.github.io/DCAT-AP/releases/3.0.1/"),
    "dcat-ap-2": Profile("https://semiceu.github.io/DCAT-AP/releases/2.1.1/", size=decimal_size, has_series=False),
    "dcat-us-3": Profile("https://resources.data.gov/resources/dcat-us3/", is_american=True, geojson=GEOSPARQL),
}


@dataclass(frozen=True)
class Publication:
    """How this catalogue is published: under which IRIs, and in which profile of DCAT."""

    names: ResourceNames = ResourceNames()
    profile_name: ProfileName = PROFILES[0]
    operator: str | None = None
    """Name of who runs this catalogue; None if it is not known."""
    contact: str | None = None
    """The operator's e-mail address or page for questions; None if it is not known."""

    @property
    def profile(self) -> Profile:
        """Return the profile that :attr:`profile_name` names."""
        return _PROFILES[self.profile_name]
