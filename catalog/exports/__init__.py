"""Every output of a run, one file each: ``f(catalog, run_id, out)``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from catalog.store import Catalog

__all__ = ["ExportOptions", "export_all"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a run is to be put out."""

    language: str | None = None
    """Language of pages and twins, whatever the portals say; code of a file in ``specs/languages``."""
    contact: str | None = None
    """Where answers go: an e-mail address or a page."""
    is_printed: bool = False
    """Whether every page is printed as PDF too, where Chromium is present."""
    print_seconds: float = 300
    """For all of them; the pages beyond are not printed."""


def export_all(catalog: Catalog, run_id: str, out: Path, options: ExportOptions | None = None) -> list[Path]:
    """Write scorecards, findings, pages, feeds, changes and RDF into ``out``; return the paths."""
    from catalog.exports.cards import card_rows, head_of
    from catalog.exports.changes import export_changes
    from catalog.exports.dcat import export_rdf
    from catalog.exports.folders import seal_folder
    from catalog.exports.scorecard import export_csvs

    options = options or ExportOptions()
    cards, head = card_rows(catalog, run_id), head_of(catalog, run_id)
    done = export_csvs(catalog, run_id, out, cards=cards, language=options.language)
    paths = [*done.paths, *_pages(catalog, run_id, out, cards, options)]
    for folder, name in done.folders.items():
        # The folder of everything gets its hashes when all is there.
        if folder != out:
            paths += seal_folder(folder, name, head)
    paths += export_changes(catalog, run_id, out)
    paths += export_rdf(catalog, run_id, out)
    return [*paths, *seal_folder(out, done.folders[out], head)]


def _pages(
    catalog: Catalog, run_id: str, out: Path, cards: list[dict[str, object]], options: ExportOptions
) -> list[Path]:
    from catalog.exports.cards import head_of
    from catalog.exports.feed import write_feed
    from catalog.exports.page import government_page, run_page, write_page
    from catalog.exports.pdf import write_pdf
    from catalog.exports.scorecard import folders_of, languages_of
    from specs.languages import language

    folders, codes = folders_of(cards, out), languages_of(cards, options.language)
    paths = [write_page(out / "report.html", run_page(cards, head_of(catalog, run_id), language(options.language)))]
    deadline = time.monotonic() + options.print_seconds
    for card in cards:
        if card["entity_level"] != "government":
            continue
        name = str(card["entity_id"])
        words = language(codes[name])
        page = write_page(folders[name] / "report.html", government_page(catalog, card, words, options.contact))
        paths += [page, write_feed(catalog, name, run_id, words, folders[name])]
        left = deadline - time.monotonic()
        if options.is_printed and left > 0 and (printed := write_pdf(page, run_id, left)):
            paths.append(printed)
    return paths
