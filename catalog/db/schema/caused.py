"""Tables of causes: findings of one rule with one root, which one fix removes."""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["TABLES"]

TABLES: dict[str, TableSpec] = {
    "causes": TableSpec(
        "One root of many findings of one rule, with one fix. Causes do not add up: one dataset may gain from several.",
        {
            "id": c(str, "Stable id from portal, rule and root; its findings may change."),
            "number": c(int, "Number of the cause, which its findings refer to."),
            "portal_id": c(str, "Portal.", "portals"),
            "rule_id": c(str, "Metric that fails."),
            "rule_title": c(str, "The question that was answered no."),
            "root": c(str, "What the findings have in common: field, value, host, pattern or software."),
            "level": c(
                str,
                "Where the fix is made: portal, source, host, publisher, format, batch, pattern, value or series.",
            ),
            "root_value": c(str, "Source, host, publisher, pattern or dataset; empty for the whole portal."),
            "root_name": c(str, "The same in words."),
            "split": c(str, "Value, fault, defect or text that the findings share; empty where a field is missing."),
            "entity_level": c(str, "portal or publisher: whom it concerns."),
            "entity_id": c(str, "Id of that portal or publisher."),
            "state": c(
                str,
                "new, open, fixed, reopened, disputed, waived, merged (its findings have another cause or none now), "
                "gone (nothing is listed any more) or unknown (could not be observed).",
            ),
            "fault_party": c(str, "publisher, portal, harvester or unknown."),
            "confidence": c(
                float, "0 to 1: lower end of the 95 % interval (Wilson) of the share of the group that fails."
            ),
            "first_seen_run": c(str, "First run that found one of its findings.", "runs"),
            "last_seen_run": c(str, "Last run that found it.", "runs"),
            "fixed_run": c(str, "Run that no longer found it.", "runs"),
            "datasets": c(int, "Datasets with such a finding."),
            "files": c(int, "Files with such a finding; 0 where it is about datasets."),
            "findings": c(int, "Findings it explains."),
            "failing": c(int, "Datasets or files of the group that fail."),
            "applicable": c(int, "Datasets or files of the group that the rule applies to."),
            "rest_failing": c(int, "The same outside the group: how many fail."),
            "rest_applicable": c(int, "The same outside the group: of how many."),
            "gain_points": c(
                float, "Points of the portal's Winnow score that fixing it brings; empty where it has no score."
            ),
            "publisher_gain_points": c(float, "The same of the publisher's, where it concerns one publisher."),
            "effort_hours": c(float, "Hours of work of the one fix, about."),
            "how_to_fix": c(str, "What to do."),
            "examples": c(list, "Three findings: finding_id, title and url."),
            "is_held": c(
                bool,
                "1 while it is not published, because the government hears of it first; empty until the first export.",
            ),
        },
        indexes=(("portal_id", "state"), ("entity_id",), ("number",)),
        facets=("state", "rule_id", "level", "root", "fault_party", "portal_id"),
    ),
    "cause_members": TableSpec(
        "The cause of a finding. A finding without a row stays single: no root is proved.",
        {
            "finding": c(int, "Number of the finding."),
            "cause": c(int, "Number of the cause."),
        },
        pk="finding",
        indexes=(("cause",),),
    ),
    "held_findings": TableSpec(
        "A finding that is not published yet though its cause has ended; the public copy has none.",
        {
            "finding": c(int, "Number of the finding."),
            "portal_id": c(str, "Portal.", "portals"),
            "since": c(str, "Run that first found the cause that ended.", "runs"),
        },
        pk="finding",
        indexes=(("portal_id", "since"),),
    ),
}
