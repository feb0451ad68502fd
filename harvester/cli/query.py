"""The command that runs SQL over the published tables."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import click

__all__ = ["add_to"]

_OVERHEAD_MB = 2_048
"""Address space that the libraries map beside the memory of the query: most of it is never used."""
_RESULT_MB = 1_024


def add_to(group: click.Group) -> None:
    """Add the command ``query`` to the command line ``group``."""
    group.add_command(query)


@click.command()
@click.argument("sql")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--json", "form", flag_value="json", help="Print a JSON list with an object for each row.")
@click.option(
    "--package",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of another Parquet package, such as that of a release.",
)
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1), help="Time for the query.")
@click.option(
    "--memory-mb", default=1024, show_default=True, type=click.IntRange(64, 1 << 20), help="Memory for the query."
)
@click.pass_obj
def query(data: Path, sql: str, form: str | None, package: Path | None, seconds: float, memory_mb: int) -> None:
    """Run SQL, one select statement of DuckDB, over the tables of the Parquet package.

    They are those of exports/parquet, or else of the public file. show tables lists them, describe NAME the columns of
    one. The query can read nothing else and change nothing.
    """
    from harvester.bounded import BoundedChild, TooMuchError

    if find_spec("duckdb") is None or find_spec("pyarrow") is None:
        raise click.ClickException('queries need DuckDB: pip install "winnow-opendata[parquet]"')
    own, public = data / "exports" / "parquet", data / "site" / "catalog.db"
    package = package or (own if (own / "datapackage.json").is_file() else None)
    if package is None and not public.is_file():
        raise click.ClickException(f"{data}: nothing is published there; winnow export does")
    with BoundedChild(
        "catalog.parquet.query:answer",
        memory_bytes=(memory_mb + _OVERHEAD_MB) << 20,
        seconds=seconds,
        result_bytes=_RESULT_MB << 20,
    ) as child:
        try:
            found = child.call(
                sql.encode("utf-8", "replace"),
                package=str(package.absolute()) if package else None,
                public=str(public.absolute()),
                memory_mb=memory_mb,
                form=form or "table",
            )
        except TooMuchError as error:
            raise click.ClickException(f"{error}; ask for less, or raise --seconds or --memory-mb") from error
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    text = found.decode("utf-8")
    if form:
        click.echo(text, nl=False)
    else:
        _show(json.loads(text))


def _show(answer: dict[str, list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Without markup and control characters: what a portal wrote is shown and not carried out.
    def plain(value: str) -> Text:
        return Text("".join(c if c.isprintable() else " " for c in value))

    table = Table()
    for name in answer["columns"]:
        table.add_column(plain(name))
    for row in answer["rows"]:
        table.add_row(*map(plain, row))
    Console().print(table)
    if answer["has_more"]:
        click.echo(f"the first {len(answer['rows']):,} rows; --csv and --json print all", err=True)
