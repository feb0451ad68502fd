"""Hold one folder per portal type; the folder's name is the type's, with underscores instead of hyphens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harvester.spiders.base.portal_spider import PortalSpider

__all__ = ["portal_types", "spider_class"]


def portal_types() -> tuple[str, ...]:
    """Return the names of all portal types that a portal file may state, such as "ckan" and "dcat-rdf"."""
    # Child processes that read hostile documents import modules of this package, so heavy imports stay out of it.
    from specs.portals import types

    return types.portal_types()


def spider_class(portal_type: str) -> type[PortalSpider]:
    """Import and return the spider class of ``portal_type``, such as "ckan".

    Raise ImportError if there is no such type.
    """
    found: type[PortalSpider] = import_module(f"harvester.spiders.{portal_type.replace('-', '_')}.spider").Spider
    return found
