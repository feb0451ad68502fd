"""Tables of what addresses served and what the files held."""

from __future__ import annotations

from catalog.db.schema.forms import Form
from catalog.db.schema.kinds import TableSpec, c
from catalog.db.schema.stored import stored_columns
from catalog.db.schema.strips import HISTORY

__all__ = ["INDEXES", "TABLES"]

CHECK_FORMS = {
    **dict.fromkeys(
        ("checked_at", "changed_at", "unchanged_until", "next_check_at", "ok_since", "failing_since"), Form.INSTANT
    ),
    "run_id": Form.RUN,
    "final_url": Form.URL,
    "last_modified": Form.HTTP_DATE,
    "sha256_undated": Form.HEX,
    **dict.fromkeys(
        ("detail", "content_type", "charset", "content_language", "script", "cors", "change_decided_by", "tls_fault"),
        Form.TEXT,
    ),
}
"""Columns of ``resource_checks`` that are stored in another form."""

INDEXES = {
    "addresses_by_sha256": """create index if not exists addresses_by_sha256 on addresses (sha256)
        where sha256 is not null"""
}
"""Indexes that a TableSpec cannot declare."""

TABLES: dict[str, TableSpec] = {
    "resource_checks": TableSpec(
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
            "redirect_chain": c(list, "Addresses that led on to the next one, in their order."),
            "content_type": c(str, "Content-Type as served."),
            "charset": c(str, "Charset of the Content-Type."),
            "content_language": c(str, "Content-Language as served."),
            "script": c(str, "Writing system of nearly all letters at the beginning of the file, other than Latin."),
            "size_bytes": c(int, "Size as served; empty where the server did not say."),
            "last_modified": c(str, "Last-Modified as served."),
            "etag": c(str, "ETag as served."),
            "cors": c(str, "Access-Control-Allow-Origin, as answered to a request that named an origin."),
            "first_byte_ms": c(int, "Milliseconds until the first byte of the response."),
            "elapsed_ms": c(int, "Milliseconds until the response."),
            "file_path": c(str, "Where the download lies in the data folder."),
            "sha256": c(str, "SHA-256 of the bytes downloaded."),
            "downloaded_bytes": c(int, "Bytes downloaded."),
            "is_truncated": c(bool, "1 where the download stopped at a limit."),
            "sha256_undated": c(str, "SHA-256 of the bytes without dates and times near the moment of the download."),
            "checksums": c(dict, "Digests of the file by the algorithms that publishers declare for it."),
            "declared_modified": c(str, "The publisher's date of change of the file when it was asked."),
            "changed_at": c(
                str, "When the data last changed; by length or checksum, the check that saw it. Empty: not known."
            ),
            "change_decided_by": c(str, "What told of it: harvest_date (declared), last_modified, length or checksum."),
            "unchanged_until": c(str, "The check before the one that saw a change by length or checksum."),
            "is_changed": c(bool, "1 where the data had changed since the check before."),
            "is_volatile": c(bool, "1 where only a date or time of making differs from check to check."),
            "checked_at": c(str, "When."),
            "run_id": c(str, "Run that asked.", "runs"),
            "stable_checks": c(int, "Checks in a row with the same response, beside the first of them."),
            "next_check_at": c(str, "When it is to be asked again."),
            "uptime": c(float, "Share of the checks in resource_history that were answered; unknown ones left out."),
            "uptime_checks": c(int, "Checks behind that share."),
            "ok_since": c(str, "First check of the unbroken row of ok responses."),
            "failing_since": c(str, "First check of the unbroken row of failed ones."),
            "failed_checks": c(int, "Failed checks in a row; unknown ones are passed over."),
            "tls_fault": c(str, "Why the server's certificate cannot be verified; empty where it can."),
            "tls_version": c(str, "Version of TLS."),
            "certificate_expires_on": c(str, "Last day of the server's certificate."),
            "exchange": c(str, "WARC-Record-ID of the response; empty without --archive."),
            "last_known": c(str, "ok or broken: the last check that was an observation."),
        },
        pk="url",
        indexes=(("outcome",), ("checked_at",), ("sha256",)),
        facets=("outcome", "fault", "status"),
        is_view=True,
        stored_in="addresses",
        stored_where="outcome is not null",
        forms=CHECK_FORMS,
    ),
    "resource_history": TableSpec(
        f"One check of one address; the last {HISTORY} of each are kept.",
        {
            "id": c(str, "Run and address."),
            "url": c(str, "The address as declared."),
            "run_id": c(str, "Run that asked.", "runs"),
            "checked_at": c(str, "When."),
            "outcome": c(str, "As in resource_checks."),
            "fault": c(str, "Why it is not ok."),
            "elapsed_ms": c(int, "Milliseconds until the response."),
            "is_changed": c(bool, "1 where the data had changed since the check before."),
        },
        facets=("outcome", "fault"),
        is_view=True,
    ),
    "table_reports": TableSpec(
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
            "report": c(
                dict,
                "Report in frictionless' form, without cell values; its own where a schema is declared. Compressed by "
                "Zstandard.",
            ),
            "methodology_version": c(str, "Version of the rules it was judged by; of another one it is judged again."),
            "rejudged_run": c(
                str, "Run that judged the same bytes by other rules than those of the report before.", "runs"
            ),
            "columns_before": c(list, "Names of the columns in the report before."),
            "profile": c(
                dict,
                "Rows, and of each column: kind, filled, distinct, rough extremes; shapes of values of short lists. "
                "Compressed like the report.",
            ),
            "kind": c(str, "Kind of table recognised by its header: budget, spending, elections, ..."),
        },
        pk="distribution_id",
        indexes=(("status",),),
        facets=("status", "format", "encoding"),
    ),
    "shards": TableSpec(
        "A share of a run's addresses that another machine checks.",
        {
            "id": c(str, "Run and number."),
            "run_id": c(str, "Run.", "runs"),
            "number": c(int, "Number of the shard, from 0."),
            "shards": c(int, "Shards of that run."),
            "addresses": c(int, "Addresses to ask."),
            "task": c(str, "SHA-256 of the task as it was handed out."),
            "part": c(str, "SHA-256 of the part that was merged; empty while none was."),
            "not_asked": c(int, "Addresses that the machine left for the next run, because its budget was used up."),
            "merged_at": c(str, "When the part was merged."),
        },
        indexes=(("run_id",),),
    ),
}
TABLES["addresses"] = TableSpec(
    "An address, once, and what it answered when it was last asked; the view resource_checks spells that out.",
    {
        "key": c(int, "Number of the address, by which other tables refer to it."),
        **stored_columns(TABLES["resource_checks"].columns, CHECK_FORMS),
    },
    pk="key",
)
