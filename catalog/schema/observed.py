"""What addresses answered and what lay in the files."""

from __future__ import annotations

from catalog.schema.kinds import Table, c

__all__ = ["TABLES"]

TABLES: dict[str, Table] = {
    "resource_checks": Table(
        "What one address answered when it was last asked.",
        {
            "url": c(str, "The address as declared."),
            "outcome": c(
                str,
                "ok, failing (failed, but not often enough to say so), broken, invalid or unknown. Unknown and failing "
                "are no observation, never a failure.",
            ),
            "fault": c(str, "Why it is not ok: gone, dns, tls, timeout, blocked, robots, ..."),
            "detail": c(str, "The fault in words."),
            "method": c(str, "The request that decided: HEAD or GET."),
            "status": c(int, "HTTP status."),
            "final_url": c(str, "Address after redirects."),
            "redirects": c(int, "Redirects followed."),
            "content_type": c(str, "Content-Type as served."),
            "size_bytes": c(int, "Size as served; empty where the server did not say."),
            "last_modified": c(str, "Last-Modified as served."),
            "etag": c(str, "ETag as served."),
            "elapsed_ms": c(int, "Milliseconds until the answer."),
            "file_path": c(str, "Where the download lies in the data folder."),
            "sha256": c(str, "SHA-256 of the bytes downloaded."),
            "downloaded_bytes": c(int, "Bytes downloaded."),
            "is_truncated": c(bool, "1 where the download stopped at a limit."),
            "checked_at": c(str, "When."),
            "run_id": c(str, "Run that asked.", "runs"),
            "ok_since": c(str, "First check of the unbroken row of ok answers."),
            "failing_since": c(str, "First check of the unbroken row of failed ones."),
            "failed_checks": c(int, "Failed checks in a row; unknown ones are passed over."),
            "tls_fault": c(str, "Why the server's certificate cannot be verified; empty where it can."),
            "exchange": c(str, "WARC-Record-ID of the answer; empty without --archive."),
            "last_known": c(str, "ok or broken: the last check that was an observation."),
        },
        pk="url",
        indexes=(("outcome",), ("checked_at",)),
        facets=("outcome", "fault", "status"),
    ),
    "table_reports": Table(
        "What was found in one downloaded file.",
        {
            "distribution_id": c(str, "Distribution.", "distributions"),
            "run_id": c(str, "Run.", "runs"),
            "url": c(str, "Address the file came from."),
            "sha256": c(str, "SHA-256 of the bytes judged."),
            "status": c(str, "valid, invalid, not_a_table, wrong_content or unknown (our own fault)."),
            "format": c(str, "Format recognised from the bytes."),
            "media_type": c(str, "Media type recognised from the bytes."),
            "encoding": c(str, "Encoding of the text."),
            "encoding_confidence": c(float, "1 where certain, less where guessed."),
            "delimiter": c(str, "Separator of the cells."),
            "header_row": c(int, "Line of the header."),
            "sheet": c(str, "Sheet judged."),
            "row_count": c(int, "Rows checked, without the header."),
            "column_count": c(int, "Columns."),
            "columns": c(list, "Names of the columns."),
            "is_sample": c(bool, "1 where only the first rows were checked."),
            "defects": c(list, "Defects: rule, count, field, first row. Never cell values."),
            "expectations_passed": c(int, "Expectations met."),
            "expectations_total": c(int, "Expectations asked."),
            "note": c(str, "What else should be known."),
            "elapsed_ms": c(int, "Milliseconds it took."),
            "report": c(dict, "Report in frictionless' form, without cell values; its own where a schema is declared."),
            "profile": c(dict, "Rows, and of each column: kind, filled, distinct, extremes; values of short lists."),
            "kind": c(str, "Kind of table recognised by its header: budget, spending, elections, ..."),
        },
        pk="distribution_id",
        indexes=(("status",),),
        facets=("status", "format", "encoding"),
    ),
}
