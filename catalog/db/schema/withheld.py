"""The table of datasets whose content the operator has withheld, and the views that follow from it."""

from __future__ import annotations

from catalog.db.schema.kinds import TableSpec, c

__all__ = ["SHOWN_SQL", "TABLES", "WITHHELD_COLUMNS", "WITHHELD_SQL"]

TABLES: dict[str, TableSpec] = {
    "withholdings": TableSpec(
        "An order of the operator that the content of a dataset must not be published; a row stays when it is lifted.",
        {
            "id": c(str, "Dataset and instant."),
            "dataset_id": c(str, "Dataset, by the id that it had then; it need not be in the catalogue any more."),
            "portal_id": c(str, "Portal.", "portals"),
            "run_id": c(str, "Last run when it was withheld.", "runs"),
            "reason": c(str, "Why, in the operator's words; public."),
            "withheld_at": c(str, "Since when."),
            "withheld_by": c(str, "Who decided, as given to the command; not public."),
            "lifted_at": c(str, "When it was lifted; empty while it stands."),
            "lifted_by": c(str, "Who lifted it, as given to the command; not public."),
        },
        indexes=(("dataset_id",), ("portal_id",), ("run_id",)),
    ),
}

WITHHELD_COLUMNS = {
    "dataset_id": c(str, "Dataset, by its present id.", "datasets"),
    "portal_id": TABLES["withholdings"].columns["portal_id"],
    "reason": TABLES["withholdings"].columns["reason"],
    "withheld_at": TABLES["withholdings"].columns["withheld_at"],
}
# Where the portal lists the dataset under another identifier by now, its id may have become an alias.
WITHHELD_SQL = """select coalesce(a.dataset_id, w.dataset_id) as dataset_id, w.portal_id, w.reason, w.withheld_at
    from withholdings w left join dataset_aliases a on a.id = w.dataset_id where w.lifted_at is null"""
SHOWN_SQL = "select * from present_datasets where id not in (select dataset_id from withheld_datasets)"
