"""Commands that serve the catalogue, and run the demo."""

from __future__ import annotations

from pathlib import Path

import click

from harvester.cli.logs import log_to
from harvester.cli.options import catalogue_of
from harvester.cli.site_options import place_options, site_options

__all__ = ["PORT_TAKEN", "add_to"]

PORT_TAKEN = 6


def add_to(group: click.Group) -> None:
    """Add the commands ``serve``, ``site`` and ``demo`` to the command line ``group``."""
    group.add_command(serve)
    group.add_command(site)
    group.add_command(demo)


@click.command()
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; the default is for this machine only."
)
@click.option(
    "--sql", "has_sql", is_flag=True, help="Let visitors run SQL of their own, within limits of time and memory."
)
@click.option("--inbox", "takes_reports", is_flag=True, help="Take reports of visitors, for winnow inbox.")
@place_options
@click.pass_obj
def serve(
    data: Path, port: int, host: str, has_sql: bool, takes_reports: bool, public_url: str | None, base_url: str
) -> None:
    """Serve the public site: its pages, and the tables behind them in Datasette."""
    import subprocess

    from catalog.site.serve import datasette_command

    _check_port(host, port)
    options = site_options(data, public_url=public_url, base_url=base_url, takes_reports=takes_reports)
    public = _published(data)
    click.echo(f"http://{host}:{port}{base_url}  (Ctrl-C to stop)", err=True)
    command = datasette_command(public, port=port, host=host, options=options, has_sql=has_sql)
    raise click.exceptions.Exit(subprocess.call(command))


def _published(data: Path) -> Path:
    """Return the public copy of the catalogue, up to date; say so if it is of an earlier night."""
    from catalog.site.serve import publish_what_is_done
    from harvester.cli.configuration import load

    public = data / "site" / "catalog.db"
    nights = load(data).feed_nights
    if run_id := publish_what_is_done(catalogue_of(data), public, data / "exports", nights=nights):
        click.echo(f"run {run_id} is not finished: the site shows what was published before it", err=True)
    return public


def _check_port(host: str, port: int) -> None:
    """Exit with PORT_TAKEN if another program already listens at the address."""
    import errno
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise click.UsageError(f"--host {host}: nothing can be served there: {error.strerror or error}") from error
        click.echo(f"port {port} is in use by another program; stop that one, or choose another with --port", err=True)
        raise click.exceptions.Exit(PORT_TAKEN) from error


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--languages", default="en", show_default=True, help="Languages of the pages: en,es,fr; or all.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64), help="Pages rendered at once.")
@place_options
@click.pass_obj
def site(data: Path, out: Path, languages: str, processes: int, public_url: str | None, base_url: str) -> None:
    """Write the site to the folder OUT, as files for any web server, with search.

    A page that has not changed keeps its bytes, and what was interrupted goes on. It has no forms.
    """
    from catalog.site.mirror import PAGES_LIMIT_BYTES, write_mirror
    from specs.languages import site_languages

    public = _published(data)
    tags = (
        list(site_languages()) if languages == "all" else [tag.strip() for tag in languages.split(",") if tag.strip()]
    )
    options = site_options(data, public_url=public_url, base_url=base_url)
    done = write_mirror(public, out, options, tags, processes=processes)
    size = f"{done.size / 1e6:,.1f} MB"
    click.echo(f"{out}: {done.written:,} files written, {done.kept:,} kept, {done.removed:,} removed; {size}")
    if done.size > PAGES_LIMIT_BYTES:
        click.echo(f"{out}: more than 1 GB, which GitHub Pages does not publish; choose fewer languages", err=True)


@click.command()
@click.option("--nights", default=6, show_default=True, type=click.IntRange(1, 6), help="How many; the last is today.")
@click.option("--serve", "stay", is_flag=True, help="Serve the catalogue with Datasette at the end.")
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535), help="Port for --serve.")
@click.pass_context
def demo(context: click.Context, nights: int, stay: bool, port: int) -> None:
    """Run six nights over the demo portals that come with the program, served on this machine.

    They follow at once, and are dated as nights of the last six days.
    """
    from harvester.demo.run import prepare, run_demo

    data: Path = context.obj
    if context.parent and context.parent.get_parameter_source("data") == click.core.ParameterSource.DEFAULT:
        data = Path("demo-data")
    if stay:
        # Said before the work, not after it.
        _check_port("127.0.0.1", port)
    prepare(data, nights)
    log_to(data)
    run_demo(data, nights)
    if stay:
        context.obj = data
        context.invoke(serve, port=port, host="127.0.0.1", base_url="/")
