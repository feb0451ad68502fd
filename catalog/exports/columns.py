"""The columns of the CSVs that are sent: name, type, meaning. Append-only within a major schema version.

From here come the header, the formula guard (text cells only) and the Table Schema beside each file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["CHANGES", "FINDINGS", "SCHEMA_VERSION", "SCORECARD", "Field", "table_schema"]

SCHEMA_VERSION = "1.0"
Kind = Literal["string", "integer", "number", "date", "datetime"]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a CSV. ``enum`` lists the values a cell may have."""

    name: str
    type: Kind
    description: str
    enum: tuple[str, ...] = ()


_HEAD = (
    Field("schema_version", "string", "Version of this file's columns."),
    Field(
        "methodology_version", "string", "Version of the Winnow score; figures of different versions do not compare."
    ),
    Field("run_id", "string", "Run that wrote the row."),
    Field("run_date", "date", "Day of the run (UTC)."),
)


def _pct(name: str, what: str) -> Field:
    return Field(name, "number", f"{what}; percent of those measured, 0 to 100.")


SCORECARD = (
    *_HEAD,
    Field("entity_level", "string", "What the row is about.", ("government", "portal", "publisher")),
    Field("entity_id", "string", "Id of the government, portal or publisher."),
    Field("entity_name", "string", "Its name."),
    Field("country_iso3", "string", "ISO 3166-1 alpha-3 code."),
    Field("portal_url", "string", "Address of the portal."),
    Field("contact_email", "string", "Where the scorecard is sent."),
    Field("datasets", "integer", "Datasets present."),
    Field("datasets_added", "integer", "Datasets first seen in this run."),
    Field("datasets_removed", "integer", "Datasets that a complete harvest of this run no longer saw."),
    Field("distributions", "integer", "Distributions present."),
    Field("tables_checked", "integer", "Tables looked into."),
    Field("coverage_pct", "number", "Measurements made of those that apply, 0 to 100."),
    Field("score", "number", "Winnow score, 0 to 100: mean over the datasets."),
    Field("grade", "string", "Grade of the score.", ("A", "B", "C", "D", "E")),
    Field("score_prev", "number", "Score of the run before; empty where the methodology changed."),
    Field("score_delta", "number", "Score less score_prev."),
    Field("peer_group", "string", "Group within which ranks compare; not given yet."),
    Field("peer_count", "integer", "Members of the peer group; not given yet."),
    Field("rank", "integer", "Rank within the peer group; not given yet."),
    _pct("links_ok_pct", "Distributions whose address answers"),
    _pct("format_match_pct", "Distributions served in the declared format"),
    _pct("licence_open_pct", "Distributions under an open licence"),
    _pct("machine_readable_pct", "Distributions a program can read"),
    _pct("fresh_pct", "Datasets as fresh as their frequency promises"),
    _pct("tables_valid_pct", "Tables without a structural defect"),
    _pct("schema_pct", "Distributions with a data dictionary, schema or documentation"),
    _pct("api_pct", "Datasets with a data service"),
    _pct("contact_pct", "Datasets with a contact point"),
    Field("hvd_datasets", "integer", "High-value datasets."),
    Field("hvd_all_pass", "integer", "High-value datasets that meet every duty; not measured yet."),
    Field("findings_open", "integer", "Findings open, new ones included."),
    Field("findings_new", "integer", "Findings new in this run."),
    Field("findings_fixed", "integer", "Findings mended since the run before."),
    Field("top_fix_rule", "string", "Rule whose mending brings most points for the work."),
    Field("top_fix_datasets", "integer", "Datasets that fail it."),
    Field("top_fix_gain", "number", "Points of the score that mending it everywhere brings."),
    Field("commitments", "integer", "Commitments followed; not measured yet."),
    Field("on_track", "integer", "Commitments on track; not measured yet."),
    Field("at_risk", "integer", "Commitments at risk; not measured yet."),
    Field("off_track", "integer", "Commitments off track; not measured yet."),
    Field("missed", "integer", "Commitments missed; not measured yet."),
    Field("findings_url", "string", "File or address with the findings behind the row."),
    Field("score_low", "number", "The score if everything unknown had failed."),
    Field("score_high", "number", "The score if everything unknown had passed."),
    Field(
        "harvest_verdict",
        "string",
        "How far the portal was read in this run.",
        ("complete", "partial", "suspect", "failed"),
    ),
    Field("datasets_retired", "integer", "Datasets retired in this run: missing for longer than the portal's grace."),
    Field("copies", "integer", "Datasets that are copies of others in the catalogue."),
    Field("score_ci_low", "number", "Lower end of the 95 % interval of the mean over the datasets."),
    Field("score_ci_high", "number", "Upper end of it."),
    Field("score_withheld", "string", "Why no score is given: too few datasets, or too little of them was measured."),
    Field("top_fix_hours", "number", "Hours of work for it by hand, about."),
)

FINDINGS = (
    *_HEAD,
    Field("finding_id", "string", "The same for the same fault in every run."),
    Field(
        "state",
        "string",
        "Where the finding stands.",
        ("new", "open", "fixed", "gone", "unknown", "disputed", "waived"),
    ),
    Field("severity", "string", "How much it matters.", ("error", "warning", "info")),
    Field("first_seen", "date", "Day of the run that found it first."),
    Field("last_seen", "date", "Day of the last run that found it."),
    Field("runs_failing", "integer", "Runs that found it."),
    Field("rule_id", "string", "Metric that failed."),
    Field("rule_title", "string", "The question that was answered no."),
    Field("dimension", "string", "Dimension of the metric."),
    Field("fault_party", "string", "Whose fault it is.", ("publisher", "portal", "harvester", "unknown")),
    Field("publisher_id", "string", "Publisher."),
    Field("publisher_name", "string", "Name of the publisher."),
    Field("contact", "string", "E-mail address of the dataset's contact point."),
    Field("dataset_id", "string", "Dataset."),
    Field("dataset_title", "string", "Title of the dataset."),
    Field("dataset_url", "string", "Page of the dataset."),
    Field("distribution_id", "string", "Distribution; empty where the finding is about the dataset."),
    Field("resource_url", "string", "Address concerned."),
    Field("observed", "string", "What was found."),
    Field("expected", "string", "What would pass."),
    Field("http_status", "integer", "HTTP status."),
    Field("format_served", "string", "Format served."),
    Field("format_declared", "string", "Format declared."),
    Field("field", "string", "Rule and column of the table; never a cell's value."),
    Field("first_row", "integer", "First line concerned."),
    Field("error_count", "integer", "How often."),
    Field("how_to_fix", "string", "What to do."),
    Field("guide_url", "string", "A guide; none yet."),
    Field("gain_points", "number", "Points of the dataset's Winnow score that mending it brings."),
    Field("commitment_ids", "string", "Commitments concerned; not measured yet."),
    Field("checked_at", "datetime", "When it was last looked at."),
    Field("evidence_url", "string", "Address of the answer that held the record."),
    Field("portal_id", "string", "Portal."),
    Field(
        "evidence_record",
        "string",
        "WARC-Record-ID of the exchange it rests on (winnow evidence shows it); empty where none was archived.",
    ),
    Field("rate_per_1000", "number", "How often for each 1,000 rows of the table."),
    Field("rows", "string", "Lines of the first ten, parted by blanks."),
)

CHANGES = (
    Field("schema_version", "string", "Version of this file's columns."),
    Field("run_id", "string", "Run that saw the change; where two runs are compared, the later one."),
    Field("portal_id", "string", "Portal."),
    Field("dataset_id", "string", "Dataset."),
    Field("identifier", "string", "The portal's own identifier."),
    Field("title", "string", "Title of the dataset."),
    Field("kind", "string", "What happened.", ("added", "changed", "missing", "retired", "returned")),
    Field("number", "integer", "Number of the row among those of the dataset."),
    Field("field", "string", "Field of the record, where it changed."),
    Field("old_value", "string", "Value before, cut at 300 characters; empty where there was none."),
    Field("new_value", "string", "Value after, cut at 300 characters; empty where there is none."),
    Field("missing_on", "date", "Day (UTC) of the first complete harvest that no longer saw it."),
    Field("retired_on", "date", "Day (UTC) on which it was retired."),
)


def table_schema(fields: tuple[Field, ...], key: list[str]) -> dict[str, Any]:
    """Frictionless Table Schema of a file."""
    described = []
    for field in fields:
        entry: dict[str, Any] = {"name": field.name, "type": field.type, "description": field.description}
        if field.type == "datetime":
            entry["format"] = "%Y-%m-%dT%H:%M:%SZ"
        if field.enum:
            entry["constraints"] = {"enum": list(field.enum)}
        described.append(entry)
    return {"fields": described, "primaryKey": key, "missingValues": [""]}
