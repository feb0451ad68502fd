"""Store how datasets conform to standards: the records that are judged, and the rows of ``conformance``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.interned import text_keys
from catalog.db.rows import plain
from catalog.db.schema.found import interned
from catalog.db.store import Catalog
from catalog.model.canonical import json_text
from specs.metrics import methodology_version

__all__ = [
    "StandardResult",
    "ReceivedRecord",
    "conformance",
    "forget",
    "has_changed_its_standard",
    "is_federal",
    "received",
    "unjudged",
    "verdicts",
    "write_conformance",
]

CHUNK = 500
MAX_RESULTS = 20
"""Different results of a dataset under a standard that are stored; the counts include all."""
MAX_RAW = 2_000_000
"""Characters of a record that is judged as received. Only records in DCAT's own formats are judged so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRecord:
    """The record of a dataset as its portal sent it, with the facts that decide which standards apply.

    ``portal_type``: type of the portal, such as "ckan" or "dcat-us".
    """

    portal_type: str | None
    raw: Any
    """The record as parsed JSON. None if none is stored, it is not JSON or too large, or the portal does not send
    DCAT."""
    is_federal: bool
    """Whether the portal belongs to the federal government of the United States, see :func:`is_federal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardResult:
    """The result of validating one dataset against one standard. ``conforms``: whether no requirement is violated."""

    standard: str
    conforms: bool
    violations: int
    """Number of violated requirements."""
    warnings: int
    """Number of recommendations not followed."""
    results: Sequence[dict[str, Any]]
    """One entry for each different result, at most 20, with its path, component, severity and number of occurrences. A
    violated requirement also has the first RDF node concerned and a sentence."""


def verdicts(catalog: Catalog, dataset_ids: Sequence[str]) -> dict[str, dict[str, bool]]:
    """Return whether the datasets ``dataset_ids`` conform to standards: by dataset id, then by id of the standard.

    A standard that does not apply to a dataset is left out, and so is a dataset that was never validated.
    """
    found: dict[str, dict[str, bool]] = {}
    for marks, chunk in _chunks(dataset_ids):
        sql = f"select dataset_id, standard, conforms from conformance where dataset_id in ({marks})"
        for row in catalog.rows(sql, chunk):
            found.setdefault(row["dataset_id"], {})[row["standard"]] = bool(row["conforms"])
    return found


def _chunks(ids: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for start in range(0, len(ids), CHUNK):
        chunk = list(ids[start : start + CHUNK])
        yield ", ".join("?" * len(chunk)), chunk


def received(
    catalog: Catalog, dataset_ids: Sequence[str], *, federal: frozenset[str] | None = None
) -> dict[str, ReceivedRecord]:
    """Return the records of datasets as received from their portals, by dataset id. Unknown ids are left out.

    ``federal``: ids of the portals of United States federal agencies; None asks :func:`is_federal` for each portal. The
    field ``raw`` of the result is None if the type of the portal does not begin with "dcat", if no record is stored, or
    if the record is too large or is no JSON.
    """
    found: dict[str, ReceivedRecord] = {}
    known: dict[str, bool] = {}
    for marks, chunk in _chunks(dataset_ids):
        rows = catalog.rows(
            f"""select d.id, d.portal_id, p.type,
                  case when p.type like 'dcat%' then r.raw end as raw
                from datasets d join portals p on p.id = d.portal_id
                left join records r on r.dataset_id = d.id where d.id in ({marks})""",
            chunk,
        )
        for row in rows:
            portal_id = row["portal_id"]
            if portal_id not in known:
                known[portal_id] = is_federal(catalog, portal_id) if federal is None else portal_id in federal
            found[row["id"]] = ReceivedRecord(
                portal_type=row["type"], raw=_parsed(catalog.packed.text(row["raw"])), is_federal=known[portal_id]
            )
    return found


def _parsed(raw: str | None) -> Any:
    try:
        return json.loads(raw) if raw and len(raw) <= MAX_RAW else None
    except (ValueError, RecursionError):
        # Not JSON (the portal sends XML), or nested too deeply to be read back.
        return None


def is_federal(catalog: Catalog, portal_id: str) -> bool:
    """Return whether a portal of DCAT-US 1.1 belongs to a United States federal agency.

    It does if the record of any dataset it currently lists has a non-empty bureauCode or programCode. False for portals
    of other types.
    """
    found = catalog.value(
        """select 1 from present_datasets d join portals p on p.id = d.portal_id and p.type = 'dcat-us'
           join records r on r.dataset_id = d.id where d.portal_id = ? and r.is_federal limit 1""",
        [portal_id],
    )
    return found is not None


_RECORD = """coalesce(d.mapping_hash, '')
    || ' ' || coalesce((select p.url from publishers p where p.id = d.publisher_id), '')
    || case when (select p.type from portals p where p.id = d.portal_id) like 'dcat%' then ' ' || d.raw_hash
       else '' end"""
"""SQL: what the results of a dataset ``d`` depend on, beside the rules."""


def _digests(catalog: Catalog, marks: str, chunk: Sequence[str]) -> dict[str, str]:
    """Return the digest of what the results of each dataset depend on, 12 hexadecimal digits, by dataset id."""
    # Only constants of this module and placeholders are inserted into the text.
    rows = catalog.db.conn.execute(f"select d.id, {_RECORD} from datasets d where d.id in ({marks})", chunk)
    return {key: hashlib.blake2b(text.encode(), digest_size=6).hexdigest() for key, text in rows}


def unjudged(catalog: Catalog, dataset_ids: Sequence[str]) -> set[str]:
    """Return which of the datasets ``dataset_ids`` must be validated against the standards.

    These are datasets that have no stored result of the present methodology version, and datasets whose record, or the
    address of whose publisher's web page, has changed since they were validated.
    """
    found: set[str] = set()
    for marks, chunk in _chunks(dataset_ids):
        # Only placeholders are inserted into the text.
        sql = f"select dataset_id, record from conformance where methodology_version = ? and dataset_id in ({marks})"
        known = set(catalog.db.conn.execute(sql, [methodology_version(), *chunk]))
        found |= {key for key, digest in _digests(catalog, marks, chunk).items() if (key, digest) not in known}
    return found


def has_changed_its_standard(catalog: Catalog, portal_id: str, *, is_now_federal: bool) -> bool:
    """Return whether a portal's stored DCAT-US results are by the wrong schema, so that its datasets must be validated
    again.

    DCAT-US has one schema for federal agencies and one for everybody else. ``is_now_federal``: whether the portal
    counts as federal now. The result is True if any stored result is by the schema for the opposite case.
    """
    other = "dcat_us_1" if is_now_federal else "dcat_us_1_federal"
    sql = "select 1 from conformance where portal_id = ? and standard = ? limit 1"
    return catalog.value(sql, [portal_id, other]) is not None


def write_conformance(
    catalog: Catalog, run_id: str, dataset_ids: Sequence[str], judged: Sequence[tuple[str, str, StandardResult]]
) -> None:
    """Replace the stored results of the datasets ``dataset_ids`` by ``judged``, the results of this run.

    ``judged``: each result with the ids of its dataset and of the dataset's portal before it. A dataset may have one
    result for each standard that applies to it. Of the entries in a result's ``results``, the first MAX_RESULTS (20)
    are stored; its counts include all. Stored results of these datasets that are not in ``judged`` are deleted.
    """
    version = methodology_version()
    record: dict[str, str] = {}
    with catalog.writing():
        for marks, chunk in _chunks(dataset_ids):
            record |= _digests(catalog, marks, chunk)
            own = f"dataset_id in (select key from keys where id in ({marks}))"
            catalog.db.conn.execute(f"delete from conformance_rows where {own}", chunk)
        texts = [plain(json_text(list(one.results)[:MAX_RESULTS])) for _, _, one in judged]
        keys = text_keys(catalog.db.conn, dict.fromkeys(texts))
        catalog.upsert(
            "conformance",
            [
                {
                    "dataset_id": dataset_id,
                    "portal_id": portal_id,
                    "standard": one.standard,
                    "run_id": run_id,
                    "conforms": int(one.conforms),
                    "violations": one.violations,
                    "warnings": one.warnings,
                    "results": keys[text],
                    "methodology_version": version,
                    "record": record.get(dataset_id),
                }
                for (dataset_id, portal_id, one), text in zip(judged, texts, strict=True)
            ],
        )


def forget(catalog: Catalog, portal_id: str, *, all_of_it: bool = False) -> None:
    """Delete the stored conformance results of those datasets of a portal that it no longer lists.

    ``all_of_it``: True deletes the results of all datasets of the portal.
    """
    with catalog.writing():
        own = "delete from conformance_rows where portal_id = (select key from keys where id = :portal)"
        listed = "select k.key from present_datasets d join keys k on k.id = d.id where d.portal_id = :portal"
        sql = own if all_of_it else f"{own} and dataset_id not in ({listed})"
        catalog.db.conn.execute(sql, {"portal": portal_id})


def conformance(catalog: Catalog, dataset_ids: Sequence[str]) -> dict[str, dict[str, StandardResult]]:
    """Return the stored results of the datasets ``dataset_ids``, by dataset id, then by id of the standard.

    A standard that does not apply to a dataset is left out.
    """
    found: dict[str, dict[str, StandardResult]] = {}
    for marks, chunk in _chunks(dataset_ids):
        sql = f"""select c.*, {interned("c.results")} as told from conformance c
                  where c.dataset_id in ({marks}) order by c.id"""
        for row in catalog.rows(sql, chunk):
            found.setdefault(row["dataset_id"], {})[row["standard"]] = StandardResult(
                standard=row["standard"],
                conforms=bool(row["conforms"]),
                violations=row["violations"],
                warnings=row["warnings"],
                results=json.loads(row["told"] or "[]"),
            )
    return found
