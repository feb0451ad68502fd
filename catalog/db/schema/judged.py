"""Tables of measurements and scores."""

from __future__ import annotations

from catalog.db.schema import scored
from catalog.db.schema.forms import Form
from catalog.db.schema.kinds import TableSpec, c
from catalog.db.schema.stored import stored_table

__all__ = ["DISTRIBUTION_COLUMNS", "KIND", "TABLES"]

_CONFORMANCE_FORMS = {
    **dict.fromkeys(("dataset_id", "standard"), Form.KEY),
    "portal_id": Form.OPTIONAL_KEY,
    "run_id": Form.RUN,
    "methodology_version": Form.TEXT,
    "record": Form.HEX,
}

DISTRIBUTION_COLUMNS = {
    "distribution_id": c(str, "Distribution.", "distributions"),
    "dataset_id": c(str, "Dataset.", "datasets"),
    "portal_id": c(str, "Portal.", "portals"),
    "run_id": c(str, "Run that scored it.", "runs"),
    "licence_id": c(str, "Licence recognised, as an id of specs/vocabularies/licences.csv."),
    "format_declared": c(str, "Format recognised in what was declared."),
    "format_served": c(str, "Format recognised in what was served."),
    "unknown": c(str, "Metrics that could not be observed, by id."),
    "open_definition": c(str, "Verdict of the Open Definition's list: open, not_open, declared_only, unknown."),
}
"""Columns of the view ``distribution_quality``, in their order; those of the metrics follow."""
KIND = ("licence_id", "format_declared", "format_served", "unknown", "open_definition")
"""Columns of the view ``distribution_quality`` that stand in the table ``distribution_kinds``, as do the metrics."""

TABLES: dict[str, TableSpec] = {
    "dataset_quality": TableSpec(
        "One row a dataset, one column a metric: 0 to 1, empty where not applicable or unknown.",
        {
            "dataset_id": c(str, "Dataset.", "datasets"),
            "portal_id": c(str, "Portal.", "portals"),
            "publisher_id": c(str, "Publisher.", "publishers"),
            "run_id": c(str, "Run that scored it.", "runs"),
            "score": c(float, "Winnow score, 0 to 100."),
            "score_low": c(float, "The score if everything unknown had failed."),
            "score_high": c(float, "The score if everything unknown had passed."),
            "grade": c(str, "A to E; in the public file a range, such as B to D, where too little was observed."),
            "findable": c(float, "Dimension, 0 to 100."),
            "accessible": c(float, "Dimension, 0 to 100."),
            "open": c(float, "Dimension, 0 to 100."),
            "usable": c(float, "Dimension, 0 to 100."),
            "timely": c(float, "Dimension, 0 to 100."),
            "sound": c(float, "Dimension, 0 to 100."),
            "findings": c(int, "Open findings."),
            "measured": c(int, "Measurements made, of the dataset and its distributions."),
            "applicable": c(int, "Measurements that apply; what was not measured of them is unknown."),
            "unknown": c(
                str, "Metrics that could not be observed, by id; but for the public copy, the key of that text."
            ),
            "open_definition": c(
                str,
                "Verdict of the Open Definition's list on its least open file: open, not_open, declared_only, unknown.",
            ),
            "fixes": c(
                dict,
                "By metric: points that fixing it everywhere in the dataset brings, and the places to fix; but for the "
                "public copy, the key of that text.",
            ),
            "family": c(
                str, "The same for the parts of one: members of a series, years of a title. Counted once in means."
            ),
            "content": c(str, "Digest of the bytes of all its files, where all were downloaded whole."),
            "review_on": c(str, "Day on which the calendar alone may change its measurements; empty for never."),
            "methodology_version": c(str, "Version of the Winnow score it was scored by."),
        },
        pk="dataset_id",
        indexes=(("portal_id",),),
        facets=("portal_id", "grade", "open_definition"),
    ),
    "distribution_kinds": TableSpec(
        "A kind of distribution: all that have it are measured alike. One column a metric, as in distribution_quality.",
        {
            "key": c(int, "Number by which measured_distributions refers to it."),
            "digest": c(str, "Hash of all its values, to find it by."),
            **{name: DISTRIBUTION_COLUMNS[name] for name in KIND},
        },
        pk="key",
        indexes=(("digest",),),
    ),
    "measured_distributions": TableSpec(
        "A distribution that was measured, as integers; the view distribution_quality spells it out.",
        {
            "distribution_key": c(int, "Distribution, by keys."),
            "run_key": c(int, "Run that scored it, by keys."),
            "kind": c(int, "Its kind.", "distribution_kinds"),
        },
        pk="distribution_key",
    ),
    "conformance": TableSpec(
        "A dataset by one standard: DCAT-AP by SHACL, DCAT-US by JSON Schema. No row where a standard is not asked.",
        {
            "id": c(str, "Dataset and standard."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "portal_id": c(str, "Portal.", "portals"),
            "standard": c(
                str, "dcat_ap_2, dcat_ap_3, dcat_ap_hvd, dcat_us_1 (not federal), dcat_us_1_federal or dcat_us_3."
            ),
            "run_id": c(str, "Run that judged it.", "runs"),
            "conforms": c(bool, "1 where no requirement is broken; recommendations do not count."),
            "violations": c(int, "Requirements that are broken."),
            "warnings": c(int, "Recommendations that are not followed."),
            "results": c(
                list,
                "20 of a kind at most: path, component, severity, count; of requirements node and message. But for the "
                "public copy, the key of that text.",
            ),
            "methodology_version": c(str, "Version of the rules."),
            "record": c(str, "Digest of what was judged: the record, and the address of its publisher's page."),
        },
        indexes=(("dataset_id",), ("portal_id", "standard"), ("standard", "conforms")),
        facets=("standard", "conforms", "portal_id"),
        is_view=True,
        stored_in="conformance_rows",
        forms=_CONFORMANCE_FORMS,
        made={"id": "{dataset_id} || '/' || {standard}"},
        stored_key=("dataset_id", "standard"),
    ),
    "score_history": TableSpec(
        "A score at the end of a run. Scores of different methodology versions are not compared.",
        scored.SCORE_COLUMNS,
        facets=scored.SCORE_FACETS,
        is_view=True,
    ),
    "top_fixes": TableSpec(
        "What one fix (a cause, or the single findings of a rule) brings to a portal, publisher or government.",
        {
            "id": c(str, "Entity and rule."),
            "run_id": c(str, "Run.", "runs"),
            "entity_level": c(str, "government, portal or publisher."),
            "entity_id": c(str, "Id of the entity."),
            "rank": c(
                int,
                "1 for what to do first: what is large, then what is in the entity's own hands, then by points times "
                "points for an hour.",
            ),
            "is_large": c(
                bool,
                "1 where it brings at least half a point, or a tenth of what can be gained; empty until that is known.",
            ),
            "rule_id": c(str, "Metric."),
            "how_to_fix": c(str, "What to do."),
            "datasets": c(int, "Datasets that fail it."),
            "places": c(int, "Datasets or distributions to fix."),
            "gain_points": c(float, "Points of the entity's Winnow score that fixing all of it brings."),
            "effort_hours": c(
                float, "Hours of work, about: of the cause, or by hand, minutes for one place as in the methodology."
            ),
            "gain_per_hour": c(float, "Points for an hour."),
            "cause_id": c(str, "Cause that is fixed; empty for the findings of the rule that stay single."),
            "portal_id": c(str, "Portal of the findings."),
        },
        indexes=(("entity_level", "entity_id", "rank"),),
        facets=("entity_level", "rule_id"),
    ),
    "system_agreement": TableSpec(
        "How far two scoring systems agree on the order of the datasets of a portal.",
        {
            "id": c(str, "Portal and systems."),
            "run_id": c(str, "Run.", "runs"),
            "portal_id": c(str, "Portal.", "portals"),
            "system_a": c(str, "winnow, or the id of another system."),
            "system_b": c(str, "Another one."),
            "datasets": c(int, "Datasets that both score."),
            "spearman": c(float, "Rank correlation by Spearman, -1 to 1; empty where one gives all the same."),
            "kendall": c(float, "Rank correlation by Kendall (tau-b), -1 to 1."),
        },
        indexes=(("portal_id",),),
        facets=("portal_id", "system_a", "system_b"),
    ),
    "dashboard": TableSpec(
        "A figure of the Project Open Data dashboard, of a portal, as of its last run.",
        {
            "id": c(str, "Portal and figure."),
            "run_id": c(str, "Run.", "runs"),
            "portal_id": c(str, "Portal.", "portals"),
            "figure": c(str, "Id of the figure, as in specs/dashboard.toml."),
            "title": c(str, "What is counted."),
            "count": c(int, "How many."),
            "whole": c(int, "Of how many; those that were never asked are not among them."),
            "percent": c(float, "0 to 100; empty where there is no whole."),
            "version": c(str, "Version of the figures."),
        },
        indexes=(("portal_id",),),
        facets=("portal_id", "figure"),
    ),
    "to_score": TableSpec(
        "A dataset of which something has changed since it was scored.",
        {"dataset_id": c(str, "Dataset.", "datasets")},
        pk="dataset_id",
    ),
}
TABLES["conformance_rows"] = stored_table(
    "The result of a dataset under a standard as it is stored; the view conformance spells it out.",
    TABLES["conformance"],
    indexes=(("portal_id", "standard"),),
)
