"""Store replies and reports: nothing is overwritten, and the last reply to a finding counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.db.schema.address import is_at
from catalog.db.schema.views import NOT_ENDED, STANDING_CAUSES
from catalog.db.store import Catalog, now
from catalog.model import stable_id
from catalog.model.public_ids import CAUSE, is_intact
from catalog.repositories.causes import apply_reply
from catalog.repositories.finding_states import set_state
from catalog.repositories.people import keep, private_ids
from catalog.repositories.reply_files import CitizenReport, Problem, Reply
from catalog.repositories.reply_targets import targets

__all__ = ["Imported", "import_replies", "import_reports"]


@dataclass(slots=True)
class Imported:
    """The result of importing a file of replies or of citizens' reports."""

    written: dict[str, int] = field(default_factory=dict)
    """Number of newly stored rows: of replies by kind (acknowledged, disputed, ...), of citizens' reports under
    "reports"."""
    known: int = 0
    """Number of rows that had been imported before; nothing was changed for them."""
    reports: list[str] = field(default_factory=list)
    """Ids of the citizens' reports, those that had been imported before included."""
    disputes: list[str] = field(default_factory=list)
    """Ids of the replies that dispute a finding or a cause that exists."""
    restored: dict[int, str] = field(default_factory=dict)
    """By line of the file: the id of the finding, if a spreadsheet had turned the id into a number and the finding was
    found by its dataset, rule, field and address."""
    problems: list[Problem] = field(default_factory=list)
    """Rows that could not be stored, and stored disputes of findings that have ended, with the reason and what to do
    about it."""


_STATES = {"disputed": "disputed", "waived": "waived"}


def import_replies(catalog: Catalog, replies: Sequence[Reply], today: str) -> Imported:
    """Store publishers' replies to findings, and set the state of these findings to disputed or waived.

    Any other reply sets a disputed or waived finding to open again. A finding that has ended keeps its state, but the
    reply is stored. A reply to a cause (one fault that explains many findings) sets the state of all its findings,
    except for those that have a reply of their own. A dispute also applies to findings that join the cause later; a
    waiver does not, so nobody waives more than was there to be seen.

    ``today``: ISO date stored for a reply without a date. A reply that equals the last one to its finding changes
    nothing, except that its name is removed if it may no longer be public; nor does one that was imported before and is
    older than the last one. A reply is not stored but reported in ``problems`` of the result if its finding is unknown,
    or if several findings may be meant. A dispute of a finding that has ended is stored and reported there. Remarks and
    names are not stored in the catalogue but in the private file of :mod:`catalog.repositories.people`, until the
    operator approves them (:mod:`catalog.repositories.unapproved`). Every reply counts, so confirm first who sent it.
    """
    done = Imported()
    names: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    own_id = private_ids(catalog.path.parent) if replies else stable_id
    with catalog.writing():
        number = catalog.value("select coalesce(max(number), 0) from replies")
        for one in replies:
            found, is_restored = targets(catalog, one)
            if is_restored and len(found) == 1:
                one = replace(one, finding_id=found[0]["id"])
                done.restored[one.line] = one.finding_id
            if len(found) != 1:
                done.problems.append(_no_finding(one, len(found)))
                continue
            said = (one.finding_id, one.reply, one.promised_on or "", one.note or "", one.replied_on or "")
            key = _first_id(catalog, "replies", own_id, said)
            one = replace(one, finding_id=found[0]["id"])
            key, is_known = _key_of(catalog, key, one)
            if is_known:
                done.known += 1
                _take_back(catalog, "replies", "replied_by", key, one.is_name_public)
                continue
            number += 1
            row = {
                "id": key,
                "finding_id": one.finding_id,
                "dataset_id": found[0]["dataset_id"],
                "reply": one.reply,
                "promised_on": one.promised_on,
                "note": None,
                "replied_by": None,
                "is_name_public": one.is_name_public,
                "is_text_approved": _approval(one.note, one.replied_by, one.is_name_public),
                "replied_on": one.replied_on or today,
                "imported_at": now(),
                "number": number,
            }
            catalog.upsert("replies", [row])
            if one.replied_by:
                names.append((key, one.replied_by))
            if one.note:
                notes.append((key, one.note))
            done.written[one.reply] = done.written.get(one.reply, 0) + 1
            if one.finding_id.startswith(CAUSE):
                apply_reply(catalog, one.finding_id, _STATES.get(one.reply, "open"))
                if one.reply == "disputed" and found[0]["state"] in STANDING_CAUSES:
                    done.disputes.append(key)
            elif found[0]["state"] in NOT_ENDED:
                _set_state(catalog, one, found[0]["state"])
                if one.reply == "disputed":
                    done.disputes.append(key)
            elif one.reply == "disputed":
                what = (
                    f"the finding {one.finding_id} no longer stands ({found[0]['state']}): there is nothing to dispute"
                )
                remedy = "nothing needs to be done; findings.csv of the last run lists what still stands"
                done.problems.append(Problem(one.line, what, remedy))
        # Before the catalogue is committed, so that nothing is lost.
        keep(catalog.path.parent, "reply", names=names, texts=notes)
    return done


def _first_id(catalog: Catalog, table: str, own_id: Callable[..., str], said: Sequence[str]) -> str:
    """Return the id of what ``said`` tells. An id that an earlier version made without a secret stays."""
    former = stable_id(*said)
    return former if catalog.value(f"select 1 from {table} where id = ?", [former]) else own_id(*said)  # noqa: S608  # names of the schema


def _key_of(catalog: Catalog, key: str, one: Reply) -> tuple[str, bool]:
    """Return the id of a reply, and whether it is stored already.

    ``key``: id made from what the reply says. Who says the same again after another reply means it: that is a new
    reply, with an id of its own, unless its day is before that of the other one.
    """
    sql = "select id, replied_on from replies where finding_id = ? order by number desc limit 1"
    last = next(iter(catalog.rows(sql, [one.finding_id])), None)
    same, number = None, 0
    candidate = key
    while catalog.value("select 1 from replies where id = ?", [candidate]):
        same, number = candidate, number + 1
        candidate = stable_id(key, str(number))
    if same is None or last is None:
        return (candidate, False) if same is None else (same, True)
    is_older = bool(one.replied_on and last["replied_on"] and one.replied_on < last["replied_on"])
    return (same, True) if last["id"] == same or is_older else (candidate, False)


def _approval(text: str | None, name: str | None, is_name_public: bool) -> int | None:
    """Return 0 if a text, or a name that may be public, waits for the operator's approval; None if nothing does."""
    return 0 if text or (name and is_name_public) else None


def _take_back(catalog: Catalog, table: str, column: str, key: str, is_name_public: bool) -> None:
    """Remove a public name if the same reply or report comes again without leave to show it."""
    if not is_name_public:
        sql = f"update {table} set {column} = null, is_name_public = 0 where id = ? and is_name_public"  # noqa: S608  # names of the schema
        catalog.db.conn.execute(sql, [key])


def _no_finding(one: Reply, count: int) -> Problem:
    """Return what to say about a reply to no finding, or to one of several that it may mean."""
    if one.about is None:
        # "f" begins all ids with a check digit, and few of those without.
        if one.finding_id.startswith(("f", CAUSE)) and not is_intact(one.finding_id):
            what = f"there is no finding {one.finding_id}, and its last digit does not fit the others"
            return Problem(one.line, what, "copy the whole id from the file that was sent: part of it was changed")
        remedy = "reply in the findings.csv that was sent last: this one may be of another catalogue"
        return Problem(one.line, f"there is no finding {one.finding_id}", remedy)
    what = f"a spreadsheet turned the id into the number {one.finding_id}, and {count or 'no'} findings fit the rest"
    return Problem(one.line, what, "copy the id from the findings.csv that was sent, into a cell of text")


def _set_state(catalog: Catalog, one: Reply, state: str) -> None:
    # Acknowledging a finding takes back an earlier dispute or waiver.
    wanted = _STATES.get(one.reply) or ("open" if state in ("disputed", "waived") else state)
    set_state(catalog, one.finding_id, wanted)


def import_reports(catalog: Catalog, reports: Sequence[CitizenReport], today: str) -> Imported:
    """Store citizens' reports, each with the dataset or distribution that it is about.

    ``today``: ISO date stored for a report without a date. A report that was imported before changes nothing, except
    that its name is removed if it may no longer be public. A report about an unknown dataset, or without a dataset
    about an address that no portal lists, is not stored but reported in ``problems`` of the result.

    Text and name are not stored in the catalogue but in the private file of :mod:`catalog.repositories.people`, until
    the operator approves them (:mod:`catalog.repositories.unapproved`). In a report about a known dataset, the same
    goes for an address that no portal lists: anything may stand in it.
    """
    done = Imported()
    names: list[tuple[str, str]] = []
    texts: list[tuple[str, str]] = []
    own_id = private_ids(catalog.path.parent) if reports else stable_id
    with catalog.writing():
        for one in reports:
            about = _about(catalog, one)
            if about is None:
                remedy = "take the id of the dataset from the site, or the address as the portal lists it"
                done.problems.append(Problem(one.line, f"nothing is known of {one.dataset_id or one.url}", remedy))
                continue
            key = _first_id(catalog, "reports", own_id, (one.dataset_id or "", one.url or "", one.what))
            done.reports.append(key)
            if catalog.value("select 1 from reports where id = ?", [key]):
                done.known += 1
                # Who gives no name says nothing of the name that somebody else gave.
                if one.who:
                    _take_back(catalog, "reports", "who", key, one.is_name_public)
                continue
            is_listed = one.url is None or _about(catalog, replace(one, dataset_id=None)) is not None
            row = {
                "id": key,
                **about,
                "url": one.url if is_listed else None,
                "what": None,
                "who": None,
                "is_name_public": one.is_name_public,
                "is_text_approved": 0,
                "reported_on": one.reported_on or today,
                "imported_at": now(),
            }
            catalog.upsert("reports", [row])
            if one.who:
                names.append((key, one.who))
            texts.append((key, one.what if is_listed else f"{one.url}: {one.what}"))
            done.written["reports"] = done.written.get("reports", 0) + 1
        # Before the catalogue is committed, so that nothing is lost.
        keep(catalog.path.parent, "report", names=names, texts=texts)
    return done


def _about(catalog: Catalog, one: CitizenReport) -> dict[str, Any] | None:
    if one.dataset_id:
        found = catalog.rows(
            "select portal_id, id as dataset_id, null as distribution_id from datasets where id = ?", [one.dataset_id]
        )
    else:
        found = catalog.rows(
            f"""select portal_id, dataset_id, id as distribution_id from distributions where {is_at("download", ":url")}
               union all select portal_id, dataset_id, id from distributions where {is_at("access", ":url")}
               union all select portal_id, id, null from datasets where landing_page = :url limit 1""",  # noqa: S608  # SQL of ours
            {"url": one.url},
        )
    return found[0] if found else None
