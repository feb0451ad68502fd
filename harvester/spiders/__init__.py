"""One file a portal type. The file's name is the type's, with underscores for hyphens."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from harvester.spiders.base import PortalSpider
from specs.portals import PortalType

__all__ = ["portal_types", "spider_class"]


def portal_types() -> tuple[str, ...]:
    """All portal types that a portal file may name."""
    return get_args(PortalType)


def spider_class(portal_type: str) -> type[PortalSpider]:
    """The spider of a portal type."""
    found: type[PortalSpider] = import_module(f"harvester.spiders.{portal_type.replace('-', '_')}").Spider
    return found
