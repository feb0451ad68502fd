"""The output options of a run, from the command line and the configuration."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExportOptions"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The output options of a run."""

    language: str | None = None
    """Language of pages and translated files, overriding the portals'; code of a file in ``specs/languages``."""
    contact: str | None = None
    """Where replies go: an e-mail address or a page."""
    is_printed: bool = False
    """Whether every page is also printed as PDF, if Chromium is installed."""
    print_seconds: float = 300
    """Seconds for printing all pages; the rest is not printed."""
