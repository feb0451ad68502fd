"""How a run is to be put out: what the command line and the configuration say of it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExportOptions"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How a run is to be put out."""

    language: str | None = None
    """Language of pages and twins, whatever the portals say; code of a file in ``specs/languages``."""
    contact: str | None = None
    """Where replies go: an e-mail address or a page."""
    is_printed: bool = False
    """Whether every page is printed as PDF too, where Chromium is present."""
    print_seconds: float = 300
    """For all of them; the pages beyond are not printed."""
