"""Datasette's metadata for the catalogue, derived from its only description in ``catalog.db.schema``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.schema.public import PRIVATE_VIEWS, PUBLIC, is_public
from catalog.db.schema.views import VIEWS, view_columns
from catalog.site.entities import SITE_TABLES
from catalog.site.pages.page import SiteOptions
from catalog.site.queries import queries

__all__ = ["DATABASE", "PLUGIN", "metadata"]

DATABASE = "catalog"
"""Stem of the public file; Datasette makes it the first part of every address, and citations contain it."""

PLUGIN = "winnow-site"
"""Name under which Datasette's metadata holds the options of the site's pages."""

_HIDDEN = (
    "records",
    "keys",
    "finding_texts",
    "finding_rows",
    "distribution_kinds",
    "measured_distributions",
    "finding_runs",
    "addresses",
    "check_runs",
    "check_codes",
    "check_strips",
    "score_entities",
    "score_systems",
    "score_runs",
    "score_values",
    "score_rows",
    "_sqlite_migrations",
    "datasets_text",
    *("search_documents", "search_values", "search_has", "search_languages"),
    *(f"search_text{part}" for part in ("", "_data", "_idx", "_docsize", "_config")),
    *(f"datasets_fts{part}" for part in ("", "_data", "_idx", "_docsize", "_config", "_content")),
)
# Only columns with an index, or small tables: a visitor must not cause a million rows to be sorted.
_SORT = {
    "runs": {"sort_desc": "id"},
    "harvests": {"sort_desc": "id"},
    "harvest_errors": {"sort_desc": "id"},
    "portals": {"sort": "title"},
    "dataset_quality": {"sort": "score"},
    "findings": {"sort_desc": "gain_points"},
    "causes": {"sort_desc": "findings"},
    "corrections": {"sort_desc": "corrected_at"},
}
_VIEW = {
    "id": "Stable id from portal and identifier.",
    "title": "Title; leads to the page of the dataset.",
    "portal": "Name of the portal.",
    "publisher": "Publisher as declared.",
    "grade": "A to E, from the score; a range, B to D, where too little was observed for one letter.",
    "score": "Winnow score, 0 to 100.",
    "findings": "Open findings.",
    "modified": "Last change of the data as declared.",
    "government": "Government answerable for the portal.",
    "country": "ISO 3166-1 alpha-3 code.",
    "status": "present, missing or retired.",
}
# Crawlers that follow every facet and query overload a site; pages, rows and tables are open to them.
# The catalogue for programs is read page by page: that is the most specific rule, and stands first for old readers.
_ROBOTS = "User-agent: *\n{open}Disallow: /*?"
_OPEN = ("catalog.ttl", "catalog.jsonld", "catalog.rdf", "catalog.nt", "data.json")


def metadata(options: SiteOptions | None = None) -> dict[str, Any]:
    """Return the metadata that Datasette shows on the public site.

    It has descriptions of tables and columns, facets, ready-made queries, the licence, the rules for crawlers, and the
    options of the site's pages. ``options``: who runs the site and where; None for the defaults.
    """
    options = options or SiteOptions()
    robots = _ROBOTS.format(open="".join(f"Allow: {options.base_url}{name}\n" for name in _OPEN))
    if options.public_url:
        robots += f"\nSitemap: {options.public_url}{options.base_url}sitemap.xml"
    return {
        "title": "Winnow",
        "description": "What open-data portals really serve, asked every night: catalogue, scores and findings.",
        "license": "CC BY 4.0 (our measurements; the portals' own texts keep their terms)",
        "license_url": "https://creativecommons.org/licenses/by/4.0/",
        "about": "How it is measured",
        "about_url": f"{options.base_url}method",
        "extra_css_urls": [f"{options.base_url}static/winnow.css"],
        "plugins": {"datasette-block-robots": {"literal": robots}, PLUGIN: asdict(options)},
        "databases": {
            DATABASE: {
                "title": "Catalogue",
                "tables": _tables(),
                "queries": queries(),
            }
        },
    }


def _tables() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, public in PUBLIC.items():
        table = TABLES[name]
        found[name] = {
            "description": table.description,
            "columns": {column: spec.description for column, spec in public.items()},
            **({"facets": list(table.facets)} if table.facets else {}),
            **({"label_column": table.label} if table.label else {}),
            **_SORT.get(name, {}),
        }
    for name, view in VIEWS.items():
        if name in PUBLIC or name in PRIVATE_VIEWS:
            continue
        found[name] = {
            "description": view.description,
            "columns": {
                column: spec.description for column, spec in view_columns(name).items() if is_public(name, column)
            },
            **({"facets": list(view.facets)} if view.facets else {}),
            **_SORT.get(name, {}),
        }
    found["dataset_list"] = {
        "description": "Every dataset with its portal, publisher and grade, in few columns.",
        "columns": _VIEW,
        "facets": ["portal", "grade", "country"],
    }
    # The index reads a view, which Datasette does not detect.
    found["datasets"] |= {"fts_table": "datasets_fts", "fts_pk": "rowid"}
    # Those that only the pages read.
    for name in (*_HIDDEN, *SITE_TABLES):
        found.setdefault(name, {})["hidden"] = True
    return found
