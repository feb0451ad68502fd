"""Describe a portal type in words, for the documentation, for ``winnow detect``, and for choosing among several
types.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PortalTypeInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalTypeInfo:
    """Description of a portal type for users, shown in the documentation and used to choose among several types."""

    software: str
    """Name of the software with its versions, or name of the standard."""
    paging: str
    """How the portal pages its listing."""
    incremental: str
    """How only the changes are requested; skipping unchanged pages works for every type."""
    deletion: str
    """How a deleted record is noticed."""
    limits: str
    """What the interface does not provide."""
    loses: str
    """Which data the portal has and this interface does not return."""
    rank: int
    """Preference from 0 to 100; if a portal offers several interfaces, the highest rank is recommended."""
