"""What every output format receives, and the base class of all formats."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from catalog.db.store import Catalog
from catalog.exports.cards import card_rows, head_of
from catalog.exports.fingerprints import Fingerprints
from catalog.exports.folders import EVERYTHING, folder_name, publishers_of
from catalog.exports.options import ExportOptions
from catalog.exports.parts import PartsIndex
from catalog.exports.state import ExportState
from catalog.repositories.recipients import is_address
from catalog.repositories.withheld import withheld_personal
from specs.languages import Language, has_language, language

log = logging.getLogger(__name__)

FINDINGS_MAX = 20_000
"""Findings up to which the folder of a government, or of everything, has them all in one file: so many rows a
spreadsheet opens on any machine."""

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
    due: dict[Path, str] = field(default_factory=dict)
    """Of schema 2: the folders that are to be written, with the digests of what they are made from; see
    :meth:`plan`."""

    @cached_property
    def cards(self) -> list[dict[str, Any]]:
        """Return the rows of the scorecard: one for each government, portal and publisher."""
        return card_rows(self.catalog, self.run_id, self.options.schema)

    @cached_property
    def head(self) -> dict[str, Any]:
        """Return the values schema_version, methodology_version, run_id and run_date of this run.

        Every row of schema 1 begins with them, and every data package has them.
        """
        return head_of(self.catalog, self.run_id, self.options.schema)

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Return the path of every government's folder, by name of the government. The folders need not exist yet."""
        return {name: self.out / folder_name(name) for name in sorted({row["government"] for row in self.cards})}

    @cached_property
    def languages(self) -> dict[str, str | None]:
        """Return the tag of the language of each government's translated files, by name of the government.

        It is the language of the options or, without one, the first in alphabetical order of those that the
        government's portals declare and that have a file; a warning is logged for each of the others. None means that
        its files are in English only.
        """
        said: dict[str, set[str]] = {}
        for row in self.cards:
            declared = said.setdefault(row["government"], set())
            if row["entity_level"] == "portal" and row.get("language"):
                declared.add(row["language"])
        chosen: dict[str, str | None] = {}
        for name, declared in said.items():
            for code in sorted(code for code in declared if not has_language(code)):
                log.warning("%s: no file for the language %r of its portals: it is left out", name, code)
            tags = (language(code).code for code in declared if has_language(code))
            chosen[name] = self.options.language or min(tags, default=None)
        return chosen

    def governments(self) -> Iterator[GovernmentFolder]:
        """Yield the folder of every government whose files must be written (:meth:`is_due`), in the order of the
        scorecard."""
        for card in self.cards:
            if card["entity_level"] == "government" and self.is_due(self.folders[str(card["entity_id"])]):
                name = str(card["entity_id"])
                yield GovernmentFolder(name, self.folders[name], card, language(self.languages[name]))

    @cached_property
    def publishers(self) -> dict[str, dict[Path, dict[str, Any]]]:
        """Return the publishers that get a folder: by name of the government, a mapping from the path of the folder to
        the publisher's row of the scorecard."""
        by_government: dict[str, list[dict[str, Any]]] = {name: [] for name in self.folders}
        for card in self.cards:
            by_government[card["government"]].append(card)
        kind: dict[str, Any] = {"needs_datasets": False}
        if self.options.schema > 1:
            # Whoever published personal data must be able to learn where they are, and nobody else is told.
            held = withheld_personal(self.run_id)
            told = f"select distinct publisher_id from findings f where {held}"  # noqa: S608  # SQL of ours, an instant
            kind = {"always": {key for (key,) in self.catalog.db.conn.execute(told)}}
        return {
            name: publishers_of(by_government[name], folder / "publishers", **kind)
            for name, folder in self.folders.items()
        }

    @cached_property
    def packages(self) -> dict[Path, str]:
        """Return the folders that get a data package and a list of hashes, with what their files are about.

        The result maps the path of each folder to the name of its government or publisher. The folder ``out`` itself,
        which is about all governments, has the name :data:`EVERYTHING`.
        """
        own = {folder: name for name, folder in self.folders.items()}
        found = [item for chosen in self.publishers.values() for item in chosen.items()]
        return {self.out: EVERYTHING} | own | {path: card["entity_name"] or card["entity_id"] for path, card in found}

    # Of schema 2

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Return the digests by which it is recognised whether a folder must be written again; for schema 2 only."""
        return Fingerprints(self.catalog, self.run_id, self.head["run_date"], self.options)

    @cached_property
    def parts(self) -> PartsIndex:
        """Return the parts that the large files of the last export consist of; for schema 2 only."""
        return PartsIndex(self.out)

    @cached_property
    def portals_of(self) -> dict[str, list[str]]:
        """Return, by name of the government, the ids of the portals that it is responsible for."""
        found: dict[str, list[str]] = {name: [] for name in self.folders}
        for row in self.catalog.rows("select portal_id, name from governments order by portal_id"):
            found.setdefault(row["name"], []).append(row["portal_id"])
        return found

    def plan(self, state: ExportState) -> dict[Path, str]:
        """Put into :attr:`due` the folders whose files must be written, each with its digest, and return :attr:`due`.

        A folder is due if its digest differs from the one in ``state``, which the last export wrote, or if one of its
        files is missing. Folders that get no files in this export are removed from ``state``; the files in them stay.
        """
        prints, wanted = self.fingerprints, {}
        for name, folder in self.folders.items():
            own = [card for card in self.cards if card["government"] == name]
            wanted[folder] = prints.government(self.portals_of[name], own)
            for path, card in self.publishers[name].items():
                portal_id = str(card["portal_id"])
                wanted[path] = prints.publisher(portal_id, card["entity_id"], card)
        wanted[self.out] = prints.everything
        names = {folder.relative_to(self.out).as_posix(): folder for folder in wanted}
        for stale in state.folders.keys() - names.keys():
            del state.folders[stale]
        for name, folder in names.items():
            known = state.folders.get(name)
            if known is None or known.fingerprint != wanted[folder] or not known.is_whole(folder):
                self.due[folder] = wanted[folder]
        return self.due

    def base_of(self, folder: Path) -> str:
        """Return the web address of a folder of exported files, with a slash at its end; "" if it is not known."""
        if self.options.public_url is None:
            return ""
        path = quote(folder.relative_to(self.out).as_posix())
        return f"{self.options.public_url}/" if path == "." else f"{self.options.public_url}/{path}/"

    def is_due(self, folder: Path) -> bool:
        """Return whether the files of a folder must be written. In the form of schema 1 they always are; else they are
        if :meth:`plan`, which must be called before, has put the folder into :attr:`due`."""
        return self.options.schema == 1 or folder in self.due

    def has_all_findings(self, folder: Path) -> bool:
        """Return whether a folder has one ``findings.csv`` with all findings of its government or, for ``out``, of
        everybody.

        It has if the government, or all governments together, have at most 20,000 open findings. If a government has
        more, its folder has only the findings that are in no publisher's folder. If all governments have more, ``out``
        has no findings. The result is False for publishers' folders. It has no meaning in schema 1.
        """
        return folder in self._with_all_findings

    @cached_property
    def _with_all_findings(self) -> set[Path]:
        counts = {self.folders[str(c["entity_id"])]: c.get("findings_open") or 0 for c in self._governments}
        counts[self.out] = sum(counts.values())
        return {folder for folder, count in counts.items() if count <= FINDINGS_MAX}

    @property
    def _governments(self) -> Iterator[dict[str, Any]]:
        return (card for card in self.cards if card["entity_level"] == "government")

    def has_books(self, folder: Path) -> bool:
        """Return whether a folder gets Excel workbooks: if the options ask for them, or if it is mailed to a portal's
        contact."""
        return self.options.has_books or folder in self._received

    @cached_property
    def _received(self) -> set[Path]:
        rows = self.catalog.rows(
            """select g.name, replace(trim(coalesce(p.contact_email, '')), 'mailto:', '') as email
               from portals p join governments g on g.portal_id = p.id"""
        )
        names = {row["name"] for row in rows if is_address(row["email"])}
        return {folder for name, folder in self.folders.items() if name in names}


class OutputFormat:
    """Base class of the formats in which the result of a run is written, such as CSVs, pages and feeds.

    Every subclass is listed in ``catalog.exports.FORMATS`` or, if it is for schema 1 only, in ``OF_SCHEMA_1``.
    """

    name: ClassVar[str]
    """Name of the files without folder, such as ``report.html``."""
    title: ClassVar[str]
    """What the files contain, in a few words."""

    def write(self, job: ExportJob) -> Iterable[Path]:
        """Write the files of this format for a run, and return or yield their paths.

        Implementations must write each file under another name first and rename it when it is complete.
        """
        raise NotImplementedError
