"""One folder a portal type: its name is the type's, with underscores for hyphens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from harvester.spiders.base.portal_spider import PortalSpider

__all__ = ["portal_types", "spider_class"]


def portal_types() -> tuple[str, ...]:
    """All portal types that a portal file may name."""
    # Children that read hostile documents import modules of this package, and nothing that is heavy.
    from specs.portals import PortalType

    return get_args(PortalType)


def spider_class(portal_type: str) -> type[PortalSpider]:
    """The spider of a portal type."""
    found: type[PortalSpider] = import_module(f"harvester.spiders.{portal_type.replace('-', '_')}.spider").Spider
    return found
