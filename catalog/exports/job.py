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
    """The folder of a government."""

    name: str
    path: Path
    card: dict[str, Any]
    """Its row of the scorecard."""
    words: Language
    """The language of its translated files and pages."""


@dataclass(frozen=True)
class ExportJob:
    """The output of one run into a folder. What several formats need is computed once, when first asked for."""

    catalog: Catalog
    run_id: str
    out: Path
    options: ExportOptions = ExportOptions()

    @cached_property
    def cards(self) -> list[dict[str, Any]]:
        """Return the rows of the scorecard."""
        return card_rows(self.catalog, self.run_id)

    @cached_property
    def head(self) -> dict[str, Any]:
        """Return the values of the columns that every file begins with."""
        return head_of(self.catalog, self.run_id)

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Return the folder of every government, by its name."""
        return {name: self.out / folder_name(name) for name in sorted({row["government"] for row in self.cards})}

    @cached_property
    def languages(self) -> dict[str, str | None]:
        """Return the language of every government's translated files: as asked for, or as its portals say.

        None means English only.
        """
        said: dict[str, set[str]] = {}
        for row in self.cards:
            found = said.setdefault(row["government"], set())
            if row["entity_level"] == "portal" and row.get("language"):
                found.add(row["language"])
        return {name: self.options.language or min(found, default=None) for name, found in said.items()}

    def governments(self) -> Iterator[GovernmentFolder]:
        """Yield every government with its folder, in the order of the scorecard."""
        for card in self.cards:
            if card["entity_level"] == "government":
                name = str(card["entity_id"])
                yield GovernmentFolder(name, self.folders[name], card, language(self.languages[name]))

    @cached_property
    def packages(self) -> dict[Path, str]:
        """Return the folders that get a data package and hashes, with whom each is about; formats add those
        they make."""
        return {self.out: EVERYTHING} | {folder: name for name, folder in self.folders.items()}


class OutputFormat:
    """A format that a run is written in. Every subclass is listed in ``catalog.exports.FORMATS``."""

    name: ClassVar[str]
    """Name of the files, without folder: ``report.html``."""
    title: ClassVar[str]
    """What they hold, in a few words."""

    def write(self, job: ExportJob) -> Iterable[Path]:
        """Write the files of a run, each completely or not at all; return their paths."""
        raise NotImplementedError
