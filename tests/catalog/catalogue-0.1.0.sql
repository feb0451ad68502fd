-- A catalogue as version 0.1.0 made and filled it: two datasets, their findings, and what was replied to them.
-- Written by that version's own code; it is not edited, for it stands for files that are in use.
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE "runs" (
   "id" TEXT PRIMARY KEY,
   "command" TEXT,
   "status" TEXT,
   "stage" TEXT,
   "started_at" TEXT,
   "finished_at" TEXT,
   "winnow_version" TEXT,
   "methodology_version" TEXT,
   "portals" INTEGER,
   "archive" TEXT,
   "summary" TEXT,
   "traffic" TEXT
);
CREATE TABLE "portals" (
   "id" TEXT PRIMARY KEY,
   "type" TEXT,
   "title" TEXT,
   "url" TEXT,
   "government" TEXT,
   "country" TEXT,
   "contact_email" TEXT,
   "language" TEXT,
   "is_local" INTEGER,
   "portal_file" TEXT,
   "datasets" INTEGER,
   "score" REAL,
   "score_low" REAL,
   "score_high" REAL,
   "grade" TEXT,
   "last_run" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "harvests" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "verdict" TEXT,
   "reasons" TEXT,
   "mode" TEXT,
   "paging_end" TEXT,
   "advertised" INTEGER,
   "seen" INTEGER,
   "datasets" INTEGER,
   "skipped" INTEGER,
   "lost" INTEGER,
   "outside" TEXT,
   "to_approve" TEXT,
   "duplicates" INTEGER,
   "errors" INTEGER,
   "added" INTEGER,
   "changed" INTEGER,
   "removed" INTEGER,
   "retired" INTEGER,
   "requests" INTEGER,
   "not_modified" INTEGER,
   "bytes" INTEGER,
   "newest_record" TEXT,
   "tls_fault" TEXT,
   "robots_text" TEXT,
   "robots_sha256" TEXT,
   "robots_decision" TEXT,
   "started_at" TEXT,
   "finished_at" TEXT,
   "approved_at" TEXT,
   "approved_by" TEXT,
   "suite" TEXT,
   "gates_failed" TEXT,
   "checkpoint" TEXT
);
CREATE TABLE "harvest_errors" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "kind" TEXT,
   "is_lost" INTEGER,
   "is_fatal" INTEGER,
   "record_id" TEXT,
   "title" TEXT,
   "pointer" TEXT,
   "value" TEXT,
   "message" TEXT,
   "remedy" TEXT,
   "url" TEXT,
   "created_at" TEXT
);
CREATE TABLE "answers" (
   "id" TEXT PRIMARY KEY,
   "portal_id" TEXT REFERENCES "portals"("id"),
   "url" TEXT,
   "etag" TEXT,
   "last_modified" TEXT,
   "sha256" TEXT,
   "identifiers" TEXT,
   "state" TEXT,
   "winnow_version" TEXT,
   "run_id" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "publishers" (
   "id" TEXT PRIMARY KEY,
   "portal_id" TEXT REFERENCES "portals"("id"),
   "identifier" TEXT,
   "name" TEXT,
   "parent" TEXT,
   "ancestors" TEXT,
   "email" TEXT,
   "url" TEXT,
   "datasets" INTEGER,
   "score" REAL,
   "score_low" REAL,
   "score_high" REAL,
   "grade" TEXT
);
CREATE TABLE "datasets" (
   "id" TEXT PRIMARY KEY,
   "portal_id" TEXT REFERENCES "portals"("id"),
   "identifier" TEXT,
   "title" TEXT,
   "description" TEXT,
   "publisher_id" TEXT REFERENCES "publishers"("id"),
   "keywords" TEXT,
   "themes" TEXT,
   "licence" TEXT,
   "licence_title" TEXT,
   "access_rights" TEXT,
   "rights" TEXT,
   "issued" TEXT,
   "modified" TEXT,
   "record_modified" TEXT,
   "frequency" TEXT,
   "spatial" TEXT,
   "temporal_start" TEXT,
   "temporal_end" TEXT,
   "language" TEXT,
   "landing_page" TEXT,
   "contact_name" TEXT,
   "contact_email" TEXT,
   "contact_url" TEXT,
   "conforms_to" TEXT,
   "applicable_legislation" TEXT,
   "hvd_categories" TEXT,
   "provenance" TEXT,
   "relations" TEXT,
   "other_identifiers" TEXT,
   "documentation" TEXT,
   "described_by" TEXT,
   "described_by_type" TEXT,
   "bureau_codes" TEXT,
   "program_codes" TEXT,
   "is_part_of" TEXT,
   "parent_id" TEXT REFERENCES "datasets"("id"),
   "is_series" INTEGER,
   "harvested_from" TEXT,
   "translations" TEXT,
   "contradictions" TEXT,
   "not_carried" TEXT,
   "source_url" TEXT,
   "source_pointer" TEXT,
   "raw_hash" TEXT,
   "mapping_hash" TEXT,
   "exchange" TEXT,
   "status" TEXT,
   "missed_runs" INTEGER,
   "missing_since" TEXT REFERENCES "runs"("id"),
   "missing_on" TEXT,
   "retired_at" TEXT,
   "cluster_id" TEXT,
   "copy_of" TEXT REFERENCES "datasets"("id"),
   "first_seen_run" TEXT REFERENCES "runs"("id"),
   "last_seen_run" TEXT REFERENCES "runs"("id"),
   "changed_run" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "dataset_aliases" (
   "id" TEXT PRIMARY KEY,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "identifier" TEXT,
   "run_id" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "records" (
   "dataset_id" TEXT PRIMARY KEY REFERENCES "datasets"("id"),
   "raw" TEXT,
   "raw_hash" TEXT,
   "run_id" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "record_versions" (
   "id" TEXT PRIMARY KEY,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "run_id" TEXT REFERENCES "runs"("id"),
   "replaced_run" TEXT REFERENCES "runs"("id"),
   "raw_hash" TEXT,
   "raw" TEXT
);
CREATE TABLE "changes" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "kind" TEXT,
   "fields" TEXT,
   "old_hash" TEXT,
   "new_hash" TEXT
);
CREATE TABLE "distributions" (
   "id" TEXT PRIMARY KEY,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "position" INTEGER,
   "identifier" TEXT,
   "title" TEXT,
   "description" TEXT,
   "access_url" TEXT,
   "download_url" TEXT,
   "format" TEXT,
   "media_type" TEXT,
   "byte_size" TEXT,
   "checksum" TEXT,
   "checksum_algorithm" TEXT,
   "licence" TEXT,
   "licence_title" TEXT,
   "rights" TEXT,
   "issued" TEXT,
   "modified" TEXT,
   "language" TEXT,
   "conforms_to" TEXT,
   "described_by" TEXT,
   "described_by_type" TEXT,
   "documentation" TEXT,
   "status" TEXT,
   "availability" TEXT,
   "is_retired" INTEGER,
   "first_seen_run" TEXT REFERENCES "runs"("id"),
   "last_seen_run" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "data_services" (
   "id" TEXT PRIMARY KEY,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "identifier" TEXT,
   "title" TEXT,
   "description" TEXT,
   "endpoint_url" TEXT,
   "endpoint_description" TEXT,
   "licence" TEXT,
   "access_rights" TEXT,
   "documentation" TEXT,
   "conforms_to" TEXT,
   "is_retired" INTEGER,
   "first_seen_run" TEXT REFERENCES "runs"("id"),
   "last_seen_run" TEXT REFERENCES "runs"("id")
);
CREATE TABLE "resource_checks" (
   "url" TEXT PRIMARY KEY,
   "outcome" TEXT,
   "fault" TEXT,
   "detail" TEXT,
   "method" TEXT,
   "status" INTEGER,
   "final_url" TEXT,
   "redirects" INTEGER,
   "redirect_chain" TEXT,
   "content_type" TEXT,
   "charset" TEXT,
   "content_language" TEXT,
   "script" TEXT,
   "size_bytes" INTEGER,
   "last_modified" TEXT,
   "etag" TEXT,
   "cors" TEXT,
   "first_byte_ms" INTEGER,
   "elapsed_ms" INTEGER,
   "file_path" TEXT,
   "sha256" TEXT,
   "downloaded_bytes" INTEGER,
   "is_truncated" INTEGER,
   "sha256_undated" TEXT,
   "checksums" TEXT,
   "declared_modified" TEXT,
   "changed_at" TEXT,
   "change_decided_by" TEXT,
   "unchanged_until" TEXT,
   "is_changed" INTEGER,
   "is_volatile" INTEGER,
   "checked_at" TEXT,
   "run_id" TEXT REFERENCES "runs"("id"),
   "stable_checks" INTEGER,
   "next_check_at" TEXT,
   "uptime" REAL,
   "uptime_checks" INTEGER,
   "ok_since" TEXT,
   "failing_since" TEXT,
   "failed_checks" INTEGER,
   "tls_fault" TEXT,
   "tls_version" TEXT,
   "certificate_expires_on" TEXT,
   "exchange" TEXT,
   "last_known" TEXT
);
CREATE TABLE "resource_history" (
   "id" TEXT PRIMARY KEY,
   "url" TEXT,
   "run_id" TEXT REFERENCES "runs"("id"),
   "checked_at" TEXT,
   "outcome" TEXT,
   "fault" TEXT,
   "elapsed_ms" INTEGER,
   "is_changed" INTEGER
);
CREATE TABLE "table_reports" (
   "distribution_id" TEXT PRIMARY KEY REFERENCES "distributions"("id"),
   "run_id" TEXT REFERENCES "runs"("id"),
   "url" TEXT,
   "sha256" TEXT,
   "status" TEXT,
   "format" TEXT,
   "media_type" TEXT,
   "encoding" TEXT,
   "encoding_confidence" REAL,
   "delimiter" TEXT,
   "header_row" INTEGER,
   "sheet" TEXT,
   "row_count" INTEGER,
   "column_count" INTEGER,
   "columns" TEXT,
   "is_sample" INTEGER,
   "defects" TEXT,
   "expectations_passed" INTEGER,
   "expectations_total" INTEGER,
   "note" TEXT,
   "elapsed_ms" INTEGER,
   "report" TEXT,
   "methodology_version" TEXT,
   "rejudged_run" TEXT REFERENCES "runs"("id"),
   "columns_before" TEXT,
   "profile" TEXT,
   "kind" TEXT
);
CREATE TABLE "dataset_quality" (
   "dataset_id" TEXT PRIMARY KEY REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "publisher_id" TEXT REFERENCES "publishers"("id"),
   "run_id" TEXT REFERENCES "runs"("id"),
   "score" REAL,
   "score_low" REAL,
   "score_high" REAL,
   "grade" TEXT,
   "findable" REAL,
   "accessible" REAL,
   "open" REAL,
   "usable" REAL,
   "timely" REAL,
   "sound" REAL,
   "findings" INTEGER,
   "measured" INTEGER,
   "applicable" INTEGER,
   "unknown" TEXT,
   "open_definition" TEXT,
   "fixes" TEXT,
   "family" TEXT,
   "content" TEXT,
   "review_on" TEXT,
   "methodology_version" TEXT
, "title_present" REAL, "title_informative" REAL, "description_present" REAL, "description_informative" REAL, "keyword_present" REAL, "theme_present" REAL, "spatial_present" REAL, "temporal_present" REAL, "identifier_present" REAL, "other_identifier_present" REAL, "landing_page_present" REAL, "relation_present" REAL, "legislation_present" REAL, "distribution_present" REAL, "contact_present" REAL, "contact_usable" REAL, "publisher_present" REAL, "access_rights_present" REAL, "access_rights_known" REAL, "provenance_present" REAL, "dcat_ap_mandatory" REAL, "issued_present" REAL, "modified_present" REAL, "modified_or_record_present" REAL, "frequency_present" REAL, "up_to_date" REAL, "dcat_ap_2_conforms" REAL, "dcat_ap_3_conforms" REAL, "dcat_ap_hvd_conforms" REAL, "dcat_us_conforms" REAL, "api_present" REAL, "contact_or_publisher_present" REAL, "contact_email_valid" REAL, "contact_url_valid" REAL, "dates_present_share" REAL, "dates_valid_share" REAL, "description_over_100" REAL, "description_over_200" REAL, "licence_set" REAL, "frequency_set" REAL, "updated_in_time_udata" REAL, "core_metadata_share" REAL, "identifier_global" REAL, "terms_from_vocabularies" REAL, "download_options" REAL, "metadata_depth" REAL, "five_stars" REAL, "five_stars_low" REAL, "five_stars_high" REAL, "five_stars_ckan" REAL, "five_stars_ckan_low" REAL, "five_stars_ckan_high" REAL, "fuji" REAL, "fuji_low" REAL, "fuji_high" REAL, "godi" REAL, "godi_low" REAL, "godi_high" REAL, "mqa_v1" REAL, "mqa_v1_low" REAL, "mqa_v1_high" REAL, "mqa_v1_coverage" REAL, "mqa_v1_coverage_low" REAL, "mqa_v1_coverage_high" REAL, "mqa_v1_strict" REAL, "mqa_v1_strict_low" REAL, "mqa_v1_strict_high" REAL, "mqa_v2" REAL, "mqa_v2_low" REAL, "mqa_v2_high" REAL, "odin" REAL, "odin_low" REAL, "odin_high" REAL, "portal_watch" REAL, "portal_watch_low" REAL, "portal_watch_high" REAL, "udata" REAL, "udata_low" REAL, "udata_high" REAL, "udata_2022" REAL, "udata_2022_low" REAL, "udata_2022_high" REAL);
CREATE TABLE "distribution_quality" (
   "distribution_id" TEXT PRIMARY KEY REFERENCES "distributions"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "run_id" TEXT REFERENCES "runs"("id"),
   "licence_id" TEXT,
   "format_declared" TEXT,
   "format_served" TEXT,
   "unknown" TEXT,
   "open_definition" TEXT
, "distribution_title_present" REAL, "distribution_description_present" REAL, "access_url_present" REAL, "access_url_ok" REAL, "download_url_present" REAL, "download_url_ok" REAL, "link_ok" REAL, "tls_valid" REAL, "file_served" REAL, "licence_present" REAL, "licence_known" REAL, "licence_in_mqa_list" REAL, "licence_open" REAL, "format_open" REAL, "licence_truthful" REAL, "rights_present" REAL, "format_present" REAL, "format_known" REAL, "media_type_present" REAL, "media_type_known" REAL, "format_aligned" REAL, "format_mqa_machine_readable" REAL, "format_mqa_non_proprietary" REAL, "machine_readable" REAL, "format_truthful" REAL, "media_type_truthful" REAL, "content_type_truthful" REAL, "byte_size_truthful" REAL, "checksum_truthful" REAL, "language_truthful" REAL, "file_distinct" REAL, "byte_size_present" REAL, "documentation_present" REAL, "status_present" REAL, "distribution_issued_present" REAL, "distribution_modified_present" REAL, "modified_truthful" REAL, "table_not_empty" REAL, "table_rectangular" REAL, "table_header_clean" REAL, "table_types_consistent" REAL, "table_encoding_utf8" REAL, "table_matches_schema" REAL, "table_expectations_met" REAL, "url_valid" REAL, "url_present" REAL, "bulk_download" REAL, "licence_approved" REAL, "licence_mappable" REAL, "terms_openness" REAL, "format_udata_open" REAL, "format_udata_open_2022" REAL, "format_declared_open" REAL, "format_declared_machine_readable" REAL, "format_or_media_type_known" REAL, "description_fields_share" REAL, "media_type_in_content_type" REAL, "served_machine_readable" REAL, "served_non_proprietary" REAL, "served_rdf" REAL, "served_linked" REAL, "openness_ckan" REAL, "open_format_fuji" REAL, "content_described_share" REAL, "resource_documented" REAL, "format_open_and_machine_readable" REAL, "protocol_standard" REAL);
CREATE TABLE "conformance" (
   "id" TEXT PRIMARY KEY,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "standard" TEXT,
   "run_id" TEXT REFERENCES "runs"("id"),
   "conforms" INTEGER,
   "violations" INTEGER,
   "warnings" INTEGER,
   "results" TEXT,
   "methodology_version" TEXT
);
CREATE TABLE "score_history" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "system" TEXT,
   "methodology_version" TEXT,
   "entity_level" TEXT,
   "entity_id" TEXT,
   "score" REAL,
   "score_low" REAL,
   "score_high" REAL,
   "grade" TEXT,
   "datasets" INTEGER,
   "coverage_pct" REAL,
   "families" INTEGER,
   "ci_low" REAL,
   "ci_high" REAL,
   "withheld" TEXT,
   "band" TEXT,
   "corrections" INTEGER
);
CREATE TABLE "top_fixes" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "entity_level" TEXT,
   "entity_id" TEXT,
   "rank" INTEGER,
   "rule_id" TEXT,
   "how_to_fix" TEXT,
   "datasets" INTEGER,
   "places" INTEGER,
   "gain_points" REAL,
   "effort_hours" REAL,
   "gain_per_hour" REAL
);
CREATE TABLE "system_agreement" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "system_a" TEXT,
   "system_b" TEXT,
   "datasets" INTEGER,
   "spearman" REAL,
   "kendall" REAL
);
CREATE TABLE "dashboard" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "figure" TEXT,
   "title" TEXT,
   "count" INTEGER,
   "whole" INTEGER,
   "percent" REAL,
   "version" TEXT
);
CREATE TABLE "to_score" (
   "dataset_id" TEXT PRIMARY KEY REFERENCES "datasets"("id")
);
CREATE TABLE "findings" (
   "id" TEXT PRIMARY KEY,
   "state" TEXT,
   "severity" TEXT,
   "rule_id" TEXT,
   "rule_title" TEXT,
   "dimension" TEXT,
   "fault_party" TEXT,
   "portal_id" TEXT REFERENCES "portals"("id"),
   "publisher_id" TEXT REFERENCES "publishers"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "distribution_id" TEXT REFERENCES "distributions"("id"),
   "resource_url" TEXT,
   "observed" TEXT,
   "expected" TEXT,
   "http_status" INTEGER,
   "format_declared" TEXT,
   "format_served" TEXT,
   "field" TEXT,
   "first_row" INTEGER,
   "error_count" INTEGER,
   "rate_per_1000" REAL,
   "rows" TEXT,
   "how_to_fix" TEXT,
   "gain_points" REAL,
   "first_seen_run" TEXT REFERENCES "runs"("id"),
   "last_seen_run" TEXT REFERENCES "runs"("id"),
   "fixed_run" TEXT REFERENCES "runs"("id"),
   "withdrawn_run" TEXT REFERENCES "runs"("id"),
   "carried_to" TEXT REFERENCES "findings"("id"),
   "runs_failing" INTEGER,
   "checked_at" TEXT,
   "exchange" TEXT,
   "digest" INTEGER
);
CREATE TABLE "commitments" (
   "id" TEXT PRIMARY KEY,
   "title" TEXT,
   "government" TEXT,
   "country" TEXT,
   "lead" TEXT,
   "source_url" TEXT,
   "source_quote" TEXT,
   "source_note" TEXT,
   "archived_sha256" TEXT,
   "ogp_url" TEXT,
   "is_example" INTEGER,
   "start" TEXT,
   "deadline" TEXT,
   "irm_verifiable" INTEGER,
   "irm_potential" TEXT,
   "irm_completion" TEXT,
   "irm_early_results" TEXT,
   "file" TEXT
);
CREATE TABLE "commitment_readings" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "commitment_id" TEXT REFERENCES "commitments"("id"),
   "indicator_id" TEXT,
   "kind" TEXT,
   "measure" TEXT,
   "direction" TEXT,
   "start" TEXT,
   "deadline" TEXT,
   "baseline" REAL,
   "baseline_date" TEXT,
   "target" REAL,
   "value" REAL,
   "value_at_deadline" REAL,
   "numerator" INTEGER,
   "denominator" INTEGER,
   "coverage_pct" REAL,
   "progress" REAL,
   "expected" REAL,
   "trend_per_month" REAL,
   "forecast_date" TEXT,
   "timing_status" TEXT,
   "candidate_status" TEXT,
   "candidate_runs" INTEGER,
   "suggested_completion" TEXT,
   "flags" TEXT,
   "failing_datasets" INTEGER,
   "evidence_query" TEXT,
   "note" TEXT,
   "is_observed" INTEGER,
   "definition" TEXT,
   "methodology_version" TEXT
);
CREATE TABLE "commitment_members" (
   "id" TEXT PRIMARY KEY,
   "commitment_id" TEXT REFERENCES "commitments"("id"),
   "indicator_id" TEXT,
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "first_seen_run" TEXT REFERENCES "runs"("id"),
   "last_seen_run" TEXT REFERENCES "runs"("id"),
   "is_in_scope" INTEGER,
   "passes" INTEGER,
   "waived" INTEGER,
   "reason" TEXT
);
CREATE TABLE "sent" (
   "id" TEXT PRIMARY KEY,
   "run_id" TEXT REFERENCES "runs"("id"),
   "channel" TEXT,
   "entity_level" TEXT,
   "entity_id" TEXT,
   "recipient_hash" TEXT,
   "since_run" TEXT REFERENCES "runs"("id"),
   "findings_new" INTEGER,
   "findings_fixed" INTEGER,
   "sent_at" TEXT
);
CREATE TABLE "responses" (
   "id" TEXT PRIMARY KEY,
   "finding_id" TEXT REFERENCES "findings"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "response" TEXT,
   "promised_on" TEXT,
   "note" TEXT,
   "responder" TEXT,
   "responded_on" TEXT,
   "imported_at" TEXT,
   "carried_from" TEXT REFERENCES "findings"("id"),
   "number" INTEGER,
   "outcome" TEXT,
   "checked_at" TEXT
);
CREATE TABLE "reports" (
   "id" TEXT PRIMARY KEY,
   "portal_id" TEXT REFERENCES "portals"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "distribution_id" TEXT REFERENCES "distributions"("id"),
   "url" TEXT,
   "what" TEXT,
   "who" TEXT,
   "reported_on" TEXT,
   "imported_at" TEXT
);
CREATE TABLE "corrections" (
   "id" TEXT PRIMARY KEY,
   "reason" TEXT,
   "field" TEXT,
   "finding_id" TEXT REFERENCES "findings"("id"),
   "response_id" TEXT REFERENCES "responses"("id"),
   "portal_id" TEXT REFERENCES "portals"("id"),
   "dataset_id" TEXT REFERENCES "datasets"("id"),
   "rule_id" TEXT,
   "run_id" TEXT REFERENCES "runs"("id"),
   "observed_before" TEXT,
   "score_before" REAL,
   "score_after" REAL,
   "corrected_at" TEXT
);
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (1, 'catalog', 's0001_tables', '2026-11-30 12:28:31.721604+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (2, 'catalog', 's0002_full_text', '2026-11-30 12:28:31.730467+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (3, 'catalog', 's0003_views', '2026-11-30 12:28:31.731227+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (4, 'catalog', 's0004_history', '2026-11-30 12:28:31.743630+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (5, 'catalog', 's0005_parents', '2026-11-30 12:28:31.759862+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (6, 'catalog', 's0006_resource_history', '2026-11-30 12:28:31.782053+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (7, 'catalog', 's0007_scores', '2026-11-30 12:28:31.799587+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (8, 'catalog', 's0008_commitments', '2026-11-30 12:28:31.820220+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (9, 'catalog', 's0009_answers', '2026-11-30 12:28:31.836214+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (10, 'catalog', 's0010_harvests', '2026-11-30 12:28:31.869091+00:00');
insert into [_sqlite_migrations] ([id], [migration_set], [name], [applied_at]) values (11, 'catalog', 's0011_search_in_all_languages', '2026-11-30 12:28:31.891733+00:00');
insert into [runs] ([id], [command], [status], [started_at], [winnow_version]) values ('20261123T000000Z', 'nightly', 'complete', '2026-11-23T00:00:00Z', '0.1.0');
insert into [runs] ([id], [command], [status], [started_at], [winnow_version]) values ('20261124T000000Z', 'nightly', 'complete', '2026-11-24T00:00:00Z', '0.1.0');
insert into [portals] ([id], [type], [title], [url], [government], [country]) values ('north', 'ckan', 'Nørth', 'https://north.example/', 'Norland', 'NOR');
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261123T000000Z/mqa_v1/portal/north', '20261123T000000Z', 'mqa_v1', '1.0.0', 'portal', 'north', 210.0, 210.0, 210.0, null, 12, 90.5, 11, null, null, null, 'Good', null);
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261123T000000Z/winnow/portal/north', '20261123T000000Z', 'winnow', '1.0.0', 'portal', 'north', 61.25, 61.25, 61.25, 'C', 12, 90.5, 11, 60.0, 62.5, null, null, null);
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261123T000000Z/winnow/publisher/north-p', '20261123T000000Z', 'winnow', '1.0.0', 'publisher', 'north-p', null, null, null, null, 2, 90.5, 2, null, null, 'fewer than 5 datasets', null, null);
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261124T000000Z/mqa_v1/portal/north', '20261124T000000Z', 'mqa_v1', '1.0.0', 'portal', 'north', 210.0, 210.0, 210.0, null, 12, 90.5, 11, null, null, null, 'Good', null);
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261124T000000Z/winnow/portal/north', '20261124T000000Z', 'winnow', '1.0.0', 'portal', 'north', 61.25, 61.25, 61.25, 'C', 12, 90.5, 11, 60.0, 62.5, null, null, 1);
insert into [score_history] ([id], [run_id], [system], [methodology_version], [entity_level], [entity_id], [score], [score_low], [score_high], [grade], [datasets], [coverage_pct], [families], [ci_low], [ci_high], [withheld], [band], [corrections]) values ('20261124T000000Z/winnow/publisher/north-p', '20261124T000000Z', 'winnow', '1.0.0', 'publisher', 'north-p', null, null, null, null, 2, 90.5, 2, null, null, 'fewer than 5 datasets', null, null);
insert into [harvests] ([id], [run_id], [portal_id], [verdict], [mode], [datasets], [checkpoint]) values ('20261124T000000Z/north', '20261124T000000Z', 'north', 'complete', 'full', 2, '{"cursor": 1}');
insert into [answers] ([id], [portal_id], [url], [etag], [sha256], [identifiers], [state], [winnow_version], [run_id]) values ('north https://north.example/api?start=0', 'north', 'https://north.example/api?start=0', '"0"', '0000000000000000000000000000000000000000000000000000000000000000', '["id-0"]', '{"total": 2}', '0.1.0', '20261124T000000Z');
insert into [answers] ([id], [portal_id], [url], [etag], [sha256], [identifiers], [state], [winnow_version], [run_id]) values ('north https://north.example/api?start=1', 'north', 'https://north.example/api?start=1', '"1"', '0000000000000000000000000000000000000000000000000000000000000001', '["id-1"]', '{"total": 2}', '0.1.0', '20261124T000000Z');
insert into [publishers] ([id], [portal_id], [name]) values ('p1', 'north', 'Trésor');
insert into [datasets] ([id], [portal_id], [identifier], [title], [description], [publisher_id], [keywords], [translations], [status], [first_seen_run], [last_seen_run]) values ('d0', 'north', 'id-0', 'Dépenses', 'About money', 'p1', '["école"]', '{"title": {"de": "Haushalt"}}', 'present', '20261124T000000Z', '20261124T000000Z');
insert into [datasets] ([id], [portal_id], [identifier], [title], [description], [publisher_id], [keywords], [translations], [status], [first_seen_run], [last_seen_run]) values ('d1', 'north', 'id-1', 'Budget; it''s "quoted"', 'About money', 'p1', '["école"]', '{"title": {"de": "Haushalt"}}', 'present', '20261124T000000Z', '20261124T000000Z');
insert into [distributions] ([id], [dataset_id], [portal_id], [position], [download_url], [format], [is_retired], [first_seen_run], [last_seen_run]) values ('x1', 'd0', 'north', 0, 'https://data.example/x.csv', 'CSV', 0, '20261124T000000Z', '20261124T000000Z');
insert into [distributions] ([id], [dataset_id], [portal_id], [position], [identifier], [access_url], [media_type], [rights], [issued], [modified], [language], [is_retired], [first_seen_run], [last_seen_run]) values ('x2', 'd0', 'north', 1, '0b5e2f6c-7a41-4d1f-9b0e-00c1d2e3f405', 'https://data.example/y', 'text/csv', '', '2026-01-31T04:00:00.000007', '1969-12-31T23:59:59.500000', '["de"]', 1, '20261123T000000Z', '20261124T000000Z');
insert into [distributions] ([id], [dataset_id], [portal_id], [position], [identifier], [media_type], [issued], [modified], [is_retired], [first_seen_run], [last_seen_run]) values ('x3', 'd1', 'north', 0, '0b5e2f6c7a414d1f9b0e00c1d2e3f405', '12', '2026-02-31T04:00:00.000000', '2026', 0, 'earlier', '20261124T000000Z');
insert into [changes] ([id], [run_id], [portal_id], [dataset_id], [kind], [fields], [old_hash], [new_hash]) values ('20261123T000000Z/d0/added', '20261123T000000Z', 'north', 'd0', 'added', null, null, 'ab01');
insert into [changes] ([id], [run_id], [portal_id], [dataset_id], [kind], [fields], [old_hash], [new_hash]) values ('20261124T000000Z/d0/changed', '20261124T000000Z', 'north', 'd0', 'changed', '[["title", "a", "b"]]', 'ab01', 'CD');
insert into [conformance] ([id], [dataset_id], [portal_id], [standard], [run_id], [conforms], [violations], [warnings], [methodology_version]) values ('d0/dcat_ap_2', 'd0', 'north', 'dcat_ap_2', '20261124T000000Z', 0, 1, 2, '1.0.0');
insert into [resource_checks] ([url], [outcome], [run_id]) values ('https://north.example/a.csv', 'ok', '20261124T000000Z');
insert into [resource_checks] ([url], [outcome], [run_id]) values ('https://north.example/ä.csv', 'failing', '20261124T000000Z');
insert into [resource_history] ([id], [url], [run_id], [checked_at], [outcome], [fault], [elapsed_ms], [is_changed]) values ('20261123T000000Z/25209a6157a4fcc1964a', 'https://north.example/ä.csv', '20261123T000000Z', '2026-11-22T23:59:59Z', 'unknown', 'blocked', null, 0);
insert into [resource_history] ([id], [url], [run_id], [checked_at], [outcome], [fault], [elapsed_ms], [is_changed]) values ('20261123T000000Z/9446042192c919a357ba', 'https://north.example/a.csv', '20261123T000000Z', '2026-11-23T00:00:07Z', 'ok', null, 131, 0);
insert into [resource_history] ([id], [url], [run_id], [checked_at], [outcome], [fault], [elapsed_ms], [is_changed]) values ('20261124T000000Z/25209a6157a4fcc1964a', 'https://north.example/ä.csv', '20261124T000000Z', '2026-11-24T09:00:00Z', 'failing', 'gone', 70000, 0);
insert into [resource_history] ([id], [url], [run_id], [checked_at], [outcome], [fault], [elapsed_ms], [is_changed]) values ('20261124T000000Z/9446042192c919a357ba', 'https://north.example/a.csv', '20261124T000000Z', '2026-11-24T01:02:03Z', 'ok', null, 90, 1);
insert into [distribution_quality] ([distribution_id], [dataset_id], [portal_id], [run_id], [format_declared], [unknown], [open_definition], [link_ok], [format_present]) values ('x1', 'd0', 'north', '20261124T000000Z', 'CSV', 'file_served,table_not_empty', 'declared_only', 0.0, 1.0);
insert into [table_reports] ([distribution_id], [run_id], [url], [sha256], [status], [report], [profile]) values ('x1', '20261124T000000Z', 'https://north.example/a.csv', 'ab', 'valid', '{"tasks": ["é"]}', '{"rows": 3}');
insert into [to_score] ([dataset_id]) values ('d0');
insert into [to_score] ([dataset_id]) values ('d1');
insert into [findings] ([id], [state], [rule_id], [portal_id], [publisher_id], [dataset_id], [resource_url], [observed], [first_seen_run], [last_seen_run], [runs_failing]) values ('f0', 'open', 'link_ok', 'north', 'p1', 'd0', 'https://data.example/x.csv', '404', '20261124T000000Z', '20261124T000000Z', 1);
insert into [findings] ([id], [state], [rule_id], [portal_id], [publisher_id], [dataset_id], [resource_url], [observed], [first_seen_run], [last_seen_run], [runs_failing]) values ('f1', 'disputed', 'link_ok', 'north', 'p1', 'd0', 'https://data.example/x.csv', '404', '20261124T000000Z', '20261124T000000Z', 1);
insert into [findings] ([id], [state], [rule_id], [portal_id], [publisher_id], [dataset_id], [resource_url], [observed], [first_seen_run], [last_seen_run], [runs_failing]) values ('f2', 'fixed', 'link_ok', 'north', 'p1', 'd0', 'https://data.example/x.csv', '404', '20261124T000000Z', '20261124T000000Z', 1);
insert into [responses] ([id], [finding_id], [dataset_id], [response], [promised_on], [responder], [responded_on], [imported_at], [number]) values ('r/1', 'f0', 'd0', 'will_fix_by', '2027-01-31', 'Treasury', '2026-11-25', '2026-11-25T08:00:00Z', 1);
insert into [responses] ([id], [finding_id], [dataset_id], [response], [note], [responder], [responded_on], [imported_at], [carried_from], [number], [outcome], [checked_at]) values ('r2', 'f1', 'd0', 'disputed', 'it''s there; really', 'Ada', '2026-11-25', '2026-11-25T08:00:00Z', 'f2', 2, 'corrected', '2026-11-25T09:00:00Z');
insert into [corrections] ([id], [reason], [finding_id], [response_id], [portal_id], [dataset_id], [rule_id], [run_id], [observed_before], [score_before], [score_after], [corrected_at]) values ('f1/r2', 'dispute', 'f1', 'r2', 'north', 'd0', 'link_ok', '20261124T000000Z', '404', 50.0, 61.25, '2026-11-25T09:00:00Z');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX "idx_harvests_portal_id"
    ON "harvests" ("portal_id");
CREATE INDEX "idx_harvests_run_id"
    ON "harvests" ("run_id");
CREATE INDEX "idx_harvest_errors_portal_id"
    ON "harvest_errors" ("portal_id");
CREATE INDEX "idx_harvest_errors_run_id"
    ON "harvest_errors" ("run_id");
CREATE INDEX "idx_answers_portal_id"
    ON "answers" ("portal_id");
CREATE INDEX "idx_publishers_portal_id"
    ON "publishers" ("portal_id");
CREATE INDEX "idx_datasets_portal_id_status"
    ON "datasets" ("portal_id", "status");
CREATE INDEX "idx_datasets_publisher_id"
    ON "datasets" ("publisher_id");
CREATE INDEX "idx_datasets_status"
    ON "datasets" ("status");
CREATE INDEX "idx_datasets_last_seen_run"
    ON "datasets" ("last_seen_run");
CREATE INDEX "idx_datasets_copy_of"
    ON "datasets" ("copy_of");
CREATE INDEX "idx_datasets_parent_id"
    ON "datasets" ("parent_id");
CREATE INDEX "idx_dataset_aliases_portal_id"
    ON "dataset_aliases" ("portal_id");
CREATE INDEX "idx_dataset_aliases_dataset_id"
    ON "dataset_aliases" ("dataset_id");
CREATE INDEX "idx_record_versions_dataset_id_run_id"
    ON "record_versions" ("dataset_id", "run_id");
CREATE INDEX "idx_changes_run_id_portal_id"
    ON "changes" ("run_id", "portal_id");
CREATE INDEX "idx_changes_dataset_id"
    ON "changes" ("dataset_id");
CREATE INDEX "idx_distributions_dataset_id"
    ON "distributions" ("dataset_id");
CREATE INDEX "idx_distributions_portal_id"
    ON "distributions" ("portal_id");
CREATE INDEX "idx_distributions_access_url"
    ON "distributions" ("access_url");
CREATE INDEX "idx_distributions_download_url"
    ON "distributions" ("download_url");
CREATE INDEX "idx_data_services_dataset_id"
    ON "data_services" ("dataset_id");
CREATE INDEX "idx_data_services_portal_id"
    ON "data_services" ("portal_id");
CREATE INDEX "idx_resource_checks_outcome"
    ON "resource_checks" ("outcome");
CREATE INDEX "idx_resource_checks_checked_at"
    ON "resource_checks" ("checked_at");
CREATE INDEX "idx_resource_checks_sha256"
    ON "resource_checks" ("sha256");
CREATE INDEX "idx_resource_history_url"
    ON "resource_history" ("url");
CREATE INDEX "idx_table_reports_status"
    ON "table_reports" ("status");
CREATE INDEX "idx_dataset_quality_portal_id"
    ON "dataset_quality" ("portal_id");
CREATE INDEX "idx_dataset_quality_publisher_id"
    ON "dataset_quality" ("publisher_id");
CREATE INDEX "idx_dataset_quality_score"
    ON "dataset_quality" ("score");
CREATE INDEX "idx_distribution_quality_dataset_id"
    ON "distribution_quality" ("dataset_id");
CREATE INDEX "idx_distribution_quality_portal_id"
    ON "distribution_quality" ("portal_id");
CREATE INDEX "idx_distribution_quality_licence_id"
    ON "distribution_quality" ("licence_id");
CREATE INDEX "idx_distribution_quality_format_served"
    ON "distribution_quality" ("format_served");
CREATE INDEX "idx_conformance_dataset_id"
    ON "conformance" ("dataset_id");
CREATE INDEX "idx_conformance_portal_id_standard"
    ON "conformance" ("portal_id", "standard");
CREATE INDEX "idx_conformance_standard_conforms"
    ON "conformance" ("standard", "conforms");
CREATE INDEX "idx_score_history_entity_id_system"
    ON "score_history" ("entity_id", "system");
CREATE INDEX "idx_score_history_run_id"
    ON "score_history" ("run_id");
CREATE INDEX "idx_top_fixes_entity_level_entity_id_rank"
    ON "top_fixes" ("entity_level", "entity_id", "rank");
CREATE INDEX "idx_system_agreement_portal_id"
    ON "system_agreement" ("portal_id");
CREATE INDEX "idx_dashboard_portal_id"
    ON "dashboard" ("portal_id");
CREATE INDEX "idx_findings_portal_id_state"
    ON "findings" ("portal_id", "state");
CREATE INDEX "idx_findings_dataset_id"
    ON "findings" ("dataset_id");
CREATE INDEX "idx_findings_rule_id"
    ON "findings" ("rule_id");
CREATE INDEX "idx_findings_distribution_id"
    ON "findings" ("distribution_id");
CREATE INDEX "idx_commitments_country"
    ON "commitments" ("country");
CREATE INDEX "idx_commitment_readings_commitment_id_indicator_id_run_id"
    ON "commitment_readings" ("commitment_id", "indicator_id", "run_id");
CREATE INDEX "idx_commitment_readings_run_id"
    ON "commitment_readings" ("run_id");
CREATE INDEX "idx_commitment_members_commitment_id_indicator_id_passes"
    ON "commitment_members" ("commitment_id", "indicator_id", "passes");
CREATE INDEX "idx_commitment_members_dataset_id"
    ON "commitment_members" ("dataset_id");
CREATE INDEX "idx_sent_entity_id_channel_recipient_hash"
    ON "sent" ("entity_id", "channel", "recipient_hash");
CREATE INDEX "idx_sent_run_id"
    ON "sent" ("run_id");
CREATE INDEX "idx_responses_finding_id_number"
    ON "responses" ("finding_id", "number");
CREATE INDEX "idx_responses_dataset_id"
    ON "responses" ("dataset_id");
CREATE INDEX "idx_responses_response_promised_on"
    ON "responses" ("response", "promised_on");
CREATE INDEX "idx_reports_dataset_id"
    ON "reports" ("dataset_id");
CREATE INDEX "idx_reports_portal_id"
    ON "reports" ("portal_id");
CREATE INDEX "idx_corrections_dataset_id"
    ON "corrections" ("dataset_id");
CREATE INDEX "idx_corrections_portal_id"
    ON "corrections" ("portal_id");
CREATE INDEX changes_seen on resource_history (url, checked_at) where is_changed = 1;
CREATE VIEW "dataset_list" AS 
        select datasets.id, datasets.title, portals.title as portal, publishers.name as publisher,
               dataset_quality.grade, round(dataset_quality.score, 1) as score, dataset_quality.findings,
               datasets.modified, portals.government, portals.country, datasets.status
        from datasets
        join portals on portals.id = datasets.portal_id
        left join publishers on publishers.id = datasets.publisher_id
        left join dataset_quality on dataset_quality.dataset_id = datasets.id;
CREATE VIEW datasets_text as
            select rowid, title, description, keywords, replace(replace(replace(replace(replace(replace(datasets.translations, '"title"', ' '), '"description"', ' '), '"keywords"', ' '), '\n', ' '), '\r', ' '), '\t', ' ') as translations
            from datasets;
CREATE VIRTUAL TABLE datasets_fts using fts5 (
             title, description, keywords, translations,
             content='datasets_text', content_rowid='rowid', tokenize='unicode61 remove_diacritics 2');
insert into datasets_fts (datasets_fts) values ('rebuild');
CREATE TRIGGER to_score_datasets_insert after insert on datasets  begin insert into to_score (dataset_id) select dataset_id from (select new.id as dataset_id) where true on conflict do nothing; end;
CREATE TRIGGER to_score_datasets_update after update on datasets when old.mapping_hash is not new.mapping_hash or old.status is not new.status or old.publisher_id is not new.publisher_id begin insert into to_score (dataset_id) select dataset_id from (select new.id as dataset_id) where true on conflict do nothing; end;
CREATE TRIGGER to_score_publishers_update after update on publishers when old.[id] is not new.[id] or old.[identifier] is not new.[identifier] or old.[name] is not new.[name] or old.[parent] is not new.[parent] or old.[ancestors] is not new.[ancestors] or old.[email] is not new.[email] or old.[url] is not new.[url] begin insert into to_score (dataset_id) select dataset_id from (select id as dataset_id from datasets where publisher_id = new.id) where true on conflict do nothing; end;
CREATE TRIGGER to_score_checks_insert after insert on resource_checks  begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where download_url = new.url union select dataset_id from distributions where access_url = new.url) where true on conflict do nothing; end;
CREATE TRIGGER to_score_checks_update after update on resource_checks when old.[url] is not new.[url] or old.[outcome] is not new.[outcome] or old.[fault] is not new.[fault] or old.[detail] is not new.[detail] or old.[status] is not new.[status] or old.[final_url] is not new.[final_url] or old.[redirects] is not new.[redirects] or old.[redirect_chain] is not new.[redirect_chain] or old.[content_type] is not new.[content_type] or old.[charset] is not new.[charset] or old.[content_language] is not new.[content_language] or old.[script] is not new.[script] or old.[size_bytes] is not new.[size_bytes] or old.[last_modified] is not new.[last_modified] or old.[cors] is not new.[cors] or old.[file_path] is not new.[file_path] or old.[sha256] is not new.[sha256] or old.[downloaded_bytes] is not new.[downloaded_bytes] or old.[is_truncated] is not new.[is_truncated] or old.[sha256_undated] is not new.[sha256_undated] or old.[checksums] is not new.[checksums] or old.[declared_modified] is not new.[declared_modified] or old.[changed_at] is not new.[changed_at] or old.[change_decided_by] is not new.[change_decided_by] or old.[unchanged_until] is not new.[unchanged_until] or old.[is_changed] is not new.[is_changed] or old.[is_volatile] is not new.[is_volatile] or old.[tls_fault] is not new.[tls_fault] or old.[tls_version] is not new.[tls_version] or old.[last_known] is not new.[last_known] begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where download_url = new.url union select dataset_id from distributions where access_url = new.url) where true on conflict do nothing; end;
CREATE TRIGGER to_score_twins_insert after insert on resource_checks when new.sha256 is not null begin insert into to_score (dataset_id) select dataset_id from (select d.dataset_id from resource_checks c
   join distributions d on d.download_url = c.url or d.access_url = c.url
   where c.sha256 in (new.sha256)) where true on conflict do nothing; end;
CREATE TRIGGER to_score_twins_update after update on resource_checks when old.sha256 is not new.sha256 or old.is_truncated is not new.is_truncated or old.outcome is not new.outcome begin insert into to_score (dataset_id) select dataset_id from (select d.dataset_id from resource_checks c
   join distributions d on d.download_url = c.url or d.access_url = c.url
   where c.sha256 in (old.sha256, new.sha256)) where true on conflict do nothing; end;
CREATE TRIGGER to_score_history_delete after delete on resource_history when old.is_changed = 1 begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where download_url = old.url union select dataset_id from distributions where access_url = old.url) where true on conflict do nothing; end;
CREATE TRIGGER to_score_reports_insert after insert on table_reports  begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where id = new.distribution_id) where true on conflict do nothing; end;
CREATE TRIGGER to_score_reports_delete after delete on table_reports  begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where id = old.distribution_id) where true on conflict do nothing; end;
CREATE TRIGGER to_score_reports_update after update on table_reports when old.[distribution_id] is not new.[distribution_id] or old.[url] is not new.[url] or old.[sha256] is not new.[sha256] or old.[status] is not new.[status] or old.[format] is not new.[format] or old.[media_type] is not new.[media_type] or old.[encoding] is not new.[encoding] or old.[encoding_confidence] is not new.[encoding_confidence] or old.[delimiter] is not new.[delimiter] or old.[header_row] is not new.[header_row] or old.[sheet] is not new.[sheet] or old.[row_count] is not new.[row_count] or old.[column_count] is not new.[column_count] or old.[columns] is not new.[columns] or old.[is_sample] is not new.[is_sample] or old.[defects] is not new.[defects] or old.[expectations_passed] is not new.[expectations_passed] or old.[expectations_total] is not new.[expectations_total] or old.[note] is not new.[note] or old.[report] is not new.[report] or old.[methodology_version] is not new.[methodology_version] or old.[rejudged_run] is not new.[rejudged_run] or old.[columns_before] is not new.[columns_before] or old.[profile] is not new.[profile] or old.[kind] is not new.[kind] begin insert into to_score (dataset_id) select dataset_id from (select dataset_id from distributions where id = new.distribution_id) where true on conflict do nothing; end;
CREATE TRIGGER datasets_ai after insert on datasets begin insert into datasets_fts (rowid, title, description, keywords, translations)
            values (new.rowid, new.title, new.description, new.keywords,
                    replace(replace(replace(replace(replace(replace(new.translations, '"title"', ' '), '"description"', ' '), '"keywords"', ' '), '\n', ' '), '\r', ' '), '\t', ' ')); end;
CREATE TRIGGER datasets_ad after delete on datasets begin insert into datasets_fts (datasets_fts, rowid, title, description, keywords, translations)
            values ('delete', old.rowid, old.title, old.description, old.keywords,
                    replace(replace(replace(replace(replace(replace(old.translations, '"title"', ' '), '"description"', ' '), '"keywords"', ' '), '\n', ' '), '\r', ' '), '\t', ' ')); end;
CREATE TRIGGER datasets_au after update of title, description, keywords, translations on datasets begin insert into datasets_fts (datasets_fts, rowid, title, description, keywords, translations)
            values ('delete', old.rowid, old.title, old.description, old.keywords,
                    replace(replace(replace(replace(replace(replace(old.translations, '"title"', ' '), '"description"', ' '), '"keywords"', ' '), '\n', ' '), '\r', ' '), '\t', ' ')); insert into datasets_fts (rowid, title, description, keywords, translations)
            values (new.rowid, new.title, new.description, new.keywords,
                    replace(replace(replace(replace(replace(replace(new.translations, '"title"', ' '), '"description"', ' '), '"keywords"', ' '), '\n', ' '), '\r', ' '), '\t', ' ')); end;
