"""How a release is cited: DataCite metadata, ``CITATION.cff`` and the page that explains it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.parquet.descriptor import LICENCE, TERMS

__all__ = ["citation", "datacite", "readme"]

_TITLE = "Open data portals as Winnow found them"
_KEYWORDS = ("open data", "data quality", "metadata", "DCAT", "open government")


def _publisher(about: Mapping[str, Any]) -> str:
    """Return who is named as creator and publisher: the operator, or else the site, or else the program."""
    own = about["catalogue"]
    return str(own["published_by"] or own["site_url"] or "The operator of a Winnow")


def _title(about: Mapping[str, Any]) -> str:
    return f"{_TITLE}, edition {about['edition']}"


def datacite(about: Mapping[str, Any], portals: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metadata of a release as DataCite 4.5 in JSON, in the form of DataCite's REST API.

    It has no DOI: whoever deposits the release gets one and adds it. ``about``: contents of ``release.json``.
    ``portals``: the portals in it, each with ``id`` and ``url``.
    """
    made = str(about["made_at"])
    gathered = [
        {"relatedIdentifier": one["url"], "relatedIdentifierType": "URL", "relationType": "IsDerivedFrom"}
        for one in portals
        if str(one["url"] or "").startswith(("http://", "https://"))
    ]
    return {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Catalogue of open data and measurements of it"},
        "creators": [{"name": _publisher(about), "nameType": "Organizational"}],
        "titles": [{"title": _title(about), "lang": "en"}],
        "publisher": {"name": _publisher(about)},
        "publicationYear": made[:4],
        "dates": [{"date": made[:10], "dateType": "Issued"}],
        "language": "en",
        "version": about["edition"],
        **({"url": about["address"]} if about["address"] else {}),
        "alternateIdentifiers": [
            {
                "alternateIdentifier": f"{about['catalogue']['id']}#{about['edition']}",
                "alternateIdentifierType": "Catalogue and edition",
            }
        ],
        "subjects": [{"subject": word, "lang": "en"} for word in _KEYWORDS],
        "rightsList": [
            {
                "rights": "Creative Commons Attribution 4.0 International",
                "rightsUri": LICENCE,
                "rightsIdentifier": "cc-by-4.0",
                "rightsIdentifierScheme": "SPDX",
                "schemeUri": "https://spdx.org/licenses/",
            }
        ],
        "descriptions": [
            {"description": f"What portals publish, and what was found of it. {TERMS}", "descriptionType": "Abstract"},
            {"description": _made_with(about), "descriptionType": "Methods"},
        ],
        "relatedIdentifiers": gathered,
        "sizes": [f"{about['bytes']} bytes", f"{about['files']} files"],
        "formats": ["application/vnd.apache.parquet", "text/csv", "application/n-quads"],
    }


def _made_with(about: Mapping[str, Any]) -> str:
    return (
        f"Run {about['run']} of Winnow {about['winnow_version']}, by version {about['methodology_version']} of the "
        "method, which is in methodology.md."
    )


def citation(about: Mapping[str, Any]) -> str:
    """Return ``CITATION.cff`` (1.2.0) of a release. ``about``: contents of ``release.json``."""

    def quoted(text: str) -> str:
        # A JSON text is a YAML text.
        return json.dumps(text, ensure_ascii=False)

    lines = [
        "cff-version: 1.2.0",
        'message: "If you use these figures, cite the edition: figures of another one may differ."',
        f"title: {quoted(_title(about))}",
        "type: dataset",
        "authors:",
        f"  - name: {quoted(_publisher(about))}",
        f"version: {quoted(str(about['edition']))}",
        f"date-released: {str(about['made_at'])[:10]}",
        "license: CC-BY-4.0",
        *([f"url: {quoted(str(about['address']))}"] if about["address"] else []),
        f"abstract: {quoted(_made_with(about))}",
        "keywords:",
        *(f"  - {word}" for word in _KEYWORDS),
    ]
    return "\n".join(lines) + "\n"


def readme(about: Mapping[str, Any]) -> str:
    """Return the page that says what is in a release, as Markdown. ``about``: contents of ``release.json``."""
    return f"""# {_title(about)}

{_publisher(about)}, {str(about["made_at"])[:10]}. {_made_with(about)}

- `parquet/`: all tables, with `datapackage.json` and `croissant.json`.
- `rdf/` or `catalog.nt.gz`: the same catalogue as DCAT.
- `scorecard.csv`, `commitments.csv`, `census.csv`, `corrections.csv` and others: the figures of the scorecards; each
  `.schema.json` describes their columns.
- `methodology.md`: how it was measured.
- `datacite.json`, `CITATION.cff`: how to cite it.
- `SHA256SUMS`: `sha256sum --check SHA256SUMS` shows whether a file was changed.
- `release.json`: the run, the manifest that sealed these files, and the edition before.

{TERMS}

This edition is not changed. A dataset that is withheld later is missing from the next edition; the hashes of this one
stay.
"""
