"""``/dataset/<id>``: what a dataset promises, what its files served, what fails, and what became of it.

Files and findings are in pages: "<id>~2" is the second. ``/file/<id>`` and ``/finding/<id>`` lead to the right one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from catalog.db.schema.views import NOT_ENDED, state_in
from catalog.exports.folders import folder_name
from catalog.site.pages.dataset_files import file_count, file_page, file_pages, files_of, shorten_file
from catalog.site.pages.dataset_findings import (
    FINDINGS,
    ended_of,
    finding_count,
    finding_page,
    findings_of,
    shorten_findings,
)
from catalog.site.pages.dataset_metrics import dimension_rows, fold_metrics, metric_rows, shorten_metric
from catalog.site.pages.page import Content, Moved, Page, Visit
from catalog.site.pages.paging import name_and_number, numbered
from catalog.site.stored_json import listed, texts
from catalog.vocabulary.terms import language_code

__all__ = ["PAGES"]

_LISTED = 20
"""Rows of each short list: changes, copies, parts, corrections, reports."""
# Persons' names and addresses are not read.
_DATASET = """
select d.id, d.portal_id, d.identifier, d.title, d.description, d.publisher_id, d.keywords, d.themes, d.licence,
       d.licence_title, d.access_rights, d.rights, d.issued, d.modified, d.record_modified, d.frequency, d.spatial,
       d.temporal_start, d.temporal_end, d.language, d.landing_page, d.conforms_to, d.applicable_legislation,
       d.hvd_categories, d.provenance, d.relations, d.other_identifiers, d.documentation, d.described_by, d.is_part_of,
       d.parent_id, d.is_series, d.harvested_from, d.source_url, d.raw_hash, d.status, d.missing_since, d.missing_on,
       d.retired_at, d.cluster_id, d.copy_of, d.first_seen_run, d.last_seen_run, d.changed_run, b.name as publisher,
       coalesce(nullif(p.title, ''), p.id) as portal, coalesce(nullif(p.government, ''), p.title) as government
from datasets d left join portals p on p.id = d.portal_id left join publishers b on b.id = d.publisher_id
where d.id = :id"""
_NAMED = "select id, title from datasets where id = :id"
_ELSEWHERE = """
select d.id, d.status, coalesce(nullif(p.title, ''), p.id) as portal from datasets d
join portals p on p.id = d.portal_id where d.cluster_id = :cluster and d.id != :id limit :limit"""
_MEMBERS = """
select id, title, identifier from present_datasets where parent_id = :id order by title limit :limit"""
_CHANGES = """
select run_id, kind, fields from changes where dataset_id = :id order by run_id desc, rowid desc limit :limit"""
_VERSIONS = """
select run_id, replaced_run, raw_hash from record_versions where dataset_id = :id order by run_id desc limit :limit"""
_CORRECTIONS = """
select id, rule_id, reason, field, observed_before, score_before, score_after, corrected_at from corrections
where dataset_id = :id order by corrected_at desc limit :limit"""
_REPORTS = """
select what, who, url, reported_on from reports where dataset_id = :id order by reported_on desc, id limit :limit"""
_STANDARDS = """
select standard, conforms, violations, warnings from conformance where dataset_id = :id order by standard"""
_SERVICES = """
select title, endpoint_url from data_services where dataset_id = :id and not coalesce(is_retired, 0) limit :limit"""
# An id of such a dataset, of a file or finding of it; a dataset may have been withheld under two ids.
_WITHHELD = """
select s.dataset_id as id, h.reason, h.withheld_at, h.portal_id, coalesce(nullif(p.title, ''), p.id) as portal
from site_withheld s join withholdings h on h.dataset_id = s.dataset_id left join portals p on p.id = h.portal_id
where s.id = :id and h.lifted_at is null order by h.withheld_at, h.id limit 1"""
_ALIAS = "select a.dataset_id, a.run_id, d.title from dataset_aliases a left join datasets d on d.id = a.dataset_id"


_QUALITY = (
    *("run_id", "score", "score_low", "score_high", "grade", "findings", "measured", "applicable", "coverage_pct"),
    *("open_definition", "methodology_version"),
)
"""What the page says of the measurements as a whole."""


def _read(visit: Visit) -> Content | None:
    dataset_id, number = name_and_number(visit.name)
    row = visit.row(_DATASET, id=dataset_id)
    if row is None:
        return (_withheld(visit, dataset_id) or _other_name(visit, dataset_id)) if number == 1 else None
    counts = {"files": file_count(visit, dataset_id), "findings": finding_count(visit, dataset_id)}
    last = _last_page(**counts)
    if not 1 <= number <= last:
        return None
    title = row["title"] or row["identifier"] or row["id"]
    quality = visit.row("select * from dataset_quality where dataset_id = :id", id=dataset_id)
    if quality is not None:
        applicable = quality["applicable"]
        quality["coverage_pct"] = 100 * (quality["measured"] or 0) / applicable if applicable else None
    found: Content = {
        "title": title,
        "description": _short(row["description"]),
        "canonical": f"/dataset/{quote(visit.name, safe='~')}",
        "_above": _above(row),
        "feed": None if visit.options.is_static else f"/feed/dataset/{quote(dataset_id, safe='')}.xml",
        "became": None,
        "withheld": None,
        "dataset": row | {"tag": _language(row["language"])},
        "government_slug": folder_name(row["government"]) if row["government"] else None,
        "quality": quality and {key: quality[key] for key in _QUALITY},
        "files": files_of(visit, dataset_id, number),
        "findings": findings_of(visit, dataset_id, number),
        "counts": counts,
        "page_number": number,
        "last_page": last,
    }
    return found | (_first_page(visit, row, quality, found["files"]) if number == 1 else {})


def _last_page(files: int, findings: int) -> int:
    return max(file_pages(files), -(-findings // FINDINGS))


def _first_page(
    visit: Visit, row: dict[str, Any], quality: dict[str, Any] | None, files: list[dict[str, Any]]
) -> Content:
    """Return what only the first page of a dataset shows."""
    chosen = {"id": row["id"], "limit": _LISTED}
    metrics = metric_rows(visit, row, quality) if quality else []
    return {
        "json_ld": _json_ld(visit, row, files),
        "keywords": texts(row["keywords"])[:_LISTED],
        "dimensions": dimension_rows(visit, quality) if quality else [],
        "metrics": metrics,
        "_metric_lines": fold_metrics(metrics),
        "copy_of": visit.row(_NAMED, id=row["copy_of"]) if row["copy_of"] else None,
        "parent": visit.row(_NAMED, id=row["parent_id"]) if row["parent_id"] else None,
        "members": visit.rows(_MEMBERS, **chosen),
        "elsewhere": visit.rows(_ELSEWHERE, cluster=row["cluster_id"], **chosen) if row["cluster_id"] else [],
        "ended": ended_of(visit, row["id"]),
        "services": visit.rows(_SERVICES, **chosen),
        "corrections": visit.rows(_CORRECTIONS, **chosen),
        "reports": visit.rows(_REPORTS, **chosen),
        "standards": visit.rows(_STANDARDS, id=row["id"]),
        "changes": [one | {"fields": _fields(one["fields"])} for one in visit.rows(_CHANGES, **chosen)],
        "versions": visit.rows(_VERSIONS, **chosen),
        "aliases": visit.rows("select id from dataset_aliases where dataset_id = :id limit :limit", **chosen),
    }


def _withheld(visit: Visit, name: str) -> Content | None:
    """Return the page of a dataset whose content is withheld: since when, and why; None for any other.

    Its status is 200, as for one that is retired or merged: a mirror can give no other.
    """
    found = visit.row(_WITHHELD, id=name)
    if found is None:
        return None
    return {
        "title": visit.words.phrase("dataset.withheld_title", id=found["id"]),
        "became": None,
        "withheld": found,
        "canonical": f"/dataset/{quote(found['id'], safe='')}",
        "is_listed": False,
    }


def _other_name(visit: Visit, name: str) -> Content | None:
    """Return the page of an id that a dataset had before, or would have by its new identifier; None for any other."""
    alias = visit.row(f"{_ALIAS} where a.id = :id", id=name)
    if alias is None:
        return None
    return {
        "title": visit.words.phrase("dataset.other_name", id=name),
        "withheld": None,
        "became": {"id": alias["dataset_id"], "title": alias["title"] or alias["dataset_id"], "run": alias["run_id"]},
        "canonical": f"/dataset/{quote(alias['dataset_id'], safe='')}",
        "is_listed": False,
    }


def _above(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and paths of the pages above that of a dataset: its government and its portal."""
    found = [(row["government"], f"/government/{folder_name(row['government'])}")] if row["government"] else []
    return [*found, (row["portal"], f"/portal/{_quoted(row['portal_id'])}")] if row["portal"] else found


def _json_ld(visit: Visit, row: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the dataset as schema.org's Dataset, with the files of the page."""
    downloads = [
        {
            "@type": "DataDownload",
            "contentUrl": file["url"],
            "encodingFormat": file["format_served"] or file["format_declared"] or file["format"],
        }
        for file in files
        if _is_web(file["url"]) and not file["is_retired"]
    ]
    found = {
        "@type": "Dataset",
        "@id": f"/dataset/{_quoted(row['id'])}",
        "name": row["title"] or row["identifier"],
        "description": _short(row["description"]),
        "identifier": row["identifier"],
        "sameAs": row["landing_page"] if _is_web(row["landing_page"]) else None,
        "license": row["licence"] if _is_web(row["licence"]) else None,
        "keywords": texts(row["keywords"])[:_LISTED],
        "datePublished": row["issued"],
        "dateModified": row["modified"],
        "publisher": {
            "@type": "Organization",
            "name": row["publisher"],
            "@id": f"/publisher/{_quoted(row['publisher_id'])}",
        }
        if row["publisher"]
        else None,
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": row["portal"],
            "@id": f"/portal/{_quoted(row['portal_id'])}",
        },
        "distribution": downloads,
    }
    return {key: value for key, value in found.items() if value}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _is_web(url: str | None) -> bool:
    return bool(url) and str(url).lower().startswith(("http://", "https://"))


def _short(text: str | None) -> str | None:
    return " ".join((text or "").split())[:300] or None


def _language(declared: str | None) -> str | None:
    """Return the tag of the language of a record; None if it declares none or several."""
    codes = {language_code(one) for one in texts(declared)}
    return codes.pop() if len(codes) == 1 else None


def _fields(cell: str | None) -> list[dict[str, Any]]:
    """Return the fields of a change with their old and new texts, cut for the page."""
    return [
        {"field": str(one.get("field"))[:80], "old": _cut(one.get("old")), "new": _cut(one.get("new"))}
        for one in listed(cell)[:_LISTED]
        if isinstance(one, dict)
    ]


def _cut(value: object) -> str | None:
    text = None if value is None else str(value)
    return f"{text[:120]}…" if text and len(text) > 120 else text


def _names(visit: Visit) -> Iterator[str]:
    """Yield the names of all pages of all datasets, and the other names of datasets."""
    sizes = f"""
select d.id, (select count(*) from distributions o where o.dataset_id = d.id) as files,
  (select count(*) from keys k join finding_rows f on f.dataset_key = k.key
   where k.id = d.id and {state_in(NOT_ENDED)}) as findings from datasets d order by d.id"""  # noqa: S608  # SQL of ours
    for row in visit.conn.execute(sizes):
        yield row["id"]
        yield from numbered(row["id"], _last_page(row["files"], row["findings"]))
    yield from (row["id"] for row in visit.rows("select id from dataset_aliases order by id"))
    withheld = "select id from site_withheld where kind in ('dataset', 'alias') order by id"
    yield from (row["id"] for row in visit.rows(withheld))


def _address(dataset_id: str, number: int, anchor: str) -> Moved:
    name = dataset_id if number == 1 else f"{dataset_id}~{number}"
    # The page moves with the number of files and findings.
    return Moved(f"/dataset/{quote(name, safe='~')}#{quote(anchor, safe='')}")


def _read_file(visit: Visit) -> Moved | None:
    found = file_page(visit, visit.name)
    return _address(*found, f"file-{visit.name}") if found else _to_withheld(visit)


def _read_finding(visit: Visit) -> Moved | None:
    found = finding_page(visit, visit.name)
    return _address(*found, f"finding-{visit.name}") if found else _to_withheld(visit)


def _to_withheld(visit: Visit) -> Moved | None:
    found = visit.row(_WITHHELD, id=visit.name)
    return Moved(f"/dataset/{quote(found['id'], safe='')}") if found else None


def _shorten(content: Content) -> Content:
    """Return the contents without what stands elsewhere in the mirror: of a metric the question, dimension and kind
    (``/metric/<id>.json``) and the declared value (``dataset``); of a finding the address and title of its file
    (``files``); on further pages the dataset; and the description in short and the JSON-LD, which are in the page.

    Metrics of which only "ok" is left are a list of names, ``passed``.
    """
    short = {key: value for key, value in content.items() if key not in ("json_ld", "description")}
    if content.get("became") or content.get("withheld"):
        return short
    if content["page_number"] > 1:
        short |= {"dataset": {"id": content["dataset"]["id"]}, "quality": None}
    short["files"] = [shorten_file(one, content["dataset"]["last_seen_run"]) for one in content["files"]]
    short["findings"] = [shorten_findings(one) for one in content["findings"]]
    lines = [shorten_metric(one) for one in content.get("metrics", ())]
    short["passed"] = [one["metric"] for one in lines if one == {"metric": one["metric"], "answer": "ok"}]
    short["metrics"] = [one for one in lines if one["metric"] not in short["passed"]]
    return short


PAGES = (
    Page(name="dataset", address="/dataset/<id>", read=_read, names=_names, shorten=_shorten),
    Page(name="file", address="/file/<id>", read=_read_file, is_mirrored=False),
    Page(name="finding", address="/finding/<id>", read=_read_finding, is_mirrored=False),
)
