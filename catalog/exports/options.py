"""The output options of a run, from the command line and the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from catalog.rdf.published.context import PROFILES, ProfileName
from specs.exports import SCHEMAS, Schema
from specs.languages import tag_of

__all__ = ["RDF_FOLDER", "ExportOptions"]

RDF_FOLDER = "rdf"
"""Name of the folder of the RDF files, in the folder of all governments."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the command line and the configuration say about the output of a run."""

    language: str | None = None
    """Language of pages and translated files: a tag or alias, of which the tag is kept, see
    :func:`specs.languages.tag_of`. None means the portals' languages."""
    contact: str | None = None
    """E-mail address or page that replies to findings should go to; None if there is none."""
    public_url: str | None = None
    """Web address at which the folder of all exported files is published, without a slash at its end. Pages and feeds
    then name files by whole addresses; None leaves them relative."""
    rdf_profile: ProfileName = PROFILES[0]
    """Profile of DCAT in which the catalogue is written as RDF."""
    hold_days: int | None = None
    """Number of days for which a new cause and its findings stay unpublished after its government was told of it,
    see :func:`catalog.repositories.held.held_causes`; 0 publishes at once. None takes the number
    of ``winnow.toml``, or 0 without that file."""
    published_by: tuple[str, str] | None = None
    """Name and imprint (a postal address, or the address of a page with it) of who publishes the pages; None leaves
    them out."""
    imprints: Mapping[str, str] = field(default_factory=dict)
    """The imprint by the tag of the language, in languages in which it differs; see :meth:`publisher_in`."""
    is_printed: bool = False
    """Whether every page is also printed as PDF, if Chromium is installed."""
    print_seconds: float = 300
    """Seconds for printing all pages together; pages not reached in this time are not printed."""
    schema: Schema = SCHEMAS[-1]
    """Major version of the columns; see :mod:`specs.exports`."""
    site_url: str | None = None
    """Web address of the public site, without a slash at its end; IRIs in RDF are below it. None if it is not known:
    then they are URNs."""
    dqv: Literal["scores", "full"] = "scores"
    """How much of what was measured is written as RDF: the scores of datasets, or every measurement of every file
    too."""
    parquet: Literal["auto", "always", "never"] = "auto"
    """Whether the Parquet package is written; "auto" writes that of a large catalogue once a week, see
    :func:`catalog.parquet.package.is_due`."""
    has_records: bool = False
    """Whether the Parquet package has the records as they were received, without what may tell of persons."""
    has_books: bool = False
    """Whether every folder gets workbooks. Otherwise only those do that somebody receives by mail."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", tag_of(self.language))

    def publisher_in(self, code: str) -> tuple[str, str] | None:
        """Return name and imprint of who publishes the pages, for a page in the language with the tag ``code``; None if
        they are left out."""
        return (self.published_by[0], self.imprints.get(code, self.published_by[1])) if self.published_by else None
