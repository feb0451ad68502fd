"""The pages of the site: each module here declares one or more with ``PAGES``. Adding a page adds one module.

:mod:`catalog.site.render` renders them, the Datasette plugin serves them live, and :mod:`catalog.site.mirror` writes
them to a folder.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from catalog.site.pages.page import Content, Moved, Page, SiteOptions, Visit

__all__ = ["Content", "Moved", "Page", "SiteOptions", "Visit", "pages"]


@cache
def pages() -> tuple[Page, ...]:
    """Return all pages, those without a name in their address first."""
    found: list[Page] = []
    for module in iter_modules(__path__):
        found += getattr(import_module(f"{__name__}.{module.name}"), "PAGES", ())
    return tuple(sorted(found, key=lambda page: ("<" in page.address, page.address)))
