"""Tables of what other Winnows measured and was taken in: their portals, datasets, files, measurements and scores.

They stand beside our own, never among them: nothing that scores, ranks, exports or sends reads them. The view
``known_portals`` says which copy of a portal counts where several know it.
"""

from __future__ import annotations

from catalog.db.schema.dcat import TABLES as DCAT
from catalog.db.schema.kinds import ColumnSpec, TableSpec, c

__all__ = ["KNOWN", "KNOWN_SQL", "SHOWN", "TABLES", "same_portal"]

_PORTAL = {
    "id": c(str, "Imported portal, a slash, and the id in the catalogue that measured it."),
    "imported_portal": c(str, "Portal.", "imported_portals"),
}
_METHOD = {
    "run_id": c(str, "Run of the catalogue that measured it."),
    "methodology_version": c(str, "Version of the method: figures of different versions are not compared."),
}
_SCORE = {
    "score": c(float, "Score as measured there: for winnow 0 to 100."),
    "score_low": c(float, "If everything unknown had failed."),
    "score_high": c(float, "If everything unknown had passed."),
    "grade": c(str, "Grade as given there."),
}
_MEASURED = {
    "measurements": c(dict, "By metric its value, 0 to 1, and by scoring system its total; what is null is not there."),
    "unknown": c(str, "Metrics that could not be observed, by id."),
}
_PUBLISHER = "identifier name parent ancestors url datasets score score_low score_high grade"
_DATASET = """identifier title description publisher_id keywords themes licence licence_title access_rights rights
    issued modified frequency spatial temporal_start temporal_end language landing_page contact_url conforms_to
    is_series translations source_url raw_hash status first_seen_run last_seen_run changed_run"""
_FILE = """dataset_id position identifier title description access_url download_url format media_type byte_size
    checksum checksum_algorithm licence licence_title rights issued modified language status is_retired"""


def _like(table: str, names: str) -> dict[str, ColumnSpec]:
    """Return columns of a table of ours without their references: the ids are those of another catalogue."""
    columns = DCAT[table].columns
    return {name: c(columns[name].type, columns[name].description) for name in names.split()}


TABLES: dict[str, TableSpec] = {
    "imported_catalogues": TableSpec(
        "Another Winnow whose Parquet package was taken in.",
        {
            "id": c(str, "Id that the catalogue gave itself: urn:uuid:..."),
            "site_url": c(str, "Address of its site, as it says."),
            "published_by": c(str, "Who publishes it, as it says."),
            "run_id": c(str, "Last run in the package."),
            "winnow_version": c(str, "Version of its program."),
            "package_sha256": c(str, "SHA-256 of the datapackage.json that was taken in last."),
            "imported_at": c(str, "When something of it was taken in last."),
        },
    ),
    "imported_portals": TableSpec(
        "A portal as another Winnow measured it.",
        {
            "id": c(str, "Id of the catalogue that measured it, a slash, and the portal's id there."),
            "catalogue_id": c(str, "Catalogue whose package brought it.", "imported_catalogues"),
            "origin_id": c(str, "Id of the catalogue that measured it."),
            "measured_by": c(
                str, "Who publishes that catalogue, or else its site or id; of what others hand on, as told by whom."
            ),
            "origin": c(list, "Everybody through whom it came, who measured it first: id, site_url, published_by."),
            "portal_id": c(str, "Its id there."),
            "type": c(str, "Software or interface: ckan, dcat-us."),
            "title": c(str, "Name of the portal."),
            "url": c(str, "Base address, by which the same portal is recognised."),
            "government": c(str, "Government answerable for the portal."),
            "country": c(str, "ISO 3166-1 alpha-3 code."),
            "language": c(str, "Language in which its files are sent."),
            "datasets": c(int, "Datasets present after its last harvest."),
            **_SCORE,
            "methodology_version": c(str, "Version of the method of that score; empty where its rows name several."),
            "last_complete_run": c(str, "Run of its last complete harvest there."),
            "last_complete_at": c(str, "End of that harvest."),
        },
        indexes=(("catalogue_id",),),
        label="title",
    ),
    "imported_publishers": TableSpec(
        "A publisher of an imported portal, without addresses of persons.",
        {**_PORTAL, "publisher_id": c(str, "Its id there."), **_like("publishers", _PUBLISHER)},
        indexes=(("imported_portal",),),
    ),
    "imported_datasets": TableSpec(
        "A dataset of an imported portal as its publisher describes it, without contact persons.",
        {**_PORTAL, "dataset_id": c(str, "Its id there."), **_like("datasets", _DATASET)},
        indexes=(("imported_portal",),),
        label="title",
    ),
    "imported_files": TableSpec(
        "A file of an imported dataset as declared.",
        {**_PORTAL, "distribution_id": c(str, "Its id there."), **_like("distributions", _FILE)},
        indexes=(("imported_portal", "dataset_id"),),
    ),
    "imported_dataset_metrics": TableSpec(
        "What was measured of an imported dataset.",
        {**_PORTAL, "dataset_id": c(str, "Dataset there."), **_METHOD, **_SCORE, **_MEASURED},
        indexes=(("imported_portal",),),
    ),
    "imported_file_metrics": TableSpec(
        "What was measured of an imported file.",
        {
            **_PORTAL,
            "distribution_id": c(str, "File there."),
            "dataset_id": c(str, "Dataset there."),
            **_METHOD,
            **_MEASURED,
        },
        indexes=(("imported_portal",),),
    ),
    "imported_scores": TableSpec(
        "A score of an imported portal or publisher in one of its runs.",
        {
            **_PORTAL,
            **_METHOD,
            "system": c(str, "winnow, or the id of another scoring system."),
            "entity_level": c(str, "portal or publisher."),
            "entity_id": c(str, "Its id there."),
            **_SCORE,
            "datasets": c(int, "Datasets behind it."),
            "coverage_pct": c(float, "Measurements made of those that apply, 0 to 100."),
            "withheld": c(str, "Why no score is shown."),
        },
        indexes=(("imported_portal",),),
    ),
}


def same_portal(url: str) -> str:
    """Return an SQL expression for what the addresses of the same portal have in common. ``url``: SQL of an address."""
    return f"lower(rtrim(replace(replace(trim({url}), 'https://', ''), 'http://', ''), '/'))"


_WITHHELD = f"""select i.id from source.withheld_datasets w join source.datasets d on d.id = w.dataset_id
    join source.portals p on p.id = d.portal_id
    join source.imported_portals m on {same_portal("m.url")} = {same_portal("p.url")}
    join source.imported_datasets i on i.imported_portal = m.id and i.identifier = d.identifier
    union select i.id from source.withheld_datasets w join source.imported_datasets i
      on i.dataset_id = w.dataset_id"""  # noqa: S608  # see above
SHOWN = {
    name: f"imported_portal || '/' || dataset_id not in ({_WITHHELD})"
    for name, table in TABLES.items()
    if {"imported_portal", "dataset_id"} <= table.columns.keys()
}
"""By table the SQL condition on the rows that are public: what we withhold of a portal is not shown as others have it
either. A dataset is the same if portal and identifier are, or its id. The catalogue is ``source``."""
KNOWN: dict[str, ColumnSpec] = {
    "id": c(str, "Id of the portal; of an imported one with the id of the catalogue that measured it."),
    "imported_portal": c(str, "The same for an imported portal; empty for ours.", "imported_portals"),
    "title": c(str, "Name of the portal."),
    "url": c(str, "Base address."),
    "government": c(str, "Government answerable for the portal."),
    "country": c(str, "ISO 3166-1 alpha-3 code."),
    "datasets": c(int, "Datasets present after the last harvest."),
    "measured_by": c(str, "Who measured it; empty for ourselves."),
    "last_complete_at": c(str, "End of the last complete harvest."),
    "counts": c(bool, "1 for the copy that counts: of those with one address the newest complete harvest."),
    "copies": c(int, "How many copies of the portal are known, this one among them."),
}
KNOWN_SQL = f"""
    select id, imported_portal, title, url, government, country, datasets, measured_by, last_complete_at,
           row_number() over newest = 1 as counts, count(*) over (partition by same) as copies
    from (select p.id, null as imported_portal, p.title, p.url, p.government, p.country, p.datasets,
                 null as measured_by, h.finished_at as last_complete_at,
                 coalesce(nullif({same_portal("p.url")}, ''), p.id) as same
          from portals p left join harvests h on h.portal_id = p.id and h.run_id =
            (select max(run_id) from harvests own where own.portal_id = p.id and own.verdict = 'complete')
          union all
          select i.id, i.id, i.title, i.url, i.government, i.country, i.datasets, i.measured_by, i.last_complete_at,
                 coalesce(nullif({same_portal("i.url")}, ''), i.id) as same
          from imported_portals i)
    window newest as (partition by same order by last_complete_at is null, last_complete_at desc,
                      imported_portal is not null, id)"""  # noqa: S608  # names of the schema
"""Query of the view ``known_portals``. Of copies of the same moment our own counts."""
