"""A distribution as the catalogue holds it: what was declared, together with the last observations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from catalog import vocabulary
from catalog.model import Dataset, Distribution, ResourceCheck, TableReport
from catalog.vocabulary import FileFormat, Licence

__all__ = ["DistributionSubject", "Twin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Another distribution of the same publisher that serves the same bytes."""

    distribution_id: str
    title: str
    dataset_title: str


@dataclass(frozen=True, kw_only=True)
class DistributionSubject:
    """A distribution with its dataset, the checks of its addresses and the report on its file.

    It is read from the catalogue, judged by the metrics and exported, all as this one class. A check or report that
    is None was never made.
    """

    id: str
    distribution: Distribution
    dataset: Dataset
    access_check: ResourceCheck | None = None
    download_check: ResourceCheck | None = None
    table: TableReport | None = None
    twins: tuple[Twin, ...] = ()
    """Other distributions of the publisher that serve the same bytes."""
    as_of: date | None = None
    """The day for which it is judged; None if it was only read."""
    changes: tuple[date, ...] = ()
    """Days on which the data behind its address were seen to change."""

    @cached_property
    def licence(self) -> Licence | None:
        """Return the recognised licence; a licence declared for the whole dataset counts for its files."""
        own = vocabulary.licence(self.distribution.licence, self.distribution.licence_title)
        # If a file names none ("not specified"), the licence of the whole dataset still applies.
        says_none = own is not None and own.open_definition == "none"
        if not says_none and (own is not None or self.distribution.licence):
            return own
        return vocabulary.licence(self.dataset.licence, self.dataset.licence_title) or own

    @cached_property
    def declared_format(self) -> FileFormat | None:
        """Return the format recognised in what was declared; the media type is tried first, as in the MQA.

        A generic media type (octet-stream, zip, xml, json) says less than a format name, so the name is preferred to
        it.
        """
        media = vocabulary.file_format(self.distribution.media_type)
        if media is not None and not media.is_generic:
            return media
        named = vocabulary.file_format(self.distribution.format)
        return named if named is not None and (media is None or not named.is_generic) else media

    @cached_property
    def served_format(self) -> FileFormat | None:
        """Return the format recognised in the bytes that were served; None if no bytes were examined."""
        if self.table is None or not self.table.format:
            return None
        # The contents of a zip are listed at its end, so a partial download says nothing about them.
        is_beginning = self.check is not None and self.check.is_truncated
        return None if is_beginning and self.table.format == "ZIP" else vocabulary.file_format(self.table.format)

    @property
    def check(self) -> ResourceCheck | None:
        """Return the check that represents the distribution: the download's, or else the access URL's."""
        return self.download_check if self.distribution.download_url else self.access_check

    @property
    def url(self) -> str | None:
        """Return the address that represents the distribution."""
        return self.distribution.url
