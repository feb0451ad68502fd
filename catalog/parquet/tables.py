"""The tables of the Parquet package, each as a query over the public file.

What is public is decided there (:mod:`catalog.db.schema.public`): a column that becomes public is in the package with
the next export, and one that is not public cannot be. The package spells out what the file packs: each file has its
last check beside it, each finding its texts, each score its names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from catalog.db.schema import TABLES
from catalog.db.schema.address import address
from catalog.db.schema.kinds import ColumnSpec, c
from catalog.db.schema.public import PUBLIC, is_public
from catalog.db.schema.views import VIEWS, view_columns
from catalog.parquet.columns import PackageColumn, column_type
from catalog.repositories.measured_datasets import REASONS_OF_DATASET, REASONS_OF_FILE

__all__ = ["PackageTable", "package_tables"]


@dataclass(frozen=True, slots=True)
class PackageTable:
    """A table of the package: its name, what one row of it is, its columns, and how it is read."""

    name: str
    description: str
    columns: tuple[PackageColumn, ...]
    key: tuple[str, ...]
    """Columns by which the rows differ, and by which they are sorted."""
    portal: str | None
    """SQL expression for the portal of a row, whose partition it is in; None for a table that is not partitioned."""
    source: str
    """What the rows are read from: the SQL behind "from"; "" where they are not in the public file."""
    rows: Callable[[], Iterable[tuple[Any, ...]]] | None = None
    """Function that returns the rows of a table that is not read from the public file, each with its portal first."""

    @property
    def sql(self) -> str:
        """Return the query for all rows: the portal first, then the columns, sorted by portal and key."""
        listed = ", ".join(
            [f"{self.portal or 'null'} as _portal", *(f"{one.sql} as [{one.name}]" for one in self.columns)]
        )
        by = ", ".join(f"[{name}]" for name in ("_portal", *self.key))
        return f"select {listed} from {self.source} order by {by}"


_NAMES = {"distributions": "files", "data_services": "services"}
"""What a table of the catalogue is called in the package, where that is another name."""
_DAY = "????-??-??"


def _public(source: str) -> dict[str, ColumnSpec]:
    """Return the columns that a table or view has in the public file."""
    if source in PUBLIC:
        return PUBLIC[source]
    return {name: spec for name, spec in view_columns(source).items() if is_public(source, name)}


def _columns(
    specs: Mapping[str, ColumnSpec],
    alias: str,
    *,
    without: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
) -> list[PackageColumn]:
    found = []
    for column, spec in specs.items():
        if column not in {*without}:
            name = (names or {}).get(column, column)
            refers = _NAMES.get(spec.references or "", spec.references)
            said = _OF_PACKAGE.get(column, spec.description)
            made = PackageColumn(name, column_type(column, spec), said, f"{alias}.[{column}]", refers)
            found.append(made)
    return found


def _more(name: str, spec: ColumnSpec, sql: str) -> PackageColumn:
    return PackageColumn(name, column_type(name, spec), spec.description, sql, spec.references)


def _day_of(column: str, what: str) -> PackageColumn:
    """Return a column with the day in a declared date, where that is an ISO 8601 date."""
    cut = f"substr(t.[{column}], 1, 10)"
    sql = f"iif(t.[{column}] glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' and date({cut}) = {cut}, {cut}, null)"
    return PackageColumn(f"{column}_on", "day", f"{what}, where what is declared begins with an ISO 8601 date.", sql)


def _described(source: str) -> str:
    return TABLES[source].description if source in TABLES else VIEWS[source].description


def _plain(
    name: str,
    source: str | None = None,
    *,
    key: str = "id",
    portal: str | None = "t.portal_id",
    without: Iterable[str] = (),
    more: Iterable[PackageColumn] = (),
    join: str = "",
    description: str = "",
) -> PackageTable:
    """Return a table with the columns of one table or view of the public file, and ``more``."""
    read = source or name
    columns = [*_columns(_public(read), "t", without=without), *more]
    said = description or _described(read)
    return PackageTable(name, said, tuple(columns), tuple(key.split()), portal, f"[{read}] t {join}".rstrip())


_COMPLETE = """left join (select portal_id, max(run_id) as run_id from harvests where verdict = 'complete'
    group by portal_id) last on last.portal_id = t.id
    left join harvests complete on complete.portal_id = t.id and complete.run_id = last.run_id"""
_CHECKED = {"checked_at", "next_check_at", "stable_checks", "uptime", "uptime_checks", "failed_checks"}
"""Columns of a check whose name says that they are of one."""


def _files() -> PackageTable:
    checks = _public("resource_checks")
    named = {name: name if name in _CHECKED else f"check_{name}" for name in checks}
    bytes_ = "t.byte_size"
    is_whole = f"length({bytes_}) between 1 and 18 and {bytes_} not glob '*[^0-9]*'"
    more = [
        _more("url", c(str, "The address that speaks: the download URL, or else the access URL."), address("t")),
        PackageColumn(
            "declared_bytes",
            "integer",
            "Size in bytes, where what is declared is a whole number.",
            f"iif({is_whole}, cast({bytes_} as integer), null)",
        ),
        _day_of("issued", "Day of publication"),
        _day_of("modified", "Day of the last change"),
    ]
    return _plain(
        "files",
        "distributions",
        more=[*more, *_columns(checks, "k", without=["url"], names=named)],
        join=f"left join resource_checks k on k.url = {address('t')}",
        description="One way to get at a dataset (dcat:Distribution), as declared, and what its address answered when "
        "it was last asked: the columns that begin with check_. Empty there: it was never asked.",
    )


_OF_PACKAGE = {
    "unknown": "Metrics that could not be observed: their ids, separated by commas.",
    "results": "20 of a kind at most: path, component, severity, count; of requirements node and message.",
    "profile": "Rows, and of each column: kind, filled, distinct, rough extremes.",
    "outcome": "ok, failing, broken, invalid or unknown, as check_outcome in files.",
    "uptime": "Share of the checks in the table checks that were answered, 0 to 1; unknown ones left out.",
}
"""Descriptions of columns that are another thing in the package than in the catalogue, or name a table of it."""


def _measured(name: str, source: str, key: str, reasons: str) -> PackageTable:
    join = "left join dataset_quality own on own.dataset_id = t.dataset_id" if name == "file_metrics" else ""
    version = _more(
        "methodology_version", c(str, "Version of the Winnow score it was scored by."), "own.methodology_version"
    )
    why = PackageColumn(
        "unknown_reasons", "json", "Why: an object with a reason for each of them; see the table reasons.", reasons
    )
    return _plain(name, source, key=key, more=[*([version] if join else ()), why], join=join)


@cache
def package_tables() -> dict[str, PackageTable]:
    """Return all tables of the package by name, in the order in which the documentation lists them."""
    own_portal = """case t.entity_level when 'portal' then t.entity_id when 'publisher' then b.portal_id end"""
    cause = c(str, "Cause that it has in common with others; empty where it stands alone.", "causes")
    last = [
        _more("last_complete_run", c(str, "Run of the last complete harvest.", "runs"), "complete.run_id"),
        _more("last_complete_at", c(str, "End of the last complete harvest."), "complete.finished_at"),
    ]
    dated = [_day_of("issued", "Day of first publication"), _day_of("modified", "Day of the last change of the data")]
    tables = [
        _plain("runs", portal=None),
        _plain("portals", portal=None, more=last, join=_COMPLETE),
        _plain("harvests"),
        _plain("publishers"),
        _plain("datasets", more=dated),
        _plain("dataset_aliases"),
        _files(),
        _plain("services", "data_services"),
        _plain(
            "checks",
            "resource_history",
            key="url run_id",
            portal="p.portal_id",
            without=["id"],
            join=f"""join (select distinct portal_id, {address("")} as url from distributions) p on p.url = t.url""",
            description="A check of an address in one run. An address that several portals list is with each of them.",
        ),
        _plain(
            "table_reports",
            key="distribution_id",
            portal="d.portal_id",
            join="join distributions d on d.id = t.distribution_id",
        ),
        _plain(
            "findings",
            without=["key"],
            more=[
                _more(
                    "cause_id",
                    cause,
                    "(select u.id from cause_members m join causes u on u.number = m.cause where m.finding = t.key)",
                )
            ],
        ),
        _plain("causes", without=["number"]),
        _plain(
            "scores",
            "score_history",
            portal=own_portal,
            join="left join publishers b on t.entity_level = 'publisher' and b.id = t.entity_id",
        ),
        _measured("dataset_metrics", "dataset_quality", "dataset_id", REASONS_OF_DATASET),
        _measured("file_metrics", "distribution_quality", "distribution_id", REASONS_OF_FILE),
        _plain("conformance"),
        _plain("top_fixes"),
        _plain("changes"),
        _plain("commitments", portal=None),
        _plain("commitment_readings", portal=None),
        _plain("commitment_members", portal=None),
        _plain("census"),
        _plain("census_claims"),
        _plain("census_changes"),
        _plain("replies", portal=None),
        _plain("reports"),
        _plain("corrections"),
    ]
    return {table.name: table for table in tables}
