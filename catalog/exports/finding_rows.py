"""The rows of ``findings.csv``: findings that exist, those fixed in the run, and the replies to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from catalog.db.schema.views import ANSWERED, AWAITED, CAUSE, NOT_ENDED, state_in
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run, head_of
from catalog.exports.promises import has_commitments
from catalog.repositories.finding_states import LAST_SEEN, runs_failing
from catalog.repositories.held import HELD_FINDING
from catalog.repositories.withheld import OPERATED, withheld, withheld_content, withheld_personal
from specs.exports import REPLY_COLUMNS

__all__ = ["finding_rows"]

_FAILED_COMMITMENTS = """(select group_concat(id, ';') from (select distinct m.commitment_id as id
  from commitment_members m where m.dataset_id = f.dataset_id and m.is_in_scope and not m.passes order by 1))"""


def finding_rows(
    catalog: Catalog,
    run_id: str,
    order: Literal["government", "publisher"] = "government",
    government: str | None = None,
    operator: str | None = None,
    held: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``findings.csv``: the findings that have not ended, and those fixed or withdrawn in the run
    ``run_id``.

    ``order``: whether the rows are grouped by government or by publisher. ``government``: name of the only government
    whose findings are wanted; None means all.

    Findings that must not be published yet are left out. ``operator``: an e-mail address; if given, only unpublished
    findings of suspected personal data are returned, from the portals with this contact address. ``held``: True gives
    only the findings of causes of which the government hears first, without those of suspected personal data;
    ``operator`` then changes nothing. Findings about datasets whose content is withheld are never returned.
    """
    head = head_of(catalog, run_id, 1)
    commitments = _FAILED_COMMITMENTS if has_commitments(catalog) else "null"
    group = "government" if order == "government" else "f.publisher_id"
    told = f"{withheld_personal(run_id)} and {OPERATED}" if operator else f"not ({withheld(run_id)})"
    if held:
        told = f"{HELD_FINDING} and not {withheld_personal(run_id)} and not {withheld_content()}"
    rows = catalog.each(
        f"""select f.*, {runs_failing(":run")} as runs_now, {LAST_SEEN} as last_now, f.id as finding_id,
              d.title as dataset_title,
             coalesce(d.landing_page, d.source_url) as dataset_url, b.name as publisher_name,
             coalesce(public_email(d.contact_email), public_email(b.email), public_email(p.contact_email))
               as contact,
             coalesce(d.source_url, p.url) as evidence_url, f.exchange as evidence_record,
             {CAUSE} as cause_id,
             g.name as government, {commitments} as commitment_ids,
             r.reply as answer, r.note as answer_note, r.replied_on as answered_on, r.promised_on,
             case when r.reply = 'waived' and r.finding_id != f.id and {state_in(AWAITED)} then 'not_covered'
               else r.outcome end as answer_outcome,
             case when r.reply = 'will_fix_by' and r.promised_on < :day and {state_in(AWAITED)}
               then 'yes' end as is_overdue
           from findings f join portals p on p.id = f.portal_id join governments g on g.portal_id = p.id
           left join datasets d on d.id = f.dataset_id
           left join publishers b on b.id = f.publisher_id
           left join latest_replies r on r.finding_id = {ANSWERED}
           where ({state_in(NOT_ENDED)} or :run in (f.fixed_run, f.withdrawn_run))
             and {told} and (:government is null or g.name = :government)
           order by {group}, f.portal_id, f.dataset_id, f.gain_points desc, f.id""",  # noqa: S608  # our own constants
        {"run": run_id, "day": head["run_date"], "government": government, "recipient": operator},
    )
    for row in rows:
        # Empty columns for the recipient's reply.
        blank = dict.fromkeys(REPLY_COLUMNS)
        days = {"first_seen": day_of_run(row["first_seen_run"]), "last_seen": day_of_run(row["last_now"])}
        days["changed_run"] = row["fixed_run"] or row["withdrawn_run"] or row["last_seen_run"]
        yield {**row, **head, **days, **blank, "runs_failing": row["runs_now"]}
