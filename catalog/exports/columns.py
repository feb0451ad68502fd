"""The columns of the CSVs that are sent: name, type, meaning. Append-only within a major schema version.

From here come the header, the formula guard (text cells only) and the Table Schema beside each file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "CHANGES", "COMMITMENTS", "FINDINGS", "QUERIES", "SCHEMA_VERSION", "SCORECARD", "Field", "csvw", "table_schema",
]  # fmt: skip

SCHEMA_VERSION = "1.1"
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
    Field(
        "peer_group",
        "string",
        "Entities of the same level and country, or of the same portal type, of which three or more are measured: "
        "level, what they share, value. Empty where there are fewer.",
    ),
    Field("peer_count", "integer", "Members of the peer group that are ranked."),
    Field(
        "rank",
        "integer",
        "Rank by score within the peer group, 1 the best; empty where less than 80 % of what applies was measured.",
    ),
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
    Field(
        "hvd_all_pass",
        "integer",
        "High-value datasets that conform to DCAT-AP HVD, have an API, and a file that answers, is open and can be "
        "read by programs.",
    ),
    Field("findings_open", "integer", "Findings open, new ones included."),
    Field("findings_new", "integer", "Findings new in this run."),
    Field("findings_fixed", "integer", "Findings mended since the run before."),
    Field("top_fix_rule", "string", "Rule whose mending brings most points for the work."),
    Field("top_fix_datasets", "integer", "Datasets that fail it."),
    Field("top_fix_gain", "number", "Points of the score that mending it everywhere brings."),
    Field("commitments", "integer", "Commitments followed."),
    Field("on_track", "integer", "Commitments on track."),
    Field("at_risk", "integer", "Commitments at risk."),
    Field("off_track", "integer", "Commitments off track."),
    Field("missed", "integer", "Commitments missed."),
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
    Field("queries_url", "string", "File with the one SQL query that gives each percentage of the row."),
    Field("promises_overdue", "integer", "Findings that were to be mended by a day that is past, and are not."),
    Field("reports_open", "integer", "Reports of citizens on datasets that are present."),
    Field("corrections", "integer", "Findings withdrawn because we were wrong, since the entity is followed."),
)

FINDINGS = (
    *_HEAD,
    Field("finding_id", "string", "The same for the same fault in every run."),
    Field(
        "state",
        "string",
        "Where the finding stands.",
        ("new", "open", "fixed", "gone", "unknown", "disputed", "waived", "withdrawn"),
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
    Field("commitment_ids", "string", "Commitments that count the dataset and that it fails, parted by semicolons."),
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
    Field(
        "answer",
        "string",
        "What was answered last.",
        ("acknowledged", "disputed", "will_fix_by", "waived"),
    ),
    Field("answer_note", "string", "Reason or remark that came with it."),
    Field("answered_on", "date", "Day of that answer."),
    Field("promised_on", "date", "Day by which it was promised to be mended."),
    Field("is_overdue", "string", "yes where that day is past and it is not mended.", ("yes",)),
    Field("answer_outcome", "string", "Of a dispute.", ("upheld", "corrected", "not_checkable")),
    Field("response", "string", "To fill in: acknowledged, disputed, will_fix_by:YYYY-MM-DD, or waived."),
    Field("response_note", "string", "To fill in: the reason (disputed needs one)."),
    Field("responder", "string", "To fill in: who answers."),
    Field("responded_on", "date", "To fill in: day of the answer, as YYYY-MM-DD."),
)

COMMITMENTS = (
    *_HEAD,
    Field("commitment_id", "string", "Commitment."),
    Field("ogp_url", "string", "Its page at the Open Government Partnership."),
    Field("country_iso3", "string", "ISO 3166-1 alpha-3 code."),
    Field("title", "string", "What was promised."),
    Field("lead", "string", "Body that leads it."),
    Field("indicator_id", "string", "Indicator; _overall for the commitment as a whole."),
    Field("kind", "string", "Kind of indicator."),
    Field("measure", "string", "What is measured."),
    Field("direction", "string", "Which way is better."),
    Field("start", "date", "First day of the commitment."),
    Field("deadline", "date", "Last day of the commitment."),
    Field("days_left", "integer", "Days from the run to the deadline; negative after it."),
    Field("baseline", "number", "Value at the start."),
    Field("baseline_date", "date", "Day of the baseline."),
    Field("target", "number", "Value promised."),
    Field("value", "number", "Value in this run."),
    Field("value_prev", "number", "Value in the run before."),
    Field("value_at_deadline", "number", "Value at the deadline, once it is past."),
    Field("numerator", "integer", "Datasets that pass."),
    Field("denominator", "integer", "Datasets in scope."),
    Field("coverage_pct", "number", "Measurements made of those that apply, 0 to 100."),
    Field("progress", "number", "Share of the way from baseline to target, 0 to 1."),
    Field("expected", "number", "Share of the way that the calendar asks for by now, 0 to 1."),
    Field("trend_per_month", "number", "Change of the value in a month, as of late."),
    Field("forecast_date", "date", "Day on which the target is met if the trend goes on."),
    Field(
        "timing_status",
        "string",
        "Where it stands in time.",
        (
            "scheduled",
            "on_track",
            "at_risk",
            "off_track",
            "met",
            "missed",
            "met_late",
            "regressed",
            "unmeasurable",
        ),
    ),
    Field(
        "suggested_completion",
        "string",
        "Completion as the figures suggest; the reviewers decide.",
        ("no_evidence", "not_started", "limited", "substantial", "complete"),
    ),
    Field("irm_completion", "string", "Completion as the reviewers of the Open Government Partnership decided."),
    Field("flags", "string", "What to know of the figures, parted by semicolons."),
    Field("failing_datasets", "integer", "Datasets in scope that fail."),
    Field("evidence_url", "string", "Query in the public catalogue that gives the value."),
    Field("note", "string", "Remark."),
)

QUERIES = (
    Field("entity_level", "string", "Level of the rows of scorecard.csv."),
    Field("figure", "string", "Column of scorecard.csv."),
    Field("sql", "string", "Query against the public catalogue that gives the figure; :entity is the entity_id."),
    Field("query_url", "string", "The same at the site: add the entity_id."),
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


def csvw(file: str, fields: tuple[Field, ...], key: list[str], language: str = "en") -> dict[str, Any]:
    """Metadata of a file after "CSV on the Web" (https://www.w3.org/TR/tabular-metadata/)."""
    columns = []
    for field in fields:
        datatype: Any = "decimal" if field.type == "number" else field.type
        if field.type == "datetime":
            datatype = {"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ssX"}
        columns.append(
            {
                "name": field.name,
                "titles": field.name,
                "dc:description": field.description,
                "datatype": datatype,
                "required": field.name in key,
            }
        )
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"language": language}],
        "url": file,
        "dialect": {"delimiter": ",", "lineTerminators": ["\r\n"], "header": True, "encoding": "utf-8"},
        "dc:license": {"@id": "https://creativecommons.org/licenses/by/4.0/"},
        "notes": [
            "Text that a spreadsheet would run begins with an apostrophe, which is no part of it; one that begins "
            "with an apostrophe of its own has two."
        ],
        "tableSchema": {"columns": columns, "primaryKey": key},
    }
