"""Commands that split the check of a run over many machines, and merge what they found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from harvester.cli.options import budget_options, contact_option, portal_options

__all__ = ["add_to", "shard_options", "work_on_shard"]


def add_to(group: click.Group) -> None:
    """Add the commands ``shards`` and ``merge`` to the command line ``group``."""
    group.add_command(shards)
    group.add_command(merge)


def shard_options(command: Any) -> Any:
    """Decorate the command ``check`` with the options --shard and --out."""
    options = [
        click.option(
            "--shard",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder of a task of winnow shards to work on; no catalogue is needed.",
        ),
        click.option(
            "--out", type=click.Path(path_type=Path, file_okay=False), help="With --shard: new folder for the results."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("shards", type=click.IntRange(1, 10_000), metavar="NUMBER")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder for the tasks."
)
@click.option("--full", is_flag=True, help="Request everything again, even what is cached.")
@contact_option
@budget_options
@portal_options
@click.pass_obj
def shards(
    data: Path, /, shards: int, out: Path, portals: tuple[str, ...], registry: Path | None, portal_type: str | None,
    allow_local: bool, **options: Any,
) -> None:  # fmt: skip
    """Split the addresses that are due for a check into NUMBER tasks, one for each machine.

    Each machine works on one task with "winnow check --shard OUT/3 --out PART"; "winnow merge PART..." stores what the
    machines found.
    """
    from harvester.cli.registry import resolve
    from harvester.shards.run import begin

    if not (data / "catalog.db").is_file():
        raise click.UsageError(f"{data} holds no catalogue yet; run winnow harvest first")
    about = {"portal_type": portal_type, "allow_local": allow_local, "contact": options["contact"]}
    chosen = resolve(data, portals, registry=registry, **about)
    run_id, planned = begin(data, chosen, shards, out, options)
    for one in planned:
        click.echo(f"{out / str(one.number)}: {one.addresses:,} addresses")
    if private := [portal.id for portal in chosen if portal.local]:
        click.echo(
            f"declared local: {', '.join(private)}; check the tasks in this network alone, because elsewhere these "
            "addresses are of other servers",
            err=True,
        )
    click.echo(f"run {run_id}: winnow check --shard {out}/0 --out part-0, and so on; then winnow merge part-*")


def work_on_shard(data: Path, options: dict[str, Any]) -> None:
    """Check the addresses of one task of ``winnow shards``, write what was found into a new folder, and print the
    counts.

    ``data``: the data folder, whose ``winnow.toml`` applies. ``options``: the options of the command ``check`` by name,
    among them "shard" (folder of the task) and "out" (the new folder). Raise click.UsageError if "out" is None, and
    ShardError if the task cannot be used.
    """
    from harvester.cli.configuration import load
    from harvester.shards.work import work
    from harvester.terminal.night import progress
    from quality.tables.limits import TableBounds

    if options["out"] is None:
        raise click.UsageError("--shard needs --out: a new folder for the part")
    bounds = TableBounds(
        workers=options["workers"],
        seconds=options["table_seconds"],
        memory_bytes=options["table_memory_mb"] * 1024**2,
        unpacked_bytes=options["table_disk_mb"] * 1024**2,
    )
    with progress(is_quiet=options["as_json"]) as on_progress:
        found = work(options["shard"], options["out"], bounds=bounds, on_progress=on_progress, proxy=load(data).proxy)
    click.echo(
        f"{options['out']}: {found['checks']:,} addresses checked, {found['reports']:,} files looked into, "
        f"{found['not_asked']:,} addresses left for the next run"
    )


@click.command()
@click.argument("parts", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.pass_obj
def merge(data: Path, parts: tuple[Path, ...]) -> None:
    """Store what machines found for the tasks of winnow shards (folders PARTS). Storing one twice changes nothing."""
    from harvester.shards.run import finish

    if not (data / "catalog.db").is_file():
        raise click.UsageError(f"{data} holds no catalogue; give --data of the one that was split")
    run_id, done, missing = finish(data, parts)
    click.echo(f"run {run_id}: {len(done)} parts merged now, {len(missing)} missing")
    if missing:
        click.echo(f"missing: {', '.join(map(str, missing[:50]))}; work on them again and merge them, in any order")
    else:
        click.echo("the run is complete; winnow score, winnow track and winnow export use it")
