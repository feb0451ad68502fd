"""``/commitment/<id>``: a promise in its own words, its indicators against the expected progress, and the datasets
that fail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from catalog.exports.folders import folder_name
from catalog.exports.promises import OVERALL
from catalog.site.pages.commitments import slugs
from catalog.site.pages.page import Content, Page, Visit
from catalog.site.stored_json import texts
from specs.measures import measures

__all__ = ["PAGES"]

FAILING = 20
"""Failing datasets that an indicator names; the table has all."""
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z")
NIGHTS = 200
"""Readings of which the history of states is told, the last ones."""


def _names(visit: Visit) -> Iterator[str]:
    yield from slugs(visit).values()


def _last_moment(as_of: str) -> str | None:
    """Return the id of the last run that counts for ``as_of``, a run or a day (such as 2026-11-30, all of it counts);
    None if it is neither."""
    if _RUN.fullmatch(as_of):
        return as_of
    try:
        return date.fromisoformat(as_of).strftime("%Y%m%dT235959Z")
    except ValueError:
        return None


def _read(visit: Visit) -> Content | None:
    known_as = next((name for name, slug in slugs(visit).items() if slug == visit.name), None)
    commitment = visit.row("select * from commitments where id = :id", id=known_as)
    as_of = _last_moment(asked) if (asked := visit.args.get("as_of", "")) else ""
    if commitment is None or as_of is None:
        return None
    nights = visit.rows(
        """select run_id, timing_status, progress, expected, is_observed, methodology_version from commitment_readings
           where commitment_id = :id and indicator_id = :overall and (:as_of = '' or run_id <= :as_of)
           order by run_id desc limit :nights""",
        id=commitment["id"],
        overall=OVERALL,
        as_of=as_of,
        nights=NIGHTS,
    )
    if as_of and not nights:
        return None
    run = nights[0]["run_id"] if nights else None
    readings = visit.rows(
        """select * from commitment_readings where commitment_id = :id and run_id = :run
           order by indicator_id != '_overall', indicator_id""",
        id=commitment["id"],
        run=run,
    )
    known = measures()
    for reading in readings:
        reading["flags"] = texts(reading["flags"])
        reading["failing"] = _failing(visit, reading) if reading["failing_datasets"] and not as_of else []
        reading["query"] = reading.pop("evidence_query")
        reading["unit"] = known[reading["measure"]].unit if reading["measure"] in known else None
    overall = next((one for one in readings if one["indicator_id"] == OVERALL), None)
    commitment["evidence"] = texts(commitment["evidence"])
    commitments, title = visit.words.phrase("commitments.title"), commitment["title"] or commitment["id"]
    return {
        "title": title,
        "json_ld": {
            "@type": "DefinedTerm",
            "@id": f"/commitment/{visit.name}",
            "name": title,
            "termCode": commitment["id"],
            "description": commitment["source_quote"],
            "url": f"/commitment/{visit.name}",
            "inDefinedTermSet": {"@type": "DefinedTermSet", "name": commitments, "url": "/commitments"},
        },
        "_above": [(commitments, "/commitments")],
        "description": commitment["source_quote"],
        "commitment": commitment,
        "government_slug": folder_name(commitment["government"] or ""),
        "overall": overall,
        "indicators": [one for one in readings if one is not overall],
        "checked": _checks(visit, commitment["evidence"]),
        "history": _history(nights),
        "trend": _trend(nights),
        "as_of": run if as_of else None,
        "_cited": (run, f"/commitment/{visit.name}?as_of={run}") if as_of else None,
        "canonical": f"/commitment/{visit.name}",
    }


def _failing(visit: Visit, reading: dict[str, Any]) -> list[dict[str, Any]]:
    return visit.rows(
        """select m.dataset_id, m.reason, m.first_seen_run, d.title, d.identifier, d.status
           from commitment_members m left join datasets d on d.id = m.dataset_id
           where m.commitment_id = :id and m.indicator_id = :indicator and m.passes = 0 and not m.waived
           order by d.title, m.dataset_id limit :limit""",
        id=reading["commitment_id"],
        indicator=reading["indicator_id"],
        limit=FAILING,
    )


def _checks(visit: Visit, urls: list[str]) -> list[dict[str, Any]]:
    """Return the addresses that a promise gives as evidence, with what they answered."""
    found = {
        row["url"]: row
        for row in visit.rows(
            """select c.url, c.outcome, c.checked_at from json_each(:urls) j
               join resource_checks c on c.url = j.value""",
            urls=json.dumps(urls),
        )
    }
    return [found.get(url, {"url": url, "outcome": None, "checked_at": None}) for url in urls]


def _trend(nights: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the progress of a promise and the one that it should have in percent, by night, the oldest first."""
    return [
        {"run_id": one["run_id"], "methodology_version": one["methodology_version"]}
        | {"score": _percent(one["progress"]), "expected": _percent(one["expected"])}
        for one in reversed(nights)
    ]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _history(nights: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the states that a promise went through, the last first: each with its first and last night (``since``,
    ``until``), and the progress on both (``began``, ``progress``)."""
    states: list[dict[str, Any]] = []
    for night in reversed(nights):
        if not states or states[-1]["timing_status"] != night["timing_status"]:
            begun = {"since": night["run_id"], "began": night["progress"]}
            states.append({"timing_status": night["timing_status"], **begun})
        states[-1] |= {"progress": night["progress"], "until": night["run_id"]}
    return states[::-1]


PAGES = (Page(name="commitment", address="/commitment/<id>", read=_read, names=_names),)
