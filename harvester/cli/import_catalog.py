"""The command that takes in what another Winnow measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harvester.cli.options import catalogue_of

if TYPE_CHECKING:
    from catalog.db.store import Catalog

__all__ = ["add_to"]


def add_to(group: click.Group) -> None:
    """Add the command ``import-catalog`` to the command line ``group``."""
    group.add_command(import_catalog)


@click.command("import-catalog")
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--list", "is_list", is_flag=True, help="List all portals that are known, ours and imported ones.")
@click.option("--forget", metavar="ID", help="Delete all that came from the catalogue ID (urn:uuid:...).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def import_catalog(data: Path, folder: Path | None, is_list: bool, forget: str | None, as_json: bool) -> None:
    """Take in the Parquet package of another Winnow: FOLDER with its datapackage.json.

    Its portals stay those of who measured them, beside our own. Of a portal that several know, the newest complete
    harvest counts. Scores by other versions of the method are kept, and not compared. Publish with
    winnow export afterwards.
    """
    if sum((folder is not None, is_list, forget is not None)) != 1:
        raise click.UsageError("give the folder of a package, or --list, or --forget ID")
    from catalog.db.store import open_catalog
    from harvester.night.stages import writing

    # An import is one long transaction: a night that wrote at the same time would fail.
    with open_catalog(catalogue_of(data)) if is_list else writing(data) as catalog:
        if is_list:
            _list(catalog, as_json)
        elif forget is not None:
            _forget(catalog, forget)
        elif folder is not None:
            _take(catalog, data, folder, as_json)


def _take(catalog: Catalog, data: Path, folder: Path, as_json: bool) -> None:
    from dataclasses import asdict

    from catalog.parquet.package import catalogue_id
    from catalog.repositories.imported import known_portals
    from harvester.errors import PackageError
    from harvester.imported.take import take_in
    from harvester.terminal.scores import printable

    try:
        found = take_in(catalog, catalogue_id(data), folder, data)
    except PackageError as error:
        # Libraries quote what a file says.
        raise PackageError(printable(str(error))) from None
    known = {row["imported_portal"]: row for row in known_portals(catalog)}
    if as_json:
        counts = [asdict(one) | {"counts": bool((known.get(one.key) or {}).get("counts"))} for one in found]
        click.echo(json.dumps(counts, ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo(printable(_said(one, known.get(one.key))))


def _said(one: Any, row: dict[str, Any] | None) -> str:
    """Return in one line what became of a portal, and whether its copy counts."""
    if one.state == "ours":
        return f"{one.portal_id}: this catalogue measured it; left out"
    if one.state == "left":
        return f"{one.portal_id}: no longer in the package; what was taken in before stays"
    day = (one.last_complete_at or "")[:10]
    when = f"complete on {day}" if day else "never complete"
    line = f"{one.portal_id}: measured by {one.measured_by}, {when}"
    line += f": {one.datasets:,} datasets taken in" if one.state == "taken" else ": known already; nothing changes"
    if row is not None and not row["counts"]:
        line += "; a newer complete harvest of the same portal counts"
    elif row is not None and row["copies"] > 1:
        line += f"; of {row['copies']} copies this one counts"
    version = row["methodology_version"] if row else None
    if one.state == "taken" and row and not _is_comparable(version):
        line += f"; its scores are by {_method(version)}: kept, not compared"
    return line


def _method(version: str | None) -> str:
    return f"method {version}" if version else "several versions of the method, or an unknown one"


def _is_comparable(version: str | None) -> bool:
    from specs.methodology import is_comparable
    from specs.metrics import methodology_version

    ours = methodology_version()
    return version is not None and is_comparable(version, ours)


def _list(catalog: Catalog, as_json: bool) -> None:
    from catalog.repositories.imported import imported_catalogues, known_portals
    from harvester.terminal.scores import printable

    rows = [row | {"counts": bool(row["counts"])} for row in known_portals(catalog)]
    if as_json:
        found = {"catalogues": imported_catalogues(catalog), "portals": rows}
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for row in rows:
        day = (row["last_complete_at"] or "never complete")[:10] if row["last_complete_at"] else "never complete"
        mark = "" if row["counts"] else "  (a newer copy counts)"
        score = ""
        if row["score"] is not None:
            score = f"  {row['score']:.1f} by {_method(row['methodology_version'])}"
            score += "" if _is_comparable(row["methodology_version"]) else ", not comparable"
        by = row["measured_by"] or "this catalogue"
        click.echo(printable(f"{row['id']}  {row['datasets'] or 0:,} datasets  {by}  {day}{score}{mark}"))
    counted = sum(row["datasets"] or 0 for row in rows if row["counts"])
    click.echo(f"{sum(row['counts'] for row in rows)} portals, {counted:,} datasets, each portal counted once")


def _forget(catalog: Catalog, catalogue_id: str) -> None:
    from catalog.repositories.imported import forget_catalogue

    with catalog.writing():
        portals = forget_catalogue(catalog, catalogue_id)
    if not portals:
        raise click.ClickException(
            f"{catalogue_id}: nothing came from it; winnow import-catalog --list --json has the ids"
        )
    click.echo(f"{portals} portals deleted")
