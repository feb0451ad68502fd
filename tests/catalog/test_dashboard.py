"""The figures of the Project Open Data dashboard."""

from __future__ import annotations

import random
from dataclasses import replace

from catalog.db.store import Catalog, instant, started
from catalog.model import Distribution, ResourceCheck
from catalog.repositories.checks import write_checks
from catalog.repositories.dashboard import QUERIES, write_dashboard
from quality.systems.stage import score_portal
from specs.dashboard import figures
from tests.making import datasets, observe, portal, store

RUN, BEFORE = "20261120T010000Z", "20260801T010000Z"


def test_every_figure_has_a_query() -> None:
    assert list(QUERIES) == list(figures())


def test_figures_of_a_portal(catalog: Catalog) -> None:
    rng = random.Random(3)
    url = "https://files.example/page"
    page = Distribution(access_url=url, media_type="text/csv")
    found = [replace(one, rights=None) for one in datasets(9)]
    found.append(replace(found[0], identifier="page", distributions=(page,)))
    for run_id, count in ((BEFORE, 8), (RUN, 10)):
        catalog.begin_run("test", [portal("p")], version="0", methodology="0", run_id=run_id)
        store(catalog, run_id, "p", found[:count])
    observe(catalog, RUN, "p", found, rng)
    about = {"status": 200, "content_type": "text/html", "redirects": 1, "checked_at": instant(started(RUN))}
    write_checks(catalog, RUN, [ResourceCheck(url=url, outcome="ok", **about)])  # type: ignore[arg-type]
    score_portal(catalog, RUN, "p")
    write_dashboard(catalog, RUN, "p", "20260821T010000Z")
    rows = {row["figure"]: row for row in catalog.rows("select * from dashboard where portal_id = 'p'")}
    assert set(rows) == set(figures())
    links = sum(rows[f"links_{kind}"]["count"] for kind in ("working", "client_error", "server_error", "no_answer"))
    assert links == rows["links_working"]["whole"] == 28
    assert rows["growth"]["count"] == 2 and rows["growth"]["whole"] == 8 and rows["growth"]["percent"] == 25
    assert rows["links_redirected"]["count"] == 1 and rows["format_html"]["count"] >= 1
    assert rows["datasets_with_download"]["count"] <= rows["datasets_with_download"]["whole"] == 10
    assert 0 < rows["licence_present"]["percent"] <= 100
    # No portal of DCAT-US, so no record could be valid by it.
    assert rows["valid_records"]["whole"] == 0 and rows["valid_records"]["percent"] is None
