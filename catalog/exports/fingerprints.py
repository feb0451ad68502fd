"""What the exported files are made from, as short digests: a folder whose digest is unchanged keeps its files.

A digest covers everything that can change a byte of a file, except the run itself. What only says how a run differs
from the one before, such as "12 new findings", is not covered: an unchanged folder keeps the figures of its last
change, and its data package names that run.

Whoever adds a table to the exported files adds its rows here, to :data:`_ROWS`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from catalog.db.store import Catalog
from catalog.exports.options import ExportOptions
from catalog.exports.program import export_digest, lines_digest, mapping_digest
from catalog.exports.promises import has_commitments
from catalog.repositories.held import held_causes
from catalog.repositories.narrow_findings import SUMS, about_portals, dataset_sums, sums
from catalog.repositories.withheld import watched, withheld

__all__ = ["OF_ONE_RUN", "Fingerprints", "digest"]

OF_ONE_RUN = frozenset(
    {
        "schema_version", "methodology_version", "run_id", "run_date", "datasets_added", "datasets_removed",
        "datasets_retired", "findings_new", "findings_fixed", "score_prev", "score_delta",
    }
)  # fmt: skip
"""Columns of the scorecard that compare a run with the one before."""
_ROWS = {
    # Where an unchanged record was read last is left to the next change: a harvest of changes reads the newest records
    # every night, from the address of its question.
    "datasets": """select d.portal_id, d.publisher_id, d.id, d.status, d.mapping_hash, d.missing_since, d.retired_at,
          d.copy_of, d.first_seen_run, q.run_id, q.score, q.findings
        from datasets d left join dataset_quality q on q.dataset_id = d.id""",
    "publishers": "select portal_id, id, name, email, url from publishers",
    "portals": """select p.id, null, p.title, p.url, g.name, p.country, p.contact_email, p.language, p.type, h.verdict
        from portals p join governments g on g.portal_id = p.id
        left join harvests h on h.portal_id = p.id and h.run_id = :run""",
    "replies": """select f.portal_id, f.publisher_id, r.id, r.number, r.reply, r.note, r.promised_on, r.replied_on,
          r.outcome, f.state, r.promised_on < :day
        from replies r join findings f on f.id = r.finding_id""",
    # A reply to a cause stands at its findings, those of each publisher.
    "cause replies": """select distinct c.portal_id, coalesce(k.id, ''), r.id, r.number, r.reply, r.note, r.promised_on,
          r.replied_on, r.outcome, r.promised_on < :day
        from latest_replies r cross join causes c on c.id = r.finding_id
        cross join cause_members m on m.cause = c.number cross join finding_rows f on f.key = m.finding
        left join keys k on k.key = f.publisher_key""",
    # What a publisher's cause brings to the portal, and how the others do, is left to the next change of its folder.
    "causes": """select c.portal_id, case when c.entity_level = 'publisher' then c.entity_id else '' end, c.id,
          replace(c.state, 'new', 'open'), c.datasets, c.files, c.findings, c.failing, c.applicable, c.how_to_fix,
          c.examples, c.first_seen_run, c.fixed_run is :run, c.publisher_gain_points,
          case when c.entity_level = 'portal' then c.gain_points end,
          (select max(r.number) from replies r where r.finding_id = c.id), coalesce(c.is_held, 0)
        from causes c""",
    # Of a government's folder and the one of all; no publisher's folder has it.
    "census": """select portal_id, '', key, state, reason, dataset_id, points, evidence, candidates, waiting, searched,
          confirmed_by, confirmed_on, since_run, state_before
        from census""",
    "withholdings": "select w.portal_id, d.publisher_id, w.id, w.lifted_at from withholdings w"
    " left join datasets d on d.id = w.dataset_id",
    "reports": """select r.portal_id, d.publisher_id, r.id, r.reported_on, r.what, r.who, r.url
        from reports r left join datasets d on d.id = r.dataset_id""",
    "corrections": """select c.portal_id, d.publisher_id, c.id, c.corrected_at
        from corrections c left join datasets d on d.id = c.dataset_id""",
}
"""SQL of the rows that files are made from; each begins with the ids of portal and publisher (or null)."""


def digest(*parts: object) -> str:
    """Return 32 hexadecimal digits, a BLAKE2b hash of the ``repr`` of the values, by which a change is noticed.

    Equal values give the same digest in every process.
    """
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Fingerprints:
    """Digests of everything that the exported files of a run are made from: rows, options and program.

    If the digest of a folder equals that of the last export, its files need not be written again. :attr:`everything`
    covers all folders; it and the digests of single folders are computed when asked for. ``day``: day of the run as an
    ISO date, by which promises are overdue; None means that none is.
    """

    def __init__(self, catalog: Catalog, run_id: str, day: str | None, options: ExportOptions) -> None:
        self.catalog, self.run_id, self.day = catalog, run_id, day
        self._sums: dict[tuple[str | None, str | None], int] = defaultdict(int)
        params = {"run": run_id, "day": day}
        for name, sql in _ROWS.items():
            self._add(name, catalog.db.conn.execute(sql, params))
        self._add("about portals", about_portals(catalog))
        # Letters and the stop list decide the day that the page of a government names.
        held = held_causes(catalog, run_id, options.hold_days) if options.hold_days else ()
        self._add("held", ((one.portal_id, "", one.id, str(one.public_on)) for one in held))
        self._add("withheld", self._withheld())
        self.commitments = self._commitments()
        methodology = catalog.value("select methodology_version from runs where id = ?", [run_id])
        self.base = digest(export_digest(), mapping_digest(), lines_digest(), options, methodology)
        scores = catalog.db.conn.execute(
            """select entity_level, entity_id, score, score_low, score_high, ci_low, ci_high, grade, coverage_pct,
                 withheld from score_history where run_id = ? and system = 'winnow' order by 1, 2""",
            [run_id],
        ).fetchall()
        rows = sorted(self._sums.items(), key=repr)
        # A letter starts the clock of the response times in the scorecard, also if nothing else has changed.
        letters = catalog.db.conn.execute(
            """select entity_level, entity_id, max(run_id), count(*) from sent
               where channel = 'mail' and run_id <= ? group by 1, 2 order by 1, 2""",
            [run_id],
        ).fetchall()
        self._begin = digest(self.base, rows, scores, self.commitments, letters)
        self._of_datasets: list[int] | None = None

    @cached_property
    def everything(self) -> str:
        """Return the digest of all folders together."""
        return self._begin + digest(sums(self.catalog, self._of_datasets))

    def is_everything(self, told: str) -> bool:
        """Return whether ``told``, which an earlier export recorded, is the digest of all folders together.

        The findings are read only if all the rest is the same.
        """
        return told.startswith(self._begin) and told == self.everything

    def publisher(self, portal_id: str, publisher_id: str, card: Mapping[str, Any]) -> str:
        """Return the digest of what the files in a publisher's folder are made from.

        ``card``: the row of the publisher in the scorecard.
        """
        self._count_findings()
        own = self._sums[portal_id, publisher_id], self._sums[portal_id, None]
        return digest(self.base, own, _standing(card), self.commitments.get(card["government"]))

    def government(self, portal_ids: Iterable[str], cards: Iterable[Mapping[str, Any]]) -> str:
        """Return the digest of what the files in a government's folder are made from.

        ``portal_ids``: its portals. ``cards``: rows of the scorecard of the government, its portals and its publishers.
        """
        self._count_findings()
        wanted, rows = set(portal_ids), [*cards]
        own = sorted((repr(key), value) for key, value in self._sums.items() if key[0] in wanted)
        name = str(rows[0]["government"]) if rows else ""
        return digest(self.base, own, [_standing(row) for row in rows], self.commitments.get(name))

    def _add(self, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
        # The sum of the rows' digests does not depend on their order, and costs a microsecond a row.
        for row in rows:
            made = hashlib.blake2b(repr((name, row)).encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self._sums[row[0], row[1]] += int.from_bytes(made)

    @cached_property
    def findings(self) -> dict[str, bytes]:
        """Return, by dataset id, a digest of 8 bytes of the findings of each dataset that have not ended, and of their
        causes. Datasets without such findings are left out.

        The first look also adds the digests to those of the publishers, see :meth:`publisher`.
        """
        found, total = {}, [0] * SUMS
        for dataset_id, portal_id, first, last, *told in dataset_sums(self.catalog):
            total = [one + (other or 0) for one, other in zip(total, told[:SUMS], strict=True)]
            made = found[dataset_id] = hashlib.blake2b(repr(told).encode(), digest_size=8).digest()
            for publisher_id in {first, last}:
                self._sums[portal_id, publisher_id] += int.from_bytes(made)
        self._of_datasets = total
        return found

    def _count_findings(self) -> None:
        """Add the findings of each publisher; needed only if anything has changed."""
        _ = self.findings

    def _withheld(self) -> list[tuple[Any, ...]]:
        """Return the findings that may become public without any other change: those of suspected personal data and
        those of causes that are held back."""
        sql = f"""select f.portal_id, f.publisher_id, f.id, {withheld(self.run_id)} from findings f
                  where {watched()}"""  # noqa: S608  # our own rules
        return self.catalog.db.conn.execute(sql).fetchall()

    def _commitments(self) -> dict[str, str]:
        """Return a digest of the commitments by government: their readings in the run, and the datasets in scope."""
        if not has_commitments(self.catalog):
            return {}
        found: dict[str, list[Any]] = defaultdict(list)
        rows = self.catalog.rows(
            """select r.*, c.government, c.title, c.lead, c.ogp_url, c.irm_completion, c.irm_potential,
                 c.irm_early_results,
                 c.irm_ambition, c.irm_opened, c.irm_relevance, c.is_example, c.country,
                 c.start as begins, c.deadline as ends
               from commitment_readings r join commitments c on c.id = r.commitment_id
               where r.run_id = ? order by r.commitment_id, r.indicator_id""",
            [self.run_id],
        )
        for row in rows:
            told = {name: value for name, value in row.items() if name not in ("id", "run_id")}
            found[row["government"]].append(told)
        members = self.catalog.db.conn.execute(
            """select c.government, m.commitment_id, m.dataset_id, m.is_in_scope, m.passes
               from commitment_members m join commitments c on c.id = m.commitment_id order by 1, 2, 3, m.id"""
        )
        for government, *member in members:
            found[government].append(member)
        return {government: digest(told) for government, told in found.items()}


def _standing(card: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted((name, value) for name, value in card.items() if name not in OF_ONE_RUN)
