"""What a machine found in the harvest of portals: a Parquet file with one row for each thing to store, in order.

Each row has a portal, a kind and a JSON value. A "record" is stored with the next "page"; the other kinds are the
methods of :class:`~harvester.night.harvest_store.HarvestStore`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalog.db.store import Catalog
from catalog.model import HarvestError, HarvestPage, Record
from catalog.model.harvest_stats import HarvestStats
from harvester.night.harvest_store import HarvestStore
from harvester.night.verdict import Verdict
from harvester.shards.part import pyarrow_of_parts
from harvester.shards.row_group import ROWS_AT_ONCE
from specs.portals import PortalSpec

__all__ = ["COLUMNS", "ROWS", "RecordingStore"]

ROWS = "harvest.parquet"
COLUMNS = {"portal_id": "string", "kind": "string", "value": "string"}
FLUSH_CHARS = 8_000_000
"""Characters of the values of a row group from which the next one begins: the reader holds one in memory."""


class RecordingStore(HarvestStore):
    """A :class:`HarvestStore` that also writes all that harvests find into the Parquet file ``path``.

    Use it in a ``with`` block, at whose end the file is closed. Raise ShardError if pyarrow is not installed.
    """

    def __init__(self, catalog: Catalog, run_id: str, path: Path) -> None:
        super().__init__(catalog, run_id)
        self._arrow, parquet = pyarrow_of_parts()
        self._schema = self._arrow.schema([(name, self._arrow.string()) for name in COLUMNS])
        self._file = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[tuple[str, str, str]] = []
        self._chars = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flush()
        self._file.close()

    def page(self, portal: PortalSpec, page: HarvestPage) -> None:
        super().page(portal, page)
        for record in page.records:
            self._note(portal, "record", _as_json(record))
        rest = {
            "records": len(page.records),
            "errors": [asdict(error) for error in page.errors],
            "unchanged": page.unchanged,
            "response": asdict(page.response) if page.response else None,
        }
        self._note(portal, "page", rest)

    def errors(self, portal: PortalSpec, errors: Sequence[HarvestError]) -> None:
        super().errors(portal, errors)
        self._note(portal, "errors", [asdict(error) for error in errors])

    def robots(self, portal: PortalSpec, columns: Mapping[str, str | None]) -> None:
        super().robots(portal, columns)
        self._note(portal, "robots", dict(columns))

    def restart(self, portal: PortalSpec) -> None:
        super().restart(portal)
        self._note(portal, "restart", None)

    def follow(self, portal: PortalSpec, pairs: Mapping[str, str]) -> None:
        super().follow(portal, pairs)
        self._note(portal, "follow", dict(pairs))

    def link_parents(self, portal: PortalSpec) -> int:
        self._note(portal, "link_parents", None)
        return super().link_parents(portal)

    def finish(
        self,
        portal: PortalSpec,
        verdict: Verdict,
        stats: HarvestStats,
        *,
        reasons: Sequence[str],
        to_approve: Sequence[str] = (),
        not_found: Sequence[str] = (),
    ) -> None:
        more = {"reasons": list(reasons), "to_approve": list(to_approve), "not_found": list(not_found)}
        super().finish(portal, verdict, stats, reasons=reasons, to_approve=to_approve, not_found=not_found)
        self._note(portal, "finish", {"verdict": verdict, "stats": asdict(stats), **more})

    def _note(self, portal: PortalSpec, kind: str, value: Any) -> None:
        # ASCII keeps lone surrogates of broken texts, as \ud800 escapes.
        text = json.dumps(value)
        if self._rows and (self._chars + len(text) > FLUSH_CHARS or len(self._rows) >= ROWS_AT_ONCE):
            self._flush()
        self._rows.append((portal.id, kind, text))
        self._chars += len(text)

    def _flush(self) -> None:
        if self._rows:
            columns = dict(zip(COLUMNS, map(list, zip(*self._rows, strict=True)), strict=True))
            self._file.write_table(self._arrow.table(columns, schema=self._schema))
        self._rows, self._chars = [], 0


def _as_json(record: Record) -> dict[str, Any]:
    rest = {name: getattr(record, name) for name in ("raw", "url", "pointer", "raw_hash")}
    return rest | {"dataset": asdict(record.dataset)}
