"""List every change from one night to the next; a test compares the nights and finds exactly these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harvester.demo.sites import identifier

__all__ = ["LATER", "STORY", "StoryChange", "Kind"]

Kind = Literal["added", "removed", "improved", "link_broken", "link_repaired", "content_repaired", "table_fixed"]


@dataclass(frozen=True, slots=True)
class StoryChange:
    """One difference between two versions of the demo portals, served on a night and on the one before."""

    kind: Kind
    portal: str
    dataset: str
    """Identifier of the dataset as the portal states it: CKAN's id, DCAT-US's identifier."""
    what: str
    """A description for people."""
    fields: tuple[str, ...] = ()
    """For "improved": the changed fields, by their names in the catalogue."""
    file: str | None = None
    """Path on the server of a file whose response changed."""
    night: int = 2
    """The later of the two nights."""


def _ckan(portal: str, name: str) -> tuple[str, str]:
    return portal, identifier(portal, name)


_CATALOGUE = ("title", "licence", "format", "record_modified")

STORY: tuple[StoryChange, ...] = (
    StoryChange("added", *_ckan("solmark", "tide-gauges"), "Tide gauges are published"),
    StoryChange("removed", *_ckan("solmark", "closed-mines"), "The closed mines are withdrawn"),
    StoryChange("improved", *_ckan("solmark", "forest-inventory"),
           "forestinv_v2_FINAL gets a title, a licence and a format", _CATALOGUE),
    StoryChange("link_broken", *_ckan("solmark", "direcciones-de-escuelas"),
           "The school addresses answer 404", file="/solmark/files/escuelas.csv"),
    StoryChange("content_repaired", *_ckan("solmark", "population-by-district"),
           "A table stands where an HTML page was sent as CSV", file="/solmark/files/population.csv"),
    StoryChange("added", "verdania", "VER-REEF", "Coral reef surveys are published"),
    StoryChange("removed", "verdania", "VER-FAX", "The fax numbers are withdrawn"),
    StoryChange("link_repaired", "verdania", "VER-ELE",
           "The election results answer 200 again", file="/verdania/files/eleicoes-2023.csv"),
    StoryChange("improved", *_ckan("harborview", "wahlergebnisse-2024"),
           "The election results get an open licence and a format", ("licence", "format", "record_modified")),
    StoryChange("table_fixed", *_ckan("harborview", "trinkwasserqualitaet"),
           "Every row of the water table has as many cells as the header", file="/harborview/files/trinkwasser.csv"),
)  # fmt: skip
"""What changes on the second night."""

LATER: tuple[StoryChange, ...] = (
    StoryChange("improved", *_ckan("solmark", "customs-tariffs"), "The customs tariffs get an open licence",
           ("licence", "record_modified"), night=3),
    StoryChange("added", *_ckan("harborview", "zuschuesse"), "The city's grants are published", night=3),
    StoryChange("link_broken", "verdania", "VER-CON", "The public contracts answer 404: a promise is broken",
           ("modified",), file="/verdania/files/contratos.xlsx", night=4),
    StoryChange("table_fixed", *_ckan("solmark", "public-salaries"), "The salary scales have each row and column once",
           ("record_modified",), file="/solmark/files/salaries.csv", night=5),
    StoryChange("link_repaired", *_ckan("solmark", "crime-statistics"),
           "Recorded crime answers again, under an open licence", ("licence", "record_modified"),
           file="/solmark/files/crime-2024.csv", night=6),
)  # fmt: skip
"""What changes on the nights after it. On the fourth night the portals have not listed two datasets for three harvests:
those count as vanished."""
