"""What the fork server of programs has loaded beside modules: see :mod:`.warm`."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from inspect import signature

from scrapy.settings import default_settings

__all__ = ["constants", "parts_of_scrapy"]


def parts_of_scrapy() -> None:
    """Import the extensions and middlewares that Scrapy loads by name when a crawl begins."""
    for setting in ("EXTENSIONS_BASE", "DOWNLOADER_MIDDLEWARES_BASE", "SPIDER_MIDDLEWARES_BASE"):
        for name in getattr(default_settings, setting):
            import_module(name.rpartition(".")[0])


def constants() -> None:
    """Call each cached function without parameters of the loaded packages: what it reads, a file of the program, or
    makes, an empty catalogue, is the same in every process."""
    for name, module in list(sys.modules.items()):
        if not name.startswith(("specs.", "catalog.", "quality.", "harvester.")):
            continue
        for one in list(vars(module).values()):
            if isinstance(one, type(lru_cache(len))) and one.__module__ == name and not signature(one).parameters:
                # Some read what a library has that is not installed everywhere.
                with suppress(ImportError):
                    one()
