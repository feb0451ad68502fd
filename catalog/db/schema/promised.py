"""Tables of what governments promised, their progress, and the datasets it is measured on."""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["TABLES"]

TABLES: dict[str, TableSpec] = {
    "commitments": TableSpec(
        "A commitment of a government, as its file says.",
        {
            "id": c(str, "Id of the commitment: ogp/KE0034."),
            "title": c(str, "Title."),
            "government": c(str, "Government that made it."),
            "country": c(str, "ISO 3166-1 alpha-3 code."),
            "lead": c(str, "Institution that answers for it."),
            "source_url": c(str, "Where the promise stands."),
            "source_quote": c(str, "Its words."),
            "source_note": c(str, "How they were read into figures."),
            "archived_sha256": c(str, "SHA-256 of an archived copy of the source."),
            "ogp_url": c(str, "Its page at the Open Government Partnership."),
            "is_example": c(bool, "1 for an example that comes with the program: its figures are made up in part."),
            "start": c(str, "First day."),
            "deadline": c(str, "Last day; indicators may have one of their own."),
            "irm_verifiable": c(bool, "1 where the Independent Reporting Mechanism (IRM) found it verifiable."),
            "irm_potential": c(str, "IRM: potential for results: unclear, modest or substantial."),
            "irm_completion": c(
                str,
                "IRM: withdrawn, unclear, not_started, limited, substantial or complete. Never overwritten by ours.",
            ),
            "irm_early_results": c(str, "IRM: early results: none, moderate or significant."),
            "irm_ambition": c(
                str, "IRM, plans before 2020: potential impact: none, minor, moderate or transformative."
            ),
            "irm_relevance": c(bool, "1 where the IRM found it relevant to the values of open government."),
            "irm_opened": c(
                str,
                "IRM, plans before 2020: whether it opened government: worsened, did_not_change, marginal, major or "
                "outstanding.",
            ),
            "file": c(str, "Name of its file."),
            "evidence": c(
                list,
                "Addresses that its file gives as evidence of milestones and figures; they are checked like others.",
            ),
        },
        indexes=(("country",),),
        facets=("government", "is_example"),
        label="title",
    ),
    "commitment_readings": TableSpec(
        "How far an indicator of a commitment had come in a run; _overall is the commitment as a whole.",
        {
            "id": c(str, "Run, commitment and indicator."),
            "run_id": c(str, "Run.", "runs"),
            "commitment_id": c(str, "Commitment.", "commitments"),
            "indicator_id": c(str, "Indicator or milestone of its file; _overall for the whole."),
            "kind": c(str, "measured, external, manual, milestone or overall."),
            "measure": c(str, "Measure, as specs/measures.toml names it."),
            "direction": c(str, "increase, decrease or maintain."),
            "start": c(str, "First day."),
            "deadline": c(str, "Last day."),
            "baseline": c(float, "Value at the beginning: declared, or the first that was measured (see flags)."),
            "baseline_date": c(str, "Day of the baseline."),
            "target": c(float, "Value promised."),
            "value": c(float, "Value in this run, in the unit of the measure; empty where there was nothing to read."),
            "value_at_deadline": c(float, "Last value that was read with enough evidence by the deadline."),
            "numerator": c(int, "Datasets that pass."),
            "denominator": c(
                int, "Datasets whose verdict is known; those that vanished from the scope are among them, as failing."
            ),
            "coverage_pct": c(float, "Of all datasets in the scope, those observed in this run, 0 to 100."),
            "progress": c(float, "Way from baseline to target that was covered, 0 to 1."),
            "expected": c(float, "Time from start to deadline that has passed, 0 to 1."),
            "trend_per_month": c(float, "Slope of the value for 30.4 days (Theil-Sen, 8 weekly values at least)."),
            "forecast_date": c(str, "Day on which the trend reaches the target; empty where it does not."),
            "timing_status": c(
                str,
                "scheduled, on_track, at_risk, off_track, met, missed, met_late, regressed or unmeasurable.",
            ),
            "candidate_status": c(str, "Another status that was observed, but not yet in three runs in a row."),
            "candidate_runs": c(int, "Runs in a row that observed it."),
            "suggested_completion": c(
                str,
                "no_evidence, not_started, limited, substantial or complete, by our cut-offs; the IRM's own verdict "
                "is in commitments.",
            ),
            "flags": c(list, "What a reader must know: scope_shrunk, no_observation, low_coverage, measured, ..."),
            "failing_datasets": c(int, "Datasets that fail; they are listed in commitment_members."),
            "evidence_query": c(str, "Address within the site that lists the datasets behind the figure."),
            "note": c(str, "Why it cannot be read, or what was left out, in words."),
            "is_observed": c(bool, "1 where this run saw the scope with enough evidence; else the last figures stand."),
            "definition": c(str, "Digest of scope and measure; with another one, memory and trend begin anew."),
            "methodology_version": c(str, "Version of the metrics; trends never cross from one to another."),
        },
        indexes=(("commitment_id", "indicator_id", "run_id"), ("run_id",)),
        facets=("timing_status", "suggested_completion", "kind"),
    ),
    "commitment_members": TableSpec(
        "A dataset that an indicator is measured on. Once in the scope it stays, until it is replaced or waived.",
        {
            "id": c(str, "Commitment, indicator and dataset."),
            "commitment_id": c(str, "Commitment.", "commitments"),
            "indicator_id": c(str, "Indicator."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "first_seen_run": c(str, "Run that first saw it in the scope.", "runs"),
            "last_seen_run": c(str, "Last run that saw it in the scope.", "runs"),
            "is_in_scope": c(bool, "1 where it is listed and in the scope as of the last run."),
            "passes": c(bool, "1 passes, 0 fails; empty where it is not known or not asked."),
            "waived": c(bool, "1 where it no longer counts: waived in the file, or replaced."),
            "reason": c(str, "Why it fails or is waived, where it is not the measure itself: vanished, replaced, ..."),
        },
        indexes=(("commitment_id", "indicator_id", "passes"), ("dataset_id",)),
        facets=("commitment_id", "indicator_id", "passes"),
    ),
}
