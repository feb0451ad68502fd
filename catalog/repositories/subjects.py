"""A distribution as the catalogue holds it: what was declared, together with the last observations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from catalog import vocabulary
from catalog.model import Dataset, Distribution, ResourceCheck, TableReport
from catalog.vocabulary import FileFormat, Licence

__all__ = ["DistributionSubject", "Twin", "declared_format"]


@lru_cache(maxsize=4096)
def declared_format(media_type: str | None, name: str | None) -> FileFormat | None:
    """Return the file format that a record declares by ``media_type`` or by the format ``name``; None if neither is
    recognised.

    The media type is tried first, as in the MQA, the European Metadata Quality Assessment. A generic media type
    (octet-stream, zip, xml, json) says less than a format name, so a specific format name is preferred to it.
    """
    media = vocabulary.file_format(media_type)
    if media is not None and not media.is_generic:
        return media
    named = vocabulary.file_format(name)
    return named if named is not None and (media is None or not named.is_generic) else media


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Another distribution of the same publisher whose downloaded file has exactly the same bytes."""

    distribution_id: str
    title: str
    dataset_title: str


@dataclass(frozen=True, kw_only=True)
class DistributionSubject:
    """A distribution with its dataset, the checks of its addresses, and the report on its downloaded file.

    Metrics and exports work on this class. A check or report that is None was never made.
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
    """Day for which it is measured; None if it was only read from the catalogue."""
    changes: tuple[date, ...] = ()
    """Days on which checks found that the file at its address had changed."""

    @cached_property
    def licence(self) -> Licence | None:
        """Return the recognised licence of the distribution or, if it declares none, that of its dataset.

        A distribution that says "not specified" also gets the licence of its dataset; if the dataset declares none, the
        entry of the vocabulary for "not specified" is returned. None if the licence that counts is not recognised
        (:attr:`licence_text`), or if neither declares one.
        """
        own = vocabulary.licence(self.distribution.licence, self.distribution.licence_title)
        # If a file names none ("not specified"), the licence of the whole dataset still applies.
        says_none = own is not None and own.open_definition == "none"
        if not says_none and (own is not None or _said_licence(self.distribution)):
            return own
        whole = vocabulary.licence(self.dataset.licence, self.dataset.licence_title)
        return own if whole is None and not _said_licence(self.dataset) else whole

    @property
    def licence_text(self) -> str | None:
        """Return the text of the licence that counts, as it is declared: that of the distribution or, if it has none or
        says "not specified", that of its dataset.

        A licence that has no text is given by its title. If the dataset has none either, "not specified" is returned as
        the distribution says it; None if neither has a text or title. A text without a letter or digit, such as "-",
        counts as none.
        """
        own = vocabulary.licence(self.distribution.licence, self.distribution.licence_title)
        says_none = own is not None and own.open_definition == "none"
        texts = [_said_licence(self.distribution), _said_licence(self.dataset)]
        return next((text for text in (texts[::-1] if says_none else texts) if text), None)

    @cached_property
    def declared_format(self) -> FileFormat | None:
        """Return the file format that the record declares; None if it declares none that is recognised.

        The rules are those of :func:`declared_format`.
        """
        return declared_format(self.distribution.media_type, self.distribution.format)

    @cached_property
    def served_format(self) -> FileFormat | None:
        """Return the file format recognised in the downloaded bytes; None if none was recognised or nothing was
        downloaded.

        It is also None for a ZIP archive of which only the beginning was downloaded, because its contents are listed at
        its end.
        """
        if self.table is None or not self.table.format:
            return None
        # The contents of a zip are listed at its end, so a partial download says nothing about them.
        is_beginning = self.check is not None and self.check.is_truncated
        return None if is_beginning and self.table.format == "ZIP" else vocabulary.file_format(self.table.format)

    @property
    def check(self) -> ResourceCheck | None:
        """Return the check of the download URL or, if the record declares no download URL, that of the access URL.

        None if that address was never checked.
        """
        return self.download_check if self.distribution.download_url else self.access_check

    @property
    def url(self) -> str | None:
        """Return the download URL or, if there is none, the access URL; None if both are empty."""
        return self.distribution.url


def _said_licence(declared: Dataset | Distribution) -> str | None:
    """Return the text of a declared licence or, without one, its title; None if neither has a letter or digit."""
    texts = (declared.licence, declared.licence_title)
    return next((text for text in texts if text and any(map(str.isalnum, text))), None)
