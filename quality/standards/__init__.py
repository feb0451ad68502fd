"""Validate datasets against standards, offline: DCAT-AP 2.1.1, 3.0 and HVD by SHACL, DCAT-US 1.1 and 3.0 by JSON
Schema.

The rules are files of ``specs/standards``. DCAT-AP applies to every dataset (2.1.1 has no series), the HVD profile to
datasets that say they are high-value, DCAT-US to records of DCAT-US portals. DCAT-US 1.1 applies in its federal form if
a record of the portal has a bureauCode or programCode.
"""

from __future__ import annotations

from quality.standards.judge import judge
from quality.standards.result import STANDARDS, Conformance, Violation

__all__ = ["STANDARDS", "Conformance", "Violation", "judge"]
