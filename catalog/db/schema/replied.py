"""Tables of what was sent to whom, and what came back: governments' replies, citizens' reports, our own corrections."""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["TABLES"]

TABLES: dict[str, TableSpec] = {
    "sent": TableSpec(
        "A scorecard that went out, so that nothing is sent twice and only what is new the next time.",
        {
            "id": c(str, "Run, channel, entity and recipient."),
            "run_id": c(str, "Run whose scorecard it was.", "runs"),
            "channel": c(str, "mail, webhook, or refused: a mail that was refused for good because of its recipient."),
            "entity_level": c(str, "government or publisher."),
            "entity_id": c(str, "Id of the entity."),
            "recipient_hash": c(
                str, "SHA-256 of the address it went to: the catalogue is public, an address need not be."
            ),
            "since_run": c(str, "Run of the last scorecard sent before it; empty for the first.", "runs"),
            "findings_new": c(int, "Findings that were new since then."),
            "findings_fixed": c(int, "Findings fixed since then."),
            "sent_at": c(str, "When it went out."),
        },
        indexes=(("entity_id", "channel", "recipient_hash"), ("run_id",)),
        facets=("channel", "entity_level"),
    ),
    "replies": TableSpec(
        "What those who answer for the data have replied to a finding. The last reply to a finding stands.",
        {
            "id": c(str, "Finding, reply and day."),
            "finding_id": c(str, "Finding."),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "reply": c(str, "acknowledged, disputed, will_fix_by or waived."),
            "promised_on": c(str, "Day by which it will be fixed; only for will_fix_by."),
            "note": c(str, "Reason or remark, as given; only a text that the operator has approved."),
            "replied_by": c(str, "Who replied, as given; only a name that may be public and was approved."),
            "is_name_public": c(bool, "Whether who replied agreed that the name is public."),
            "is_text_approved": c(
                bool, "1 if note and replied_by were approved, 0 if they wait for that; empty if there is nothing."
            ),
            "replied_on": c(str, "Day of the reply, as given; that of the import where none was."),
            "imported_at": c(str, "When the reply was read."),
            "carried_from": c(str, "Finding that was replied to, where its column had another name."),
            "number": c(int, "Rises with every reply read: the greatest of a finding is its last."),
            "outcome": c(
                str,
                "Of a dispute: upheld (we looked again and it fails), corrected (we were wrong), or not_checkable now; "
                "that of a cause is of the findings that were looked at again.",
            ),
            "checked_at": c(str, "When it was looked at again because of the dispute."),
        },
        indexes=(("finding_id", "number"), ("dataset_id",), ("reply", "promised_on")),
        facets=("reply", "outcome"),
    ),
    "reports": TableSpec(
        "What a citizen says is wrong with a dataset or an address. It is shown, and costs no points.",
        {
            "id": c(str, "Address or dataset, text and sender."),
            "portal_id": c(str, "Portal.", "portals"),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "distribution_id": c(str, "Distribution, where an address was named.", "distributions"),
            "url": c(str, "Address as named; only one that the portal lists."),
            "what": c(str, "What is wrong, as said; only a text that the operator has approved."),
            "who": c(
                str,
                "Who says so, as given and never checked; only a name that may be public and was approved.",
            ),
            "is_name_public": c(bool, "Whether who reported agreed that the name is public."),
            "is_text_approved": c(bool, "1 if what and who were approved, 0 if they wait for that; empty if refused."),
            "reported_on": c(str, "Day of the report, as given; that of the import where none was."),
            "imported_at": c(str, "When the report was read."),
        },
        indexes=(("dataset_id",), ("portal_id",)),
        facets=("portal_id",),
    ),
    "corrections": TableSpec(
        "A finding of ours that did not hold: disputed and looked at again, or no longer made by a changed rule.",
        {
            "id": c(str, "Finding, and reply or run."),
            "reason": c(
                str, "dispute (also where empty) or rules: a changed rule no longer makes it of the same data."
            ),
            "field": c(str, "Column of the table."),
            "finding_id": c(str, "Finding."),
            "reply_id": c(str, "The reply that disputed it.", "replies"),
            "portal_id": c(str, "Portal.", "portals"),
            "dataset_id": c(str, "Dataset.", "datasets"),
            "rule_id": c(str, "Metric or table rule."),
            "run_id": c(str, "Run whose figures were corrected.", "runs"),
            "observed_before": c(str, "What we had said was found."),
            "score_before": c(float, "Winnow score of the dataset before, 0 to 100."),
            "score_after": c(float, "Winnow score of the dataset after, 0 to 100."),
            "corrected_at": c(str, "When."),
        },
        indexes=(("dataset_id",), ("portal_id",)),
        facets=("portal_id", "rule_id"),
    ),
}
