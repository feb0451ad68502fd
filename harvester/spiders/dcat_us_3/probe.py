"""DCAT-US 3: its documents are recognised by the probe of DCAT-US, by the version that they state."""

from __future__ import annotations

from harvester.spiders.base.detection import TypeProbes

__all__ = ["PROBES"]

PROBES = TypeProbes()
