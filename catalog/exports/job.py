"""What all output formats are given, and what each of them is."""

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
    """The language of its twins and pages."""


@dataclass(frozen=True)
class ExportJob:
    """One run to be put out into a folder. What several formats need is computed once, when it is first asked for."""

    catalog: Catalog
    run_id: str
    out: Path
    options: ExportOptions = ExportOptions()

    @cached_property
    def cards(self) -> list[dict[str, Any]]:
        """The rows of the scorecard."""
        return card_rows(self.catalog, self.run_id)

    @cached_property
    def head(self) -> dict[str, Any]:
        """The columns with which every file begins."""
        return head_of(self.catalog, self.run_id)

    @cached_property
    def folders(self) -> dict[str, Path]:
        """The folder of every government, by its name."""
        return {name: self.out / folder_name(name) for name in sorted({row["government"] for row in self.cards})}

    @cached_property
    def languages(self) -> dict[str, str | None]:
        """The language of every government's twins: as asked for or as its portals say; None for English alone."""
        said: dict[str, set[str]] = {}
        for row in self.cards:
            found = said.setdefault(row["government"], set())
            if row["entity_level"] == "portal" and row.get("language"):
                found.add(row["language"])
        return {name: self.options.language or min(found, default=None) for name, found in said.items()}

    def governments(self) -> Iterator[GovernmentFolder]:
        """Every government with its folder, in the order of the scorecard."""
        for card in self.cards:
            if card["entity_level"] == "government":
                name = str(card["entity_id"])
                yield GovernmentFolder(name, self.folders[name], card, language(self.languages[name]))

    @cached_property
    def packages(self) -> dict[Path, str]:
        """Folders that get a data package and hashes, and whom each is about; formats add those that they make."""
        return {self.out: EVERYTHING} | {folder: name for name, folder in self.folders.items()}


class OutputFormat:
    """A kind of files that a run is put out as. A subclass is listed in ``catalog.exports.FORMATS``."""

    name: ClassVar[str]
    """Name of the files, without folder: ``report.html``."""
    title: ClassVar[str]
    """What they hold, in a few words."""

    def write(self, job: ExportJob) -> Iterable[Path]:
        """Write the files of a run, each whole or not at all; return their paths."""
        raise NotImplementedError
