"""Read the standing findings of one rule in a portal as an array of numbers."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.db.interned import texts_of_keys
from catalog.db.schema.views import OPEN, STANDING, address, state_in
from catalog.db.store import Catalog

__all__ = ["failing_files", "findings_of_rule"]

_SPLIT = {
    None: "0",
    # Keys of texts.
    "value": "coalesce(f.observed, 0)",
    "defect": "coalesce(f.field, 0)",
    # Texts. What a server says: the fault and the status of the last check of the address.
    "fault": f"""coalesce((select trim(coalesce(r.fault, '') || ' ' || coalesce(r.status, '')) from resource_checks r
                where r.url = coalesce(nullif(f.resource_url, ''), {address("x")})),
                (select text from finding_texts where key = f.observed), '')""",
    "format": "coalesce(trim(x.format), '')",
    "text": "coalesce(trim(d.description), '')",
}
"""SQL: what divides the findings of a rule, by the name of the split."""
_JOINS = {
    "fault": "left join distribution_rows x on x.id = f.distribution_key",
    "format": "left join distribution_rows x on x.id = f.distribution_key",
    "text": "left join keys k on k.key = f.dataset_key left join datasets d on d.id = k.id",
}
_ROW = np.dtype(
    [
        ("number", np.int64), ("dataset", np.int32), ("file", np.int32), ("gain", np.float64), ("is_open", np.bool_),
        ("split", np.int32),
    ]
)  # fmt: skip
_OF_RULES = f"""f.portal_key = (select key from keys where id = ?) and {state_in(STANDING)}
  and f.rule_key in (select key from rules where rule_id in (select value from json_each(?)))"""


def findings_of_rule(
    catalog: Catalog, portal_id: str, rule_id: str, split: str | None
) -> tuple[NDArray[Any], list[str]]:
    """Return the findings of a rule in a portal that are new, open, disputed or waived, as an array of records, and the
    texts that divide them.

    A record has ``number``, the integer key of the finding; ``dataset`` and ``file``, keys of the table ``keys``, where
    -1 is none; ``gain``, in points of the dataset's score; ``is_open``, whether it is new or open; and ``split``, the
    index of its text among the texts. The first text is always "". The parameter ``split`` names the property that
    divides the findings, see :func:`catalog.repositories.cause_facts.cause_facts`; with None all findings have the text
    "".
    """
    texts: dict[str, int] = {"": 0}
    # Only constants of ours are inserted into the text.
    rows = catalog.db.conn.execute(
        f"""select f.key, coalesce(f.dataset_key, -1), coalesce(f.distribution_key, -1),
              coalesce(f.gain_points, 0.0), {state_in(OPEN)}, {_SPLIT[split]}
            from finding_rows f {_JOINS.get(split or "", "")} where {_OF_RULES}""",
        [portal_id, json.dumps([rule_id])],
    )
    if split in _JOINS:
        return np.fromiter(((*row[:-1], texts.setdefault(row[-1], len(texts))) for row in rows), _ROW), list(texts)
    found = np.fromiter(rows, _ROW)
    if split is not None:
        keys, at = np.unique(found["split"], return_inverse=True)
        said = texts_of_keys(catalog.db.conn, set(keys.tolist()) - {0})
        found["split"] = np.array([texts.setdefault(said.get(key) or "", len(texts)) for key in keys.tolist()])[at]
    return found, list(texts)


def failing_files(catalog: Catalog, portal_id: str, rules: Collection[str]) -> NDArray[np.int64]:
    """Return the keys, in the table ``keys``, of a portal's files that have a finding of one of ``rules`` in the state
    new, open, disputed or waived."""
    cursor = catalog.db.conn.execute(
        f"select distinct f.distribution_key from finding_rows f where {_OF_RULES} and f.distribution_key is not null",
        [portal_id, json.dumps(sorted(rules))],
    )
    return np.fromiter((key for (key,) in cursor), dtype=np.int64)
