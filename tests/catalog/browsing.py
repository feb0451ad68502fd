"""A catalogue with all that a page of the site can show, hostile text included, and the site over it."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from catalog.db.store import Catalog
from catalog.site.metadata import PLUGIN, metadata
from catalog.site.pages import SiteOptions
from catalog.site.serve import SETTINGS, files
from specs.imports import without
from tests.making import put_findings, put_measurements

# Its units would load the arrays of Dask and with them scipy: most of a second for every worker of pytest-xdist.
with without("dask"):
    from datasette.app import Datasette

__all__ = ["EVIL", "OF_THE_SITE", "RUN", "SCORED", "Site", "fill"]

OF_THE_SITE = [
    # The site is made once: its tests must meet in one worker.
    pytest.mark.xdist_group("site"),
    # Datasette 0.65 leaves connections in memory to the garbage collector; those to files are closed by Site.
    pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in.*sqlite3.Connection:pytest.PytestUnraisableExceptionWarning"
    ),
]

EVIL = "<script>alert(1)</script>"
RUN = "20261124T000000Z"
PROFILE = json.dumps(
    {
        "row_count": 12,
        "columns": [
            {
                "name": f"amount {EVIL}",
                "kind": "number",
                "filled": 6,
                "distinct": 12,
                "minimum": 4120,
                "maximum": 98000,
            },
            {"name": "small", "kind": "integer", "filled": 12, "distinct": 12, "minimum": 17, "maximum": 731},
            {"name": "few", "kind": "integer", "filled": 12, "distinct": 3, "minimum": 5550, "maximum": 66600},
            {"name": "day", "kind": "date", "filled": 12, "distinct": 12, "minimum": "2025-01", "maximum": "2025-12"},
            {"name": "place", "kind": "text", "filled": 12, "distinct": 2, "frequent": [["aaaaaa", 9]], "hash": "ff00"},
        ],
    }
)
SCORED = (("government", EVIL), ("portal", "north"), ("publisher", "north-p"))
"""Who has scores: less than 80 % of what applies was measured."""


def fill(catalog: Catalog) -> None:
    """Fill a catalogue with two portals that have everything a page can show, and the worst text a portal can write."""
    when = "2026-11-24T00:10:00Z"
    seen = {"first_seen_run": RUN, "last_seen_run": RUN}
    ids = {"portal_id": "north", "publisher_id": "north-p"}
    rows: dict[str, list[dict[str, Any]]] = {
        "runs": [{"id": RUN, "status": "complete", "started_at": when}],
        "portals": [
            {
                "id": "north",
                "title": f"Nørth {EVIL}",
                "url": "javascript:alert(1)",
                "government": EVIL,
                "country": "NOR",
            }
            | {"type": "ckan", "datasets": 3, "score": 61.26, "score_low": 55.0, "score_high": 70.0, "grade": "C"}
            | {"last_run": RUN},
            {"id": "south", "title": "South"},
        ],
        "harvests": [
            {
                "id": f"{RUN}/north",
                "run_id": RUN,
                "portal_id": "north",
                "verdict": "complete",
                "datasets": 3,
                "added": 3,
                "robots_decision": f"obeyed: somebody's own {EVIL}",
                "robots_sha256": "ab12",
                "robots_text": f"User-agent: *\n# {EVIL}",
            }
        ],
        "publishers": [{"id": "north-p", "portal_id": "north", "name": f"Ministry {EVIL}", "datasets": 3}],
        "datasets": [
            {"id": f"north-{n}", **ids, "identifier": f"id-{n}", "status": "present", "title": title}
            | {"description": f"About {EVIL}", "changed_run": RUN, "frequency": "daily", "modified": "2020-01-01"}
            | {"landing_page": "javascript:alert(2)", "licence": "data:text/html,x"}
            | {"keywords": '["école", "budget"]', **seen}
            | ({"parent_id": "north-0"} if n == 1 else {"is_part_of": f"nowhere {EVIL}"} if n == 2 else {})
            for n, title in enumerate(
                [
                    f"Dépenses d'éducation {EVIL}",
                    '{"href": 1, "label": "x"}',
                    '{"img_src": "https://elsewhere.example/x.png"}',
                    "[" * 30_000 + "]",
                    None,
                ]
            )
        ],
        "records": [{"dataset_id": "north-0", "raw": f'{{"title": "{EVIL}"}}', "raw_hash": "0", "run_id": RUN}],
        "distributions": [
            {"id": "north-d0", "dataset_id": "north-0", "portal_id": "north", "position": 0, "title": EVIL}
            | {"download_url": "https://data.example/x.csv", "format": "CSV", "is_retired": 0, **seen},
            {"id": "north-d1", "dataset_id": "north-0", "portal_id": "north", "position": 1, "title": None}
            | {"download_url": "javascript:alert(3)", "format": EVIL, "is_retired": 0, **seen},
        ],
        "resource_checks": [
            {"url": "https://data.example/x.csv", "outcome": "broken", "fault": "gone", "status": 404}
            | {"failing_since": "2026-11-20T00:00:00Z", "checked_at": when, "run_id": RUN}
            | {"redirects": 1, "redirect_chain": '["https://data.example/x.csv", "javascript:alert(8)"]'}
            | {"final_url": "https://cdn.example/x.csv", "content_type": f"text/html; {EVIL}"}
        ],
        "table_reports": [
            {"distribution_id": "north-d0", "status": "valid", "row_count": 12, "column_count": 1, "profile": PROFILE}
            | {"defects": '[{"rule": "number_as_text", "count": 4, "field": "amount", "rows": [2, 3]}]'}
        ],
        "dataset_quality": [
            {"dataset_id": "north-0", **ids, "run_id": RUN, "score": 61.26, "score_low": 55.0, "score_high": 70.0}
            | {"grade": "C", "findable": 90.0, "accessible": 40.0, "open": 100.0, "usable": 50.0, "timely": None}
            | {"sound": 0.0, "findings": 4, "measured": 10, "applicable": 12}
        ],
        "distribution_quality": [
            {"distribution_id": "north-d0", "dataset_id": "north-0", "portal_id": "north", "licence_id": "CC-BY-4.0"}
            | {"format_declared": "CSV", "format_served": "HTML", "licence_open": 1.0},
            {"distribution_id": "north-d1", "dataset_id": "north-0", "portal_id": "north", "licence_id": None}
            | {"format_declared": None, "format_served": None, "licence_open": None},
        ],
        "findings": [
            {"id": f"f-{rule}", "state": state, "severity": "error", "rule_id": rule, "rule_title": f"Is it? {EVIL}"}
            | {"dataset_id": "north-0", "distribution_id": "north-d0", **ids, "how_to_fix": f"Fix {EVIL}"}
            | {"resource_url": "https://data.example/x.csv", "observed": EVIL, "gain_points": gain, "first_row": 3}
            | {"checked_at": when, "fixed_run": RUN if state == "fixed" else None, "runs_failing": 1, **seen}
            for rule, state, gain in [
                ("link_ok", "new", 9.5),
                ("file_served", "open", None),
                ("up_to_date", "disputed", 1.0),
                ("title_present", "fixed", 1.0),
            ]
        ]
        + [
            {"id": "f-late", "state": "new", "rule_id": "up_to_date", "dataset_id": "north-0", "portal_id": "north"}
            | {"resource_url": "javascript:alert(4)", "checked_at": when, "first_seen_run": RUN}
        ],
        "replies": [
            {"id": f"r{number}", "finding_id": f"f-{rule}", "dataset_id": "north-0", "reply": reply}
            | {
                "note": f"Because {EVIL}",
                "replied_by": f"Treasury {EVIL}",
                "is_text_approved": 1,
                "replied_on": "2026-11-23",
                "is_name_public": 1,
            }
            | {"promised_on": day, "number": number, "outcome": outcome}
            for number, (rule, reply, day, outcome) in enumerate(
                [
                    ("link_ok", "acknowledged", None, None),
                    ("link_ok", "will_fix_by", "2026-01-31", None),
                    ("up_to_date", "disputed", None, "upheld"),
                ]
            )
        ],
        "reports": [
            {"id": "c1", "portal_id": "north", "dataset_id": "north-0", "what": f"Of 2019 {EVIL}", "who": f"Bo {EVIL}"}
            | {"url": "javascript:alert(5)", "reported_on": "2026-11-22", "is_name_public": 1, "is_text_approved": 1}
        ],
        "corrections": [
            {"id": "k1", "portal_id": "north", "dataset_id": "north-0", "rule_id": "link_ok", "score_before": 50.0}
            | {"score_after": 61.26, "observed_before": f"gone {EVIL}", "corrected_at": when, "run_id": RUN}
        ],
    }
    rows["changes"] = [
        {"id": f"{RUN}/north-0/changed", "run_id": RUN, "portal_id": "north", "dataset_id": "north-0"}
        | {"kind": "changed", "fields": json.dumps([{"field": "title", "old": None, "new": EVIL}])}
    ]
    rows["causes"] = [
        {"id": "cause-1", "number": 1, "portal_id": "north", "rule_id": "up_to_date", "rule_title": f"Late? {EVIL}"}
        | {"root": "field", "level": "publisher", "root_name": f"Ministry {EVIL}", "entity_level": "publisher"}
        | {"entity_id": "north-p", "state": "open", "datasets": 1, "files": 0, "findings": 1, "failing": 9}
        | {"applicable": 10, "rest_failing": 1, "rest_applicable": 40, "gain_points": 1.5, "effort_hours": 2.0}
        | {"confidence": 0.8, "first_seen_run": RUN, "last_seen_run": RUN, "how_to_fix": f"Once: fix {EVIL}"}
    ]
    rows |= _promises()
    for table, entries in _vanished().items():
        rows[table] += entries
    rows["top_fixes"] = [
        {"id": f"{level}/{number}", "run_id": RUN, "entity_level": level, "entity_id": id, "rank": number}
        | {"rule_id": rule, "how_to_fix": f"Fix {EVIL}", "datasets": 3, "gain_points": 2.5, "effort_hours": 1.0}
        for level, id in SCORED
        for number, rule in enumerate(["link_ok", f"no_rule {EVIL}"], 1)
    ]
    rows["dataset_aliases"] = [{"id": "north-other", "dataset_id": "north-0", "portal_id": "north"}]
    with catalog.writing():
        put_findings(catalog, rows.pop("findings"))
        put_measurements(catalog, rows.pop("distribution_quality"))
        for table, entries in rows.items():
            for entry in entries:
                catalog.upsert(table, [entry])
        nights = [("20251101T000000Z", 50.0), ("20251201T000000Z", 51.0), ("20260801T000000Z", None), (RUN, 61.26)]
        for run_id, score in nights:
            for level, entity in SCORED:
                catalog.db.conn.execute(
                    """insert into score_history (run_id, system, methodology_version, entity_level, entity_id, score,
                         score_low, score_high, ci_low, ci_high, coverage_pct, datasets, withheld)
                       values (?, 'winnow', '2.1.0', ?, ?, ?, ?, ?, ?, ?, 60.0, 3, ?)""",
                    [
                        run_id,
                        level,
                        entity,
                        score,
                        *([55.0, 70.0, 58.0, 64.0, None] if score else [None] * 4 + ["few"]),
                    ],
                )
        # A gap in the row numbers, which a vacuum may close: the full-text index must find the right rows all the same.
        catalog.db.conn.execute("delete from datasets where id = 'gone'")


def _vanished() -> dict[str, list[dict[str, Any]]]:
    """A dataset that is gone, with a copy elsewhere, one in its grace period, a lost file and a lost column."""
    north, when = {"portal_id": "north", "publisher_id": "north-p"}, "2026-11-20T00:00:00Z"
    return {
        "datasets": [
            {"id": "north-lost", **north, "identifier": "lost", "title": f"Lost {EVIL}", "status": "retired"}
            | {"retired_at": when, "raw_hash": "ab34", "cluster_id": "k", "last_seen_run": "20261101T000000Z"},
            {"id": "north-late", **north, "identifier": "late", "title": "Late", "status": "missing"},
            {"id": "south-copy", "portal_id": "south", "identifier": "c", "title": "Copy", "status": "present"}
            | {"cluster_id": "k"},
        ],
        "distributions": [
            {"id": "north-d9", "dataset_id": "north-0", "portal_id": "north", "position": 9, "title": f"Old {EVIL}"}
            | {"download_url": "javascript:alert(7)", "is_retired": 1, "last_seen_run": "20261101T000000Z"}
        ],
        "table_reports": [
            {"distribution_id": "north-d1", "status": "valid", "run_id": RUN, "columns": '["year"]'}
            | {"columns_before": '["year", "amount"]'}
        ],
    }


def _promises() -> dict[str, list[dict[str, Any]]]:
    """Two promises, one missed and one never measured, and a census."""
    late, before = {"commitment_id": "ogp/XX0002", "run_id": RUN}, "20261101T000000Z"
    figures = {"baseline": 0.5, "target": 1.0, "value": 0.8, "progress": 0.6, "expected": 1.0, "is_observed": 1}
    status = {"timing_status": "missed", "suggested_completion": "limited", "flags": "[]"}
    return {
        "commitments": [
            {"id": "ogp/XX0001", "title": f"Budget {EVIL}", "government": EVIL, "deadline": "2027-12-31"},
            {"id": "ogp/XX0002", "title": "Licences", "government": EVIL, "start": "2025-01-01", "is_example": 0}
            | {"deadline": "2026-06-30", "source_quote": f"All data, by June {EVIL}", "irm_completion": "limited"}
            | {"source_url": "javascript:alert(6)", "evidence": '["https://evidence.example/a"]'},
        ],
        "commitment_readings": [
            {"id": "r1", "indicator_id": "_overall", "kind": "overall", **late, **figures, **status},
            {"id": "r2", "indicator_id": "licence", "kind": "measured", "measure": "dataset.licence_open"}
            | {"numerator": 4, "denominator": 5, "failing_datasets": 1, **late, **figures, **status},
            {"id": "r0", "indicator_id": "_overall", "kind": "overall", **late, **figures, **status}
            | {"run_id": before, "timing_status": "on_track"},
        ],
        "commitment_members": [
            {"id": "m1", "commitment_id": "ogp/XX0002", "indicator_id": "licence", "dataset_id": "north-0"}
            | {"first_seen_run": before, "last_seen_run": RUN, "is_in_scope": 1, "passes": 0, "waived": 0}
        ],
        "census": [
            {"id": f"north/{key}", "portal_id": "north", "key": key, "state": state, "dataset_id": dataset}
            | {"reason": f"Because {EVIL}", "run_id": RUN, "since_run": RUN}
            for key, state, dataset in [("budget", "open", "north-0"), ("elections", "not_found", None)]
        ],
    }


class Site:
    """A published catalogue under Datasette, asked without a server."""

    def __init__(self, db: Path, **options: Any) -> None:
        described = metadata(SiteOptions(**options))
        self.datasette: Any = Datasette(
            files=[],
            immutables=[str(db)],
            metadata=described,
            template_dir=str(files("templates")),
            plugins_dir=str(files("plugins")),
            static_mounts=[("static", str(files("static")))],
            settings=SETTINGS | {"base_url": described["plugins"][PLUGIN]["base_url"]},
        )

    def close(self) -> None:
        """Close the connections now; if the garbage collector closed them later, a test that runs then would fail."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for database in self.datasette.databases.values():
                database.close()
            # With its threads go the connections that each of them holds in memory.
            self.datasette.executor.shutdown()
            self.datasette = None
            gc.collect()

    def get(self, path: str, **params: str) -> Any:
        async def ask() -> Any:
            await self.datasette.invoke_startup()
            return await self.datasette.client.get(path, params=params or None)

        return asyncio.run(ask())

    def post(self, path: str, **form: str) -> Any:
        async def send() -> Any:
            await self.datasette.invoke_startup()
            return await self.datasette.client.post(path, data=form)

        return asyncio.run(send())

    def page(self, path: str, **params: str) -> str:
        """Return the text of a page; fail if it is missing, or holds markup that a portal wrote."""
        response = self.get(path, **params)
        assert response.status_code == 200, (path, response.text[-2000:])
        assert "<script>alert" not in response.text, path
        assert not re.search(r"""(?:href|src)=["']?(?:javascript|data):""", response.text), path
        assert not re.search(
            r"""<(?:img|script|link rel="stylesheet")[^>]+(?:src|href)=["']?(?:https?:)?//""", response.text
        ), path
        return str(response.text)

    def rows(self, query: str, **params: str) -> list[dict[str, Any]]:
        response = self.get(f"/catalog/{query}.json", _shape="array", **params)
        assert response.status_code == 200, (query, response.text)
        found: list[dict[str, Any]] = response.json()
        return found


def raw(site: Site, path: str, query: bytes = b"", *, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """Send a request with exactly these bytes of path and query; return status, headers and body."""
    sent: list[dict[str, Any]] = []

    async def ask() -> None:
        await site.datasette.invoke_startup()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: dict[str, Any]) -> None:
            sent.append(event)

        asked = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": method, "path": path,
            "raw_path": path.encode("latin-1", "replace"),
            "query_string": query, "headers": asked, "client": ("192.0.2.1", 1),
            "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await site.datasette.app()(scope, receive, send)

    asyncio.run(ask())
    start, *rest = sent
    return start["status"], dict(start["headers"]), b"".join(one.get("body", b"") for one in rest)
