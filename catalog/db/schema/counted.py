"""Tables of the census of key datasets: which of them each portal has, by what evidence, and since when."""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["TABLES"]

TABLES: dict[str, TableSpec] = {
    "census": TableSpec(
        "Whether a portal has a key dataset that open-data indices ask for, as of its last census.",
        {
            "id": c(str, "Portal and key."),
            "portal_id": c(str, "Portal.", "portals"),
            "key": c(str, "Key dataset: budget, elections, air and so on (specs/vocabularies/key_datasets.csv)."),
            "state": c(
                str,
                "not_observed (nothing can be said), not_found (looked for in the whole catalogue), or of what was "
                "found: closed, unknown or open.",
            ),
            "reason": c(str, "Why, in words: what was looked at, with which words, what fails or is not known."),
            "dataset_id": c(str, "The dataset that was taken for it; empty where there is none."),
            "points": c(float, "Points of the evidence for that dataset; from 3 on it is taken without a person."),
            "evidence": c(str, "The words and facts that decided, each with its points."),
            "candidates": c(int, "Datasets that were taken for it."),
            "waiting": c(int, "Datasets about which a person is asked."),
            "searched": c(int, "Datasets of the catalogue that were looked at."),
            "confirmed_by": c(str, "Who confirmed the dataset, or denied all others; empty where no person did."),
            "confirmed_on": c(str, "When."),
            "basis": c(str, "Hash of what else the census depends on: names, completeness, confirmations."),
            "run_id": c(str, "Run of this census.", "runs"),
            "since_run": c(str, "First run in which the state was this.", "runs"),
            "state_before": c(str, "The state before it; empty for the first."),
        },
        indexes=(("key", "state"), ("portal_id",)),
        facets=("state", "key", "portal_id"),
    ),
    "census_claims": TableSpec(
        "A dataset that may be a key dataset, as of the last census of its portal.",
        {
            "id": c(str, "Dataset and key."),
            "dataset_id": c(str, "Dataset."),
            "portal_id": c(str, "Portal.", "portals"),
            "key": c(str, "Key dataset."),
            "verdict": c(
                str,
                "taken (by its evidence), confirmed or denied (by a person), asked (a person must say), or lapsed (a "
                "person said so, and the dataset has changed since).",
            ),
            "state": c(str, "closed, unknown or open; not_asked where no address was asked."),
            "points": c(float, "Points of the evidence."),
            "evidence": c(str, "The words and facts, each with its points, the strongest first."),
            "said": c(str, "Digest of what the dataset says, by which a later change is noticed."),
            "run_id": c(str, "Run of the census.", "runs"),
        },
        indexes=(("dataset_id",), ("portal_id", "key")),
        facets=("verdict", "state", "key", "portal_id"),
    ),
    "census_changes": TableSpec(
        "A change of the census: a portal's state of a key, or the dataset taken for it.",
        {
            "id": c(str, "Run, portal and key."),
            "run_id": c(str, "Run that saw it.", "runs"),
            "portal_id": c(str, "Portal.", "portals"),
            "key": c(str, "Key dataset."),
            "state": c(str, "State since this run."),
            "dataset_id": c(str, "Dataset since this run."),
        },
        indexes=(("portal_id", "key", "run_id"),),
        facets=("state", "key", "portal_id"),
    ),
}
