"""The rows of ``causes.csv``, and the words of a cause in a language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from catalog.db.schema.views import STANDING_CAUSES, state_in
from catalog.db.store import Catalog
from catalog.exports.cards import day_of_run, head_of
from catalog.repositories.held import ids_apart
from catalog.repositories.withholding import WITHHELD_CAUSES
from specs.causes import cause_rules
from specs.exports import REPLY_COLUMNS
from specs.languages import Language
from specs.metrics import metrics

__all__ = ["cause_rows", "fix_in_words", "shared_in_words", "unseen_hosts_in_words"]


def cause_rows(
    catalog: Catalog,
    run_id: str,
    *,
    government: str | None = None,
    publisher_id: str | None = None,
    says_new: bool = True,
    held: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``causes.csv``, grouped by government, those with the highest gain first.

    A cause is one fault that explains many findings. Rows are given for causes that have not ended, for hosts of which
    no address could be checked with a result, and for causes that were fixed in the run ``run_id``.

    ``government`` or ``publisher_id``: name or id of the only one whose causes are wanted; None means all. With
    ``publisher_id``, only causes that concern this publisher are given, not those that concern its whole portal.
    ``says_new``: False gives the state "open" to causes whose state is "new". ``held``: False leaves out the causes
    that are not published yet, see :mod:`catalog.repositories.held`; True gives only these. Causes of which every
    finding is about a dataset whose content is withheld are left out.
    """
    head = head_of(catalog, run_id)
    whose = ""
    if government is not None:
        whose += " and g.name = :government"
    if publisher_id is not None:
        whose += " and c.entity_level = 'publisher' and c.entity_id = :publisher"
    rows = catalog.each(
        f"""select c.*, c.id as cause_id, c.root_name as root_title, c.split as observed, b.name as publisher_name,
             case when c.entity_level = 'publisher' then c.entity_id end as publisher_id, g.name as government,
             r.reply as answer, r.note as answer_note, r.replied_on as answered_on, r.promised_on
           from causes c join governments g on g.portal_id = c.portal_id
           left join publishers b on c.entity_level = 'publisher' and b.id = c.entity_id
           left join latest_replies r on r.finding_id = c.id
           where ({state_in(STANDING_CAUSES, "c")} or c.fixed_run = :run)
             and coalesce(c.is_held, 0) = :held and c.number not in ({WITHHELD_CAUSES}) {whose}
           order by g.name, c.state = 'unknown', c.gain_points desc, c.findings desc, c.id""",  # noqa: S608  # our own constants
        {"run": run_id, "government": government, "publisher": publisher_id, "held": held},
    )
    blank = dict.fromkeys(REPLY_COLUMNS)
    apart = ids_apart(catalog.db.conn)
    for row in rows:
        listed = [one for one in json.loads(row["examples"] or "[]") if one["finding_id"] not in apart]
        examples = "; ".join(one["url"] for one in listed if one["url"])
        seen = {"first_seen": day_of_run(row["first_seen_run"]), "last_seen": day_of_run(row["last_seen_run"])}
        state = "open" if row["state"] == "new" and not says_new else row["state"]
        yield {**row, **head, **seen, **blank, "state": state, "examples": examples}


def fix_in_words(words: Language, fix: Mapping[str, Any]) -> str:
    """Return a sentence, in the language ``words``, that tells how to fix a cause or the findings of a rule.

    ``fix``: a row with rule_id and how_to_fix; the row of a cause also has ``level`` (such as "host"), ``root_name``
    (such as the name of that host) and ``split``: for a cause in tables, the table rule, whose own sentence is taken.
    """
    metric = metrics().get(fix["rule_id"])
    of_metric = metric.fix if metric else fix["how_to_fix"]
    plain = words.fix(fix["rule_id"], _table_rule(fix), of_metric)
    if not fix.get("level"):
        return plain
    return words.phrase(f"cause_fix_{fix['level']}", name=fix["root_name"] or "", fix=plain)


def shared_in_words(words: Language, cause: Mapping[str, Any]) -> str:
    """Return the value, fault or defect that all findings of a cause share, in the language ``words``; "" if the cause
    has none.

    ``cause``: a row with ``rule_id`` and ``split``. ``split`` is what they share: for most rules an English text of
    ours, which is translated; for some a text that the publisher wrote in the records, which is returned unchanged.
    """
    text = str(cause.get("split") or "")
    return text if cause["rule_id"] in _rules_by_text() else words.said(text, _table_rule(cause))


def _table_rule(cause: Mapping[str, Any]) -> str | None:
    """Return the table rule that the findings of a cause have in common; None if they are not about tables."""
    metric = metrics().get(cause["rule_id"])
    return cause.get("split") if metric is not None and metric.dimension == "sound" else None


@cache
def _rules_by_text() -> frozenset[str]:
    """Return the rules whose causes are told apart by a text of the publisher."""
    return frozenset(rule for one in cause_rules().classes if one.split == "text" for rule in one.rules)


def unseen_hosts_in_words(catalog: Catalog, words: Language, government: str) -> list[str]:
    """Return a sentence, in the language ``words``, for each host whose addresses all had the outcome "unknown".

    The hosts are those of the portals of ``government``, a name: at most ten, those with most files first. Empty if
    there are none.
    """
    found = catalog.rows(
        """select c.root_name, c.how_to_fix from causes c join governments g on g.portal_id = c.portal_id
           where g.name = ? and c.state = 'unknown' and c.level = 'host' order by c.files desc, c.id limit 10""",
        [government],
    )
    return [words.phrase("cause_unseen", name=row["root_name"]) for row in found]
