"""What every HTML page of ours is made with: templates that escape each text, and links that lead to the web alone."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

__all__ = ["html_environment", "link_elsewhere"]


def html_environment(templates: Path) -> Environment:
    """Return a Jinja environment for the templates in a folder: every text is escaped, and a name that is not given is
    an error."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def link_elsewhere(url: str | None, text: str | None = None, *, shown: int = 300) -> Markup:
    """Return a link with ``text``, or else the address, if ``url`` is an address of the web; otherwise only the text.

    ``shown``: characters of the text that are shown. None for both gives a dash.
    """
    told = (text or url or "–")[:shown]
    # A backslash is a slash to browsers: "http:\\elsewhere".
    if url and url.lower().startswith(("http://", "https://")) and "\\" not in url:
        return Markup(f'<a href="{escape(url)}" rel="nofollow noopener">{escape(told)}</a>')  # escaped just now
    return escape(told)
