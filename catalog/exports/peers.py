"""Peer groups: entities of one level that share a country, or else the software of their portal.

The income and size of countries are not in the catalogue, so they form no groups. Only entities with enough
measured get a rank. Ranks compare scores of one run, and so of one methodology.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from catalog.exports.grades import is_observed

__all__ = ["PEERS_MIN", "add_peers"]

PEERS_MIN = 3
"""Minimum of ranked members of a group: the first of two says nothing."""


def add_peers(rows: Sequence[dict[str, Any]]) -> None:
    """Fill ``peer_group``, ``peer_count`` and ``rank`` of the rows of a scorecard, all of one run.

    A peer group consists of the governments, portals or publishers of one country or, if fewer than three of them can
    be ranked, of one portal type. If fewer than three of that type can be ranked either, all three columns stay as they
    are. A row without a score, or with too little observed (see :func:`catalog.exports.grades.is_observed`), cannot be
    ranked: it gets its group and the number of ranked members, but no rank.
    """
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if _is_ranked(row):
            for name in _names(row):
                groups[name].append(row)
    for row in rows:
        chosen = next((name for name in _names(row) if len(groups[name]) >= PEERS_MIN), None)
        if chosen is None:
            continue
        members = groups[chosen]
        row["peer_group"], row["peer_count"] = chosen, len(members)
        if _is_ranked(row):
            # Entities with equal scores share the better rank.
            row["rank"] = 1 + sum(one["score"] > row["score"] for one in members)


def _is_ranked(row: dict[str, Any]) -> bool:
    return row.get("score") is not None and is_observed(row)


def _names(row: dict[str, Any]) -> list[str]:
    level = row["entity_level"]
    country = row.get("country_iso3")
    return [
        *([f"{level}/country/{country}"] if country else []),
        *([f"{level}/portal-type/{row['portal_type']}"] if row.get("portal_type") else []),
    ]
