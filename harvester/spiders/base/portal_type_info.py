"""What a portal type is, in words: for the README, for ``winnow detect``, and for choosing among several."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PortalTypeInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalTypeInfo:
    """One portal type as its users should know it."""

    software: str
    """Software and versions, or standard."""
    paging: str
    """How all records are come by."""
    incremental: str
    """How changes alone are asked for; that pages which did not change are not sent again holds for all."""
    deletion: str
    """How a record that was taken away is noticed."""
    limits: str
    """What the interface does not give."""
    loses: str
    """What of the portal's own knowledge is lost by this interface."""
    rank: int
    """0..100: where a portal offers several interfaces, the one with the highest is recommended."""
