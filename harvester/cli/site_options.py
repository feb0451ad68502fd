"""The options of the public site: who runs it, from ``winnow.toml``, and where it stands, from the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from catalog.site.pages import SiteOptions

_Command = TypeVar("_Command", bound=Callable[..., Any])

__all__ = ["place_options", "site_options"]


def place_options(command: _Command) -> _Command:
    """Add the options ``--public-url`` and ``--base-url`` to a command, as its parameters ``public_url`` and
    ``base_url``."""
    url = click.option(
        "--public-url",
        help="Web address of the site, for citations, feeds and search engines; else site_url in winnow.toml.",
    )
    base = click.option(
        "--base-url", default="/", show_default=True, help="Path that all its addresses begin with, behind a proxy."
    )
    return url(base(command))


def site_options(data: Path, *, public_url: str | None, base_url: str, takes_reports: bool = False) -> SiteOptions:
    """Return the options of the site of the data folder ``data``.

    ``public_url``, ``base_url``: as the command line gives them; the site's address is else the one in ``winnow.toml``,
    which also names operator, imprint and contact. ``takes_reports``: whether visitors may send reports. Raise
    click.UsageError for an address that is none, and if reports are to be taken while it is not said who runs the site.
    """
    from catalog.site.pages import SiteOptions
    from harvester.cli.configuration import load

    configuration = load(data)
    public_url = public_url or configuration.site_url
    if public_url is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", public_url):
        raise click.UsageError("--public-url: give a web address such as https://data.example.org, without ? and #")
    if not re.fullmatch(r"/([\w.~-]+/)*", base_url):
        raise click.UsageError("--base-url: give a path that begins and ends with a slash, such as /data/")
    operator = configuration.operator
    if takes_reports and not (operator.name and operator.imprint):
        raise click.UsageError("--inbox: name operator.name and operator.imprint in winnow.toml first")
    public = public_url.rstrip("/") if public_url else None
    if public and base_url != "/":
        # The path is part of every address already.
        public = public.removesuffix(base_url.rstrip("/"))
    return SiteOptions(
        public_url=public,
        base_url=base_url,
        operator=operator.name,
        imprint=operator.imprint,
        contact=configuration.contact,
        hold_days=configuration.hold_days,
        exports=str((data / "exports").absolute()) if (data / "exports").is_dir() else None,
        exports_url=configuration.public_url,
        inbox=str(data.absolute()) if takes_reports else None,
    )
