"""The catalogue's classes: frozen dataclasses, in one module for each source of their contents.

:mod:`~catalog.model.dcat` holds what publishers declare, :mod:`~catalog.model.harvest` what a harvest brings,
:mod:`~catalog.model.observed` what we saw at an address, and :mod:`~catalog.model.judged` what we found in a file.
Nothing here looks a value up in a vocabulary, judges it, or uses the database. All names can be imported from this
package.
"""

from __future__ import annotations

from catalog.model.dcat import Contact, DataService, Dataset, Distribution, Portal, Publisher, stable_id
from catalog.model.harvest import CachedResponse, HarvestError, HarvestPage, Record
from catalog.model.judged import TableContext, TableDefect, TableReport
from catalog.model.observed import ChangeSign, Outcome, ResourceCheck

__all__ = [
    "CachedResponse",
    "ChangeSign",
    "Contact",
    "DataService",
    "Dataset",
    "Distribution",
    "HarvestError",
    "Outcome",
    "HarvestPage",
    "Portal",
    "Publisher",
    "Record",
    "ResourceCheck",
    "TableContext",
    "TableDefect",
    "TableReport",
    "stable_id",
]
