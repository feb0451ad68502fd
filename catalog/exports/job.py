"""What every output format receives, and the base class of all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from catalog.db.store import Catalog
from catalog.exports.cards import card_rows, head_of
from catalog.exports.folders import EVERYTHING, folder_name
from catalog.exports.options import ExportOptions
from specs.languages import Language, language

__all__ = ["ExportJob", "GovernmentFolder", "OutputFormat"]


@dataclass(frozen=True, slots=True)
class GovernmentFolder:
    """The folder with the exported files of one government. ``name``: name of the government."""

    name: str
    path: Path
    card: dict[str, Any]
    """Row of the government in the scorecard."""
    words: Language
    """Language of the government's page and of its translated files."""


@dataclass(frozen=True)
class ExportJob:
    """What an output format needs to write a run: the catalogue, the run, the folder ``out`` and the options.

    What several formats need, such as the scorecard, is computed once, when it is first used.
    """

    catalog: Catalog
    run_id: str
    out: Path
    options: ExportOptions = ExportOptions()

    @cached_property
    def cards(self) -> list[dict[str, Any]]:
        """Return the rows of the scorecard: one for each government, portal and publisher."""
        return card_rows(self.catalog, self.run_id)

    @cached_property
    def head(self) -> dict[str, Any]:
        """Return the values of the columns that every exported CSV begins with: versions, run and day."""
        return head_of(self.catalog, self.run_id)

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Return the path of every government's folder, by name of the government. The folders need not exist yet."""
        return {name: self.out / folder_name(name) for name in sorted({row["government"] for row in self.cards})}

    @cached_property
    def languages(self) -> dict[str, str | None]:
        """Return the code of the language of each government's translated files, by name of the government.

        It is the language of the options or, without one, that of the government's portals. None means that its files
        are in English only.
        """
        said: dict[str, set[str]] = {}
        for row in self.cards:
            found = said.setdefault(row["government"], set())
            if row["entity_level"] == "portal" and row.get("language"):
                found.add(row["language"])
        return {name: self.options.language or min(found, default=None) for name, found in said.items()}

    def governments(self) -> Iterator[GovernmentFolder]:
        """Yield the folder of every government in the scorecard, in the order of the scorecard."""
        for card in self.cards:
            if card["entity_level"] == "government":
                name = str(card["entity_id"])
                yield GovernmentFolder(name, self.folders[name], card, language(self.languages[name]))

    @cached_property
    def packages(self) -> dict[Path, str]:
        """Return the folders that get a data package and a list of hashes.

        The result maps the path of a folder to the government or publisher that its files are about, or to
        :data:`EVERYTHING`. A format that makes more such folders adds them to it.
        """
        return {self.out: EVERYTHING} | {folder: name for name, folder in self.folders.items()}


class OutputFormat:
    """Base class of the formats in which the result of a run is written.

    Every subclass is listed in ``catalog.exports.FORMATS``.
    """

    name: ClassVar[str]
    """Name of the files without folder, such as ``report.html``."""
    title: ClassVar[str]
    """What the files contain, in a few words."""

    def write(self, job: ExportJob) -> Iterable[Path]:
        """Write the files of this format for a run, and return or yield their paths.

        No file may ever be half written under its final name.
        """
        raise NotImplementedError
