"""The rows of the scorecard have what its columns declare."""

from __future__ import annotations

from catalog.db.store import Catalog
from catalog.exports.cards import card_rows
from catalog.exports.columns import SCORECARD
from catalog.exports.figures import queries
from quality.systems.entities import score_entities
from quality.systems.stage import score_portal
from specs.metrics import methodology_version
from tests.making import portal, store
from tests.quality.test_scoring import PERFECT

RUN = "20261120T010000Z"
NOT_OF_EVERY_ROW = {
    "commitments", "on_track", "at_risk", "off_track", "missed", "promises_overdue", "reports_open", "corrections",
    "findings_open", "findings_new", "findings_fixed", "peer_group", "peer_count", "rank", "top_fix_rule",
    "top_fix_datasets", "top_fix_gain", "top_fix_hours", "answers", "answer_days", "fixes", "fix_days", "promises",
    "promise_days", "promises_kept", "kept_days",
}  # fmt: skip
"""Columns that come from tables which may be empty."""


def test_every_column_is_in_the_rows_and_every_percentage_has_its_query(catalog: Catalog) -> None:
    catalog.begin_run("test", [portal("a")], version="0", methodology=methodology_version(), run_id=RUN)
    store(catalog, RUN, "a", [PERFECT])
    score_portal(catalog, RUN, "a", is_full=True)
    score_entities(catalog, RUN)
    rows = card_rows(catalog, RUN)
    assert {row["entity_level"] for row in rows} == {"government", "portal", "publisher"}
    for row in rows:
        missing = {column.name for column in SCORECARD} - set(row)
        assert missing <= NOT_OF_EVERY_ROW, missing - NOT_OF_EVERY_ROW
    asked = {(one["entity_level"], one["figure"]) for one in queries()}
    figures = {column.name for column in SCORECARD if column.name.endswith("_pct")}
    assert {(level, name) for level in ("government", "portal", "publisher") for name in figures} == asked
    for one in queries():
        row = next(row for row in rows if row["entity_level"] == one["entity_level"])
        (found,) = catalog.rows(one["sql"], {"entity": row["entity_id"]})
        assert list(found.values()) == [row[one["figure"]]], one["figure"]
